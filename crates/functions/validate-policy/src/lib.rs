//! Reads from IAM what is in force, and judges it.
//!
//! Its role may read IAM and write nothing.
//! A record is a hint where to look; what is judged is what IAM holds.

mod assess;
mod judge;

use incident::judgement::GuardConfig;
use incident::message::{Assessment, Judged, ReadRequest};
use lambda_kit::{Executions, HandlerError};
use policy_store::PolicyStore;

/// What the function answers, told apart by what it was asked.
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
/// An execution that is not one of the guard, a record that names no subject, or an IAM that cannot be reached, refuses, or does not show the change yet.
pub async fn handle(
    rules: &GuardConfig,
    executions: &Executions,
    store: &PolicyStore,
    request: ReadRequest,
) -> Result<Reading, HandlerError> {
    match request {
        ReadRequest::Judge(request) => judge::judge(rules, executions, store, &request)
            .await
            .map(Reading::Judged),
        ReadRequest::Assess(request) => assess::assess(rules, executions, store, &request)
            .await
            .map(Reading::Assessment),
    }
}
