use super::Mail;
use super::writer::{Writer, name};
use crate::{ExecutionArn, PolicyChange};

/// Tells of a policy that did not exist any more when it was to be judged or changed.
#[must_use]
pub fn gone(change: &PolicyChange, execution: &ExecutionArn) -> Mail {
    let policy = name(&change.policy);
    ended(
        change,
        execution,
        &format!(
            "The policy {policy} does not exist any more, so nothing was changed. You need not do anything."
        ),
        &format!("Policy gone: {policy}"),
    )
}

/// Tells of a policy that was changed again before it could be remediated.
#[must_use]
pub fn superseded(change: &PolicyChange, execution: &ExecutionArn) -> Mail {
    let policy = name(&change.policy);
    ended(
        change,
        execution,
        &format!(
            "The policy {policy} was changed again before this change was dealt with, so nothing was touched. The newer change is judged on its own."
        ),
        &format!("Policy changed again: {policy}"),
    )
}

fn ended(change: &PolicyChange, execution: &ExecutionArn, sentence: &str, subject: &str) -> Mail {
    let mut mail = Writer::new(sentence);
    mail.change(change);
    mail.consoles(&change.policy, execution);
    Mail::new(subject, &mail.finish())
}
