//! The e-mail about the end of an incident.

use incident::PolicyChange;
use incident::message::{
    Contained, Decision, DecisionAction, Outcome, OutcomeResult, Quarantine, ReportOutcome,
};

use super::writer::Writer;
use super::{Mail, addition, memory};
use crate::subject::{self, by_hand};
use crate::words::{allowed_until, failure_is_over, holders};

/// Reports how an incident ended.
#[must_use]
pub fn outcome(request: &ReportOutcome) -> Mail {
    let change = &request.change;
    let decision = request.decision.as_ref();
    if let (Quarantine::Added(_), Some(decision), Some(outcome)) =
        (&request.quarantine, decision, &request.outcome)
    {
        let (subject, sentence, more) =
            addition::ended(change, outcome.result, no_decision(decision));
        let mut text = Writer::new(&sentence);
        if let Some(more) = more {
            text.commands(&more);
        }
        if decision.action != DecisionAction::Expire {
            text.decision(decision);
        }
        if let Some(remembered) = memory::remembered(&request.execution, outcome, "change") {
            text.commands(&remembered);
        }
        return Draft { subject, text }.finish(request, |_| {});
    }
    let contained = request.quarantine.contained();
    if let (Some(contained), Some(outcome)) = (contained, &request.outcome)
        && let Some(settled) = &contained.settled
    {
        return memory::settled(request, contained, settled, outcome);
    }
    match (contained, decision, &request.outcome) {
        (Some(contained), Some(decision), Some(outcome)) => {
            let mut mail = decided(change, contained, decision, outcome);
            if decision.action != DecisionAction::Expire {
                mail.text.decision(decision);
            }
            let remembered = memory::remembered(&request.execution, outcome, "document");
            if let Some(remembered) = remembered {
                mail.text.commands(&remembered);
            }
            mail.finish(request, |text| {
                if let Some(attached) = &outcome.attached_to {
                    text.paragraph(&format!("Who holds it now: {}", holders(attached)));
                }
                if let Some(in_force) = &outcome.in_force {
                    text.in_force(in_force);
                }
            })
        }
        _ if request.quarantine == Quarantine::Gone => {
            not_contained(change, true).finish(request, |_| {})
        }
        _ => not_contained(change, false).finish(request, |_| {}),
    }
}

/// A partly written e-mail.
struct Draft {
    /// The subject, without the name of the policy.
    subject: &'static str,
    text: Writer,
}

impl Draft {
    fn finish(mut self, request: &ReportOutcome, end: impl FnOnce(&mut Writer)) -> Mail {
        let change = &request.change;
        self.text.paragraphs(failure_is_over(request.failed_tries));
        self.text.change(change);
        self.text.consoles(&change.subject, &request.execution);
        end(&mut self.text);
        let policy = subject::name(&change.subject);
        Mail::new(&format!("{} {policy}", self.subject), &self.text.finish())
    }
}

/// The policy was deleted or replaced before the guard could remediate it.
fn not_contained(change: &PolicyChange, is_gone: bool) -> Draft {
    let policy = subject::name(&change.subject);
    let (subject, sentence) = if is_gone {
        (
            "Policy gone:",
            format!(
                "The policy {policy} no longer exists, so the guard changed nothing. You do not need to do anything."
            ),
        )
    } else {
        (
            "Policy changed again:",
            format!(
                "Someone changed the policy {policy} again before the guard could act, so the guard changed nothing. It judges the newer change on its own."
            ),
        )
    };
    let mut text = Writer::new(&sentence);
    if let Some(more) = subject::gone(&change.subject).filter(|_| is_gone) {
        text.paragraph(&more);
    }
    Draft { subject, text }
}

fn decided(
    change: &PolicyChange,
    contained: &Contained,
    decision: &Decision,
    outcome: &Outcome,
) -> Draft {
    let policy = subject::name(&change.subject);
    let not_done = match decision.action {
        DecisionAction::Allow => "The guard did not carry out the decision (allow).",
        DecisionAction::Deny => "The guard did not carry out the decision (deny).",
        DecisionAction::Expire => no_decision(decision),
    };
    let until = outcome.until;
    let (subject, sentence) = match outcome.result {
        OutcomeResult::Allowed => (
            "Allowed:",
            format!(
                "Allowed: the policy {policy} is in force again as it was written.{}",
                until.map_or_else(String::new, |until| format!(" {}", allowed_until(until)))
            ),
        ),
        OutcomeResult::Denied => (
            "Denied:",
            if contained.removed {
                format!("Denied: the policy {policy} stays deleted.")
            } else {
                format!("Denied: the restricted permissions stay out of the policy {policy}.")
            },
        ),
        OutcomeResult::Kept => (
            "Kept:",
            format!("Allowed: the policy {policy} stays in force as it was written."),
        ),
        OutcomeResult::TakenBack => (
            "Taken back:",
            if contained.removed {
                format!(
                    "Denied: the guard deleted the policy {policy}, because the quota left no room for a smaller one."
                )
            } else {
                format!(
                    "Denied: the guard took the restricted permissions out of the policy {policy}."
                )
            },
        ),
        OutcomeResult::Expired if contained.asked => (
            "In force: not decided,",
            format!(
                "{} The restricted permissions in the policy {policy} ARE STILL IN FORCE.",
                no_decision(decision)
            ),
        ),
        OutcomeResult::Expired => (
            "Expired:",
            if contained.removed {
                format!(
                    "{} The policy {policy} stays deleted.",
                    no_decision(decision)
                )
            } else {
                format!(
                    "{} The restricted permissions stay out of the policy {policy}.",
                    no_decision(decision)
                )
            },
        ),
        // Documents need no look-up.
        OutcomeResult::Superseded | OutcomeResult::Unconfirmed => (
            "Changed again:",
            format!(
                "Someone changed the policy {policy} again in the meantime, so the guard changed nothing. {not_done}"
            ),
        ),
        result @ (OutcomeResult::DeniedBefore | OutcomeResult::Lapsed | OutcomeResult::Joined) => {
            memory::begin(result, &policy, contained, None)
        }
        OutcomeResult::Gone => (
            "Gone:",
            format!("The policy {policy} no longer exists. {not_done}"),
        ),
    };
    let mut text = Writer::new(&sentence);
    if let Some(more) = more(change, contained, outcome.result) {
        text.commands(&more);
    }
    if until.is_some() {
        text.paragraph("When the time is over, the guard sends an e-mail. If someone changes the policy before that, the guard judges the newer change on its own.");
    }
    Draft { subject, text }
}

fn no_decision(decision: &Decision) -> &'static str {
    if decision.unproven {
        "The guard asked three times and got no answer that counts."
    } else {
        "No one decided in time."
    }
}

/// What happened besides, and what the reader can do next.
pub(super) fn more(
    change: &PolicyChange,
    contained: &Contained,
    result: OutcomeResult,
) -> Option<String> {
    let versions = contained.versions.as_ref();
    match result {
        OutcomeResult::Allowed => versions.map(|versions| {
            let removed = if versions.created {
                format!(
                    " The guard deleted version {}, which it had put in force instead.",
                    versions.quarantine
                )
            } else {
                String::new()
            };
            format!(
                "Version {} is the default version again.{removed}",
                versions.original
            )
        }),
        OutcomeResult::Kept | OutcomeResult::Joined => None,
        OutcomeResult::Denied | OutcomeResult::TakenBack | OutcomeResult::DeniedBefore => {
            Some(match versions {
                Some(versions) => format!(
                    "The guard deleted the original version {}, so that no one can switch back to it. The execution keeps its document.",
                    versions.original
                ),
                None => "The execution keeps the original document.".to_owned(),
            })
        }
        OutcomeResult::Expired | OutcomeResult::Lapsed => Some(by_hand(&change.subject, contained)),
        OutcomeResult::Superseded | OutcomeResult::Unconfirmed => {
            Some("The guard judges the newer change on its own.".to_owned())
        }
        OutcomeResult::Gone => subject::gone(&change.subject),
    }
}
