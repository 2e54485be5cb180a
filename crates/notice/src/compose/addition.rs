//! The notices about what a call added: the request, and the end.

use incident::message::{AskRequest, OutcomeResult, VerdictResult};
use incident::subject::{Addition, ReportedCall};
use incident::{PolicyChange, Subject};

use super::draft::Draft;
use super::reported::{reasons, since};
use crate::Facts;
use crate::subject::{self, undo};
use crate::text::{capitalised, plain};

/// The beginning of the request.
pub(super) fn begin(request: &AskRequest, addition: &Addition) -> Draft {
    let change = &request.change;
    let who = capitalised(&plain(&change.actor.to_string(), 200));
    let Subject::Reported(call) = &change.subject else {
        return Draft::new(&format!("{who} changed {}.", change.subject));
    };
    let mut draft = Draft::new(&format!(
        "{who} {}. {} Please allow or deny it.",
        plain(&subject::reported::predicate(call), 700),
        subject::reported::consequence(call, &addition.report, VerdictResult::Reported)
    ));
    draft.restricted(&addition.restricted, "the page");
    draft.paragraph(&since(
        change,
        call,
        &addition.report,
        Some(request.asked_at),
    ));
    for fact in Facts::of_addition(addition) {
        draft.state(fact, |value| format!("Who gets it: {value}."));
    }
    draft.line("The guard changed nothing, and changes nothing before you decide.");
    draft.paragraphs(subject::addition::caution(call).map(str::to_owned));
    draft
}

/// Why the guard asks.
pub(super) fn end(draft: &mut Draft, addition: &Addition) {
    let report = &addition.report;
    draft.reasons(
        "WHY THE GUARD ASKS",
        &reasons(report, true),
        report.more_reasons,
    );
}

/// The title of the notice about the end, its first sentence, and what the reader can do.
pub(super) fn ended(
    change: &PolicyChange,
    result: OutcomeResult,
    no_decision: &str,
) -> (&'static str, String, Option<String>) {
    let name = subject::name(&change.subject);
    let call = match &change.subject {
        Subject::Reported(call) => Some(call),
        Subject::Managed(_) | Subject::Inline(_) => None,
    };
    let taken = call.map_or_else(String::new, subject::addition::taken);
    let by_hand = || call.and_then(by_hand);
    match result {
        OutcomeResult::Kept | OutcomeResult::Allowed => (
            "Kept:",
            format!("Allowed: the guard left {name} as it is."),
            None,
        ),
        OutcomeResult::TakenBack | OutcomeResult::Denied => (
            "Taken back:",
            format!("Denied: the guard {taken}."),
            None,
        ),
        OutcomeResult::Expired => (
            "In force: not decided,",
            format!("{no_decision} The guard left {name} as it is, and it IS STILL IN FORCE."),
            by_hand(),
        ),
        OutcomeResult::Unconfirmed if change.actor.is_sweep() => (
            "In force: not confirmed,",
            format!(
                "The guard did not take {name} back, because the sweep that the event names does not say that it found this. Someone may have made the event up, or the sweep failed after it found this."
            ),
            Some("Look at the input of the execution, and at the sweep that it names. If that is no sweep of the guard, find out who started the execution before you change anything by hand.".to_owned()),
        ),
        OutcomeResult::Unconfirmed => (
            "In force: not confirmed,",
            format!(
                "The guard did not take {name} back, because CloudTrail does not know the event that it asked about, or knows another one under the same id. Someone may have made the event up."
            ),
            Some("Look at the input of the execution, and find out who started it. Look in the CloudTrail event history for the call itself before you change anything by hand.".to_owned()),
        ),
        // Only what was contained is settled without a question.
        OutcomeResult::Superseded
        | OutcomeResult::Joined
        | OutcomeResult::DeniedBefore
        | OutcomeResult::Lapsed => (
            "Changed again:",
            format!(
                "The guard changed nothing about {name}: in the meantime, something else has the same name, or what was added contains a Deny by now."
            ),
            by_hand(),
        ),
        OutcomeResult::Gone => (
            "Gone:",
            format!("There is nothing to decide about {name} any more: someone else already took it away."),
            None,
        ),
    }
}

fn by_hand(call: &ReportedCall) -> Option<String> {
    let command = undo::undo_command(call)?;
    Some(format!(
        "If it should not stay, take it back by hand:\n\n  {command}"
    ))
}
