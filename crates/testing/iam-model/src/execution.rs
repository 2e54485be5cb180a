use std::time::SystemTime;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::describe_execution::{DescribeExecutionError, DescribeExecutionOutput};
use aws_sdk_sfn::operation::get_execution_history::{
    GetExecutionHistoryInput, GetExecutionHistoryOutput,
};
use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::builders::HistoryEventBuilder;
use aws_sdk_sfn::types::{
    ExecutionStartedEventDetails, ExecutionStatus, ExecutionSucceededEventDetails, HistoryEvent,
    HistoryEventType, StateEnteredEventDetails, StateExitedEventDetails, TaskScheduledEventDetails,
    TaskSubmittedEventDetails,
};
use aws_smithy_mocks::MockResponse;
use serde_json::{Value, json};

use crate::StepFunctions;

/// What Step Functions shows of one execution.
#[derive(Clone, Debug)]
pub struct Execution {
    pub machine: String,
    pub arn: String,
    /// What it was started with.
    pub input: Value,
    /// Whether it runs, and how it ended.
    pub status: ExecutionStatus,
    /// The states that it entered, with their data; all but the last are left.
    pub entered: Vec<(String, Value)>,
    /// The parameters of each attempt of `AskUser`; all but the last failed.
    pub scheduled: Vec<Value>,
    /// What `notify` answered at each entry of `AskUser`.
    pub submitted: Vec<Value>,
    /// The event that it ended with, and its output where it succeeded.
    pub end: Option<(HistoryEventType, Value)>,
    /// How often the task of the last state failed.
    pub failures: usize,
    /// Whether the function of the last state has not answered yet.
    pub in_flight: bool,
    /// The version of the state machine that it runs, if it runs one.
    pub version: Option<String>,
    pub redriven: bool,
    pub started: SystemTime,
}

impl Execution {
    /// A running execution of a state machine that is called `guard`.
    #[must_use]
    pub fn running(name: &str) -> Self {
        Self {
            machine: "arn:aws:states:us-east-1:111122223333:stateMachine:guard".to_owned(),
            arn: format!("arn:aws:states:us-east-1:111122223333:execution:guard:{name}"),
            input: Value::Null,
            status: ExecutionStatus::Running,
            entered: Vec::new(),
            scheduled: Vec::new(),
            submitted: Vec::new(),
            end: None,
            failures: 0,
            in_flight: false,
            version: None,
            redriven: false,
            started: SystemTime::now(),
        }
    }

    /// Sets the input.
    #[must_use]
    pub fn with_input(self, input: &Value) -> Self {
        Self {
            input: input.clone(),
            ..self
        }
    }

    /// Adds the entry of a state with this data.
    #[must_use]
    pub fn then(mut self, state: &str, data: Value) -> Self {
        self.entered.push((state.to_owned(), data));
        self
    }

    /// Sets the answers of `notify`, one for each entry of `AskUser`.
    #[must_use]
    pub fn with_submitted(self, submitted: Vec<Value>) -> Self {
        Self { submitted, ..self }
    }

    /// Sets the output of an execution that succeeded.
    #[must_use]
    pub fn succeeded(self, output: Value) -> Self {
        Self {
            status: ExecutionStatus::Succeeded,
            end: Some((HistoryEventType::ExecutionSucceeded, output)),
            ..self
        }
    }

    /// A client of Step Functions that knows this execution and no other.
    #[must_use]
    pub fn client(&self) -> Client {
        StepFunctions::of([self.clone()]).client()
    }

    pub(crate) fn described(
        &self,
    ) -> MockResponse<DescribeExecutionOutput, DescribeExecutionError> {
        let described = DescribeExecutionOutput::builder()
            .execution_arn(&self.arn)
            .state_machine_arn(&self.machine)
            .status(self.status.clone())
            .input(self.input.to_string())
            .set_output(self.output())
            .set_state_machine_version_arn(self.version.clone())
            .redrive_count(self.redriven.into())
            .start_date(DateTime::from(self.started))
            .build();
        match described {
            Ok(described) => MockResponse::Output(described),
            Err(error) => MockResponse::Error(DescribeExecutionError::unhandled(error)),
        }
    }

    fn output(&self) -> Option<String> {
        match &self.end {
            Some((HistoryEventType::ExecutionSucceeded, output)) => Some(output.to_string()),
            _ => None,
        }
    }

    /// The page of the history that `request` asks for.
    #[must_use]
    pub fn page(&self, request: &GetExecutionHistoryInput) -> Option<GetExecutionHistoryOutput> {
        let events = self.events();
        let start = request.next_token().and_then(|token| token.parse().ok());
        let start = start.unwrap_or(0);
        let size = request.max_results().and_then(|size| size.try_into().ok());
        let size = size.unwrap_or(100);
        let next = (start + size < events.len()).then(|| (start + size).to_string());
        let page = events.into_iter().skip(start).take(size).collect();
        GetExecutionHistoryOutput::builder()
            .set_next_token(next)
            .set_events(Some(page))
            .build()
            .ok()
    }

    /// Newest first.
    fn events(&self) -> Vec<HistoryEvent> {
        let mut events = History::default();
        events.begin(self.version.as_deref());
        let mut submitted = self.submitted.iter();
        let shown = self.entered.len();
        for (index, (state, data)) in self.entered.iter().enumerate() {
            events.enter(state, data);
            let is_last = index + 1 == shown;
            if is_last && self.redriven {
                events.add_plain(HistoryEventType::ExecutionRedriven);
            }
            for _ in 0..if is_last { self.failures } else { 0 } {
                events.start(None);
                events.add_plain(HistoryEventType::TaskFailed);
            }
            if is_last && self.in_flight {
                events.start(self.scheduled.last());
            } else if state == "AskUser" {
                events.ask(&self.scheduled, submitted.next());
            } else {
                events.start(None);
            }
            if !is_last {
                events.exit(state);
            }
        }
        if let Some((kind, output)) = &self.end {
            events.end(kind.clone(), output);
        }
        events.0.reverse();
        events.0
    }
}

#[derive(Default)]
struct History(Vec<HistoryEvent>);

impl History {
    fn add(
        &mut self,
        kind: HistoryEventType,
        details: impl FnOnce(HistoryEventBuilder) -> HistoryEventBuilder,
    ) {
        let event = HistoryEvent::builder()
            .timestamp(DateTime::from_secs(1_772_442_001))
            .r#type(kind)
            .id(i64::try_from(self.0.len()).unwrap_or_default() + 1);
        self.0.extend(details(event).build());
    }

    fn add_plain(&mut self, kind: HistoryEventType) {
        self.add(kind, |event| event);
    }

    fn begin(&mut self, version: Option<&str>) {
        let details = ExecutionStartedEventDetails::builder()
            .set_state_machine_version_arn(version.map(str::to_owned))
            .build();
        self.add(HistoryEventType::ExecutionStarted, |event| {
            event.execution_started_event_details(details)
        });
    }

    fn enter(&mut self, state: &str, data: &Value) {
        let details = StateEnteredEventDetails::builder()
            .name(state)
            .input(data.to_string())
            .build();
        self.add(HistoryEventType::TaskStateEntered, |event| {
            event.set_state_entered_event_details(details.ok())
        });
    }

    fn exit(&mut self, state: &str) {
        self.add_plain(HistoryEventType::TaskSucceeded);
        let details = StateExitedEventDetails::builder().name(state).build();
        self.add(HistoryEventType::TaskStateExited, |event| {
            event.set_state_exited_event_details(details.ok())
        });
    }

    fn start(&mut self, parameters: Option<&Value>) {
        let details = parameters.and_then(|parameters| {
            TaskScheduledEventDetails::builder()
                .resource_type("lambda")
                .resource("invoke.waitForTaskToken")
                .region("us-east-1")
                .parameters(parameters.to_string())
                .build()
                .ok()
        });
        self.add(HistoryEventType::TaskScheduled, |event| {
            event.set_task_scheduled_event_details(details)
        });
        self.add_plain(HistoryEventType::TaskStarted);
    }

    /// The attempts of `AskUser`, and the answer of `notify` to the last.
    fn ask(&mut self, attempts: &[Value], answer: Option<&Value>) {
        self.start(attempts.first());
        for parameters in attempts.iter().skip(1) {
            self.add_plain(HistoryEventType::TaskFailed);
            self.start(Some(parameters));
        }
        let details = answer.and_then(|payload| {
            let output = json!({"StatusCode": 200, "Payload": payload});
            TaskSubmittedEventDetails::builder()
                .resource_type("lambda")
                .resource("invoke.waitForTaskToken")
                .output(output.to_string())
                .build()
                .ok()
        });
        self.add(HistoryEventType::TaskSubmitted, |event| {
            event.set_task_submitted_event_details(details)
        });
    }

    fn end(&mut self, kind: HistoryEventType, output: &Value) {
        let details = (kind == HistoryEventType::ExecutionSucceeded).then(|| {
            ExecutionSucceededEventDetails::builder()
                .output(output.to_string())
                .build()
        });
        self.add(kind, |event| {
            event.set_execution_succeeded_event_details(details)
        });
    }
}
