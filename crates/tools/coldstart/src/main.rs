//! `coldstart`: measures how the functions start, and checks the figures against limits.
//!
//! It starts the executables that go to AWS as Lambda starts them: with an emulated Runtime API, and with
//! a stub of AWS behind HTTPS.

mod answers;
mod aws;
mod bench;
mod containment;
mod gate;
mod instructions;
mod measure;
mod process;
mod release;
mod runtime_api;
mod subject;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use local::report;

/// Measurements of the functions.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measures the functions next to one that does nothing.
    Bench {
        /// How many times each function is started.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
        rounds: u64,
        /// Prints JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Measures what the functions take to contain a policy, and counts on a local AWS what an incident costs.
    Containment {
        /// How often each function is started.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
        rounds: u64,
        /// Prints JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Checks the functions against the limits in `limits.json`.
    Gate {
        /// Sets the limits a tenth above the figures of this run.
        #[arg(long)]
        set: bool,
    },
    /// Builds the executables to measure.
    Build,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::line(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Bench { rounds, json } => bench::run(usize::try_from(rounds)?, json).await,
        Command::Containment { rounds, json } => {
            containment::run(usize::try_from(rounds)?, json).await
        }
        Command::Gate { set } => gate::run(set).await,
        Command::Build => release::build().await,
    }
}
