//! Says how the restricted grants leave what is in force, and how the original is kept.
//!
//! The function looks at IAM and answers with the one next action, which the state machine takes.
//! Its role can change nothing, so an answer to anyone else has no effect.

mod former;
mod settle;

use iam_policy::RestrictedActions;
use incident::message::{
    ContainRequest, Contained, OutcomeResult, Quarantine, Quarantined, WorkRequest,
};
use incident::{
    Analysis, Answer, Containment, ContainmentEnd, ExecutionArn, Next, PolicyChange, Reconciler,
    Subject,
};
use lambda_kit::history::PAUSES;
use lambda_kit::{Claims, FailureName, HandlerError};
use policy_store::{PolicyStore, Stored};
use serde::Serialize;
use tracing::Instrument as _;

use crate::settle::settle;

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
    claims: &Claims,
    store: &PolicyStore,
    request: WorkRequest<ContainRequest>,
) -> Result<Reply, HandlerError> {
    match request {
        WorkRequest::Now(request) => contain(restricted, claims, store, *request)
            .await
            .map(Reply::Answer),
        WorkRequest::Former(request) => {
            former::contain(restricted, claims, store, request.execution)
                .await
                .map(Reply::Former)
        }
    }
}

async fn contain(
    restricted: &RestrictedActions,
    claims: &Claims,
    store: &PolicyStore,
    request: ContainRequest,
) -> Result<Answer<Quarantined>, HandlerError> {
    let (execution, change) = (request.execution.clone(), request.verdict.change.clone());
    let span = lambda_kit::incident_span(&execution, &change);
    async {
        let answer = answer(restricted, claims, store, request).await?;
        report(&execution, &change, &answer);
        Ok(answer)
    }
    .instrument(span)
    .await
}

async fn answer(
    restricted: &RestrictedActions,
    claims: &Claims,
    store: &PolicyStore,
    request: ContainRequest,
) -> Result<Answer<Quarantined>, HandlerError> {
    let subject = request.verdict.change.subject.clone();
    let execution = request.execution.clone();
    let mut answer = match &subject {
        Subject::Managed(policy) => look(restricted, claims, store, request, policy).await?,
        Subject::Inline(policy) => look(restricted, claims, store, request, policy).await?,
        Subject::Reported(_) => {
            return Err(HandlerError::new(
                FailureName::PayloadMalformed,
                format!(
                    "could not contain {subject}, because the guard only reports it; look at the state `ChooseAction` of the execution"
                ),
            ));
        }
    };
    // It is contained by now.
    if let Answer::End(Quarantined {
        quarantine: Quarantine::InPlace(contained),
    }) = &mut answer
    {
        store.add_holders(&subject, contained).await;
        claims
            .make_left_known(restricted, &subject, contained, &execution)
            .await;
    }
    Ok(answer)
}

/// Looks at IAM, and says what to do next.
async fn look<S: Stored>(
    restricted: &RestrictedActions,
    claims: &Claims,
    store: &PolicyStore,
    request: ContainRequest,
    policy: &S,
) -> Result<Answer<Quarantined>, HandlerError>
where
    for<'r> Containment<'r>: Reconciler<S, End = ContainmentEnd>,
{
    let (verdict, mut work) = (&request.verdict, request.work.clone());
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
    run.remember(&verdict.memory);
    work.learn(policy, &mut run, request.done.clone())?;
    let observed = store.observe(policy).await?;
    let mut next = run.next(observed.as_ref());
    if let Next::End(ContainmentEnd::Contained(contained)) = next {
        let is_in_force =
            async |contained: &Contained| is_in_force(store, policy, &analysis, contained).await;
        next = match settle(claims, &analysis, &request, *contained, is_in_force).await {
            // It is contained. The question waits for the memory like for IAM.
            Err(error) if !work.has_waited() => {
                tracing::warn!(%error, "the memory cannot be used yet");
                Next::Wait
            }
            Err(error) => return Err(error.into()),
            Ok(settle::Next::Ask(contained) | settle::Next::Settled(contained)) => {
                Next::End(ContainmentEnd::Contained(Box::new(contained)))
            }
            Ok(settle::Next::Joined(before)) => {
                run.join(before.original.clone());
                // The same look says what else is to be done, where another execution asks.
                match run.next(observed.as_ref()) {
                    Next::End(ContainmentEnd::Contained(contained)) => {
                        let joined = settle::joined(&request, *contained, before);
                        Next::End(ContainmentEnd::Contained(Box::new(joined)))
                    }
                    next => next,
                }
            }
        };
    }
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

/// Whether the original is in force again. IAM may take some seconds to show that.
async fn is_in_force<S: Stored>(
    store: &PolicyStore,
    policy: &S,
    analysis: &Analysis<'_>,
    contained: &Contained,
) -> bool {
    for pause in PAUSES {
        tokio::time::sleep(pause).await;
        // A look that fails shows nothing, and then the guard asks.
        let observed = store.observe(policy).await.ok().flatten();
        let shown = observed.as_ref().and_then(S::in_force);
        let is_original = shown.is_some_and(|shown| {
            shown.identity == contained.identity
                && analysis.is_equivalent(&shown.document, &contained.original)
        });
        if is_original {
            return true;
        }
    }
    false
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
            // Nobody knows when the write was that a sweep found.
            if !contained.found_done && !change.actor.is_sweep() {
                lambda_kit::metrics::contained(execution, change);
            }
            lambda_kit::metrics::proof_of_life(execution, change);
            match &contained.settled {
                Some(settled) if settled.result != OutcomeResult::Lapsed => {
                    lambda_kit::metrics::repeated(execution);
                    // No other function runs after this one.
                    if settled.result == OutcomeResult::Joined {
                        lambda_kit::metrics::ended(execution, OutcomeResult::Joined);
                    }
                    settled.result.as_str()
                }
                Some(settled) => settled.result.as_str(),
                None => "in place",
            }
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
