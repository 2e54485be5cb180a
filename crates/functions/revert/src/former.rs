//! Executions of the version before, for one version.
//!
//! Their definition takes no action, and no function can take one any more. So the function reads
//! from the history what the state was entered with, and says where a person must act.

use iam_policy::RestrictedActions;
use incident::message::{Outcome, Question, RestoreRequest, Reverted};
use incident::{Action, Answer, Call, DecideBy, ExecutionArn, PolicyChange, Subject, Work};
use lambda_kit::history::ReadBack;
use lambda_kit::{Claims, FailureName, HandlerError};
use policy_store::PolicyStore;

pub(crate) async fn restore(
    restricted: &RestrictedActions,
    decide_by: DecideBy,
    claims: &Claims,
    store: &PolicyStore,
    execution: ExecutionArn,
) -> Result<Outcome, HandlerError> {
    let incident = claims
        .executions()
        .incident(&execution, ReadBack::State)
        .await?;
    let data = incident.data;
    let (Some(state), Some(change), Some(quarantine)) = (
        incident.state,
        data.change,
        data.quarantine.and_then(|it| Question::try_from(it).ok()),
    ) else {
        return Err(HandlerError::new(
            FailureName::PayloadMalformed,
            format!("the history of `{execution}` does not show what was contained"),
        ));
    };
    let request = RestoreRequest {
        work: Work::after_waiting(data.waited.is_some()),
        execution,
        state,
        change: change.clone(),
        quarantine,
        decision: data.decision.unwrap_or_default(),
        done: None,
    };
    let reverting = crate::restore(restricted, decide_by, claims, store, request).await?;
    match reverting.answer {
        Answer::End(Reverted::Outcome(outcome)) => Ok(outcome),
        Answer::End(Reverted::AttachedTo(_)) => Err(HandlerError::new(
            FailureName::AwsRefused,
            format!(
                "more principals hold {} than the e-mail showed, so nothing was put back; look who holds it, and put the original version back by hand",
                change.subject
            ),
        )),
        Answer::Wait { .. } => Err(HandlerError::not_visible(&format!(
            "the remediated document of {}",
            change.subject
        ))),
        Answer::Act { action, .. } => Err(by_hand(&change, &action)),
    }
}

/// The sentence of the failure e-mail.
fn by_hand(change: &PolicyChange, action: &Action) -> HandlerError {
    let subject = &change.subject;
    let what = match (subject, action.call, &action.version) {
        (Subject::Managed(policy), Call::SetDefaultPolicyVersion, Some(version)) => format!(
            "run `aws iam set-default-policy-version --policy-arn {} --version-id {version}`",
            policy.arn
        ),
        (Subject::Managed(policy), Call::DeletePolicyVersion, Some(version)) => format!(
            "run `aws iam delete-policy-version --policy-arn {} --version-id {version}`",
            policy.arn
        ),
        _ => "write the original document again, which is in the execution".to_owned(),
    };
    HandlerError::new(
        FailureName::AwsRefused,
        format!(
            "the guard was updated while this incident was open, so its execution cannot carry out the decision on {subject}; {what}"
        ),
    )
}
