//! Carries the administrator's decision out, or leaves things as they are when the time ran out.
//!
//! A payload only names an execution. What was decided, and what may be put back, comes from that
//! execution's history.

use iam_policy::RestrictedActions;
use incident::message::{
    Contained, Decision, DecisionAction, InForce, Outcome, OutcomeResult, Quarantine, WorkRequest,
};
use incident::subject::InlineTrace;
use incident::{
    Analysis, Changeable as _, DecideBy, ExecutionArn, Reconciler, Restoration, RestorationEnd,
    Subject,
};
use lambda_kit::history::{Callers, Entered, ReadBack};
use lambda_kit::{Executions, FailureName, HandlerError};
use policy_store::{PolicyStore, Reconciled, Stored};
use tracing::Instrument as _;

/// The state that carries an allow out.
const APPROVED: &str = "Approved";

/// The states that the function works for.
const CALLERS: Callers = Callers {
    own: &[APPROVED, "Denied"],
    before: &["AskUser", "UsersChoice", "AskAgain", "RunAgain"],
};

/// Answers one invocation. It can run any number of times, from whatever point an earlier run was
/// interrupted at.
///
/// # Errors
///
/// An execution that does not call the function, or an IAM that cannot be reached, refuses, or does
/// not show what the quarantine left.
pub async fn handle(
    restricted: &RestrictedActions,
    decide_by: DecideBy,
    executions: &Executions,
    store: &PolicyStore,
    request: WorkRequest,
) -> Result<Outcome, HandlerError> {
    let execution = &request.execution;
    let entered = executions.entered(execution, CALLERS).await?;
    let change = &entered.data.verdict.change;
    let span = lambda_kit::incident_span(execution, change);
    async {
        let contained = contained(&entered)?;
        let decision = decision(execution, &entered)?;
        if decision.action == DecisionAction::Allow && decide_by == DecideBy::Mail {
            verify_key(executions, execution, &entered).await?;
        }
        let outcome = restore(restricted, store, &entered, contained, &decision).await?;
        tracing::info!(result = outcome.result.as_str(), "outcome");
        lambda_kit::metrics::ended(execution, outcome.result);
        lambda_kit::metrics::decided(execution, change, &decision);
        Ok(outcome)
    }
    .instrument(span)
    .await
}

fn contained(entered: &Entered) -> Result<&Contained, HandlerError> {
    match &entered.data.quarantine {
        Some(Quarantine::InPlace(contained)) => Ok(contained),
        _ => Err(HandlerError::new(
            FailureName::PayloadMalformed,
            format!(
                "could not find the remediation of {} in the execution; look at the state `TempRemove`",
                entered.data.verdict.change.subject
            ),
        )),
    }
}

/// The decision, read anew: the state that was entered and the answer itself must both say allow,
/// and the answer must be one to this execution.
fn decision(execution: &ExecutionArn, entered: &Entered) -> Result<Decision, HandlerError> {
    let answer = entered.data.decision.clone().unwrap_or_default();
    let decision = Decision::read(&answer);
    if entered.state != APPROVED {
        return Ok(match decision.action {
            DecisionAction::Expire => decision,
            DecisionAction::Allow | DecisionAction::Deny => Decision {
                action: DecisionAction::Deny,
                ..decision
            },
        });
    }
    let is_of_this = decision
        .execution
        .as_ref()
        .is_none_or(|decided| decided == execution);
    if decision.action == DecisionAction::Allow && is_of_this {
        return Ok(decision);
    }
    Err(HandlerError::new(
        FailureName::NotMine,
        format!(
            "the decision in `{execution}` does not allow this execution to put anything back, so nothing was changed; look at its state `UsersChoice`"
        ),
    ))
}

/// Compares the key of the answer with the digest of the newest request's key in the history.
async fn verify_key(
    executions: &Executions,
    execution: &ExecutionArn,
    entered: &Entered,
) -> Result<(), HandlerError> {
    let key = entered.data.decision.as_ref().and_then(Decision::key);
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

async fn restore(
    restricted: &RestrictedActions,
    store: &PolicyStore,
    entered: &Entered,
    contained: &Contained,
    decision: &Decision,
) -> Result<Outcome, HandlerError> {
    let change = &entered.data.verdict.change;
    let (time, waited) = (change.event_time, entered.has_waited());
    let action = decision.action;
    let (end, in_force) = match (&change.subject, &contained.versions) {
        (Subject::Managed(policy), Some(versions)) => {
            let analysis = Analysis::new(restricted, policy.quota());
            let versions = versions.clone();
            let run = Restoration::new(&analysis, action, contained, versions, time, waited);
            restore_policy(store, policy, run, waited).await?
        }
        (Subject::Inline(policy), None) => {
            let analysis = Analysis::new(restricted, policy.quota());
            let trace = if contained.removed {
                InlineTrace::Deleted
            } else {
                InlineTrace::Rewritten
            };
            let run = Restoration::new(&analysis, action, contained, trace, time, waited);
            restore_policy(store, policy, run, waited).await?
        }
        (subject, _) => {
            return Err(HandlerError::new(
                FailureName::PayloadMalformed,
                format!(
                    "the remediation in the execution is not one of {subject}; look at the state `TempRemove`"
                ),
            ));
        }
    };
    Ok(Outcome {
        result: match end {
            RestorationEnd::Decided => OutcomeResult::from(action),
            RestorationEnd::Superseded => OutcomeResult::Superseded,
            RestorationEnd::Gone => OutcomeResult::Gone,
        },
        in_force,
    })
}

async fn restore_policy<S: Stored>(
    store: &PolicyStore,
    policy: &S,
    mut run: impl Reconciler<S, End = RestorationEnd>,
    waited: bool,
) -> Result<(RestorationEnd, Option<InForce>), HandlerError> {
    let reconciled = store.reconcile(policy, &mut run).await;
    match reconciled.map_err(|error| HandlerError::from(error).after_waiting(waited))? {
        Reconciled::End { end, observed } => {
            let in_force = observed.as_ref().and_then(S::in_force);
            let in_force = in_force.map(|policy| InForce {
                version: policy.version,
                document: policy.document.compacted(),
            });
            Ok((end, in_force))
        }
        Reconciled::Wait if !waited => {
            let change = format!("the remediated document of {policy}");
            Err(HandlerError::not_visible(&change))
        }
        Reconciled::Wait | Reconciled::OutOfActions => Err(HandlerError::unsettled(policy)),
    }
}
