#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

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
