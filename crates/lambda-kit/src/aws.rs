use aws_sdk_sfn::error::ProvideErrorMetadata;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use incident::FailureName;

/// The error of an AWS call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsError {
    /// The service's error code, or what kept the call from reaching the service.
    pub code: String,
    /// The service's own sentence, or the chain of causes.
    pub message: String,
    pub kind: AwsErrorKind,
}

/// What an error of AWS asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwsErrorKind {
    /// Too many calls were made. The same call can succeed in minutes.
    Throttled,
    /// The same call can succeed in seconds.
    Transient,
    /// The service refuses the call for good.
    Refused,
}

impl AwsError {
    /// The name that the state machine sees.
    #[must_use]
    pub fn name(&self) -> FailureName {
        match self.kind {
            AwsErrorKind::Throttled => FailureName::Throttled,
            AwsErrorKind::Transient => FailureName::TransientAwsError,
            AwsErrorKind::Refused => FailureName::AwsRefused,
        }
    }
}

/// The codes of throttling, over all services that the functions call.
const THROTTLING_CODES: [&str; 6] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "Throttled",
    "TooManyRequestsException",
    "RequestLimitExceeded",
];

/// The codes of other transient errors.
const TRANSIENT_CODES: [&str; 8] = [
    "ServiceFailure",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "InternalFailure",
    "InternalError",
    "ConcurrentModification",
    "EntityTemporarilyUnmodifiable",
    "RequestTimeout",
];

/// Classifies an SDK error.
pub fn classify<E>(error: &SdkError<E, HttpResponse>) -> AwsError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let (code, kind) = match error {
        SdkError::ServiceError(service) => {
            let code = error.code().unwrap_or("Unknown");
            let status = service.raw().status().as_u16();
            let kind = if status == 429 || THROTTLING_CODES.contains(&code) {
                AwsErrorKind::Throttled
            } else if status >= 500 || TRANSIENT_CODES.contains(&code) {
                AwsErrorKind::Transient
            } else {
                AwsErrorKind::Refused
            };
            return AwsError {
                code: code.to_owned(),
                message: error.message().unwrap_or("no message").to_owned(),
                kind,
            };
        }
        SdkError::ConstructionFailure(_) => ("ConstructionFailure", AwsErrorKind::Refused),
        SdkError::TimeoutError(_) => ("Timeout", AwsErrorKind::Transient),
        SdkError::DispatchFailure(_) => ("DispatchFailure", AwsErrorKind::Transient),
        _ => ("ResponseUnreadable", AwsErrorKind::Transient),
    };
    AwsError {
        code: code.to_owned(),
        message: causes(error),
        kind,
    }
}

/// The error and its sources in one line.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<String> = chain.map(ToString::to_string).collect();
    texts.join(": ")
}
