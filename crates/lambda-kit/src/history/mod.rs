//! The one reader of executions and their histories.
//!
//! A payload can hold anything, so it only names an execution. The facts come from Step Functions:
//! no caller can change the history of an execution.

mod incident;
mod running_task;
mod state_data;

use std::borrow::Cow;
use std::time::Duration;

use ::incident::{ExecutionArn, FailureName, TaskToken, Timestamp};
use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::describe_execution::{DescribeExecutionError, DescribeExecutionOutput};
use aws_sdk_sfn::operation::get_execution_history::{
    GetExecutionHistoryError, GetExecutionHistoryOutput,
};
use aws_sdk_sfn::primitives::DateTime;
use serde_json::Value;

use crate::{AwsError, HandlerError, SettingError, classify, required};

pub use incident::{DecisionRequest, Incident, Standing};
pub use state_data::{StateData, UnreadableMember};

/// The state that an execution begins in.
const FIRST_STATE: &str = "ValidatePolicy";
/// The state that waits for the administrator.
const ASK_USER: &str = "AskUser";
/// Events read at once. A waiting execution shows four since it entered its state: entered,
/// scheduled, started, submitted. Most others hold all the data of the incident, so more would cost
/// time. Step Functions asks for the same size on every page of one reading.
const PAGE: i32 = 4;
/// Events read at once where a single call is made: from the end of an incident back to its
/// request.
const ONE_PAGE: i32 = 80;
/// Pages read before the reader gives up. Each failed attempt of a task adds three events.
const MAX_PAGES: usize = 25;

/// The pauses before each look at an execution that may not show its newest event yet.
///
/// `DescribeExecution` and `GetExecutionHistory` are eventually consistent (Step Functions API
/// Reference). The sum stays below what a person waits for a page.
pub const PAUSES: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(250),
    Duration::from_millis(750),
    Duration::from_millis(2000),
];

/// The executions of the guard's state machine.
#[derive(Clone, Debug)]
pub struct Executions {
    client: Client,
    state_machine_arn: String,
}

/// How far back a history is read. An [`Incident`] shows only what was read.
#[derive(Clone, Copy, Debug)]
pub enum ReadBack<'a> {
    /// To the entry of the newest state.
    State,
    /// To the newest request for a decision.
    Request,
    /// The same of an incident that has ended, in few calls.
    Key,
    /// To the entry of the state that waits for a decision, or to a request with this token.
    Token(&'a TaskToken),
    /// The same in one call: further back, nothing is known.
    OnePage(&'a TaskToken),
}

impl ReadBack<'_> {
    /// How many events a call asks for, and how many calls there are.
    fn pages(self) -> (i32, usize) {
        match self {
            Self::State | Self::Request | Self::Token(_) => (PAGE, MAX_PAGES),
            Self::Key => (ONE_PAGE, MAX_PAGES),
            Self::OnePage(_) => (ONE_PAGE, 1),
        }
    }
}

/// Why an execution cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error(
        "the execution `{0}` belongs to another state machine; find out in the log of the function and in CloudTrail who invoked it"
    )]
    OtherStateMachine(ExecutionArn),
    #[error(
        "Step Functions does not show the execution `{0}`; it may not show it yet, so the state machine tries again a few times"
    )]
    NotFound(ExecutionArn),
    #[error(
        "the newest events of the execution `{0}` do not show its state; the state machine tries again a few times"
    )]
    StateNotShown(ExecutionArn),
    #[error(
        "the execution `{execution}` does not run the task of its state `{state}`: {why}; if this is not the guard's own task, find out in CloudTrail who may invoke the function, and who did"
    )]
    NotRunning {
        execution: ExecutionArn,
        state: String,
        why: &'static str,
    },
    #[error(
        "could not read the execution `{execution}` ({}: {}); check the permissions of the role of the function, and the service control policies",
        error.code, error.message
    )]
    Refused {
        execution: ExecutionArn,
        error: AwsError,
    },
}

/// A moment of Step Functions, which has milliseconds. One that cannot be read counts as long ago,
/// so that nothing is proved by it.
pub(crate) fn timestamp(moment: &DateTime) -> Timestamp {
    let milliseconds = moment.to_millis().unwrap_or_default();
    Timestamp::from_millisecond(milliseconds).unwrap_or_default()
}

impl From<ReadError> for HandlerError {
    fn from(error: ReadError) -> Self {
        let name = match &error {
            ReadError::OtherStateMachine(_) | ReadError::NotRunning { .. } => {
                FailureName::PayloadMalformed
            }
            ReadError::NotFound(_) | ReadError::StateNotShown(_) => FailureName::TransientAwsError,
            ReadError::Refused { error, .. } => error.name(),
        };
        Self::new(name, error.to_string())
    }
}

impl Executions {
    #[must_use]
    pub fn new(client: Client, state_machine_arn: String) -> Self {
        Self {
            client,
            state_machine_arn,
        }
    }

    /// Reads the state machine's ARN from the environment.
    ///
    /// # Errors
    ///
    /// If it is missing.
    pub fn from_env(config: &aws_config::SdkConfig) -> Result<Self, SettingError> {
        Ok(Self::new(
            Client::new(config),
            required("STATE_MACHINE_ARN")?,
        ))
    }

    /// The executions of another state machine of the same stack: the template names them
    /// `STACK-incidents`, `STACK-claims` and `STACK-sweep`.
    ///
    /// # Errors
    ///
    /// If the name of this one does not end with `-incidents`.
    pub fn sibling(&self, name: &str) -> Result<Self, SettingError> {
        let Some(stack) = self.state_machine_arn.strip_suffix("-incidents") else {
            return Err(SettingError::Unusable {
                name: "STATE_MACHINE_ARN",
                value: self.state_machine_arn.clone(),
                problem: "its name does not end with `-incidents`".to_owned(),
            });
        };
        Ok(Self::new(self.client.clone(), format!("{stack}-{name}")))
    }

    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    #[must_use]
    pub fn state_machine_arn(&self) -> &str {
        &self.state_machine_arn
    }

    /// Whether the ARN names an execution of the guard's state machine.
    #[must_use]
    pub fn owns(&self, execution: &ExecutionArn) -> bool {
        execution.state_machine_arn() == self.state_machine_arn
    }

    /// The input of `execution`: the EventBridge event, or what another caller started it with.
    ///
    /// It is `sent` with the payload, except where it is so long that nothing fits beside it.
    ///
    /// # Errors
    ///
    /// If the execution cannot be read, and [`FailureName::PayloadMalformed`] if its input is not
    /// JSON.
    pub async fn event<'e>(
        &self,
        execution: &ExecutionArn,
        sent: &'e Option<Value>,
    ) -> Result<Cow<'e, Value>, HandlerError> {
        if let Some(event) = sent {
            return Ok(Cow::Borrowed(event));
        }
        if !self.owns(execution) {
            return Err(ReadError::OtherStateMachine(execution.clone()).into());
        }
        let described = self.described(execution).await?;
        let input = described.input.unwrap_or_default();
        serde_json::from_str(&input)
            .map(Cow::Owned)
            .map_err(|error| {
                HandlerError::new(
                    FailureName::PayloadMalformed,
                    format!(
                        "the input of `{execution}` is not JSON ({error}); look at the execution"
                    ),
                )
            })
    }

    /// The incident of an execution, as the newest events of its history show it.
    ///
    /// The history alone does not prove that the guard's own definition ran: a version or an alias
    /// can run another one, and a redrive takes up old data.
    ///
    /// # Errors
    ///
    /// If Step Functions does not show the execution, or not the state that it is in.
    pub async fn incident(
        &self,
        execution: &ExecutionArn,
        read_back: ReadBack<'_>,
    ) -> Result<Incident, ReadError> {
        let mut events = Vec::new();
        let mut next = None;
        let (size, pages) = read_back.pages();
        for _ in 0..pages {
            let page = self.history_page(execution, size, next).await?;
            next = page.next_token;
            events.extend(page.events);
            if next.is_none() || incident::reaches(&events, read_back) {
                return Ok(Incident::from_events(execution, &events));
            }
        }
        let incident = Incident::from_events(execution, &events);
        match incident.state {
            Some(_) => Ok(incident),
            None => Err(ReadError::StateNotShown(execution.clone())),
        }
    }

    /// A page of the history, newest events first.
    async fn history_page(
        &self,
        execution: &ExecutionArn,
        size: i32,
        next: Option<String>,
    ) -> Result<GetExecutionHistoryOutput, ReadError> {
        self.client
            .get_execution_history()
            .execution_arn(execution.as_str())
            .reverse_order(true)
            .max_results(size)
            .set_next_token(next)
            .send()
            .await
            .map_err(|error| match error.as_service_error() {
                Some(
                    GetExecutionHistoryError::ExecutionDoesNotExist(_)
                    | GetExecutionHistoryError::InvalidArn(_),
                ) => ReadError::NotFound(execution.clone()),
                _ => ReadError::Refused {
                    execution: execution.clone(),
                    error: classify(&error),
                },
            })
    }

    /// What Step Functions shows of an execution apart from its history.
    ///
    /// # Errors
    ///
    /// If Step Functions does not show the execution.
    pub(crate) async fn described(
        &self,
        execution: &ExecutionArn,
    ) -> Result<DescribeExecutionOutput, ReadError> {
        self.client
            .describe_execution()
            .execution_arn(execution.as_str())
            .send()
            .await
            .map_err(|error| match error.as_service_error() {
                Some(
                    DescribeExecutionError::ExecutionDoesNotExist(_)
                    | DescribeExecutionError::InvalidArn(_),
                ) => ReadError::NotFound(execution.clone()),
                _ => ReadError::Refused {
                    execution: execution.clone(),
                    error: classify(&error),
                },
            })
    }
}
