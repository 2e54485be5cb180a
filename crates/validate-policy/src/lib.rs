//! Judges the policy that a CloudTrail record names, and says what is in force after another task failed.

mod assess;
mod exempt;
mod judge;
mod mode;
mod store;

use iam_policy::RestrictedActions;
use incident::message::{Assessment, ValidateRequest, Verdict};
use lambda_kit::{HandlerError, SettingError};
use tracing::Instrument as _;

pub use exempt::{ExemptPrincipals, ExemptPrincipalsError};
pub use mode::{Mode, ModeError};
pub use store::LazyStore;

/// What the function is set up with.
#[derive(Debug)]
pub struct Settings {
    /// The restricted list.
    pub restricted: RestrictedActions,
    /// What is done about restricted permissions.
    pub mode: Mode,
    /// Whose writes are told and never undone.
    pub exempt: ExemptPrincipals,
}

impl Settings {
    /// Reads the settings that the template gives the function.
    ///
    /// # Errors
    ///
    /// Where the restricted list is missing, or a setting cannot be read.
    pub fn from_env() -> Result<Self, SettingError> {
        Ok(Self {
            restricted: policy_store::restricted_actions()?,
            mode: lambda_kit::parsed("MODE")?.unwrap_or_default(),
            exempt: lambda_kit::parsed("EXEMPT_PRINCIPALS")?.unwrap_or_default(),
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
            let verdict = judge::judge(settings, store, &execution, record, waited)
                .instrument(span)
                .await?;
            lambda_kit::metrics::judged(&execution, verdict.result);
            Ok(Answer::Verdict(verdict))
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
