//! The IAM policy language: what a document grants that is restricted, and the smallest change that takes it away.
//!
//! [`judge`] answers what a document grants that a list of [`RestrictedActions`] names.
//! The answer is exact for every document that IAM accepts: patterns are compared as languages, so it does not depend on
//! a list of known actions.
//! [`remediate`] takes exactly those grants out.
//!
//! The crate is pure: no I/O, no clock, no environment, no AWS SDK.

mod action;
pub mod catalogue;
mod document;
mod error;
mod finding;
mod glob;
mod json;
mod meaning;
mod nearest;
mod quota;
mod remediation;
mod restricted;
mod search;
mod statement;
mod verdict;

pub use action::{ActionPattern, ActionPatternError};
pub use document::{PolicyDocument, decode_document};
pub use error::{DocumentError, Place};
pub use finding::{Element, Finding, Grant};
pub use quota::{Quota, quota_size};
pub use remediation::{
    Edit, EditKind, GRANTS_NOTHING, Loss, Remediation, remediate, remediate_document,
};
pub use restricted::{RestrictedActions, RestrictedActionsError, UnknownAction};
pub use statement::{Effect, Statement};
pub use verdict::{find_restricted, judge};
