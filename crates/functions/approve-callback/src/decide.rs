//! The decision's way to Step Functions.

use aws_sdk_sfn::error::ProvideErrorMetadata as _;
use aws_sdk_sfn::operation::send_task_heartbeat::SendTaskHeartbeatError;
use aws_sdk_sfn::operation::send_task_success::SendTaskSuccessError;
use incident::TaskToken;
use incident::message::Proven;

/// How Step Functions took a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Taken,
    /// Nothing waits with this token any more: somebody answered, or the time ran out.
    Closed,
    /// The text is not a token.
    NoToken,
    /// It could not be reached or did not take it.
    Failed,
}

/// Sends a decision to the execution that waits with `token`.
pub(crate) async fn deliver(
    states: &aws_sdk_sfn::Client,
    token: &TaskToken,
    decision: &Proven<'_>,
) -> Delivery {
    let output = match serde_json::to_string(decision) {
        Ok(output) => output,
        Err(error) => {
            tracing::error!(%error, "the decision could not be written as JSON");
            return Delivery::Failed;
        }
    };
    let sent = states
        .send_task_success()
        .task_token(token.expose())
        .output(output)
        .send()
        .await;
    let Err(error) = sent else {
        return Delivery::Taken;
    };
    match error.as_service_error() {
        // `TaskTimedOut` also means that the task is closed already (Step Functions API Reference, "SendTaskSuccess").
        Some(SendTaskSuccessError::TaskTimedOut(_) | SendTaskSuccessError::TaskDoesNotExist(_)) => {
            Delivery::Closed
        }
        Some(SendTaskSuccessError::InvalidToken(_)) => Delivery::NoToken,
        _ => {
            // The code only: a validation error's message repeats the token.
            let fault = lambda_kit::classify(&error, |error| (error.code(), error.message()));
            tracing::error!(
                code = fault.code,
                transient = fault.transient,
                "the decision could not be recorded"
            );
            Delivery::Failed
        }
    }
}

/// Asks Step Functions whether something waits with `token`, and changes nothing.
pub(crate) async fn prove(states: &aws_sdk_sfn::Client, token: &TaskToken) -> Delivery {
    let sent = states
        .send_task_heartbeat()
        .task_token(token.expose())
        .send()
        .await;
    let Err(error) = sent else {
        return Delivery::Taken;
    };
    match error.as_service_error() {
        Some(
            SendTaskHeartbeatError::TaskTimedOut(_) | SendTaskHeartbeatError::TaskDoesNotExist(_),
        ) => Delivery::Closed,
        Some(SendTaskHeartbeatError::InvalidToken(_)) => Delivery::NoToken,
        _ => {
            // The code only: a validation error's message repeats the token.
            let fault = lambda_kit::classify(&error, |error| (error.code(), error.message()));
            tracing::error!(
                code = fault.code,
                transient = fault.transient,
                "the token could not be checked"
            );
            Delivery::Failed
        }
    }
}
