//! The notice about a failure.

use incident::FailureName;
use incident::message::{Assessment, Failure, ReportFailure, Response};

use super::draft::Draft;
use crate::subject::name;
use crate::text::plain;
use crate::words::assessed;
use crate::{Console, Fact, Kind, Label, Notice};

/// Reports a failure: what is in force now, and what the reader must do.
pub(super) fn failure(request: &ReportFailure) -> Notice {
    let ReportFailure {
        execution,
        failure,
        assessment,
    } = request;
    let change = assessment.as_ref().and_then(|it| it.change.as_ref());
    let policy = change.map_or("see the input of the execution".to_owned(), |change| {
        plain(&change.subject.to_string(), 300)
    });
    let in_force = match assessment {
        Some(assessment) => assessed(assessment),
        None => "unknown, because it could not be read. Look at the policy that the input of the execution names."
            .to_owned(),
    };
    let mut draft = Draft::new(&if failure.again {
        "The IAM policy guard could not finish an incident yet. It keeps trying, but you may need to act.".to_owned()
    } else if failure.tries > 1 {
        format!(
            "The IAM policy guard could not finish an incident in {} tries and gave up. You need to act.",
            failure.tries
        )
    } else {
        "The IAM policy guard could not finish an incident. You need to act.".to_owned()
    });
    draft.paragraph(&format!("Policy: {policy}"));
    let in_force = Fact::of(Label::InForce, plain(&in_force, 3000));
    draft.state(in_force, |it| format!("In force now: {it}"));
    if let Some(restricted) = assessment.as_ref().and_then(Assessment::restricted) {
        draft.restricted(restricted, "the execution");
        draft.findings(restricted);
    }
    let failed = format!(
        "the state {}, with the error {}",
        plain(&failure.state, 80),
        plain(&failure.error, 200)
    );
    let failed = Fact::of(Label::Failed, failed);
    draft.state(failed, |it| format!("\nWhat failed: {it}"));
    let cause = Fact::of(Label::Cause, plain(&failure.message(), 3000));
    draft.state(cause, |it| format!("Why: {it}"));
    draft.advise(what_to_do(failure));
    if failure.again {
        draft.paragraph(
            "What the guard does: it tries again after 1, 2, 4 and 8 minutes and then every 15 minutes, for about a day. Each try begins with a new look at what is in force. You get an e-mail when a try succeeds, when nothing is left to do, or when the guard gives up.",
        );
    }
    if let Some(change) = change {
        draft.change(change, Response::None);
    }
    draft.console(
        "The execution, with every step:",
        Console::of_partition(execution.partition()).execution(execution),
    );
    let title = format!(
        "Failed: the IAM policy guard needs you, {}",
        change.map_or("see the execution".to_owned(), |it| name(&it.subject))
    );
    draft.finish(Kind::Failure, title, execution)
}

fn what_to_do(failure: &Failure) -> &'static str {
    if failure.error == FailureName::UnmodifiableEntity.as_str() {
        "What to do: IAM lets no one change this role, because it is a service-linked role or a role of IAM Identity Center. Remove the restricted permissions where they come from: in the permission set, or in the service that the role belongs to."
    } else {
        "What to do: look at the policy. If restricted permissions are in force, remove them by hand. Then find the cause in the execution."
    }
}
