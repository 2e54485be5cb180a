//! Carries the administrator's decision out, or leaves things as they are when the time ran out.

mod inline;
mod managed;

use iam_policy::RestrictedActions;
use incident::message::{InForce, Outcome, OutcomeResult, RevertRequest};
use incident::{PolicyRef, mail};
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
            restricted: lambda_kit::restricted_actions()?,
        })
    }
}

/// How a policy came to rest, and what was read back.
type Rest = (OutcomeResult, Option<InForce>);

/// Answers one invocation. It can run any number of times, from whatever point an earlier run was interrupted at.
///
/// # Errors
///
/// An IAM that cannot be reached, refuses, or does not show what the quarantine left.
pub async fn handle(
    settings: &Settings,
    store: &PolicyStore,
    request: RevertRequest,
) -> Result<Outcome, HandlerError> {
    let span = lambda_kit::incident_span(&request.execution, &request.change);
    async {
        let (result, in_force) = match &request.change.policy {
            PolicyRef::Managed { arn, .. } => managed::settle(settings, store, &request, arn).await,
            PolicyRef::Inline { owner, name } => inline::settle(store, &request, owner, name).await,
        }?;
        tracing::info!(?result, "outcome");
        lambda_kit::metrics::ended(&request.execution, result);
        lambda_kit::metrics::decided(&request.execution, &request.change, &request.decision);
        let mail = mail::outcome(
            &request.change,
            &request.quarantine,
            &request.decision,
            result,
            in_force.as_ref(),
            &request.execution,
        );
        Ok(Outcome {
            result,
            in_force,
            mail,
        })
    }
    .instrument(span)
    .await
}
