//! AWS on this machine, with this project's `template.yaml` deployed to it.
//!
//! [`Emulator`] starts MiniStack behind a launcher that closes its gaps and plays CloudTrail.
//! [`Stack`] deploys the template with the real SAM CLI. [`Mailbox`] reads the e-mails to the
//! administrator, [`Execution`] shows what the state machine did, and [`browse`] opens and answers
//! links as a browser does. The end-to-end tests and `xtask` (`make demo`, `make local`) use them.
//!
//! ```no_run
//! # async fn story() -> anyhow::Result<()> {
//! use std::time::Duration;
//!
//! local_aws::functions::build().await?;
//! let emulator = local_aws::Emulator::start(local_aws::EmulatorOptions::default()).await?;
//! let stack = local_aws::Stack::deploy(&emulator, local_aws::StackOptions::default()).await?;
//! let mut mailbox = local_aws::Mailbox::open(&emulator, stack.output("AlertTopicArn")?).await?;
//! emulator.iam().create_policy().policy_name("p").policy_document("{}").send().await?;
//! let mail = mailbox.wait_for("the alert", Duration::from_secs(20), |_| true).await?;
//! println!("{}", mail.subject);
//! stack.delete().await?;
//! emulator.stop().await
//! # }
//! ```

pub mod browse;
mod clients;
pub mod command;
pub mod emulator;
pub mod execution;
pub mod functions;
pub mod http;
pub mod mailbox;
pub mod policies;
mod raw;
pub mod report;
pub mod stack;
pub mod tools;
pub mod wait;
pub mod workspace;

pub use clients::Clients;
pub use emulator::{Call, CloudTrail, Emulator, EmulatorOptions};
pub use execution::{Closed, Execution};
pub use mailbox::{Mail, Mailbox};
pub use stack::{Stack, StackOptions};
pub use wait::poll;
