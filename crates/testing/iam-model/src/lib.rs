//! IAM in memory, as its manual describes it.
//!
//! [`Account`] is the model: policies with versions, roles, users and groups with inline policies, quotas, a clock in whole seconds.
//! [`Iam`] answers IAM's query protocol on it, so that an SDK client can be had, and lets a test intervene before any call.
//! [`Execution`] is what Step Functions shows of one execution.
//!
//! The model knows nothing of the guard. What it holds is IAM's behaviour; where the manual is silent, a comment says what was assumed.

mod account;
mod error;
mod execution;
mod front;
mod managed;
mod owner;
mod query;
mod trail;
mod xml;

pub use account::Account;
pub use error::IamError;
pub use execution::Execution;
pub use front::{Fault, Iam};
pub use managed::{MAX_VERSIONS, Policy, PolicyVersion};
pub use owner::{Owner, OwnerKind};
