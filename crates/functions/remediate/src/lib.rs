//! Removes the restricted grants from what is in force, and keeps the original.
//!
//! A payload only names an execution. Which subject to contain, and what it is, comes from that execution's history and from IAM.

use iam_policy::RestrictedActions;
use incident::message::{
    AttachedTo, Contained, ContainedVersions, Kept, OutcomeResult, Quarantine, WorkRequest,
};
use incident::{Analysis, Containment, Rest, Subject};
use lambda_kit::history::{Callers, Entered};
use lambda_kit::{Executions, FailureName, HandlerError};
use policy_store::{PolicyStore, Settled};
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

/// Answers one invocation. It can run any number of times, from whatever point an earlier run was interrupted at.
///
/// # Errors
///
/// An execution that does not call the function, or an IAM that cannot be reached, refuses, or does not show the change yet.
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
    let verdict = &entered.data.verdict;
    let subject = &verdict.change.subject;
    let Some(judged) = &verdict.in_force else {
        return Err(HandlerError::new(
            FailureName::PayloadMalformed,
            format!(
                "the verdict on {subject} does not say what was in force; look at the state `ValidatePolicy` of the execution"
            ),
        ));
    };
    let kept = entered
        .data
        .quarantine
        .as_ref()
        .map_or_else(Kept::default, Quarantine::kept);
    let analysis = Analysis::new(restricted, subject.quota());
    let waited = entered.has_waited();
    let mut run = Containment::new(&analysis, judged, verdict.change.event_time, &kept, waited);
    let settled = store.settle(subject, &mut run).await;
    let settled = settled.map_err(|error| HandlerError::from(error).after_waiting(waited))?;
    let (rest, look) = match settled {
        Settled::At(rest, look) => (rest, look),
        Settled::Unsettled => return Err(unsettled(subject)),
    };
    match (rest, look) {
        (Rest::Contained(rest), Some(look)) => {
            // What was taken out is what the administrator decides about, so it must be known.
            let removal = analysis.removal(&rest.original, &rest.document);
            let removal = removal.ok_or_else(|| unsettled(subject))?;
            let versions = match (
                rest.original_version,
                rest.original_created,
                rest.quarantine_version,
            ) {
                (Some(original), Some(original_created), Some(quarantine)) => {
                    Some(ContainedVersions {
                        original,
                        original_created,
                        quarantine,
                        created: rest.created,
                    })
                }
                _ => None,
            };
            Ok(Quarantine::InPlace(Contained {
                identity: look.identity().clone(),
                restricted: analysis.restricted(&rest.original),
                original: rest.original,
                versions,
                document: rest.document,
                removal,
                evicted: kept.evicted.clone(),
                attached_to: attached_to(store, subject).await,
                found_done: !run.has_written(),
                removed: rest.removed,
            }))
        }
        (Rest::KeepFirst(kept), _) => Ok(Quarantine::KeepFirst(kept)),
        (Rest::Superseded, _) => Ok(Quarantine::Superseded),
        (Rest::Gone, _) => Ok(Quarantine::Gone),
        // What was waited for did not come: somebody keeps changing the policy, or IAM is slower than ever.
        (Rest::NotVisible, _) if waited => Err(unsettled(subject)),
        (Rest::NotVisible | Rest::Contained(_) | Rest::Settled, _) => Err(HandlerError::new(
            FailureName::ChangeNotVisible,
            format!(
                "IAM does not show what `ValidatePolicy` saw in {subject}; IAM is eventually consistent, so the state machine tries again a few times"
            ),
        )),
    }
}

/// Who holds the policy, for the mail. A containment does not fail for it.
async fn attached_to(store: &PolicyStore, subject: &Subject) -> Option<AttachedTo> {
    let Subject::Managed(policy) = subject else {
        return None;
    };
    match store.attached_to(policy).await {
        Ok(attached_to) => Some(attached_to),
        Err(error) => {
            tracing::warn!(%error, "the e-mail cannot say who holds the policy");
            None
        }
    }
}

fn unsettled(subject: &incident::Subject) -> HandlerError {
    HandlerError::new(
        FailureName::PolicyUnsettled,
        format!(
            "could not settle {subject}, because something else keeps changing it; find out who does, and then change the policy by hand"
        ),
    )
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
