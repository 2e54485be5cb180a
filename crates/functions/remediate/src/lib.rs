//! Takes the restricted grants out of a policy, and keeps the original.
//!
//! It also answers where another question needs a look at IAM: the judgement of a record without a document, and what is in force after a failure.

mod assess;
mod contain;
mod judge;

use incident::judgement::Rules;
use incident::message::{Assessment, Quarantine, RemediateRequest, Verdict};
use lambda_kit::HandlerError;
use policy_store::PolicyStore;

/// The answers of the function, told apart by the question.
#[derive(Debug, serde::Serialize)]
#[serde(untagged)]
#[expect(
    clippy::large_enum_variant,
    reason = "one value lives for one invocation"
)]
pub enum Answer {
    /// To `ValidatePolicy`.
    Verdict(Verdict),
    /// To `TempRemove`.
    Quarantine(Quarantine),
    /// To `AssessFailure`.
    Assessment(Assessment),
}

/// Answers one invocation. It can run any number of times, from whatever point an earlier run was interrupted at.
///
/// # Errors
///
/// A record that cannot be judged, or an IAM that cannot be reached, refuses, or does not show the change yet.
pub async fn handle(
    rules: &Rules,
    store: &PolicyStore,
    request: RemediateRequest,
) -> Result<Answer, HandlerError> {
    match request {
        RemediateRequest::Judge(request) => judge::judge(rules, store, &request)
            .await
            .map(Answer::Verdict),
        RemediateRequest::Contain(request) => contain::contain(&rules.restricted, store, &request)
            .await
            .map(Answer::Quarantine),
        RemediateRequest::Assess(request) => assess::assess(&rules.restricted, store, &request)
            .await
            .map(Answer::Assessment),
    }
}
