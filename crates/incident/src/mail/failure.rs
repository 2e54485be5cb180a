use super::Mail;
use super::writer::Writer;
use crate::message::Failure;
use crate::text::plain;
use crate::{Console, ExecutionArn};

/// Tells of a failure: what is in force now, and that a person is needed.
///
/// `policy` names the policy, or says that none could be read; `in_force` says what IAM shows now.
#[must_use]
pub fn failure(policy: &str, failure: &Failure, in_force: &str, execution: &ExecutionArn) -> Mail {
    let policy = plain(policy, 300);
    let mut mail = Writer::new("The IAM policy guard could not finish its work and needs you.");
    mail.paragraph(&format!("Policy: {policy}"));
    mail.line(&format!("In force now: {}", plain(in_force, 3000)));
    mail.paragraph(&format!(
        "What failed: state {}, with {}",
        plain(&failure.state, 80),
        plain(&failure.error, 200)
    ));
    mail.line(&format!("Why: {}", plain(&failure.message(), 3000)));
    mail.paragraph(
        "What to do: look at the policy, take restricted permissions out by hand if they are in force, then find the cause in the execution.",
    );
    mail.link(
        "The execution, with every step:",
        &Console::of_partition(execution.partition()).execution(execution),
    );
    Mail::new(
        &format!("Action needed: the IAM policy guard failed, {policy}"),
        &mail.finish(),
    )
}
