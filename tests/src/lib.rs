//! What the scenarios share: a deployed stack, the words to tell a story with it, and a runner that cleans up.
//!
//! A scenario looks only at what a user could see: policies in IAM, mails, pages, executions.

pub mod browser;
pub mod chaos;
pub mod faults;
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
mod sizes;
mod world;
mod writes;

pub use incident::Incident;
pub use local_aws::policies::actions;
pub use owner::{Owner, access_key, join};
pub use policies::document;
pub use runner::{Parameters, Scenario, run};
pub use world::World;
pub use writes::{Target, Write};

use std::time::Duration;

/// How long a scenario waits for what a machine does by itself. A loaded machine takes longer than an idle one, and nothing passes sooner for a shorter wait.
pub const SOON: Duration = Duration::from_secs(90);
