//! What the functions share: serving, settings, SDK clients, logs, metrics, errors with names, and
//! the reader of executions, and the memory.

mod aws;
pub mod claims;
mod clients;
mod error;
pub mod history;
mod logging;
pub mod metrics;
mod settings;
mod sweeps;

use lambda_runtime::{LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

pub use aws::{AwsError, AwsErrorKind, classify};
pub use claims::Claims;
pub use clients::sdk_config;
pub use error::HandlerError;
pub use history::Executions;
pub use incident::FailureName;
pub use logging::{incident_span, start_logging};
pub use settings::{SettingError, optional, parsed, required, restricted_actions};
pub use sweeps::{SweepError, Sweeps};

/// Serves a function's events for as long as Lambda keeps the process.
///
/// The payload is read here, so that a wrong one fails under the name
/// [`FailureName::PayloadMalformed`] and not under the name of a Rust type.
///
/// # Errors
///
/// If the Lambda Runtime API cannot be reached.
pub async fn serve<Request, Response, Handler, Work>(
    handler: Handler,
) -> Result<(), lambda_runtime::Error>
where
    Request: DeserializeOwned,
    Response: Serialize,
    Handler: Fn(Request) -> Work,
    Work: Future<Output = Result<Response, HandlerError>>,
{
    let handler = &handler;
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Box<RawValue>>| {
        let answer = match read_payload(&event.payload) {
            // Boxed, because the layout of the SDK's nested futures overflows the compiler's limit.
            Ok(request) => Box::pin(handler(request)).await,
            Err(error) => Err(error),
        };
        if let Err(error) = &answer {
            tracing::error!(error_name = error.name().as_str(), error = %error, "the task failed");
            if error.name() == FailureName::Throttled {
                metrics::throttled(&event.payload);
            }
        }
        answer
    }))
    .await
}

/// Reads a payload as `serve` does.
///
/// # Errors
///
/// [`FailureName::PayloadMalformed`] with the place in the payload. The text of the payload stays
/// out, because it can hold a task token.
pub fn read_payload<Request: DeserializeOwned>(
    payload: &RawValue,
) -> Result<Request, HandlerError> {
    serde_json::from_str(payload.get()).map_err(|error| {
        HandlerError::new(
            FailureName::PayloadMalformed,
            format!(
                "could not read the payload as the state machine sends it (line {}, column {}: {}); make sure that the state machine and the functions are of the same version",
                error.line(),
                error.column(),
                match error.classify() {
                    serde_json::error::Category::Data => "a member is missing or has the wrong type",
                    _ => "the text is not valid JSON",
                }
            ),
        )
    })
}
