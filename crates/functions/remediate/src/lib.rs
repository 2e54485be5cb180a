//! Removes the restricted grants from what is in force, and keeps the original.
//!
//! A payload only names an execution. Which subject to contain, and what it is, comes from that
//! execution's history and from IAM.

use iam_policy::RestrictedActions;
use incident::message::{AttachedTo, Contained, Kept, OutcomeResult, Quarantine, WorkRequest};
use incident::subject::{InlineTrace, ManagedPolicy};
use incident::{Analysis, Containment, ContainmentEnd, Reconciler, Subject};
use lambda_kit::history::{Callers, Entered};
use lambda_kit::{Executions, FailureName, HandlerError};
use policy_store::{PolicyStore, Reconciled, Stored};
use tracing::Instrument as _;

/// The state that the function works for.
const CALLERS: Callers = Callers {
    own: &["TempRemove"],
    before: &[
        "ValidatePolicy",
        "ValidateOnceMore",
        "RunAgain",
        "WaitForNextTry",
        "ChooseAction",
        "CheckQuarantine",
    ],
};

/// Answers one invocation. It can run any number of times, from whatever point an earlier run was
/// interrupted at.
///
/// # Errors
///
/// An execution that does not call the function, or an IAM that cannot be reached, refuses, or does
/// not show the change yet.
pub async fn handle(
    restricted: &RestrictedActions,
    executions: &Executions,
    store: &PolicyStore,
    request: WorkRequest,
) -> Result<Quarantine, HandlerError> {
    let entered = executions.entered(&request.execution, CALLERS).await?;
    let change = &entered.data.verdict.change;
    let span = lambda_kit::incident_span(&request.execution, change);
    async {
        let quarantine = contain(restricted, store, &entered).await?;
        report(&request, &entered, &quarantine);
        Ok(quarantine)
    }
    .instrument(span)
    .await
}

async fn contain(
    restricted: &RestrictedActions,
    store: &PolicyStore,
    entered: &Entered,
) -> Result<Quarantine, HandlerError> {
    let subject = &entered.data.verdict.change.subject;
    match subject {
        Subject::Managed(policy) => {
            let quarantine =
                contain_policy(restricted, store, entered, policy, |contained, versions| {
                    Contained {
                        versions: Some(versions),
                        ..contained
                    }
                });
            let mut quarantine = quarantine.await?;
            if let Quarantine::InPlace(contained) = &mut quarantine {
                contained.attached_to = attached_to(store, policy).await;
            }
            Ok(quarantine)
        }
        Subject::Inline(policy) => {
            contain_policy(restricted, store, entered, policy, |contained, trace| {
                Contained {
                    removed: trace == InlineTrace::Deleted,
                    ..contained
                }
            })
            .await
        }
        Subject::Reported(_) => Err(HandlerError::new(
            FailureName::PayloadMalformed,
            format!(
                "could not contain {subject}, because the guard only reports it; look at the state `ChooseAction` of the execution"
            ),
        )),
    }
}

async fn contain_policy<S: Stored>(
    restricted: &RestrictedActions,
    store: &PolicyStore,
    entered: &Entered,
    policy: &S,
    with_trace: impl FnOnce(Contained, S::Trace) -> Contained,
) -> Result<Quarantine, HandlerError>
where
    for<'r> Containment<'r>: Reconciler<S, End = ContainmentEnd<S::Trace>>,
{
    let verdict = &entered.data.verdict;
    let Some(judged) = &verdict.in_force else {
        return Err(HandlerError::new(
            FailureName::PayloadMalformed,
            format!(
                "the verdict on {policy} does not say what was in force; look at the state `ValidatePolicy` of the execution"
            ),
        ));
    };
    let kept = entered
        .data
        .quarantine
        .as_ref()
        .map_or_else(Kept::default, Quarantine::kept);
    let analysis = Analysis::new(restricted, policy.quota());
    let waited = entered.has_waited();
    let mut run = Containment::new(&analysis, judged, verdict.change.event_time, &kept, waited);
    let reconciled = store.reconcile(policy, &mut run).await;
    let end = match reconciled.map_err(|error| HandlerError::from(error).after_waiting(waited))? {
        Reconciled::End { end, .. } => end,
        // The change that this run waited for did not come: another caller keeps changing the
        // policy, or IAM is slower than ever.
        Reconciled::Wait if waited => return Err(HandlerError::unsettled(policy)),
        Reconciled::Wait => {
            let change = format!("what `ValidatePolicy` saw in {policy}");
            return Err(HandlerError::not_visible(&change));
        }
        Reconciled::OutOfActions => return Err(HandlerError::unsettled(policy)),
    };
    match end {
        ContainmentEnd::Contained {
            identity,
            original,
            document,
            trace,
        } => {
            // What was taken out is what the administrator decides about, so it must be known.
            let removal = analysis.removal(&original, &document);
            let removal = removal.ok_or_else(|| HandlerError::unsettled(policy))?;
            let contained = Contained {
                identity,
                restricted: analysis.restricted(&original),
                original,
                versions: None,
                document,
                removal,
                evicted: kept.evicted.clone(),
                attached_to: None,
                found_done: !run.progress.has_written(),
                removed: false,
            };
            Ok(Quarantine::InPlace(with_trace(contained, trace)))
        }
        ContainmentEnd::KeepFirst(kept) => Ok(Quarantine::KeepFirst(kept)),
        ContainmentEnd::Superseded => Ok(Quarantine::Superseded),
        ContainmentEnd::Gone => Ok(Quarantine::Gone),
    }
}

/// Who holds the policy, for the mail. A containment does not fail for it.
async fn attached_to(store: &PolicyStore, policy: &ManagedPolicy) -> Option<AttachedTo> {
    let attached_to = store.attached_to(policy).await;
    attached_to
        .inspect_err(|error| tracing::warn!(%error, "the e-mail cannot say who holds the policy"))
        .ok()
}

fn report(request: &WorkRequest, entered: &Entered, quarantine: &Quarantine) {
    let execution = &request.execution;
    let status = match quarantine {
        Quarantine::InPlace(contained) => {
            if !contained.found_done {
                lambda_kit::metrics::contained(execution, &entered.data.verdict.change);
            }
            "in place"
        }
        Quarantine::KeepFirst(_) => "keep first",
        Quarantine::Superseded => {
            lambda_kit::metrics::ended(execution, OutcomeResult::Superseded);
            "superseded"
        }
        Quarantine::Gone => {
            lambda_kit::metrics::ended(execution, OutcomeResult::Gone);
            "gone"
        }
    };
    tracing::info!(status, "quarantine");
}
