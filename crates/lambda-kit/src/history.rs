//! What an execution proves: the one source of what `validate-policy`, `remediate` and `revert` work on.
//!
//! Whoever may invoke a function can put anything into its payload. So a payload only names an execution, and everything else is read from that execution's history:
//! it must be running, be one of the guard's own state machine, and have entered the very state that the function works for.

use std::time::Duration;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata as _;
use aws_sdk_sfn::operation::describe_execution::{DescribeExecutionError, DescribeExecutionOutput};
use aws_sdk_sfn::operation::get_execution_history::GetExecutionHistoryError;
use aws_sdk_sfn::types::{ExecutionStatus, HistoryEvent};
use incident::message::{Quarantine, Verdict};
use incident::{ExecutionArn, FailureName, KeyDigest};
use serde::Deserialize;
use serde_json::Value;

use crate::{HandlerError, SettingError, classify, metrics, required};

/// Events read at once. Those of the state that an execution is in are the newest; each failed attempt of a task adds three.
const PAGE: i32 = 10;
/// Pages read before an execution counts as one that cannot be read.
const MAX_PAGES: usize = 10;
/// The pauses between the looks at an execution that seems to lag behind: Step Functions answers eventually consistently.
const PAUSES: [Duration; 4] = [
    Duration::ZERO,
    Duration::from_millis(250),
    Duration::from_millis(750),
    Duration::from_millis(2000),
];
/// The one state in which an execution rests until somebody outside acts, so that a history which shows it may well be up to date.
const WAITS: &str = "AskUser";

/// The guard's state machine, and how to read its executions.
#[derive(Clone, Debug)]
pub struct Executions {
    client: Client,
    state_machine_arn: String,
}

/// The state that an execution is in, with the data that it was entered with.
#[derive(Clone, Debug)]
pub struct Entered {
    pub state: String,
    pub data: StateData,
}

impl Entered {
    /// Whether the state is entered for the second time, because IAM had its time to become consistent.
    #[must_use]
    pub fn has_waited(&self) -> bool {
        self.data.waited.as_deref() == Some(&self.state)
    }
}

/// What the states hand on, as far as the functions read it.
#[derive(Clone, Debug, Deserialize)]
pub struct StateData {
    /// What `ValidatePolicy` found.
    pub verdict: Verdict,
    /// What `TempRemove` did, or must keep first.
    #[serde(default)]
    pub quarantine: Option<Quarantine>,
    /// What was answered, whatever it is.
    #[serde(default)]
    pub decision: Option<Value>,
    /// The state in which IAM did not show the change until the retries were over.
    #[serde(default)]
    pub waited: Option<String>,
}

/// The states that a function works for, and those that lead to them.
#[derive(Clone, Copy, Debug)]
pub struct Callers {
    pub own: &'static [&'static str],
    /// The states from which an execution comes there: a history that shows one of them lags behind.
    pub before: &'static [&'static str],
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

    /// The input of `execution`: the EventBridge event that started it, or whatever somebody else started it with.
    ///
    /// It does not travel in payloads, because an input can be so long that nothing fits beside it.
    ///
    /// # Errors
    ///
    /// [`FailureName::NotMine`] where the execution is not one of the guard's, [`FailureName::HistoryBehind`] where it is not visible yet.
    pub async fn input(&self, execution: &ExecutionArn) -> Result<Value, HandlerError> {
        if execution.state_machine_arn() != self.state_machine_arn {
            metrics::not_mine(&self.state_machine_arn);
            return Err(not_mine(execution, "it belongs to another state machine"));
        }
        let Some(described) = self.described(execution).await? else {
            return Err(behind(execution, "nothing"));
        };
        let input = described.input.unwrap_or_default();
        serde_json::from_str(&input).map_err(|error| {
            HandlerError::new(
                FailureName::PayloadMalformed,
                format!("the input of `{execution}` is not JSON ({error}); look at the execution"),
            )
        })
    }

    /// The state that `execution` is in, where it is one that calls the function.
    ///
    /// # Errors
    ///
    /// [`FailureName::NotMine`] where the execution does not call the function, [`FailureName::HistoryBehind`] where that may only not be visible yet.
    pub async fn entered(
        &self,
        execution: &ExecutionArn,
        callers: Callers,
    ) -> Result<Entered, HandlerError> {
        let found = self.find(execution, callers).await;
        if let Err(error) = &found
            && error.name() == FailureName::NotMine
        {
            metrics::not_mine(&self.state_machine_arn);
        }
        found
    }

    async fn find(
        &self,
        execution: &ExecutionArn,
        callers: Callers,
    ) -> Result<Entered, HandlerError> {
        if execution.state_machine_arn() != self.state_machine_arn {
            return Err(not_mine(execution, "it belongs to another state machine"));
        }
        let mut refusal = not_mine(execution, "its history cannot be read");
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            match self.look(execution, callers).await? {
                Ok(entered) => return Ok(entered),
                Err(why) => refusal = why,
            }
        }
        Err(refusal)
    }

    /// What the history shows of the key in the links of the newest request; `None` where it shows none.
    ///
    /// # Errors
    ///
    /// If the history cannot be read.
    pub async fn newest_key(
        &self,
        execution: &ExecutionArn,
    ) -> Result<Option<KeyDigest>, HandlerError> {
        let is_request = |event: &HistoryEvent| event.task_submitted_event_details.is_some();
        let events = self.newest_events(execution, is_request).await?;
        Ok(events.iter().find_map(submitted_key))
    }

    /// One look: the state, or why it is not one that calls the function.
    async fn look(
        &self,
        execution: &ExecutionArn,
        callers: Callers,
    ) -> Result<Result<Entered, HandlerError>, HandlerError> {
        if let Some(problem) = self.standing(execution).await? {
            return Ok(Err(not_mine(execution, problem)));
        }
        let is_entry = |event: &HistoryEvent| event.state_entered_event_details.is_some();
        let events = self.newest_events(execution, is_entry).await?;
        let Some(entered) = events
            .iter()
            .find_map(|event| event.state_entered_event_details.as_ref())
        else {
            return Ok(Err(behind(execution, "no state")));
        };
        let state = entered.name.as_str();
        if !callers.own.contains(&state) {
            // Newest first: what stands before the entry happened in the state, or after it.
            let has_left = events
                .iter()
                .take_while(|event| event.state_entered_event_details.is_none())
                .any(|event| event.state_exited_event_details.is_some());
            let leads_here = callers.before.contains(&state) && (state != WAITS || has_left);
            return Ok(Err(if leads_here {
                behind(execution, state)
            } else {
                not_mine(execution, &format!("it is in the state `{state}`"))
            }));
        }
        let input = entered.input.as_deref().unwrap_or_default();
        let data = serde_json::from_str(input).map_err(|error| {
            HandlerError::new(
                FailureName::PayloadMalformed,
                format!(
                    "could not read the data of `{execution}` in the state `{state}` (line {}, column {}); make sure that the state machine and the functions are of the same version",
                    error.line(),
                    error.column()
                ),
            )
        })?;
        Ok(Ok(Entered {
            state: state.to_owned(),
            data,
        }))
    }

    /// Why an execution cannot call anybody; `None` for one that can.
    async fn standing(
        &self,
        execution: &ExecutionArn,
    ) -> Result<Option<&'static str>, HandlerError> {
        let Some(described) = self.described(execution).await? else {
            return Ok(Some("it does not exist"));
        };
        Ok(if described.status != ExecutionStatus::Running {
            Some("it is not running")
        } else if described.state_machine_arn != self.state_machine_arn {
            Some("it belongs to another state machine")
        } else if described.state_machine_version_arn.is_some()
            || described.state_machine_alias_arn.is_some()
        {
            Some(
                "it runs a version or an alias of the state machine, which may have another definition",
            )
        } else if described.redrive_count.unwrap_or_default() > 0 {
            Some("it was redriven")
        } else {
            None
        })
    }

    /// What Step Functions says of an execution; `None` where there is none of this name.
    async fn described(
        &self,
        execution: &ExecutionArn,
    ) -> Result<Option<DescribeExecutionOutput>, HandlerError> {
        let described = self
            .client
            .describe_execution()
            .execution_arn(execution.as_str())
            .send()
            .await;
        match described {
            Ok(described) => Ok(Some(described)),
            Err(error) => match error.as_service_error() {
                Some(
                    DescribeExecutionError::ExecutionDoesNotExist(_)
                    | DescribeExecutionError::InvalidArn(_),
                ) => Ok(None),
                _ => {
                    let fault = classify(&error, |error| (error.code(), error.message()));
                    Err(unreadable(execution, &fault))
                }
            },
        }
    }

    /// The newest events, back to the first that is wanted.
    async fn newest_events(
        &self,
        execution: &ExecutionArn,
        is_wanted: impl Fn(&HistoryEvent) -> bool,
    ) -> Result<Vec<HistoryEvent>, HandlerError> {
        let mut events = Vec::new();
        let mut next = None;
        for _ in 0..MAX_PAGES {
            let page = self
                .client
                .get_execution_history()
                .execution_arn(execution.as_str())
                .reverse_order(true)
                .max_results(PAGE)
                .set_next_token(next)
                .send()
                .await;
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    if let Some(GetExecutionHistoryError::ExecutionDoesNotExist(_)) =
                        error.as_service_error()
                    {
                        return Ok(events);
                    }
                    let fault = classify(&error, |error| (error.code(), error.message()));
                    return Err(unreadable(execution, &fault));
                }
            };
            next = page.next_token;
            events.extend(page.events);
            if next.is_none() || events.iter().any(&is_wanted) {
                break;
            }
        }
        Ok(events)
    }
}

/// What an event shows of the key that `notify` made, where it is the one of its answer.
#[must_use]
pub fn submitted_key(event: &HistoryEvent) -> Option<KeyDigest> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        payload: Payload,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Payload {
        key_sha256: KeyDigest,
    }
    let submitted = event.task_submitted_event_details.as_ref()?;
    let output: Output = serde_json::from_str(submitted.output.as_deref()?).ok()?;
    Some(output.payload.key_sha256)
}

fn not_mine(execution: &ExecutionArn, problem: &str) -> HandlerError {
    HandlerError::new(
        FailureName::NotMine,
        format!(
            "the execution `{execution}` does not call this function: {problem}. The function did nothing. Find out in the log of the function and in CloudTrail who invoked it"
        ),
    )
}

fn behind(execution: &ExecutionArn, state: &str) -> HandlerError {
    HandlerError::new(
        FailureName::HistoryBehind,
        format!(
            "the history of `{execution}` shows {state} and not yet the state that calls this function; the history may be behind, so the state machine tries again a few times"
        ),
    )
}

fn unreadable(execution: &ExecutionArn, fault: &crate::AwsError) -> HandlerError {
    HandlerError::new(
        fault.name(),
        format!(
            "could not read the execution `{execution}` ({}: {}); check the permissions of the role of the function, and the service control policies",
            fault.code, fault.message
        ),
    )
}
