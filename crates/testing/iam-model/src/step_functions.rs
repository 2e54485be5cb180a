use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_sdk_sfn::Client;
use aws_sdk_sfn::config::retry::RetryConfig;
use aws_sdk_sfn::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_sfn::error::ErrorMetadata;
use aws_sdk_sfn::operation::describe_execution::{DescribeExecutionError, DescribeExecutionOutput};
use aws_sdk_sfn::operation::get_execution_history::{
    GetExecutionHistoryError, GetExecutionHistoryInput, GetExecutionHistoryOutput,
};
use aws_sdk_sfn::operation::list_executions::ListExecutionsError;
use aws_sdk_sfn::operation::start_execution::{
    StartExecutionError, StartExecutionInput, StartExecutionOutput,
};
use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::ExecutionStatus;
use aws_sdk_sfn::types::error::{
    ExecutionAlreadyExists, ExecutionDoesNotExist, StateMachineDoesNotExist,
};
use aws_smithy_http_client::test_util::NeverClient;
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};
use serde_json::{Value, json};

use crate::Execution;
use crate::sweeps::{self, Sweep};

/// Step Functions in memory: some executions of the guard, and the claims. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct StepFunctions(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    executions: BTreeMap<String, Execution>,
    claims: BTreeMap<String, Claim>,
    /// The sweeps, the newest last.
    sweeps: Vec<Sweep>,
    calls: Vec<String>,
    /// Whether the state machine of the claims is missing.
    without_claims: bool,
    /// How many reads of claims are throttled from now on.
    throttled: usize,
    /// Whether nobody may list the sweeps any more.
    sweeps_throttled: bool,
    /// Makes the clock of the claims strictly increasing.
    started: u64,
}

/// A claim: an execution that ends at once.
#[derive(Clone, Debug)]
pub struct Claim {
    pub input: String,
    pub started: SystemTime,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("executions", &self.executions.keys())
            .field("claims", &self.claims)
            .finish_non_exhaustive()
    }
}

impl StepFunctions {
    /// The state machine of the claims.
    pub const CLAIMS: &'static str =
        "arn:aws:states:us-east-1:111122223333:stateMachine:guard-claims";

    /// Step Functions with these executions.
    #[must_use]
    pub fn of(executions: impl IntoIterator<Item = Execution>) -> Self {
        let step_functions = Self::default();
        for execution in executions {
            step_functions.put(execution);
        }
        step_functions
    }

    /// Adds an execution, or shows it anew.
    pub fn put(&self, execution: Execution) {
        let mut state = self.state();
        state.executions.insert(execution.arn.clone(), execution);
    }

    /// Starts a claim as anyone can who may start executions; `false` where the name is taken.
    pub fn claim(&self, name: &str, input: &Value) -> bool {
        self.state().claim(name, input.to_string())
    }

    /// Adds a sweep, newer than all others.
    pub fn sweep(&self, sweep: Sweep) {
        self.state().sweeps.push(sweep);
    }

    /// Changes the sweeps.
    pub fn change_sweeps(&self, change: impl FnOnce(&mut Vec<Sweep>)) {
        change(&mut self.state().sweeps);
    }

    /// The claims by their names.
    #[must_use]
    pub fn claims(&self) -> BTreeMap<String, Claim> {
        self.state().claims.clone()
    }

    /// Changes the claims: time passes, or Step Functions forgets some.
    pub fn change_claims(&self, change: impl FnOnce(&mut BTreeMap<String, Claim>)) {
        change(&mut self.state().claims);
    }

    /// Deletes the state machine of the claims.
    pub fn delete_claims(&self) {
        let mut state = self.state();
        state.claims.clear();
        state.without_claims = true;
    }

    /// Throttles the next reads of claims.
    pub fn throttle_claims(&self, reads: usize) {
        self.state().throttled = reads;
    }

    /// Throttles every list of sweeps from now on.
    pub fn throttle_sweeps(&self) {
        self.state().sweeps_throttled = true;
    }

    /// The names of the calls so far.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    /// An SDK client. It does not retry, so that each call is one.
    #[must_use]
    pub fn client(&self) -> Client {
        let shown = self.clone();
        let describe = mock!(Client::describe_execution).then_compute_response(move |request| {
            let mut state = shown.state();
            state.calls.push("DescribeExecution".to_owned());
            state.described(request.execution_arn().unwrap_or_default())
        });
        let shown = self.clone();
        let history = mock!(Client::get_execution_history).then_compute_response(move |request| {
            let mut state = shown.state();
            state.calls.push("GetExecutionHistory".to_owned());
            state.history(request)
        });
        let shown = self.clone();
        let start = mock!(Client::start_execution).then_compute_response(move |request| {
            let mut state = shown.state();
            state.calls.push("StartExecution".to_owned());
            state.started(request)
        });
        let shown = self.clone();
        let list = mock!(Client::list_executions).then_compute_response(move |request| {
            let mut state = shown.state();
            state.calls.push("ListExecutions".to_owned());
            if state.sweeps_throttled {
                return MockResponse::Error(ListExecutionsError::generic(throttled()));
            }
            sweeps::listed(&state.sweeps, request)
        });
        mock_client!(
            aws_sdk_sfn,
            RuleMode::MatchAny,
            [&describe, &history, &start, &list],
            |config| { config.retry_config(RetryConfig::disabled()) }
        )
    }

    /// An SDK client that gets no answer.
    #[must_use]
    pub fn silent_client() -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::for_tests())
            .http_client(NeverClient::new())
            .build();
        Client::from_conf(config)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn throttled() -> ErrorMetadata {
    ErrorMetadata::builder().code("ThrottlingException").build()
}

impl State {
    fn claim(&mut self, name: &str, input: String) -> bool {
        if self.claims.contains_key(name) {
            return false;
        }
        self.started += 1;
        let started = SystemTime::now() + Duration::from_millis(self.started);
        self.claims
            .insert(name.to_owned(), Claim { input, started });
        true
    }

    fn described(
        &mut self,
        arn: &str,
    ) -> MockResponse<DescribeExecutionOutput, DescribeExecutionError> {
        if let Some(execution) = self.executions.get(arn) {
            return execution.described();
        }
        if let Some(described) = sweeps::described(&self.sweeps, arn) {
            return described;
        }
        let machine = StepFunctions::CLAIMS.replace(":stateMachine:", ":execution:");
        let name = arn.strip_prefix(&format!("{machine}:"));
        if name.is_some() && self.throttled > 0 {
            self.throttled -= 1;
            return MockResponse::Error(DescribeExecutionError::generic(throttled()));
        }
        let claim = name.and_then(|name| self.claims.get(name));
        let Some(claim) = claim else {
            return MockResponse::Error(DescribeExecutionError::ExecutionDoesNotExist(
                ExecutionDoesNotExist::builder().build(),
            ));
        };
        let described = DescribeExecutionOutput::builder()
            .execution_arn(arn)
            .state_machine_arn(StepFunctions::CLAIMS)
            .status(ExecutionStatus::Succeeded)
            .input(&claim.input)
            .start_date(DateTime::from(claim.started))
            .build();
        match described {
            Ok(described) => MockResponse::Output(described),
            Err(error) => MockResponse::Error(DescribeExecutionError::unhandled(error)),
        }
    }

    fn history(
        &self,
        request: &GetExecutionHistoryInput,
    ) -> MockResponse<GetExecutionHistoryOutput, GetExecutionHistoryError> {
        let arn = request.execution_arn().unwrap_or_default();
        let page = self.executions.get(arn).and_then(|it| it.page(request));
        match page {
            Some(page) => MockResponse::Output(page),
            None => MockResponse::Error(GetExecutionHistoryError::ExecutionDoesNotExist(
                ExecutionDoesNotExist::builder().build(),
            )),
        }
    }

    fn started(
        &mut self,
        request: &StartExecutionInput,
    ) -> MockResponse<StartExecutionOutput, StartExecutionError> {
        let is_known = request.state_machine_arn() == Some(StepFunctions::CLAIMS);
        if !is_known || self.without_claims {
            return MockResponse::Error(StartExecutionError::StateMachineDoesNotExist(
                StateMachineDoesNotExist::builder().build(),
            ));
        }
        let name = request.name().unwrap_or_default();
        let input = request.input().unwrap_or_default().to_owned();
        if !self.claim(name, input) {
            return MockResponse::Error(StartExecutionError::ExecutionAlreadyExists(
                ExecutionAlreadyExists::builder().build(),
            ));
        }
        let started = StartExecutionOutput::builder()
            .execution_arn(format!("{}:{name}", StepFunctions::CLAIMS))
            .start_date(DateTime::from(SystemTime::now()))
            .build();
        match started {
            Ok(started) => MockResponse::Output(started),
            Err(error) => MockResponse::Error(StartExecutionError::unhandled(error)),
        }
    }
}

/// The input of a claim that names an incident.
#[must_use]
pub fn claim_of(execution: &str) -> Value {
    json!({"incident": execution, "subject": "a policy"})
}
