//! The calls that a task token allows.

use std::error::Error;

use aws_sdk_sfn::error::{ProvideErrorMetadata, SdkError};
use incident::TaskToken;
use incident::message::Proven;

/// How Step Functions took a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Taken,
    /// Nothing waits with this token any more: it was used, or the time ran out.
    Closed,
    /// The text is not a token.
    NoToken,
    /// Step Functions could not be reached or refused the call.
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
    delivery(sent, "the decision could not be recorded")
}

/// Asks Step Functions whether a task waits with `token`. A heartbeat changes nothing, because
/// `AskUser` has no time limit for heartbeats.
pub(crate) async fn verify_token(states: &aws_sdk_sfn::Client, token: &TaskToken) -> Delivery {
    let sent = states
        .send_task_heartbeat()
        .task_token(token.expose())
        .send()
        .await;
    delivery(sent, "the token could not be verified")
}

/// What an answer of Step Functions means; an unexpected error is logged as `problem`.
fn delivery<T, E>(sent: Result<T, SdkError<E>>, problem: &'static str) -> Delivery
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let Err(error) = sent else {
        return Delivery::Taken;
    };
    match error.code() {
        // `TaskTimedOut` also means that the task is closed already (Step Functions API Reference,
        // "SendTaskSuccess").
        Some("TaskTimedOut" | "TaskDoesNotExist") => Delivery::Closed,
        Some("InvalidToken") => Delivery::NoToken,
        _ => {
            // The code only: the message of a validation error repeats the token.
            let fault = lambda_kit::classify(&error);
            tracing::error!(code = fault.code, kind = ?fault.kind, "{problem}");
            Delivery::Failed
        }
    }
}
