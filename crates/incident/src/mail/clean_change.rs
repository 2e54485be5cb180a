use iam_policy::Finding;

use super::Mail;
use super::writer::{Writer, name};
use crate::{ExecutionArn, PolicyChange};

/// Tells of a change that needs no decision.
///
/// `findings` are those of a version that was written without being put in force.
#[must_use]
pub fn clean_change(change: &PolicyChange, findings: &[Finding], execution: &ExecutionArn) -> Mail {
    let policy = name(&change.policy);
    let mut mail = if findings.is_empty() {
        Writer::new(&format!(
            "The policy {policy} was written; it grants nothing restricted and stays as it is. You need not do anything."
        ))
    } else {
        Writer::new(&format!(
            "The policy {policy} has a new version with restricted permissions, which is NOT in force. You need not do anything."
        ))
    };
    if !findings.is_empty() {
        mail.paragraph(
            "If somebody makes that version the default, the restricted permissions are taken out and you are asked.",
        );
    }
    mail.change(change);
    mail.findings(findings);
    mail.consoles(&change.policy, execution);
    Mail::new(&format!("Policy changed: {policy}"), &mail.finish())
}
