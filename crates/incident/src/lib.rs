//! The domain of the incident workflow: what happened to which policy, what was decided, what is in force.
//!
//! A CloudTrail record becomes a [`PolicyChange`] at the edge.
//! The five functions exchange the types in [`message`] through the state machine.
//! What a change comes to is decided in [`judgement`].
//! What to do next with a policy is decided by pure functions in [`quarantine`] and [`restore`], from a snapshot of what IAM holds.
//! The text of every e-mail is in [`mail`].
//!
//! Nothing here does I/O, reads a clock or knows an AWS SDK.

mod actor;
mod change;
mod cloudtrail;
mod console;
mod diff;
mod document;
mod failure;
mod identifier;
pub mod judgement;
pub mod mail;
pub mod message;
pub mod quarantine;
pub mod restore;
mod snapshot;
pub mod text;
mod timestamp;
mod token;
pub mod words;

pub use actor::Actor;
pub use change::{InlineOwner, OwnerKind, PolicyChange, PolicyRef, PolicyWrite};
pub use cloudtrail::{Record, RecordError};
pub use console::Console;
pub use diff::{DiffLine, DocumentDiff, LineKind};
pub use document::KeptDocument;
pub use failure::FailureName;
pub use identifier::{ExecutionArn, IdentifierError, PolicyArn, VersionId};
pub use snapshot::{ManagedSnapshot, Version};
pub use timestamp::{NoTimestamp, Timestamp};
pub use token::{TaskToken, TaskTokenError};
