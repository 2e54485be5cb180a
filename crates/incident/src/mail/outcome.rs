use super::Mail;
use super::writer::{Writer, name};
use crate::message::{Contained, Decision, DecisionAction, InForce, OutcomeResult};
use crate::words::by_hand;
use crate::{ExecutionArn, PolicyChange};

/// Tells how an incident ended.
#[must_use]
pub fn outcome(
    change: &PolicyChange,
    quarantine: &Contained,
    decision: &Decision,
    result: OutcomeResult,
    in_force: Option<&InForce>,
    execution: &ExecutionArn,
) -> Mail {
    let policy = name(&change.policy);
    let not_done = match decision.action {
        DecisionAction::Allow => "The decision (allow) was not carried out.",
        DecisionAction::Deny => "The decision (deny) was not carried out.",
        DecisionAction::Expire => "Nobody decided in time.",
    };
    let (subject, sentence) = match result {
        OutcomeResult::Allowed => (
            "Allowed",
            format!("Allowed: the policy {policy} is in force again as it was written."),
        ),
        OutcomeResult::Denied => (
            "Denied",
            format!("Denied: the restricted permissions stay out of the policy {policy}."),
        ),
        OutcomeResult::Expired => (
            "Expired",
            format!(
                "Nobody decided in time: the restricted permissions stay out of the policy {policy}."
            ),
        ),
        OutcomeResult::Superseded => (
            "Changed again",
            format!(
                "The policy {policy} was changed again in the meantime, so nothing was touched. {not_done}"
            ),
        ),
        OutcomeResult::Gone => (
            "Gone",
            format!("The policy {policy} does not exist any more. {not_done}"),
        ),
    };
    let mut mail = Writer::new(&sentence);
    if let Some(more) = more(change, quarantine, result) {
        mail.paragraph(&more);
    }
    if decision.action != DecisionAction::Expire {
        mail.decision(decision);
    }
    mail.change(change);
    mail.consoles(&change.policy, execution);
    if let Some(in_force) = in_force {
        mail.in_force(in_force);
    }
    Mail::new(&format!("{subject}: {policy}"), &mail.finish())
}

/// What the reader may want to know or do next.
fn more(change: &PolicyChange, quarantine: &Contained, result: OutcomeResult) -> Option<String> {
    let versions = quarantine.versions.as_ref();
    match result {
        OutcomeResult::Allowed => versions.map(|versions| {
            let removed = if versions.created {
                format!(
                    " Version {}, which the guard had put in its place, is removed.",
                    versions.quarantine
                )
            } else {
                String::new()
            };
            format!(
                "Version {} is the default again.{removed}",
                versions.original
            )
        }),
        OutcomeResult::Denied => Some(match versions {
            Some(versions) => format!(
                "Version {}, the original, is deleted, so that nobody can switch back to it. Its document is in the execution.",
                versions.original
            ),
            None => "The original document is in the execution.".to_owned(),
        }),
        OutcomeResult::Expired => Some(by_hand(&change.policy, quarantine)),
        OutcomeResult::Superseded => Some("The newer change is judged on its own.".to_owned()),
        OutcomeResult::Gone => None,
    }
}
