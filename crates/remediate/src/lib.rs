//! Takes the restricted grants out of a policy, and keeps the original.

mod candidates;
mod inline;
mod managed;

use iam_policy::RestrictedActions;
use incident::PolicyRef;
use incident::message::{OutcomeResult, Quarantine, RemediateRequest};
use lambda_kit::{HandlerError, SettingError};
use policy_store::PolicyStore;
use tracing::Instrument as _;

/// What the function is set up with.
#[derive(Debug)]
pub struct Settings {
    /// The restricted list.
    pub restricted: RestrictedActions,
}

impl Settings {
    /// Reads the settings that the template gives the function.
    ///
    /// # Errors
    ///
    /// Where the restricted list is missing or cannot be read.
    pub fn from_env() -> Result<Self, SettingError> {
        Ok(Self {
            restricted: policy_store::restricted_actions()?,
        })
    }
}

/// Answers one invocation. It can run any number of times, from whatever point an earlier run was interrupted at.
///
/// # Errors
///
/// An IAM that cannot be reached, refuses, or does not show the change yet.
pub async fn handle(
    settings: &Settings,
    store: &PolicyStore,
    request: RemediateRequest,
) -> Result<Quarantine, HandlerError> {
    let span = lambda_kit::incident_span(&request.execution, &request.change);
    async {
        let quarantine = match &request.change.policy {
            PolicyRef::Managed { arn, version } => {
                managed::contain(settings, store, &request, arn, version).await
            }
            PolicyRef::Inline { owner, name } => {
                inline::contain(settings, store, &request, owner, name).await
            }
        }?;
        tracing::info!(status = status(&quarantine), "quarantine");
        measure(&request, &quarantine);
        Ok(quarantine)
    }
    .instrument(span)
    .await
}

fn measure(request: &RemediateRequest, quarantine: &Quarantine) {
    let execution = &request.execution;
    match quarantine {
        Quarantine::InPlace(contained) if !contained.found_done => {
            lambda_kit::metrics::contained(execution, &request.change);
        }
        Quarantine::InPlace(_) | Quarantine::RoomNeeded { .. } => {}
        Quarantine::Superseded { .. } => {
            lambda_kit::metrics::ended(execution, OutcomeResult::Superseded);
        }
        Quarantine::Gone { .. } => lambda_kit::metrics::ended(execution, OutcomeResult::Gone),
    }
}

fn status(quarantine: &Quarantine) -> &'static str {
    match quarantine {
        Quarantine::InPlace(_) => "in place",
        Quarantine::RoomNeeded { .. } => "room needed",
        Quarantine::Superseded { .. } => "superseded",
        Quarantine::Gone { .. } => "gone",
    }
}
