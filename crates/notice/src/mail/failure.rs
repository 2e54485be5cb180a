use incident::message::TellFailure;

use super::Mail;
use super::writer::Writer;
use crate::Console;
use crate::text::plain;
use crate::words::assessed;

/// Tells of a failure: what is in force now, and that a person is needed.
#[must_use]
pub fn failure(request: &TellFailure) -> Mail {
    let TellFailure {
        execution,
        failure,
        assessment,
    } = request;
    let policy = match assessment {
        Some(assessment) => match &assessment.change {
            Some(change) => change.target.to_string(),
            None => "no policy could be read from the record".to_owned(),
        },
        None => "see the execution".to_owned(),
    };
    let policy = plain(&policy, 300);
    let in_force = match assessment {
        Some(assessment) => assessed(&assessment.in_force),
        None => "it could not be read; look at the policy that the input of the execution names"
            .to_owned(),
    };
    let mut mail = Writer::new("The IAM policy guard could not finish its work and needs you.");
    mail.paragraph(&format!("Policy: {policy}"));
    mail.line(&format!("In force now: {}", plain(&in_force, 3000)));
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
