//! The options of the command.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::report::Format;

/// Tells what IAM policies grant that a security team restricts
///
/// The verdict is the one of the guard that watches the account: exact, with wildcards, `NotAction` and `Deny`, and also for actions that AWS adds later. Nothing is sent anywhere, and no credentials are needed.
#[derive(Debug, Parser)]
#[command(name = "iam-guard", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Checks policy documents, Terraform plans and templates before a deployment
    Check(Check),
}

/// The restricted list, which several commands need
#[derive(Debug, Args)]
pub struct Rules {
    /// The restricted list: action patterns and names of ready-made lists, separated by commas
    ///
    /// Example: `@privilege-escalation,s3:DeleteBucket,kms:Schedule*`. The list of `iam-guard.toml` is used if the option is not given. `iam-guard lists` shows the ready-made lists.
    #[arg(long, value_name = "LIST")]
    pub restricted: Option<String>,

    /// The configuration file; the nearest `iam-guard.toml` in this folder and those above it if not given
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Checks policy documents, Terraform plans and templates before a deployment
///
/// A file is a policy document in JSON, a plan or state as `terraform show -json` prints it, or a CloudFormation or SAM template in YAML or JSON. Of a folder, every file is read that is one of these.
///
/// A value that is not known before the deployment counts only if the verdict depends on it. Attachments of AWS managed policies are judged with `--managed-policies`.
///
/// Exit status: 0 if all policies are clean; 1 if a policy grants something restricted; 2 if something cannot be read, or a verdict is not known.
#[derive(Debug, Args)]
pub struct Check {
    /// Files and folders; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    #[command(flatten)]
    pub rules: Rules,

    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,

    /// Ends with 0 if nothing worse was found than verdicts that are not known
    #[arg(long)]
    pub allow_unknown: bool,

    /// A file with the documents of AWS managed policies, as `make managed-policies` writes it
    #[arg(long, value_name = "FILE")]
    pub managed_policies: Option<PathBuf>,

    /// Leaves out files that are no policy, plan or template, also if they are named
    #[arg(long)]
    pub skip_others: bool,
}
