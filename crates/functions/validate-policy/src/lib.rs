//! Reads from IAM what is in force, and judges it.
//!
//! Its role may read IAM and write nothing. A record says where to look; the function judges what
//! IAM returns.

mod assess;
mod find;
mod judge;
mod remember;
mod settings;

use incident::judgement::GuardConfig;
use incident::message::{Assessment, Judged, ReadRequest};
use lambda_kit::{Claims, HandlerError};
use policy_store::PolicyStore;

pub use settings::guard_config;

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
    store: &PolicyStore,
    request: ReadRequest,
) -> Result<Reading, HandlerError> {
    match request {
        ReadRequest::Judge(request) => judge::judge(rules, claims, store, &request)
            .await
            .map(Reading::Judged),
        ReadRequest::Assess(request) => assess::assess(rules, claims.executions(), store, &request)
            .await
            .map(Reading::Assessment),
    }
}
