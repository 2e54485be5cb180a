//! Reads from IAM what is in force, and judges it.
//!
//! Its role may read IAM and write nothing. A record says where to look; the function judges what
//! IAM returns.

mod assess;
mod confirm;
mod find;
mod judge;
mod known;
mod remember;
mod settings;
mod survey;

use incident::judgement::GuardConfig;
use incident::message::{Assessment, Judged, ReadRequest, Survey};
use lambda_kit::{Claims, HandlerError};
use policy_store::PolicyStore;

pub use settings::{guard_config, sweep_config};
pub use survey::SweepConfig;

/// The answer to each kind of request.
#[derive(Debug, serde::Serialize)]
#[serde(untagged)]
#[expect(
    clippy::large_enum_variant,
    reason = "one value lives for one invocation"
)]
pub enum Reading {
    Judged(Judged),
    Assessment(Assessment),
    Survey(Survey),
}

/// Answers one invocation.
///
/// # Errors
///
/// If the execution is not one of the guard, the record names no subject, or IAM cannot be reached,
/// refuses, or does not show the change yet.
pub async fn handle(
    rules: &GuardConfig,
    claims: &Claims,
    sweep: &SweepConfig,
    store: &PolicyStore,
    request: ReadRequest,
) -> Result<Reading, HandlerError> {
    match request {
        ReadRequest::Judge(request) => judge::judge(rules, claims, &sweep.sweeps, store, &request)
            .await
            .map(Reading::Judged),
        ReadRequest::Assess(request) => assess::assess(rules, claims.executions(), store, &request)
            .await
            .map(Reading::Assessment),
        ReadRequest::Survey(request) => survey::survey(rules, claims, sweep, store, &request)
            .await
            .map(Reading::Survey),
    }
}
