use std::fmt;

use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use lambda_kit::{AwsErrorKind, FailureName, HandlerError};

/// A call to IAM that did not do what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not {doing} ({code}: {message}); {advice}", advice = .kind.advice())]
pub struct StoreError {
    /// What was being done, on which policy.
    pub doing: String,
    pub kind: StoreErrorKind,
    pub code: String,
    pub message: String,
}

/// What an error of IAM asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// There is no such thing, or not yet: IAM is eventually consistent.
    NotFound,
    /// The same call can succeed later.
    Transient,
    /// There are too many calls. The same call can succeed minutes later.
    Throttled,
    /// IAM refuses the call for good.
    Refused,
}

impl StoreErrorKind {
    fn advice(self) -> &'static str {
        match self {
            Self::NotFound => {
                "IAM may not show it yet, or someone deleted it; the state machine tries again a few times"
            }
            Self::Transient | Self::Throttled => "the state machine tries again a few times",
            Self::Refused => {
                "check the permissions of the role of the function, and the service control policies; then look at the policy by hand"
            }
        }
    }
}

impl From<StoreError> for HandlerError {
    fn from(error: StoreError) -> Self {
        let name = match error.kind {
            StoreErrorKind::NotFound | StoreErrorKind::Transient => FailureName::TransientAwsError,
            StoreErrorKind::Throttled => FailureName::Throttled,
            StoreErrorKind::Refused => FailureName::AwsRefused,
        };
        Self::new(name, error.to_string())
    }
}

pub(crate) fn classify<E>(doing: impl fmt::Display, error: &SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let fault = lambda_kit::classify(error);
    let kind = match fault.code.as_str() {
        "NoSuchEntity" | "NoSuchEntityException" => StoreErrorKind::NotFound,
        _ => match fault.kind {
            AwsErrorKind::Throttled => StoreErrorKind::Throttled,
            AwsErrorKind::Transient => StoreErrorKind::Transient,
            AwsErrorKind::Refused => StoreErrorKind::Refused,
        },
    };
    StoreError {
        doing: doing.to_string(),
        kind,
        code: fault.code,
        message: fault.message,
    }
}
