//! An incident that does not wait for a decision: how it ended, and what is in force.

use incident::Timestamp;
use incident::message::{Decision, DecisionAction, OutcomeResult};
use lambda_kit::history::{Incident, Standing};
use notice::words;

/// How the incident ended, in a sentence or two.
pub(crate) fn sentence(incident: &Incident) -> String {
    if let Some(until) = until(incident) {
        let now = match incident.data.outcome {
            Some(_) => " The original policy is back in force.",
            None => "",
        };
        return format!(
            "This incident is already decided: it was allowed for a time.{now} {}",
            words::allowed_until(until)
        );
    }
    let now = if incident.addition().is_some() {
        addition_now(incident)
    } else if is_after_allow(incident) {
        after_allow_now(incident)
    } else {
        policy_now(incident)
    };
    format!("{}{now}", standing(incident))
}

/// When the allow ends: as the outcome says, or as the decision does while it is carried out.
pub(crate) fn until(incident: &Incident) -> Option<Timestamp> {
    let Standing::Decided(decision) = &incident.standing else {
        return None;
    };
    match incident.data.outcome {
        Some(OutcomeResult::Allowed) => incident.data.until,
        None if !incident.is_proposal() => end_of(decision),
        _ => None,
    }
}

/// When an allow ends that is carried out.
pub(crate) fn end_of(decision: &Decision) -> Option<Timestamp> {
    let is_allow = decision.action == DecisionAction::Allow;
    let minutes = decision.minutes.filter(|_| is_allow)?;
    minutes.after(decision.time?)
}

/// Whether the time of an allow is over. An execution settles a containment without a question only
/// then, if it asked before, as every execution with a link did.
pub(crate) fn is_after_allow(incident: &Incident) -> bool {
    settled(incident).is_some() || incident.data.outcome == Some(OutcomeResult::Lapsed)
}

/// Whether the time of an allow is over, and no later decision concerns it.
pub(crate) fn has_lapsed(incident: &Incident) -> bool {
    incident.data.outcome.or(settled(incident)) == Some(OutcomeResult::Lapsed)
}

fn settled(incident: &Incident) -> Option<OutcomeResult> {
    let settled = incident.contained()?.settled.as_ref()?;
    Some(settled.result)
}

/// What is in force after the time of an allow.
fn after_allow_now(incident: &Incident) -> &'static str {
    match (settled(incident), incident.data.outcome) {
        (_, None) => "",
        (_, Some(OutcomeResult::Superseded | OutcomeResult::Gone)) => policy_now(incident),
        (Some(OutcomeResult::Lapsed), _) => " The guard took the restricted permissions out again.",
        (Some(OutcomeResult::DeniedBefore), _) => {
            " The same document was denied in another incident, so the guard took the restricted permissions out again."
        }
        (Some(OutcomeResult::Joined), _) => {
            " Another incident asks about the same document. The restricted permissions stay out until it is decided."
        }
        _ => {
            " What was allowed is not in force any more, or was allowed again, so the guard changed nothing."
        }
    }
}

/// The end of an incident about a document.
fn policy_now(incident: &Incident) -> &'static str {
    match incident.data.outcome {
        Some(OutcomeResult::Superseded | OutcomeResult::Unconfirmed) => {
            " The policy was changed again in the meantime, so the guard changed nothing."
        }
        Some(OutcomeResult::Gone) => " The policy no longer exists.",
        // An execution that waits until an allow ends, and is stopped, does not end it.
        Some(OutcomeResult::Allowed) if incident.data.until.is_some() => {
            " The original policy is back in force, and the guard does not end the allow any more."
        }
        Some(OutcomeResult::Allowed) => " The original policy is back in force.",
        Some(OutcomeResult::Kept) => " The policy stays in force as it was written.",
        Some(OutcomeResult::TakenBack) => " The guard took the restricted permissions out.",
        Some(OutcomeResult::Expired) if incident.is_proposal() => {
            " The restricted permissions are still in force."
        }
        Some(
            OutcomeResult::Denied
            | OutcomeResult::Expired
            | OutcomeResult::Joined
            | OutcomeResult::DeniedBefore
            | OutcomeResult::Lapsed,
        ) => " The restricted permissions stay out.",
        None => "",
    }
}

/// The end of an incident about what a call added.
fn addition_now(incident: &Incident) -> &'static str {
    match incident.data.outcome {
        Some(OutcomeResult::TakenBack | OutcomeResult::Denied) => " The guard took it away.",
        Some(OutcomeResult::Kept | OutcomeResult::Allowed | OutcomeResult::Expired) => {
            " It stays as it was."
        }
        Some(OutcomeResult::Unconfirmed) => {
            " The guard took nothing away, because nothing confirmed the event."
        }
        // Only what was contained is settled without a question.
        Some(
            OutcomeResult::Superseded
            | OutcomeResult::Joined
            | OutcomeResult::DeniedBefore
            | OutcomeResult::Lapsed,
        ) => " It was changed in the meantime, so the guard changed nothing.",
        Some(OutcomeResult::Gone) => " Someone else already took it away.",
        None => "",
    }
}

fn standing(incident: &Incident) -> &'static str {
    match &incident.standing {
        Standing::Broken => {
            "You can no longer decide this incident, because its execution failed or was stopped. The failure e-mail says what is in force."
        }
        _ if is_after_allow(incident) => {
            "This incident was allowed for a time, and that time is over."
        }
        Standing::Decided(decision) => match decision.action {
            DecisionAction::Allow => "This incident is already decided: it was allowed.",
            DecisionAction::Deny | DecisionAction::Expire => {
                "This incident is already decided: it was denied."
            }
        },
        Standing::Expired => "The time for this decision is over.",
        Standing::Ended => "This incident ended without a decision.",
        Standing::NotAsking | Standing::Waiting => {
            "This incident is not waiting for a decision at the moment."
        }
    }
}
