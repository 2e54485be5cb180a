//! The domain of the incident workflow: what happened to which policy, what IAM shows, what to do next.
//!
//! A CloudTrail record becomes a [`PolicyChange`] at the edge; it is a hint which [`subject`] to look at.
//! [`judgement`] says what a look at IAM comes to.
//! [`Containment`] and [`Restoration`] answer a look with the one next [`Step`].
//! The states of the workflow exchange the types in [`message`]: facts, and no prose.
//!
//! Nothing here does I/O, reads a clock or knows an AWS SDK.

mod actor;
mod analysis;
mod change;
mod containment;
mod failure;
mod identifier;
pub mod judgement;
mod key;
pub mod message;
mod record;
mod restoration;
mod snapshot;
mod step;
pub mod subject;
mod timestamp;
mod token;

pub use actor::Actor;
pub use analysis::Analysis;
pub use change::{PolicyChange, WatchedCall};
pub use containment::Containment;
pub use failure::FailureName;
pub use identifier::{ExecutionArn, IdentifierError, PolicyArn, VersionId};
pub use key::{DecideBy, DecideByError, KeyDigest, LinkKey, LinkKeyError};
pub use record::{Record, RecordError, trim_event};
pub use restoration::Restoration;
pub use snapshot::Snapshot;
pub use step::{ContainedRest, Plan, Progress, Refusal, Rest, Step};
pub use subject::{Observed, OwnerKind, Subject, UniqueId};
pub use timestamp::{NoTimestamp, Timestamp};
pub use token::{TaskToken, TaskTokenError};
