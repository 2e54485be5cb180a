//! What the scenarios share: a deployed stack, the steps of an incident on it, and a runner that
//! removes it.
//!
//! A scenario looks only at what a user could see: policies in IAM, mails, pages, executions.
//!
//! A function returns an error if AWS or the emulator refuses a call, or if what it waits for does
//! not come in time.

pub mod browser;
pub mod chaos;
mod chat;
pub mod faults;
pub mod flood;
mod incident;
mod index;
pub mod load;
mod mails;
pub mod ordinary;
mod owner;
mod policies;
mod privileges;
mod raw;
mod runner;
mod seen;
mod sizes;
pub mod survey;
mod sweeps;
mod world;
mod writes;

pub use chat::ChatMessage;
pub use incident::Incident;
pub use local_aws::policies::actions;
pub use mails::{Command, commands, expect_parts, reports_failure};
pub use owner::{Owner, access_key, join, without_mfa};
pub use policies::document;
pub use runner::{Parameters, Scenario, run};
pub use sweeps::{Swept, entered};
pub use world::World;
pub use writes::{Target, Write};

use std::time::Duration;

/// How long a scenario waits for a step of the stack. The limit is long, because a loaded machine
/// is slow, and a scenario that passes does not wait for it.
pub const SOON: Duration = Duration::from_secs(90);

/// How many states an incident enters, at most: what it costs, as docs/operations.md#cost says.
/// A contained policy that is allowed:
pub const STATES_ALLOWED: usize = 25;
/// What a chat adds to each decision:
pub const STATES_FOR_CHAT: [&str; 2] = ["ReportDecision", "RunAgain"];
/// What is asked about first, and kept:
pub const STATES_KEPT: usize = 11;
/// The same, taken back after the first look-up:
pub const STATES_TAKEN_BACK: usize = 19;
