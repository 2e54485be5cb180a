//! The domain of the incident workflow: what changed in IAM, what IAM shows now, what to do next.
//!
//! A CloudTrail record becomes a [`PolicyChange`] at the edge: a hint about which [`subject`] to
//! read. [`judgement`] turns what IAM shows into a verdict. [`reconcile`] answers each observation
//! with the one next action, or with the end. The states of the workflow exchange the types in
//! [`message`]: facts, and no prose.
//!
//! This crate does no I/O, reads no clock and depends on no AWS SDK.

mod actor;
mod analysis;
mod arn;
mod change;
mod failure;
mod identifier;
pub mod judgement;
mod key;
pub mod memory;
pub mod message;
pub mod reconcile;
mod record;
mod setting;
mod snapshot;
pub mod subject;
pub mod survey;
mod timestamp;
mod token;

pub use actor::{Actor, OnBehalfOf};
pub use analysis::Analysis;
pub use change::{LostDenial, PolicyChange, WatchedCall};
pub use failure::FailureName;
pub use identifier::{ExecutionArn, IdentifierError, PolicyArn, VersionId};
pub use key::{DecideBy, KeyDigest, LinkKey, LinkKeyError};
pub use reconcile::{
    Action, Answer, Call, Changeable, Confirmed, Confirming, Containment, ContainmentEnd, Document,
    Done, Next, Progress, Reconciler, Refusal, Restoration, RestorationEnd, Swept, Taking,
    TakingEnd, Witness, Work, WorkError, keep, take_back,
};
pub use record::{Hint, Record, RecordError, Seen, Target, Wanted, trim_event};
pub use setting::UnknownValue;
pub use snapshot::Snapshot;
pub use subject::{Observed, OwnerKind, Subject, UniqueId};
pub use timestamp::Timestamp;
pub use token::{TaskToken, TaskTokenError};
