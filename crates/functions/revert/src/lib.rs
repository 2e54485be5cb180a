//! Says how the administrator's decision is carried out, or how things stay as they are when the
//! time ran out.
//!
//! The function looks at IAM and answers with the one next action, which the state machine takes.
//! Its role can change nothing, so an answer to anyone else has no effect.

pub mod case;
mod former;
mod look;
mod outlast;

use iam_policy::RestrictedActions;
use incident::message::{
    AttachedTo, Decision, DecisionAction, Outcome, OutcomeResult, Quarantine, Question,
    RestoreRequest, Reverted, Reverting, WorkRequest,
};
use incident::{Answer, DecideBy, Subject, Timestamp};
use lambda_kit::history::{ReadBack, ReadError};
use lambda_kit::{Claims, Executions, FailureName, HandlerError};
use policy_store::{PolicyStore, StoreErrorKind};
use serde::{Deserialize as _, Serialize};
use tracing::Instrument as _;

use crate::look::Look;
use crate::outlast::outlast;

/// The state that carries an allow out.
const APPROVED: &str = "Approved";

/// The answer to an invocation.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[expect(
    clippy::large_enum_variant,
    reason = "one value lives for one invocation"
)]
pub enum Reply {
    Answer(Reverting),
    /// What the definition of the version before reads.
    Former(Outcome),
}

/// Answers one invocation.
///
/// # Errors
///
/// A decision that allows nothing or does not prove itself, an IAM that cannot be reached or
/// refuses, an action that IAM refused for good, or a policy that does not come to rest.
pub async fn handle(
    restricted: &RestrictedActions,
    decide_by: DecideBy,
    claims: &Claims,
    store: &PolicyStore,
    request: WorkRequest<RestoreRequest>,
) -> Result<Reply, HandlerError> {
    match request {
        WorkRequest::Now(request) => restore(restricted, decide_by, claims, store, *request)
            .await
            .map(Reply::Answer),
        WorkRequest::Former(request) => {
            former::restore(restricted, decide_by, claims, store, request.execution)
                .await
                .map(Reply::Former)
        }
    }
}

async fn restore(
    restricted: &RestrictedActions,
    decide_by: DecideBy,
    claims: &Claims,
    store: &PolicyStore,
    request: RestoreRequest,
) -> Result<Reverting, HandlerError> {
    let (execution, change) = (request.execution.clone(), request.change.clone());
    let executions = claims.executions();
    let span = lambda_kit::incident_span(&execution, &change);
    async {
        let decision = decision(&request)?;
        if decision.action == DecisionAction::Allow
            && decide_by == DecideBy::Mail
            && request.work.is_new()
        {
            verify_key(executions, &request).await?;
        }
        if decision.action == DecisionAction::Allow
            && request.work.is_new()
            && let Some(now) = new_holders(store, &request).await?
        {
            return Ok(Answer::End(Reverted::AttachedTo(now)).into());
        }
        let asked = request.clone();
        let mut reverting = answer(restricted, store, request, &decision).await?;
        if let Some(Quarantine::InPlace(contained)) = &mut reverting.quarantine {
            claims
                .make_left_known(restricted, &change.subject, contained, &execution)
                .await;
        }
        if let (Answer::End(Reverted::Outcome(outcome)), Subject::Managed(policy)) =
            (&mut reverting.answer, &change.subject)
            && matches!(outcome.result, OutcomeResult::Allowed | OutcomeResult::Kept)
        {
            outcome.attached_to = store.holders(policy).await;
        }
        if let Answer::End(Reverted::Outcome(outcome)) = &mut reverting.answer
            && outcome.result == OutcomeResult::Allowed
        {
            outcome.until = until(&decision, Timestamp::now());
        }
        match &reverting.answer {
            Answer::Act { action, .. } => {
                tracing::info!(call = action.call.as_str(), "next action");
            }
            Answer::Wait { seconds, .. } => tracing::info!(seconds, "IAM does not show it yet"),
            Answer::End(Reverted::AttachedTo(now)) => {
                tracing::warn!(total = now.total, "more principals hold the policy");
            }
            Answer::End(Reverted::Outcome(outcome)) => {
                if decision.action != DecisionAction::Expire {
                    outlast(restricted, claims, &asked).await?;
                }
                let shown = is_shown(executions, &asked).await?;
                tracing::info!(result = outcome.result.as_str(), "outcome");
                lambda_kit::metrics::ended(&execution, outcome.result);
                lambda_kit::metrics::decided(&execution, &change, &decision);
                let question = &asked.quarantine;
                if shown != Shown::Otherwise {
                    let is_proved = shown == Shown::Same;
                    case::write(
                        &execution, &change, question, &decision, &reverting, is_proved,
                    );
                }
            }
        }
        Ok(reverting)
    }
    .instrument(span)
    .await
}

/// What the history shows of the facts of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Same,
    /// Other facts, or no such task.
    Otherwise,
    /// It cannot be read.
    Unread,
}

/// Whether the history shows that the execution runs this task with these facts. Anyone who may
/// invoke the function can send others, and a case is evidence.
///
/// An execution that is not shown yet is read again with the next try of the task. A decision that
/// is carried out does not wait for a read that Step Functions refuses.
async fn is_shown(
    executions: &Executions,
    request: &RestoreRequest,
) -> Result<Shown, HandlerError> {
    let (execution, state) = (&request.execution, &request.state);
    let shown = match executions.running_task(execution, state, None).await {
        Ok(shown) => RestoreRequest::deserialize(shown).ok(),
        Err(error @ (ReadError::NotRunning { .. } | ReadError::OtherStateMachine(_))) => {
            tracing::warn!(%error, "no case is written");
            return Ok(Shown::Otherwise);
        }
        Err(error @ ReadError::Refused { .. }) => {
            tracing::warn!(%error, "the case is written without a proof");
            return Ok(Shown::Unread);
        }
        Err(error) => return Err(error.into()),
    };
    let is_same = shown.is_some_and(|shown| {
        shown.change == request.change
            && shown.quarantine == request.quarantine
            && shown.decision == request.decision
    });
    if is_same {
        return Ok(Shown::Same);
    }
    tracing::warn!("no case is written: the execution has other facts");
    Ok(Shown::Otherwise)
}

/// When an allow ends that is only for a time. It begins with the decision, or now if that names a
/// time to come.
fn until(decision: &Decision, now: Timestamp) -> Option<Timestamp> {
    let decided = decision.time.unwrap_or(now).min(now);
    decision.minutes?.after(decided)
}

/// The decision, read anew: the state that asks and the answer itself must both say allow, and the
/// answer must be one to this execution.
fn decision(request: &RestoreRequest) -> Result<Decision, HandlerError> {
    let decision = Decision::read(&request.decision);
    if request.state != APPROVED {
        return Ok(match decision.action {
            DecisionAction::Expire => decision,
            DecisionAction::Allow | DecisionAction::Deny => Decision {
                action: DecisionAction::Deny,
                ..decision
            },
        });
    }
    let execution = &request.execution;
    let is_of_this = decision
        .execution
        .as_ref()
        .is_none_or(|decided| decided == execution);
    if decision.action == DecisionAction::Allow && is_of_this {
        return Ok(decision);
    }
    Err(HandlerError::new(
        FailureName::PayloadMalformed,
        format!(
            "the decision in `{execution}` does not allow this execution to put anything back; look at its state `UsersChoice`"
        ),
    ))
}

/// Who holds a managed policy now, if some of them are not in the request that was answered.
async fn new_holders(
    store: &PolicyStore,
    request: &RestoreRequest,
) -> Result<Option<AttachedTo>, HandlerError> {
    let (Subject::Managed(policy), Some(contained)) =
        (&request.change.subject, request.quarantine.contained())
    else {
        return Ok(None);
    };
    let now = match store.attached_to(policy).await {
        Ok(now) => now,
        // The policy is gone: the next look finds that out.
        Err(error) if error.kind == StoreErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let shown = contained.attached_to.clone().unwrap_or_default();
    Ok(shown.lacks_some_of(&now).then_some(now))
}

/// Compares the key of the answer with the digest of the newest request's key in the history.
async fn verify_key(executions: &Executions, request: &RestoreRequest) -> Result<(), HandlerError> {
    let execution = &request.execution;
    let key = Decision::key(&request.decision);
    let incident = executions.incident(execution, ReadBack::Request).await?;
    if incident.verify_key(key.as_ref()) {
        return Ok(());
    }
    Err(HandlerError::new(
        FailureName::DecisionUnproven,
        format!(
            "the decision in `{execution}` allows without the key of the newest e-mail, so nothing was changed, and the administrator is asked again; find out who sent it: look for SendTaskSuccess in CloudTrail"
        ),
    ))
}

async fn answer(
    restricted: &RestrictedActions,
    store: &PolicyStore,
    request: RestoreRequest,
    decision: &Decision,
) -> Result<Reverting, HandlerError> {
    let (action, subject) = (decision.action, request.change.subject.clone());
    let look = Look {
        restricted,
        store,
        action,
        event_time: request.change.event_time,
        work: request.work,
        done: request.done,
    };
    match (&subject, &request.quarantine) {
        (Subject::Managed(policy), Question::Contained(contained)) => {
            look.restore(policy, contained).await.map(Reverting::from)
        }
        (Subject::Inline(policy), Question::Contained(contained)) => {
            look.restore(policy, contained).await.map(Reverting::from)
        }
        (Subject::Managed(policy), Question::Proposed(proposal)) => {
            look.carry_out(policy, proposal).await
        }
        (Subject::Inline(policy), Question::Proposed(proposal)) => {
            look.carry_out(policy, proposal).await
        }
        (Subject::Reported(_), Question::Added(addition)) => {
            look.take_back(&request.change, addition, &request.execution)
                .await
        }
        _ => Err(look::not_of(&subject)),
    }
}
