//! The proof that an execution calls the function, for the functions that change IAM.

use aws_sdk_sfn::types::ExecutionStatus;
use incident::message::{Quarantine, Verdict};
use incident::{ExecutionArn, FailureName};
use serde_json::Value;

use super::{ASK_USER, Executions, Incident, PAUSES, ReadBack, ReadError, StateData};
use crate::{HandlerError, metrics};

/// The states that a function works for, and those that lead to them.
#[derive(Clone, Copy, Debug)]
pub struct Callers {
    pub own: &'static [&'static str],
    /// The states before them: a history that ends with one of these may lag behind.
    pub before: &'static [&'static str],
}

/// The state that an execution is in, with the data that it was entered with.
#[derive(Clone, Debug)]
pub struct Entered {
    pub state: String,
    pub data: EnteredData,
}

/// The members of [`StateData`] that a function which changes IAM works on, all of them readable.
#[derive(Clone, Debug)]
pub struct EnteredData {
    pub verdict: Verdict,
    pub quarantine: Option<Quarantine>,
    pub decision: Option<Value>,
    pub waited: Option<String>,
}

impl Entered {
    /// Whether the state is entered for the second time, because IAM had its time to become
    /// consistent.
    #[must_use]
    pub fn has_waited(&self) -> bool {
        self.data.waited.as_deref() == Some(&self.state)
    }
}

impl Executions {
    /// The state that `execution` is in, if that state calls the function.
    ///
    /// # Errors
    ///
    /// [`FailureName::NotMine`] if the execution does not call the function,
    /// [`FailureName::HistoryBehind`] if its history may only lag behind.
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
        if !self.owns(execution) {
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

    /// One look. The outer error ends the search, the inner one may pass.
    async fn look(
        &self,
        execution: &ExecutionArn,
        callers: Callers,
    ) -> Result<Result<Entered, HandlerError>, HandlerError> {
        let described = match self.described(execution).await {
            Ok(described) => described,
            Err(ReadError::NotFound(_)) => {
                return Ok(Err(not_mine(execution, "it does not exist")));
            }
            Err(error) => return Err(error.into()),
        };
        if described.status != ExecutionStatus::Running {
            return Ok(Err(not_mine(execution, "it is not running")));
        }
        if let Some(problem) = self.why_not_evidence(&described) {
            return Ok(Err(not_mine(execution, problem)));
        }
        let incident = match self.incident(execution, ReadBack::State).await {
            Ok(incident) => incident,
            Err(error @ (ReadError::NotFound(_) | ReadError::StateNotShown(_))) => {
                return Ok(Err(error.into()));
            }
            Err(error) => return Err(error.into()),
        };
        let Some(state) = &incident.state else {
            return Ok(Err(ReadError::StateNotShown(execution.clone()).into()));
        };
        if !callers.own.contains(&state.as_str()) {
            return Ok(Err(wrong_state(&incident, state, callers)));
        }
        Ok(Ok(Entered {
            data: EnteredData::of(execution, state, incident.data)?,
            state: state.clone(),
        }))
    }
}

impl EnteredData {
    fn of(execution: &ExecutionArn, state: &str, data: StateData) -> Result<Self, HandlerError> {
        // No function that changes IAM reads the outcome.
        let unreadable = data.unreadable.iter().find(|it| it.name != "outcome");
        let problem = unreadable.map(ToString::to_string);
        match (data.verdict, problem) {
            (Some(verdict), None) => Ok(Self {
                verdict,
                quarantine: data.quarantine,
                decision: data.decision,
                waited: data.waited,
            }),
            (_, problem) => Err(HandlerError::new(
                FailureName::PayloadMalformed,
                format!(
                    "could not read the data of `{execution}` in the state `{state}`: {}; make sure that the state machine and the functions are of the same version",
                    problem.as_deref().unwrap_or("it has no `verdict`")
                ),
            )),
        }
    }
}

/// The refusal of an execution in a state that does not call the function.
fn wrong_state(incident: &Incident, state: &str, callers: Callers) -> HandlerError {
    let execution = &incident.execution;
    // `AskUser` lasts until a person acts, so a history that ends with it is probably up to date.
    let may_lag = callers.before.contains(&state) && (state != ASK_USER || incident.has_left_state);
    if !may_lag {
        return not_mine(execution, &format!("it is in the state `{state}`"));
    }
    HandlerError::new(
        FailureName::HistoryBehind,
        format!(
            "the history of `{execution}` shows {state} and not yet the state that calls this function; the history may be behind, so the state machine tries again a few times"
        ),
    )
}

fn not_mine(execution: &ExecutionArn, problem: &str) -> HandlerError {
    HandlerError::new(
        FailureName::NotMine,
        format!(
            "the execution `{execution}` does not call this function: {problem}. The function did nothing. Find out in the log of the function and in CloudTrail who invoked it"
        ),
    )
}
