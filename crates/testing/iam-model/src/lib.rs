//! IAM in memory, as the AWS documentation describes it.
//!
//! [`Account`] is the model: policies with versions, roles, users and groups with inline policies,
//! quotas, a clock in whole seconds. [`Iam`] answers IAM's query protocol for an SDK client, and
//! lets a test change the account before any call. [`Holdings`] is what roles, users and groups
//! hold besides, with CloudTrail's memory. [`StepFunctions`] has some executions and
//! the claims, and [`Execution`] is what it shows of one of them.
//!
//! The model has no code about the guard. It behaves as the IAM documentation says; where that is
//! silent, a comment states the assumption.

mod account;
mod account_details;
mod account_pages;
mod error;
mod execution;
mod front;
mod held;
mod holding_call;
mod holdings;
mod managed;
mod owner;
mod query;
mod step_functions;
mod sweeps;
mod trail;
mod xml;

pub use account::Account;
pub use error::IamError;
pub use execution::Execution;
pub use front::{Fault, Iam};
pub use holding_call::HoldingCall;
pub use holdings::{Holder, Holdings, Key};
pub use managed::{MAX_VERSIONS, Policy, PolicyVersion};
pub use owner::{Owner, OwnerKind};
pub use step_functions::{Claim, StepFunctions, claim_of};
pub use sweeps::Sweep;
