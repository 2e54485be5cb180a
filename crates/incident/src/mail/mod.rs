//! The text of every e-mail. Plain text, because that is what SNS sends to an e-mail address.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::message::{
    Contained, Decision, DecisionAction, Failure, InForce, NotifyRequest, OutcomeResult,
};
use crate::{Console, ExecutionArn, PolicyChange};
use iam_policy::Finding;

/// An e-mail within the limits of SNS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    subject: String,
    message: String,
}

impl Mail {
    /// The longest subject, in characters (SNS API Reference, "Publish": less than 100, no line breaks or control characters).
    pub const MAX_SUBJECT: usize = 99;
    /// The longest message, in bytes. SNS takes 262,144 with its attributes; a mail is also part of a state, which may hold as much in all.
    pub const MAX_MESSAGE: usize = 60_000;

    /// Cleans and cuts both parts to what SNS accepts.
    #[must_use]
    pub fn new(subject: &str, message: &str) -> Self {
        let subject: String = subject
            .chars()
            .map(|c| if (' '..='~').contains(&c) { c } else { '?' })
            .take(Self::MAX_SUBJECT)
            .collect();
        let mut message: String = message
            .chars()
            .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
            .collect();
        if message.len() > Self::MAX_MESSAGE {
            let note = "\n[cut: the rest is in the execution]\n";
            let mut end = Self::MAX_MESSAGE - note.len();
            while !message.is_char_boundary(end) {
                end -= 1;
            }
            message.truncate(end);
            message.push_str(note);
        }
        Self { subject, message }
    }

    /// The subject line.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The body.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// The two links of a request for a decision.
#[derive(Clone, Debug)]
pub struct Links {
    /// Opens the page that allows.
    pub allow: String,
    /// Opens the page that denies.
    pub deny: String,
}

/// Asks for a decision.
#[must_use]
pub fn decision_request(request: &NotifyRequest, links: &Links) -> Mail {
    let change = &request.change;
    let mut text = format!(
        "{} gave {} restricted permissions; they are taken out until you decide.\n\n",
        change.actor, change.policy
    );
    write_lines(&mut text, &request.findings);
    write_contained(&mut text, &request.quarantine);
    _ = write!(
        text,
        "\nAllow (puts the original back):\n{}\n\nDeny (keeps the restricted permissions out):\n{}\n\nExecution:\n{}\n",
        links.allow,
        links.deny,
        console(change).execution(&request.execution)
    );
    Mail::new(
        &format!("Decide: restricted permissions in {}", change.policy.name()),
        &text,
    )
}

/// Tells of a change that needs no decision.
#[must_use]
pub fn clean_change(change: &PolicyChange, findings: &[Finding], execution: &ExecutionArn) -> Mail {
    let mut text = if findings.is_empty() {
        format!(
            "{} wrote {}; nothing in it is restricted.\n",
            change.actor, change.policy
        )
    } else {
        format!(
            "{} wrote {}; it holds restricted permissions, but is not in force.\n",
            change.actor, change.policy
        )
    };
    write_lines(&mut text, findings);
    _ = writeln!(
        text,
        "\nExecution:\n{}",
        console(change).execution(execution)
    );
    Mail::new(&format!("Policy changed: {}", change.policy.name()), &text)
}

/// Tells of a policy that did not exist any more when it was to be judged or changed.
#[must_use]
pub fn gone(change: &PolicyChange, execution: &ExecutionArn) -> Mail {
    ended(
        change,
        execution,
        "does not exist any more, so nothing was changed",
    )
}

/// Tells of a policy that was changed again before it could be remediated.
#[must_use]
pub fn superseded(change: &PolicyChange, execution: &ExecutionArn) -> Mail {
    ended(
        change,
        execution,
        "was changed again, so nothing was touched; the newer change is an incident of its own",
    )
}

fn ended(change: &PolicyChange, execution: &ExecutionArn, what: &str) -> Mail {
    Mail::new(
        &format!("Policy changed: {}", change.policy.name()),
        &format!(
            "{} {what}.\n\nWritten by {}.\n\nExecution:\n{}\n",
            change.policy,
            change.actor,
            console(change).execution(execution)
        ),
    )
}

/// Tells how an incident ended.
#[must_use]
pub fn outcome(
    change: &PolicyChange,
    quarantine: &Contained,
    decision: &Decision,
    result: OutcomeResult,
    in_force: Option<&InForce>,
    execution: &ExecutionArn,
) -> Mail {
    let what = match result {
        OutcomeResult::Allowed => "allowed: the original is back in force",
        OutcomeResult::Denied => "denied: the restricted permissions stay out",
        OutcomeResult::Expired => "nobody decided in time: the restricted permissions stay out",
        OutcomeResult::Superseded => "the policy was changed again, so nothing was touched",
        OutcomeResult::Gone => "the policy does not exist any more",
    };
    let mut text = format!("{}: {what}.\n", change.policy);
    if let (DecisionAction::Allow | DecisionAction::Deny, Some(from)) =
        (decision.action, &decision.source_ip_address)
    {
        _ = writeln!(text, "Decided from {from}.");
    }
    if let Some(in_force) = in_force {
        _ = writeln!(text, "\nIn force now:\n{}", in_force.document);
    }
    if let Some(versions) = &quarantine.versions {
        _ = writeln!(text, "\nOriginal version: {}", versions.original);
    }
    _ = writeln!(
        text,
        "\nExecution:\n{}",
        console(change).execution(execution)
    );
    Mail::new(&format!("{}: {what}", change.policy.name()), &text)
}

/// Tells of a failure: what is in force now, and that a person is needed.
#[must_use]
pub fn failure(policy: &str, failure: &Failure, in_force: &str, execution: &ExecutionArn) -> Mail {
    let text = format!(
        "The guard failed and needs you: {policy}.\n\nIn force now: {in_force}\n\nState {} failed with {}: {}\n\nExecution:\n{}\n",
        failure.state,
        failure.error,
        failure.message(),
        Console::of_partition(execution.partition()).execution(execution)
    );
    Mail::new("The IAM policy guard failed and needs you", &text)
}

fn write_lines(text: &mut String, findings: &[Finding]) {
    for finding in findings {
        _ = writeln!(text, "- {finding}");
    }
}

fn write_contained(text: &mut String, contained: &Contained) {
    for edit in &contained.edits {
        _ = writeln!(text, "  {edit}");
    }
    for loss in &contained.losses {
        _ = writeln!(text, "  lost: {loss}");
    }
}

fn console(change: &PolicyChange) -> Console {
    Console::of_partition(match &change.policy {
        crate::PolicyRef::Managed { arn, .. } => arn.partition(),
        crate::PolicyRef::Inline { .. } => partition_of_region(&change.region),
    })
}

fn partition_of_region(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}
