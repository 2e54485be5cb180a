//! Says how the restricted grants leave what is in force, and how the original is kept.
//!
//! The function looks at IAM and answers with the one next action, which the state machine takes.
//! Its role can change nothing, so an answer to anyone else has no effect.

mod former;

use iam_policy::RestrictedActions;
use incident::message::{ContainRequest, OutcomeResult, Quarantine, Quarantined, WorkRequest};
use incident::{
    Analysis, Answer, Containment, ContainmentEnd, ExecutionArn, PolicyChange, Reconciler, Subject,
};
use lambda_kit::{Executions, FailureName, HandlerError};
use policy_store::{PolicyStore, Stored};
use serde::Serialize;
use tracing::Instrument as _;

/// The answer to an invocation.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Reply {
    Answer(Answer<Quarantined>),
    /// What the definition of the version before reads.
    Former(Quarantine),
}

/// Answers one invocation.
///
/// # Errors
///
/// An IAM that cannot be reached or refuses, an action that IAM refused for good, or a policy that
/// does not come to rest.
pub async fn handle(
    restricted: &RestrictedActions,
    executions: &Executions,
    store: &PolicyStore,
    request: WorkRequest<ContainRequest>,
) -> Result<Reply, HandlerError> {
    match request {
        WorkRequest::Now(request) => contain(restricted, store, *request)
            .await
            .map(Reply::Answer),
        WorkRequest::Former(request) => {
            former::contain(restricted, executions, store, request.execution)
                .await
                .map(Reply::Former)
        }
    }
}

async fn contain(
    restricted: &RestrictedActions,
    store: &PolicyStore,
    request: ContainRequest,
) -> Result<Answer<Quarantined>, HandlerError> {
    let (execution, change) = (request.execution.clone(), request.verdict.change.clone());
    let span = lambda_kit::incident_span(&execution, &change);
    async {
        let answer = answer(restricted, store, request).await?;
        report(&execution, &change, &answer);
        Ok(answer)
    }
    .instrument(span)
    .await
}

async fn answer(
    restricted: &RestrictedActions,
    store: &PolicyStore,
    request: ContainRequest,
) -> Result<Answer<Quarantined>, HandlerError> {
    let subject = request.verdict.change.subject.clone();
    match &subject {
        Subject::Managed(policy) => {
            let mut answer = look(restricted, store, request, policy).await?;
            if let Answer::End(Quarantined {
                quarantine: Quarantine::InPlace(contained),
            }) = &mut answer
            {
                contained.attached_to = store.holders(policy).await;
            }
            Ok(answer)
        }
        Subject::Inline(policy) => look(restricted, store, request, policy).await,
        Subject::Reported(_) => Err(HandlerError::new(
            FailureName::PayloadMalformed,
            format!(
                "could not contain {subject}, because the guard only reports it; look at the state `ChooseAction` of the execution"
            ),
        )),
    }
}

/// Looks at IAM, and says what to do next.
async fn look<S: Stored>(
    restricted: &RestrictedActions,
    store: &PolicyStore,
    request: ContainRequest,
    policy: &S,
) -> Result<Answer<Quarantined>, HandlerError>
where
    for<'r> Containment<'r>: Reconciler<S, End = ContainmentEnd>,
{
    let (verdict, mut work) = (&request.verdict, request.work);
    let Some(judged) = &verdict.in_force else {
        return Err(HandlerError::new(
            FailureName::PayloadMalformed,
            format!(
                "the verdict on {policy} does not say what was in force; look at the state `ValidatePolicy` of the execution"
            ),
        ));
    };
    work.begin(request.failed_tries);
    let analysis = Analysis::new(restricted, policy.quota());
    let progress = std::mem::take(&mut work.progress);
    let time = verdict.change.event_time;
    let mut run = Containment::new(&analysis, judged, time, work.has_waited(), progress);
    work.learn(policy, &mut run, request.done)?;
    let observed = store.observe(policy).await?;
    let next = run.next(observed.as_ref());
    let answer = work.answer(policy, &mut run, next, |end| {
        let quarantine = match end {
            ContainmentEnd::Contained(contained) => Quarantine::InPlace(*contained),
            ContainmentEnd::Superseded => Quarantine::Superseded,
            ContainmentEnd::Gone => Quarantine::Gone,
        };
        Ok(Quarantined { quarantine })
    });
    Ok(answer?)
}

fn report(execution: &ExecutionArn, change: &PolicyChange, answer: &Answer<Quarantined>) {
    match answer {
        Answer::Act { action, .. } => tracing::info!(call = action.call.as_str(), "next action"),
        Answer::Wait { seconds, .. } => tracing::info!(seconds, "IAM does not show it yet"),
        Answer::End(Quarantined { quarantine }) => report_end(execution, change, quarantine),
    }
}

fn report_end(execution: &ExecutionArn, change: &PolicyChange, quarantine: &Quarantine) {
    let status = match quarantine {
        Quarantine::InPlace(contained) => {
            if !contained.found_done {
                lambda_kit::metrics::contained(execution, change);
            }
            "in place"
        }
        Quarantine::Superseded => {
            lambda_kit::metrics::ended(execution, OutcomeResult::Superseded);
            "superseded"
        }
        // `ValidatePolicy` proposes, and never this function.
        Quarantine::Proposed(_) | Quarantine::Added(_) => "proposed",
        Quarantine::Gone => {
            lambda_kit::metrics::ended(execution, OutcomeResult::Gone);
            "gone"
        }
    };
    tracing::info!(status, "quarantine");
}
