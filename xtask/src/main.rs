//! The commands behind the Makefile.

mod attach;
mod decision;
mod demo;
mod local;
mod up;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use local_aws::emulator::ACCOUNT;
use local_aws::functions::Architecture;
use local_aws::tools::{self, Tool};
use local_aws::{command, functions, report, stack};
use tokio::signal::unix::{SignalKind, signal};
use xtask::account::Account;
use xtask::cases::{self, Month};
use xtask::deployed::Deployed;
use xtask::forget;
use xtask::holdings;
use xtask::scp::{self, Trusted};
use xtask::walkthrough::Answer;
use xtask::{lint, operate, prerequisites, smoke};

use crate::demo::Case;

/// The local stack of this project.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Installs the pinned tools below `.local/tools`; does nothing when they are there.
    Setup,
    /// Builds the functions and the template for the local stack.
    Build,
    /// Plays the walkthrough from the policy to the outcome.
    Demo {
        /// The administrator's answer; without it, a link is to be opened in a browser.
        #[arg(long)]
        answer: Option<Answer>,
        /// What happens: a policy that is contained, or a call that is only reported.
        #[arg(long, default_value = "policy")]
        case: Case,
    },
    /// Keeps the stack up until Ctrl-C, and shows what happens on it.
    Up {
        /// The port on the loopback interface.
        #[arg(long, default_value_t = 4566)]
        port: u16,
        /// A parameter of the template, as in `restrictedActions=iam:*,s3:DeleteBucket`.
        #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
        parameters: Vec<(String, String)>,
    },
    /// Builds what goes to AWS, with the pinned SAM CLI.
    SamBuild {
        /// The processor that the functions run on.
        #[arg(long, value_enum, default_value = "x86_64")]
        architecture: Architecture,
    },
    /// Runs the pinned SAM CLI, with your own AWS settings: what it deploys goes to your account.
    Sam {
        /// The SAM CLI's own arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Prints a service control policy that lets only the deployer change a deployed stack.
    Scp {
        #[command(flatten)]
        stack: Deployment,
        /// The roles that deploy: exact ARNs, separated by commas.
        #[arg(long)]
        deployer: String,
        /// The roles that answer task tokens of other state machines.
        #[arg(long, default_value = "")]
        senders: String,
    },
    /// Plays the walkthrough against a deployed stack, with allow and with deny, and cleans up
    /// after itself.
    Smoke(Deployment),
    /// Disables the rules of a deployed stack, and lists what is open.
    Pause(Deployment),
    /// Enables the rules again.
    Resume(Deployment),
    /// Deletes a deployed stack once nothing waits any more; asks before it does.
    Remove(Deployment),
    /// Prints the cases of a month.
    Cases {
        #[command(flatten)]
        place: Place,
        /// The month in which the incidents ended, in UTC, as in 2026-11.
        #[arg(long)]
        month: Month,
        /// A part of what is known about the caller who made the change.
        #[arg(long, default_value = "")]
        actor: String,
        /// A part of the subject, or of its unique id.
        #[arg(long, default_value = "")]
        subject: String,
        /// Prints the lines as they were written.
        #[arg(long)]
        json: bool,
    },
    /// Prints who holds what of the lists of a stack, and writes it as a page.
    Report {
        #[command(flatten)]
        place: Place,
        /// The program `iam-guard`.
        #[arg(long)]
        program: PathBuf,
    },
    /// Makes the guard forget the decision of an incident.
    Forget {
        /// The ARN of its execution.
        #[arg(long)]
        execution: String,
        /// The port of the local AWS, if the execution is there.
        #[arg(long, default_value_t = 4566)]
        port: u16,
    },
    /// Checks that everything is there that the tests need; as root or in continuous integration,
    /// installs what is missing.
    Prerequisites,
    /// Runs the linters of the template and the state machine.
    Lint,
    /// Checks what is built in against `deny.toml`.
    Deny {
        /// What to check, in the words of cargo-deny.
        #[arg(required = true)]
        checks: Vec<String>,
    },
}

/// A stack in the account that your own AWS settings lead to.
#[derive(Debug, clap::Args)]
struct Deployment {
    /// The name of the stack.
    #[arg(long)]
    stack: String,
    /// The Region of the stack.
    #[arg(long, default_value = local_aws::emulator::REGION)]
    region: String,
}

impl Deployment {
    async fn read(&self) -> Result<(Account, Deployed)> {
        let account = Account::open(&self.region).await?;
        let stack = Deployed::read(&account, &self.stack).await?;
        Ok((account, stack))
    }
}

/// A stack in an account, or the one of `make local`.
#[derive(Debug, clap::Args)]
struct Place {
    /// The name of a deployed stack; without it, the local one.
    #[arg(long)]
    stack: Option<String>,
    /// The Region of the deployed stack.
    #[arg(long, default_value = local_aws::emulator::REGION)]
    region: String,
    /// The port of the local AWS.
    #[arg(long, default_value_t = 4566)]
    port: u16,
}

impl Place {
    async fn read(&self) -> Result<(Account, Deployed)> {
        let (account, name) = match &self.stack {
            Some(name) => (Account::open(&self.region).await?, name.as_str()),
            None => (Account::of_local(self.port).await?, stack::NAME),
        };
        let stack = Deployed::read(&account, name).await?;
        Ok((account, stack))
    }
}

fn parameter(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| format!("`{text}` is not NAME=VALUE"))
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = Arguments::parse().command;
    // Everything else is incomplete if a signal ends it.
    let is_kept_up = matches!(command, Command::Up { .. });
    let outcome = tokio::select! {
        outcome = run(command) => outcome,
        // The command is dropped, which stops the emulator and every program that it started.
        signal = stop_signal() => signal.and_then(|name| {
            report::gap();
            report::step(&format!("{name}: everything is stopped"));
            if is_kept_up { Ok(()) } else { Err(anyhow::anyhow!("interrupted before the end")) }
        }),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::line(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Asks a question and reads one line of an answer.
async fn answer(question: &str) -> Result<String> {
    report::ask(question);
    let (send, receive) = tokio::sync::oneshot::channel();
    // The runtime would wait for a thread of its own to finish reading, even after Ctrl-C.
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line);
        // After Ctrl-C, the receiver is gone.
        if send.send(read.map(|bytes| (bytes, line))).is_err() {}
    });
    let read = receive.await.context("cannot read the answer")?;
    let (bytes, line) = read.context("cannot read the answer")?;
    anyhow::ensure!(bytes > 0, "the input has ended without an answer");
    Ok(line)
}

/// Waits for a signal that asks this process to stop, and returns its name.
async fn stop_signal() -> Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed.map(|()| "Ctrl-C").context("cannot listen for Ctrl-C"),
        _ = terminate.recv() => Ok("SIGTERM"),
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Setup => tools::ensure(&[Tool::Sam, Tool::Builder]).await,
        Command::Build => functions::build().await,
        Command::Demo { answer, case } => demo::run(case, answer).await,
        Command::Up { port, parameters } => up::run(port, parameters).await,
        Command::SamBuild { architecture } => functions::build_for_aws(architecture).await,
        Command::Sam { arguments } => {
            tools::ensure(&[Tool::Sam, Tool::Builder]).await?;
            let mut sam = tools::sam()?;
            functions::as_from_a_shell(&mut sam);
            // `sam deploy --guided` asks questions.
            sam.args(arguments).stdin(Stdio::inherit());
            command::run_shown(sam, "sam").await
        }
        Command::Deny { checks } => lint::deny(&checks).await,
        Command::Prerequisites => prerequisites::run().await,
        Command::Lint => lint::run().await,
        Command::Smoke(stack) => {
            let (account, stack) = stack.read().await?;
            smoke::run(&account, &stack, answer).await
        }
        Command::Pause(stack) => {
            let (account, stack) = stack.read().await?;
            operate::pause(&account, &stack).await
        }
        Command::Resume(stack) => {
            let (account, stack) = stack.read().await?;
            operate::resume(&account, &stack).await
        }
        Command::Remove(stack) => {
            tools::ensure(&[Tool::Sam, Tool::Builder]).await?;
            let (account, stack) = stack.read().await?;
            operate::remove(&account, &stack, answer).await
        }
        Command::Cases {
            place,
            month,
            actor,
            subject,
            json,
        } => {
            let wanted = cases::Wanted {
                month,
                actor,
                subject,
            };
            let (account, stack) = place.read().await?;
            cases::run(&account, &stack, &wanted, json).await
        }
        Command::Report { place, program } => {
            let (account, stack) = place.read().await?;
            holdings::run(&account, &stack, &program).await
        }
        Command::Forget { execution, port } => {
            let incident = forget::Incident::parse(&execution)?;
            let account = if incident.account == ACCOUNT {
                Account::of_local(port).await?
            } else {
                Account::open(&incident.region).await?
            };
            forget::run(&account.clients().await?.sfn, &incident).await
        }
        Command::Scp {
            stack,
            deployer,
            senders,
        } => {
            let (_, stack) = stack.read().await?;
            let deployers = Trusted::list(&deployer, &stack.account)?;
            let senders = Trusted::list(&senders, &stack.account)?;
            report::line(&scp::policy(&stack, &deployers, &senders)?);
            Ok(())
        }
    }
}
