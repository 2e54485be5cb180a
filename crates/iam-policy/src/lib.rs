#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod action;
mod budget;
mod canonical;
#[cfg(feature = "catalogue")]
pub mod catalogue;
mod comparison;
mod denial;
mod document;
mod error;
mod escalation;
mod finding;
mod glob;
mod json;
mod judgement;
mod known;
mod message;
#[cfg(feature = "catalogue")]
mod nearest;
mod pattern_list;
mod quota;
mod ready_made;
mod remediation;
mod response;
mod restricted;
mod scope;
mod search;
mod statement;
mod text;
mod truncated;
mod trust;

#[cfg(test)]
mod bounds_tests;

pub use action::{ActionPattern, ActionPatternError};
pub use document::PolicyDocument;
pub use error::{DocumentError, Place};
pub use escalation::EscalationPath;
pub use finding::{Ambiguous, Element, Finding, Grant};
pub use judgement::{Judgement, judge};
pub use quota::Quota;
pub use ready_made::{ReadyMadeEntry, ReadyMadeList};
pub use remediation::{
    Edit, EditKind, GRANTS_NOTHING, Loss, LossCause, Remediation, remediate, remove_everything,
};
pub use response::Response;
pub use restricted::{RestrictedActions, RestrictedActionsError, UnknownAction};
pub use statement::{Effect, Statement};
pub use text::{decode_document, quota_size};
pub use truncated::Truncated;
pub use trust::{
    Entrants, ExternalPrincipal, TrustComparison, TrustedAccounts, TrustedAccountsError, Who,
    compare_trust, entrants, judge_trust,
};
