//! What a whole account holds, and what changed since the sweep before.
//!
//! IAM's events are best effort. So a sweep reads the account every hour, judges it with the same
//! engine, and compares it with the output of the last sweep that succeeded. A restricted grant
//! that neither that output nor an incident accounts for starts an incident of its own.

mod collect;
mod compare;
mod denial;
mod entry;
mod grant;
mod hint;
mod judged;
mod output;

pub use collect::{Collector, Findings};
pub use compare::{Accounted, Comparison, Resolved};
pub use denial::Denial;
pub use entry::{SurveyedInline, SurveyedPolicy, SurveyedPrincipal};
pub use grant::{Baseline, Grant, GrantId, GrantIdError};
pub use hint::{SWEEP, hint, hint_name};
pub use output::{GrantCounts, RulesDigest, SweepCounts, SweepOutput};
