//! The notice about the end of an incident.

use incident::PolicyChange;
use incident::message::{
    Contained, Decision, DecisionAction, Outcome, OutcomeResult, Quarantine, ReportOutcome,
    Response,
};

use super::draft::Draft;
use super::{addition, memory};
use crate::subject::{self, by_hand};
use crate::words::{allowed_until, failure_is_over, holders};
use crate::{Fact, Kind, Label, Notice};

/// Reports how an incident ended.
pub(super) fn outcome(request: &ReportOutcome) -> Notice {
    let change = &request.change;
    let decision = request.decision.as_ref();
    if let (Quarantine::Added(added), Some(decision), Some(outcome)) =
        (&request.quarantine, decision, &request.outcome)
    {
        let (topic, sentence, more) =
            addition::ended(change, outcome.result, no_decision(decision));
        let mut end = End::new(topic, &sentence);
        end.draft.restricted(&added.restricted, "the execution");
        if let Some(more) = more {
            end.draft.advise(&more);
        }
        if decision.action != DecisionAction::Expire {
            end.draft.decision(decision, None);
        }
        if let Some(remembered) = memory::remembered(&request.execution, outcome, "change") {
            end.draft.commands(&remembered);
        }
        return end.finish(request, Response::Ask, |_| {});
    }
    let contained = request.quarantine.contained();
    if let (Some(contained), Some(outcome)) = (contained, &request.outcome)
        && let Some(settled) = &contained.settled
    {
        return memory::settled(request, contained, settled, outcome);
    }
    match (contained, decision, &request.outcome) {
        (Some(contained), Some(decision), Some(outcome)) => {
            let mut end = decided(change, contained, decision, outcome);
            if decision.action != DecisionAction::Expire {
                end.draft.decision(decision, outcome.until);
            }
            let remembered = memory::remembered(&request.execution, outcome, "document");
            if let Some(remembered) = remembered {
                end.draft.commands(&remembered);
            }
            let response = if contained.asked {
                Response::Ask
            } else {
                Response::Contain
            };
            end.finish(request, response, |draft| {
                if let Some(attached) = &outcome.attached_to {
                    let now = Fact::of(Label::HoldersNow, holders(attached));
                    draft.state(now, |it| format!("\nWho holds it now: {it}"));
                }
                if let Some(in_force) = &outcome.in_force {
                    draft.in_force(in_force);
                }
            })
        }
        _ if request.quarantine == Quarantine::Gone => {
            not_contained(change, true).finish(request, Response::None, |_| {})
        }
        _ => not_contained(change, false).finish(request, Response::None, |_| {}),
    }
}

/// A partly written notice.
struct End {
    /// The title, without the name of the policy.
    topic: &'static str,
    draft: Draft,
}

impl End {
    fn new(topic: &'static str, sentence: &str) -> Self {
        Self {
            topic,
            draft: Draft::new(sentence),
        }
    }

    fn finish(
        self,
        request: &ReportOutcome,
        response: Response,
        end: impl FnOnce(&mut Draft),
    ) -> Notice {
        let (change, mut draft) = (&request.change, self.draft);
        draft.paragraphs(failure_is_over(request.failed_tries));
        draft.change(change, response);
        draft.consoles(&change.subject, &request.execution);
        end(&mut draft);
        let title = format!("{} {}", self.topic, subject::name(&change.subject));
        draft.finish(Kind::Outcome, title, &request.execution)
    }
}

/// The policy was deleted or replaced before the guard could remediate it.
fn not_contained(change: &PolicyChange, is_gone: bool) -> End {
    let policy = subject::name(&change.subject);
    let (topic, sentence) = if is_gone {
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
    let mut end = End::new(topic, &sentence);
    if let Some(more) = subject::gone(&change.subject).filter(|_| is_gone) {
        end.draft.advise(&more);
    }
    end
}

fn decided(
    change: &PolicyChange,
    contained: &Contained,
    decision: &Decision,
    outcome: &Outcome,
) -> End {
    let policy = subject::name(&change.subject);
    let not_done = match decision.action {
        DecisionAction::Allow => "The guard did not carry out the decision (allow).",
        DecisionAction::Deny => "The guard did not carry out the decision (deny).",
        DecisionAction::Expire => no_decision(decision),
    };
    let until = outcome.until;
    let (topic, sentence) = match outcome.result {
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
    let mut end = End::new(topic, &sentence);
    end.draft.restricted(&contained.restricted, "the execution");
    if let Some(more) = more(change, contained, outcome.result) {
        end.draft.advise(&more);
    }
    if until.is_some() {
        end.draft.paragraph("When the time is over, the guard sends an e-mail. If someone changes the policy before that, the guard judges the newer change on its own.");
    }
    end
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
