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

/// Classifies an SDK error; `metadata` gives the code and the message of the service's error.
pub fn classify<E>(
    error: &SdkError<E, HttpResponse>,
    metadata: impl Fn(&E) -> (Option<&str>, Option<&str>),
) -> AwsError
where
    E: std::error::Error + 'static,
{
    match error {
        SdkError::ServiceError(service) => {
            let (code, message) = metadata(service.err());
            let status = service.raw().status().as_u16();
            let code = code.unwrap_or("Unknown").to_owned();
            let transient =
                status >= 500 || status == 429 || TRANSIENT_CODES.contains(&code.as_str());
            AwsError {
                message: message.unwrap_or("no message").to_owned(),
                transient,
                code,
            }
        }
        SdkError::ConstructionFailure(_) => AwsError {
            code: "ConstructionFailure".to_owned(),
            message: causes(error),
            transient: false,
        },
        SdkError::TimeoutError(_) => unreachable_service("Timeout", error),
        SdkError::DispatchFailure(_) => unreachable_service("DispatchFailure", error),
        _ => unreachable_service("ResponseUnreadable", error),
    }
}

fn unreachable_service<E>(code: &str, error: &SdkError<E, HttpResponse>) -> AwsError
where
    E: std::error::Error + 'static,
{
    AwsError {
        code: code.to_owned(),
        message: causes(error),
        transient: true,
    }
}

/// The error and its sources in one line.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<String> = chain.map(ToString::to_string).collect();
    texts.join(": ")
}
