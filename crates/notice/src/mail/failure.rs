use incident::message::{Assessment, TellFailure};

use super::Mail;
use super::writer::Writer;
use crate::Console;
use crate::target::name;
use crate::text::plain;
use crate::words::assessed;

/// Reports a failure: what is in force now, and that a person must act.
#[must_use]
pub fn failure(request: &TellFailure) -> Mail {
    let TellFailure {
        execution,
        failure,
        assessment,
    } = request;
    let change = assessment.as_ref().and_then(|it| it.change.as_ref());
    let policy = change.map_or("see the input of the execution".to_owned(), |change| {
        plain(&change.target.to_string(), 300)
    });
    let in_force = match assessment {
        Some(assessment) => assessed(&assessment.in_force),
        None => "unknown, because it could not be read. Look at the policy that the input of the execution names."
            .to_owned(),
    };
    let mut mail =
        Writer::new("The IAM policy guard could not finish an incident. You need to act.");
    mail.paragraph(&format!("Policy: {policy}"));
    mail.line(&format!("In force now: {}", plain(&in_force, 3000)));
    if let Some(restricted) = assessment.as_ref().and_then(Assessment::restricted) {
        mail.restricted(restricted, "the execution");
        mail.findings(restricted);
    }
    mail.paragraph(&format!(
        "What failed: the state {}, with the error {}",
        plain(&failure.state, 80),
        plain(&failure.error, 200)
    ));
    mail.line(&format!("Why: {}", plain(&failure.message(), 3000)));
    mail.paragraph(
        "What to do: look at the policy. If restricted permissions are in force, remove them by hand. Then find the cause in the execution.",
    );
    mail.link(
        "The execution, with every step:",
        &Console::of_partition(execution.partition()).execution(execution),
    );
    Mail::new(
        &format!(
            "Action needed: the IAM policy guard failed, {}",
            change.map_or("see the execution".to_owned(), |it| name(&it.target))
        ),
        &mail.finish(),
    )
}
