//! `TempRemove`: puts the remediated document in force.

mod candidates;
mod inline;
mod managed;

use iam_policy::RestrictedActions;
use incident::PolicyRef;
use incident::message::{ContainRequest, OutcomeResult, Quarantine};
use lambda_kit::HandlerError;
use policy_store::PolicyStore;
use tracing::Instrument as _;

pub(crate) async fn contain(
    restricted: &RestrictedActions,
    store: &PolicyStore,
    request: &ContainRequest,
) -> Result<Quarantine, HandlerError> {
    let span = lambda_kit::incident_span(&request.execution, &request.change);
    async {
        let quarantine = match &request.change.policy {
            PolicyRef::Managed { arn, version } => {
                managed::contain(restricted, store, request, arn, version).await
            }
            PolicyRef::Inline { owner, name } => {
                inline::contain(restricted, store, request, owner, name).await
            }
        }?;
        tracing::info!(status = status(&quarantine), "quarantine");
        measure(request, &quarantine);
        Ok(quarantine)
    }
    .instrument(span)
    .await
}

fn measure(request: &ContainRequest, quarantine: &Quarantine) {
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
