//! The IAM policy language: what a document grants that is restricted, and the smallest change that takes it away.
//!
//! [`judge`] answers what a document grants that a list of [`RestrictedActions`] names.
//! The answer is exact for every document that IAM accepts: patterns are compared as languages, so it does not depend on
//! a list of known actions.
//! [`remediate`] takes exactly those grants out.
//!
//! ```
//! use iam_policy::{Quota, RestrictedActions, judge, remediate};
//!
//! let restricted: RestrictedActions = "s3:DeleteBucket,s3:DeleteObject".parse()?;
//! let text = r#"{"Version": "2012-10-17", "Statement": [
//!     {"Effect": "Allow", "Action": ["s3:Get*", "s3:Delete?ucket*"], "Resource": "*"}
//! ]}"#;
//!
//! let findings = judge(text, &restricted);
//! assert_eq!(findings.len(), 1);
//! assert_eq!(findings[0].statement(), Some(0));
//!
//! let remediation = remediate(text, &restricted, Quota::MANAGED);
//! assert!(judge(remediation.document(), &restricted).is_empty());
//! assert!(remediation.document().contains("s3:DeleteBucket?*"));
//! assert!(remediation.losses().is_empty());
//! # Ok::<(), iam_policy::RestrictedActionsError>(())
//! ```
//!
//! What is judged, as languages over action strings `prefix:name` of any characters and exactly one colon:
//!
//! * an `Allow` grants what its `Action` names, or all that its `NotAction` does not name, whatever its `Resource` and
//!   its `Condition` say;
//! * a `Deny` without condition on the resource `*` takes away; any other `Deny` does not;
//! * `*` is any run of characters but the colon, `?` one of them, and the letter case does not count.
//!
//! The crate is pure: no I/O, no clock, no environment, no AWS SDK.

mod action;
#[cfg(feature = "catalogue")]
pub mod catalogue;
mod document;
mod error;
mod finding;
mod glob;
mod json;
mod judgement;
mod known;
mod meaning;
#[cfg(feature = "catalogue")]
mod nearest;
mod pattern_list;
mod quota;
mod remediation;
mod restricted;
mod search;
mod statement;

pub use action::{ActionPattern, ActionPatternError};
pub use document::{PolicyDocument, decode_document};
pub use error::{DocumentError, Place};
pub use finding::{Element, Finding, Grant};
pub use judgement::{find_restricted, judge};
pub use quota::{Quota, quota_size};
pub use remediation::{
    Edit, EditKind, GRANTS_NOTHING, Loss, LossCause, Remediation, remediate, remediate_document,
    remove_everything,
};
pub use restricted::{RestrictedActions, RestrictedActionsError, UnknownAction};
pub use statement::{Effect, Statement};
