//! What notices say about earlier decisions, and about containments that no one is asked about.

use incident::ExecutionArn;
use incident::memory::{Before, ClaimName, Standing};
use incident::message::{Contained, Outcome, OutcomeResult, ReportOutcome, Response, Settled};

use super::draft::Draft;
use super::outcome;
use crate::text::{option, shell_quoted};
use crate::words::{failure_is_over, time};
use crate::{Console, Facts, Kind, Label, Notice, subject};

/// The end of a report that is remembered for a week.
pub(super) const ONCE_A_WEEK: &str = "The guard reports the same thing once a week at most.";

/// The notice about a containment that no one is asked about.
pub(super) fn settled(
    request: &ReportOutcome,
    contained: &Contained,
    settled: &Settled,
    outcome: &Outcome,
) -> Notice {
    let change = &request.change;
    let policy = subject::name(&change.subject);
    let before = settled.before.as_ref();
    let result = match outcome.result {
        end @ (OutcomeResult::Superseded | OutcomeResult::Unconfirmed | OutcomeResult::Gone) => end,
        _ => settled.result,
    };
    let (topic, sentence) = match result {
        OutcomeResult::Superseded | OutcomeResult::Unconfirmed => (
            "Changed again:",
            format!(
                "{} Then someone changed the policy {policy} again, so the guard did nothing more.",
                effect(contained)
            ),
        ),
        OutcomeResult::Gone => ("Gone:", format!("The policy {policy} no longer exists.")),
        result => begin(result, &policy, contained, before),
    };
    let mut draft = Draft::new(&sentence);
    draft.paragraphs(failure_is_over(request.failed_tries));
    draft.restricted(&contained.restricted, "the execution");
    if let Some(more) = outcome::more(change, contained, result) {
        draft.advise(&more);
    }
    match (settled.result, result) {
        (OutcomeResult::DeniedBefore, OutcomeResult::DeniedBefore) => draft.paragraph(
            "For the same document, the guard sends this e-mail once a week at most. If it also deletes old versions, or reported a failure before, it sends another one.",
        ),
        (OutcomeResult::Lapsed, _) => {
            draft.paragraph("The execution shows who allowed the policy, when and for how long.");
        }
        _ => {}
    }
    if let Some(before) = before {
        earlier(&mut draft, before);
    }
    draft.change(change, Response::Contain);
    draft.findings(&contained.restricted);
    draft.contained(contained);
    draft.consoles(&change.subject, &request.execution);
    // Last, because a long e-mail is cut at its end.
    match &outcome.in_force {
        Some(in_force) if result != settled.result => draft.in_force(in_force),
        _ => draft.diff(contained),
    }
    let title = format!("{topic} {policy}");
    draft.finish(Kind::Outcome, title, &request.execution)
}

/// The title and the first sentence, for the three results that need no answer.
pub(super) fn begin(
    result: OutcomeResult,
    policy: &str,
    contained: &Contained,
    before: Option<&Before>,
) -> (&'static str, String) {
    let effect = effect(contained);
    match result {
        OutcomeResult::Joined => (
            "Contained again:",
            format!(
                "Someone wrote the policy {policy} again while the guard asks about it. {effect} again. Answer the earlier request."
            ),
        ),
        OutcomeResult::Lapsed => (
            "Allow ended:",
            format!("The time for which the policy {policy} was allowed is over. {effect} again."),
        ),
        _ => {
            let when = before.and_then(|before| before.decided);
            let when = when.map_or_else(|| " before".to_owned(), |it| format!(" at {}", time(it)));
            (
                "Denied before:",
                format!(
                    "Someone wrote the policy {policy} again with the document that was denied{when}. {effect} again and asks no one."
                ),
            )
        }
    }
}

/// What the guard did, as the beginning of a sentence.
fn effect(contained: &Contained) -> &'static str {
    if contained.removed {
        "Because the quota leaves no room for a smaller one, the guard deleted the policy"
    } else {
        "The guard took the restricted permissions out"
    }
}

/// The earlier incident about the same thing, and how to forget its decision.
pub(super) fn earlier(draft: &mut Draft, before: &Before) {
    let link = Console::of_partition(before.execution.partition()).execution(&before.execution);
    let decision = match before.standing {
        Standing::Pending => return draft.console("The execution that asks:", link),
        Standing::Allowed => "allow",
        Standing::Denied => "deny",
    };
    let mut facts = Facts::default();
    facts.add(Label::Decision, decision);
    if let Some(decided) = before.decided {
        facts.add(Label::DecidedAt, &time(decided));
    }
    if let Some(address) = &before.source_ip_address {
        facts.add(Label::DecidedFrom, address);
    }
    facts.add_reason(before.reason.as_deref());
    draft.decided("THE DECISION THAT COUNTS", facts);
    draft.console("The execution of that decision:", link);
    draft.commands(&forget(before));
}

/// How to forget the decision of an earlier incident.
fn forget(before: &Before) -> String {
    let Some(next) = before.claim.next() else {
        return "The guard cannot forget this decision alone any more, because it has no name left for this document. To be asked again, set its parameter ForgetBefore, which forgets all earlier decisions.".to_owned();
    };
    let make = make_forget(&before.execution);
    let without = claim_command(&before.execution, &next);
    let without = without.map_or_else(String::new, |command| {
        format!("\n\nWithout a clone, run:\n\n  {command}")
    });
    format!(
        "To be asked again, make the guard forget that decision. In a clone of the project, run:\n\n  {make}{without}"
    )
}

/// That a decision is remembered, and how to forget it.
pub(super) fn remembered(
    execution: &ExecutionArn,
    outcome: &Outcome,
    thing: &str,
) -> Option<String> {
    let is_remembered = matches!(
        outcome.result,
        OutcomeResult::Allowed | OutcomeResult::Denied | OutcomeResult::Kept
    );
    let how_long = match outcome.until {
        Some(_) => "until the time is over, but no longer than",
        None => "for as long as",
    };
    is_remembered.then(|| {
        format!(
            "The guard remembers this decision for the same {thing}, {how_long} its parameter MemoryDays says. To be asked again, run in a clone of the project:\n\n  {}",
            make_forget(execution)
        )
    })
}

fn make_forget(execution: &ExecutionArn) -> String {
    format!("make forget EXECUTION={}", shell_quoted(execution.as_str()))
}

/// The command that takes the next name of a claim and names no incident with it; `None` where the
/// name of the state machine does not say which one has the claims.
fn claim_command(execution: &ExecutionArn, next: &ClaimName) -> Option<String> {
    let incidents = execution.state_machine_arn();
    let claims = format!("{}-claims", incidents.strip_suffix("-incidents")?);
    Some(format!(
        "aws stepfunctions start-execution {} {} --input '{{}}' {}",
        option("state-machine-arn", &claims),
        option("name", &next.to_string()),
        option("region", execution.region()),
    ))
}
