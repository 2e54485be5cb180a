use iam_policy::Finding;

use super::Mail;
use super::writer::{Writer, name};
use crate::text::plain;
use crate::{ExecutionArn, PolicyChange};

/// Tells of restricted permissions that stay in force, because the guard only monitors.
#[must_use]
pub fn monitored(change: &PolicyChange, findings: &[Finding], execution: &ExecutionArn) -> Mail {
    in_force(
        change,
        findings,
        execution,
        "the guard only monitors",
        "The guard changed nothing: its parameter Mode is Monitor. With Enforce it would have taken the restricted permissions out and asked you.",
    )
}

/// Tells of restricted permissions that stay in force, because `pattern` of the exempt principals covers whoever wrote them.
#[must_use]
pub fn exempt(
    change: &PolicyChange,
    findings: &[Finding],
    pattern: &str,
    execution: &ExecutionArn,
) -> Mail {
    let why = format!(
        "The guard changed nothing: whoever wrote the policy is exempt by the entry {} of its parameter ExemptPrincipals.",
        plain(pattern, 300)
    );
    in_force(change, findings, execution, "an exemption applied", &why)
}

fn in_force(
    change: &PolicyChange,
    findings: &[Finding],
    execution: &ExecutionArn,
    because: &str,
    why: &str,
) -> Mail {
    let policy = name(&change.policy);
    let mut mail = Writer::new(&format!(
        "The policy {policy} was written with restricted permissions, which ARE IN FORCE, because {because}."
    ));
    mail.paragraph(why);
    mail.line("If the permissions should not stay, take them out by hand.");
    mail.change(change);
    mail.findings(findings);
    mail.consoles(&change.policy, execution);
    Mail::new(
        &format!("In force: restricted permissions in {policy}"),
        &mail.finish(),
    )
}
