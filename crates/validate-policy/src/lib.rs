//! Judges the policy that a CloudTrail record names, and says what is in force after another task failed.

mod assess;
mod judge;
mod store;

use iam_policy::RestrictedActions;
use incident::message::{Assessment, ValidateRequest, Verdict};
use lambda_kit::{HandlerError, SettingError};
use tracing::Instrument as _;

pub use store::LazyStore;

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

/// The two answers of the function, told apart by the question.
#[derive(Debug, serde::Serialize)]
#[serde(untagged)]
#[expect(
    clippy::large_enum_variant,
    reason = "one value lives for one invocation"
)]
pub enum Answer {
    /// To `ValidatePolicy`.
    Verdict(Verdict),
    /// To `AssessFailure`.
    Assessment(Assessment),
}

/// Answers one invocation.
///
/// # Errors
///
/// A record that cannot be judged, or an IAM that cannot be read.
pub async fn handle(
    settings: &Settings,
    store: &LazyStore,
    request: ValidateRequest,
) -> Result<Answer, HandlerError> {
    match request {
        ValidateRequest::Judge {
            execution,
            event,
            waited,
        } => {
            let record = judge::read_record(&event)?;
            let span = lambda_kit::incident_span(&execution, &record.change);
            judge::judge(settings, store, &execution, record, waited)
                .instrument(span)
                .await
                .map(Answer::Verdict)
        }
        ValidateRequest::Assess {
            execution,
            event,
            failure,
        } => assess::assess(settings, store, &execution, &event, &failure)
            .await
            .map(Answer::Assessment),
    }
}
