//! The local stack: an AWS on this machine, with this project's `template.yaml` deployed to it.
//!
//! [`Emulator`] starts MiniStack behind a launcher that closes its gaps and plays CloudTrail;
//! [`Stack`] deploys the template with the real SAM CLI; [`Mailbox`] reads the e-mails to the
//! administrator; [`Execution`] shows what the state machine did; [`browse`] opens and answers links
//! as a browser does. The end-to-end tests and the binary `local` (`make demo`, `make local`) use
//! all of these.
//!
//! ```no_run
//! # async fn story() -> anyhow::Result<()> {
//! use std::time::Duration;
//!
//! local::functions::build().await?;
//! let emulator = local::Emulator::start(local::EmulatorOptions::default()).await?;
//! let stack = local::Stack::deploy(&emulator, local::StackOptions::default()).await?;
//! let mut mailbox = local::Mailbox::open(&emulator, stack.output("AlertTopicArn")?).await?;
//! emulator.iam().create_policy().policy_name("p").policy_document("{}").send().await?;
//! let mail = mailbox.wait_for("the alert", Duration::from_secs(20), |_| true).await?;
//! println!("{}", mail.subject);
//! stack.delete().await?;
//! emulator.stop().await
//! # }
//! ```

pub mod account;
pub mod architecture;
pub mod browse;
pub mod command;
pub mod deployed;
pub mod emulator;
pub mod execution;
pub mod functions;
pub mod http;
pub mod lint;
pub mod mailbox;
pub mod operate;
pub mod package;
pub mod policies;
pub mod programs;
mod raw;
pub mod report;
pub mod scp;
pub mod smoke;
pub mod stack;
pub mod tools;
pub mod wait;
pub mod workspace;

pub use emulator::{Call, Clients, CloudTrail, Emulator, EmulatorOptions};
pub use execution::{Closed, Execution};
pub use mailbox::{Mail, Mailbox};
pub use stack::{Stack, StackOptions};
pub use wait::poll;
