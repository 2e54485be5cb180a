//! The options of the command. The documentation comments are its help texts.

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand, ValueEnum};
use iam_policy::ActionPattern;

use crate::managed::DATE;
use crate::report::Format;
use crate::template::Parameter;
use crate::{account, backtest};

static VERSION: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{} (AWS managed policies of {DATE})",
        env!("CARGO_PKG_VERSION")
    )
});

/// Reports the restricted actions that IAM policies grant
///
/// The verdict is that of the guard that watches the account: exact, with wildcards, `NotAction`
/// and `Deny`, and valid for actions that AWS adds later. The command sends nothing anywhere and
/// needs no credentials.
#[derive(Debug, Parser)]
#[command(name = "iam-guard", version = VERSION.as_str(), max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Check(Check),
    Account(Account),
    Backtest(Backtest),
    Fix(Fix),
    Explain(Explain),
    Lists(Lists),
    /// Prints the completion script of a shell
    ///
    /// Example for bash: `iam-guard completion bash >
    /// ~/.local/share/bash-completion/completions/iam-guard`.
    Completion {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
    /// Prints the manual page, or writes the pages of all commands to a folder
    Man {
        /// The folder
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
}

/// The options for the restricted list
#[derive(Debug, Args)]
pub struct ListOptions {
    /// The restricted list: action patterns and names of ready-made lists, separated by commas
    ///
    /// Example: `@privilege-escalation,s3:DeleteBucket,kms:Schedule*`. Without this option, the
    /// list of `iam-guard.toml` is used. `iam-guard lists` shows the ready-made lists.
    #[arg(long, value_name = "LIST")]
    pub restricted: Option<String>,

    /// The list to ask about, written like `--restricted`: what it names stays in force while a
    /// person decides
    ///
    /// Without this option, `ask` of `iam-guard.toml` is used.
    #[arg(long, value_name = "LIST")]
    pub ask: Option<String>,

    /// The list to report, written like `--restricted`: what it names stays, and is reported
    ///
    /// Without this option, `report` of `iam-guard.toml` is used.
    #[arg(long, value_name = "LIST")]
    pub report: Option<String>,

    /// The configuration file; by default the nearest `iam-guard.toml` in this folder and those
    /// above it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Checks policy documents, Terraform plans and templates before a deployment
///
/// A file is a policy document in JSON, a plan or state as `terraform show -json` prints it, a
/// CloudFormation or SAM template in YAML or JSON, an answer of AWS such as that of `aws iam
/// get-policy-version`, a manifest of ACK or Crossplane, or a `serverless.yml`. In a folder, the
/// command reads every file that is one of these.
///
/// A value that is not known before the deployment counts only if the verdict depends on it.
/// Attachments of AWS managed policies are judged by the documents that come with the command.
///
/// Exit status: 0 if all policies are clean, or grant only what `--report` names; 1 if a policy
/// grants what `--restricted` or `--ask` names; 2 if something cannot be read, or a verdict is not
/// known.
#[derive(Debug, Args)]
pub struct Check {
    /// Files and folders; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    #[command(flatten)]
    pub list: ListOptions,

    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,

    /// Exits with 0 if the only problem is a verdict that is not known
    #[arg(long)]
    pub allow_unknown: bool,

    /// A file with documents of AWS managed policies, to add to those that come with the command
    #[arg(long, value_name = "FILE")]
    pub managed_policies: Option<PathBuf>,

    /// The value of a parameter of templates, or of a pseudo parameter such as `AWS::Region`
    ///
    /// Give the option once for each parameter. The entries of a list are separated by commas.
    /// Without a value, a parameter can have each of its allowed values; its default value is not
    /// certain. Templates without the parameter ignore the value.
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    pub parameters: Vec<Parameter>,

    /// Skips files that are not a policy, plan or template, even if they are named
    #[arg(long)]
    pub skip_others: bool,
}

/// Removes the restricted grants from a policy document
///
/// The result grants everything else that the document granted, and nothing new. It is the document
/// that the guard would put in force. Standard error lists the changes, and what stays because only
/// `--report` names it.
///
/// Exit status: 0 if the document can be read, 2 if the document cannot be read.
#[derive(Debug, Args)]
pub struct Fix {
    /// A policy document in JSON; `-` is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    #[command(flatten)]
    pub list: ListOptions,

    /// Writes the result to the file instead of standard output
    #[arg(long)]
    pub write: bool,

    /// The quota that the result must fit
    #[arg(long, value_enum, default_value_t)]
    pub quota: Kind,
}

/// Shows whether two action patterns have an action in common, or what the lists say of one pattern
///
/// The answer does not depend on the actions that AWS has today. It names an action that both
/// patterns match, if possible one that AWS has. With one pattern, the command names the patterns
/// of the lists that it meets, and what the guard would do about it.
#[derive(Debug, Args)]
pub struct Explain {
    /// An action pattern, such as `s3:Delete*`
    #[arg(value_name = "PATTERN")]
    pub one: ActionPattern,

    /// Another one, such as `s3:*Bucket`; without it, the patterns of the lists
    #[arg(value_name = "PATTERN", conflicts_with_all = ["restricted", "ask", "report", "config"])]
    pub other: Option<ActionPattern>,

    #[command(flatten)]
    pub list: ListOptions,
}

/// The kind of a policy, which decides its quota
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// 6,144 characters, for a managed policy
    #[default]
    Managed,
    /// 10,240 characters, for all inline policies of a role
    Role,
    /// 2,048 characters, for all inline policies of a user
    User,
    /// 5,120 characters, for all inline policies of a group
    Group,
}

/// Shows the ready-made lists, with the reason for each action
///
/// The sources are identifiers of paths of pathfinding.cloud, and techniques of MITRE ATT&CK.
#[derive(Debug, Args)]
pub struct Lists {
    /// The name of one list, with or without `@`
    #[arg(value_name = "LIST")]
    pub name: Option<String>,

    /// How the lists are written
    #[arg(long, value_enum, default_value_t)]
    pub format: ListFormat,
}

/// How lists are written
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// A table for people
    #[default]
    Text,
    /// One JSON object a line, one for each action
    Json,
    /// The page of the documentation
    Markdown,
}

/// Reports what the guard would have done about the changes in exported CloudTrail logs
///
/// Every successful write of a policy is judged by the document in its record. A record without a
/// document is judged by the earlier record that wrote the version; without such a record, it
/// counts as not known.
///
/// The calls that the guard reports and does not revert, such as attachments, are counted apart, as
/// far as records alone tell. They do not change the exit status.
///
/// A log is a file of a trail, an answer of `lookup-events`, or an export of CloudWatch Logs,
/// CloudTrail Lake, EventBridge, Elastic or Splunk that has the records as JSON. The report counts
/// files in folders that have no record.
///
/// Exit status: 0 if no change is restricted; 1 if one is; 2 if a file cannot be read, a change is
/// not known, or a file or folder that is named has no CloudTrail record. A change that grants only
/// what `--report` names is not restricted.
#[derive(Debug, Args)]
pub struct Backtest {
    /// Log files of any name, compressed with gzip or not, and folders with them
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    pub list: ListOptions,

    /// Roles and users whose changes would be reported but not reverted: ARN patterns, separated by
    /// commas
    #[arg(long, value_name = "PATTERNS")]
    pub exempt: Option<String>,

    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    pub format: backtest::Format,

    /// A file with documents of AWS managed policies, to add to those that come with the command
    #[arg(long, value_name = "FILE")]
    pub managed_policies: Option<PathBuf>,

    /// Also writes the report as a page
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// Reports who holds restricted actions in a whole account
///
/// The input is the answer of `aws iam get-account-authorization-details`: one file, or one for
/// each page. The report shows which users, groups and roles hold something restricted, by which
/// policies, and which roles they can become.
///
/// Exit status: 0 if no one holds what `--restricted` or `--ask` names; 1 if someone does; 2 if
/// something cannot be read, or the answer is incomplete.
#[derive(Debug, Args)]
pub struct Account {
    /// Files (`.json`, `.json.gz`) and folders with them; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    #[command(flatten)]
    pub list: ListOptions,

    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    pub format: account::Format,

    /// A file with documents of AWS managed policies, to add to those that come with the command
    #[arg(long, value_name = "FILE")]
    pub managed_policies: Option<PathBuf>,

    /// Also writes the report as a page
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}
