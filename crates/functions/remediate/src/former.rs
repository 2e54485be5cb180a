//! Executions of the version before, for one version.
//!
//! Their definition takes no action, and no function can take one any more. So the function reads
//! from the history what the state was entered with, and says where a person must act.

use iam_policy::RestrictedActions;
use incident::message::{ContainRequest, Quarantine, Quarantined};
use incident::{Answer, ExecutionArn, Work};
use lambda_kit::history::ReadBack;
use lambda_kit::{Claims, FailureName, HandlerError};
use policy_store::PolicyStore;

pub(crate) async fn contain(
    restricted: &RestrictedActions,
    claims: &Claims,
    store: &PolicyStore,
    execution: ExecutionArn,
) -> Result<Quarantine, HandlerError> {
    let incident = claims
        .executions()
        .incident(&execution, ReadBack::State)
        .await?;
    let Some(verdict) = incident.data.verdict else {
        return Err(HandlerError::new(
            FailureName::PayloadMalformed,
            format!("the state of `{execution}` has no verdict; start its input anew"),
        ));
    };
    let subject = verdict.change.subject.clone();
    let request = ContainRequest {
        work: Work::after_waiting(incident.data.waited.is_some()),
        execution,
        verdict,
        done: None,
        failed_tries: 0,
    };
    match crate::contain(restricted, claims, store, request).await? {
        Answer::End(Quarantined { quarantine }) => Ok(quarantine),
        Answer::Wait { .. } => Err(HandlerError::not_visible(&format!(
            "what `ValidatePolicy` saw in {subject}"
        ))),
        Answer::Act { .. } => Err(HandlerError::new(
            FailureName::AwsRefused,
            format!(
                "the guard was updated while this incident was open, so its execution cannot contain {subject}; start a new execution with the input of this one"
            ),
        )),
    }
}
