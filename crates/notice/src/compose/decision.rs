//! The notice about a decision that is not carried out yet.

use incident::Subject;
use incident::message::{DecisionAction, Question, ReportDecision, Response};

use super::draft::Draft;
use crate::{Kind, Notice, subject};

/// Says what was decided, and that the outcome follows.
///
/// The answer is not proven yet: an allow without the key of the links does not count where the
/// guard takes decisions by e-mail only.
pub(super) fn decision(request: &ReportDecision) -> Notice {
    let (change, decision) = (&request.change, &request.decision);
    let name = subject::name(&change.subject);
    let (topic, headline) = match decision.action {
        DecisionAction::Allow => (
            "Answered with allow:",
            format!("The answer about {name} is allow. The guard carries it out if it counts."),
        ),
        DecisionAction::Deny => (
            "Answered with deny:",
            format!("The answer about {name} is deny. The guard carries it out."),
        ),
        DecisionAction::Expire => (
            "Not answered:",
            format!("No one decided about {name} in time."),
        ),
    };
    let mut draft = Draft::new(&headline);
    let (restricted, response) = match &request.quarantine {
        Question::Contained(contained) => (&contained.restricted, Response::Contain),
        Question::Proposed(proposal) => (&proposal.contained.restricted, Response::Ask),
        Question::Added(addition) => (&addition.restricted, Response::Ask),
    };
    draft.restricted(restricted, "the execution");
    let until = decision.time.zip(decision.minutes);
    let until = until.and_then(|(time, minutes)| minutes.after(time));
    if decision.action != DecisionAction::Expire {
        draft.decision(decision, until);
    }
    let waits = matches!(change.subject, Subject::Reported(_));
    if waits && decision.action == DecisionAction::Deny {
        draft.advise("The guard takes this back when CloudTrail or a sweep confirms the event, which can take half an hour.");
    }
    draft.change(change, response);
    draft.consoles(&change.subject, &request.execution);
    draft.finish(
        Kind::Decision,
        format!("{topic} {name}"),
        &request.execution,
    )
}
