//! The task that an execution runs at this moment, with the payload that Step Functions sent.
//!
//! Whoever may invoke a function can send it any payload. So a function that must not believe its
//! payload reads the one in the history, and makes sure that the guard's own definition sent it.

use aws_sdk_sfn::types::{ExecutionStatus, HistoryEvent, HistoryEventType};
use incident::{ExecutionArn, TaskToken};
use serde::Deserialize;
use serde_json::Value;

use super::incident::is_broken;
use super::{Executions, MAX_PAGES, PAUSES, ReadError};

/// Events read at once: the whole history of an incident that needs no decision.
const PAGE: i32 = 40;

/// What the events of a history show about a task.
#[derive(Debug, PartialEq)]
pub(super) enum Shown {
    /// The task runs, and Step Functions sent it this payload.
    Running(Value),
    /// The execution is not at this task, or the history does not show it yet.
    NotYet,
    /// The guard's own definition cannot have sent anything from here any more.
    Never(&'static str),
}

impl Executions {
    /// The payload of the task in the state `state` that `execution` runs, as Step Functions sent
    /// it. A task that waits for a decision is the one with this `token`.
    ///
    /// # Errors
    ///
    /// [`ReadError::NotRunning`] if the execution has ended, was redriven, or runs a version of the
    /// state machine; [`ReadError::StateNotShown`] if it is not at that task; others if it cannot
    /// be read.
    pub async fn running_task(
        &self,
        execution: &ExecutionArn,
        state: &str,
        token: Option<&TaskToken>,
    ) -> Result<Value, ReadError> {
        if !self.owns(execution) {
            return Err(ReadError::OtherStateMachine(execution.clone()));
        }
        let not_running = |why| ReadError::NotRunning {
            execution: execution.clone(),
            state: state.to_owned(),
            why,
        };
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            let (events, is_all) = match self.since_entry(execution).await {
                Ok(events) => events,
                Err(ReadError::NotFound(_)) => continue,
                Err(error) => return Err(error),
            };
            match shown(&events, state, token) {
                Shown::NotYet => {}
                Shown::Never(why) => return Err(not_running(why)),
                Shown::Running(payload) => {
                    // The oldest event says what the execution runs; a long history has it on
                    // another page.
                    if !is_all {
                        self.runs_the_definition(execution)
                            .await?
                            .map_err(not_running)?;
                    }
                    return Ok(payload);
                }
            }
        }
        Err(ReadError::StateNotShown(execution.clone()))
    }

    /// The newest events, back to the newest entry of a state and perhaps further, and whether they
    /// are all. Each failed attempt of a task adds three.
    async fn since_entry(
        &self,
        execution: &ExecutionArn,
    ) -> Result<(Vec<HistoryEvent>, bool), ReadError> {
        let (mut events, mut next) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let page = self.history_page(execution, PAGE, next).await?;
            events.extend(page.events);
            next = page.next_token;
            let has_entry = events
                .iter()
                .any(|event: &HistoryEvent| event.state_entered_event_details.is_some());
            if has_entry || next.is_none() {
                break;
            }
        }
        Ok((events, next.is_none()))
    }

    /// Whether an execution runs the guard's own definition, and did not fail before.
    async fn runs_the_definition(
        &self,
        execution: &ExecutionArn,
    ) -> Result<Result<(), &'static str>, ReadError> {
        let described = self.described(execution).await?;
        Ok(if described.status != ExecutionStatus::Running {
            Err(ENDED)
        } else if described.redrive_count.unwrap_or_default() > 0 {
            Err(REDRIVEN)
        } else if described.state_machine_version_arn.is_some()
            || described.state_machine_alias_arn.is_some()
        {
            Err(VERSION)
        } else {
            Ok(())
        })
    }
}

const ENDED: &str = "it has ended";
const REDRIVEN: &str = "it was redriven, and its data is that of an earlier time";
const VERSION: &str = "it runs a version of the state machine, which can have another definition";

/// Reads events, newest first.
pub(super) fn shown(events: &[HistoryEvent], state: &str, token: Option<&TaskToken>) -> Shown {
    let is = |kind: HistoryEventType| events.iter().any(|event| event.r#type == kind);
    if is(HistoryEventType::ExecutionRedriven) {
        return Shown::Never(REDRIVEN);
    }
    if is(HistoryEventType::ExecutionSucceeded) || events.iter().any(is_broken) {
        return Shown::Never(ENDED);
    }
    let started = events
        .iter()
        .find_map(|event| event.execution_started_event_details.as_ref());
    if started.is_some_and(|started| {
        started.state_machine_version_arn.is_some() || started.state_machine_alias_arn.is_some()
    }) {
        return Shown::Never(VERSION);
    }
    for event in events {
        if event.state_entered_event_details.is_some() {
            return Shown::NotYet;
        }
        if is_answered(event) {
            return Shown::NotYet;
        }
        let Some(scheduled) = &event.task_scheduled_event_details else {
            continue;
        };
        return match payload(&scheduled.parameters) {
            Some(payload) if is_of(events, state) && has_token(&payload, token) => {
                Shown::Running(payload)
            }
            _ => Shown::NotYet,
        };
    }
    Shown::NotYet
}

/// Whether the event says that the function has answered, so that no invocation of it is left.
fn is_answered(event: &HistoryEvent) -> bool {
    matches!(
        event.r#type,
        HistoryEventType::TaskSubmitted
            | HistoryEventType::TaskSucceeded
            | HistoryEventType::TaskStateExited
    )
}

/// Whether the newest state that was entered is this one.
fn is_of(events: &[HistoryEvent], state: &str) -> bool {
    let mut entered = events
        .iter()
        .filter_map(|event| event.state_entered_event_details.as_ref());
    entered.next().is_some_and(|entered| entered.name == state)
}

fn payload(parameters: &str) -> Option<Value> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Parameters {
        payload: Value,
    }
    let parameters: Parameters = serde_json::from_str(parameters).ok()?;
    Some(parameters.payload)
}

/// Each attempt of a task that waits has a token of its own.
fn has_token(payload: &Value, token: Option<&TaskToken>) -> bool {
    let sent = payload.get("token").and_then(Value::as_str);
    sent == token.map(TaskToken::expose)
}
