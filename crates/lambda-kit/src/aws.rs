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
    /// Whether the same call can succeed later.
    pub transient: bool,
}

impl AwsError {
    /// The name that the state machine sees.
    #[must_use]
    pub fn name(&self) -> FailureName {
        if self.transient {
            FailureName::TransientAwsError
        } else {
            FailureName::AwsRefused
        }
    }
}

/// The codes of transient errors, over all services that the functions call.
const TRANSIENT_CODES: [&str; 14] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "Throttled",
    "TooManyRequestsException",
    "RequestLimitExceeded",
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
    let (code, transient) = match error {
        SdkError::ServiceError(service) => {
            let code = error.code().unwrap_or("Unknown");
            let status = service.raw().status().as_u16();
            let transient = status >= 500 || status == 429 || TRANSIENT_CODES.contains(&code);
            return AwsError {
                code: code.to_owned(),
                message: error.message().unwrap_or("no message").to_owned(),
                transient,
            };
        }
        SdkError::ConstructionFailure(_) => ("ConstructionFailure", false),
        SdkError::TimeoutError(_) => ("Timeout", true),
        SdkError::DispatchFailure(_) => ("DispatchFailure", true),
        _ => ("ResponseUnreadable", true),
    };
    AwsError {
        code: code.to_owned(),
        message: causes(error),
        transient,
    }
}

/// The error and its sources in one line.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<String> = chain.map(ToString::to_string).collect();
    texts.join(": ")
}
