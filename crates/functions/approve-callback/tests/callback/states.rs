//! A Step Functions in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use approve_callback::{LateLinks, Response, Settings, handle};
use aws_sdk_sfn::Client;
use aws_sdk_sfn::operation::get_execution_history::GetExecutionHistoryError;
use aws_sdk_sfn::operation::list_executions::{ListExecutionsError, ListExecutionsOutput};
use aws_sdk_sfn::operation::send_task_heartbeat::{
    SendTaskHeartbeatError, SendTaskHeartbeatOutput,
};
use aws_sdk_sfn::operation::send_task_success::{SendTaskSuccessError, SendTaskSuccessOutput};
use aws_sdk_sfn::primitives::DateTime;
use aws_sdk_sfn::types::error::ExecutionDoesNotExist;
use aws_sdk_sfn::types::{ExecutionListItem, ExecutionStatus, HistoryEventType};
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use iam_model::Execution;
use incident::{DecideBy, LinkKey};
use notice::mail::LinkConfirmation;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{EXECUTION, KEY, MACHINE, OTHER_TOKEN, TOKEN, asking};

/// How a call to Step Functions fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The call is carried out, and its answer is lost.
    AnswerLost,
    /// 503 before anything happened.
    Unavailable,
    /// The role may not make the call.
    AccessDenied,
    /// The text is not a token.
    InvalidToken,
    /// As the emulator answers for every token that nothing waits with.
    DoesNotExist,
    /// As AWS answers for a token that nothing waits with any more.
    TimedOut,
}

/// One execution.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) token: String,
    /// What `AskUser` was entered with.
    pub(crate) data: Value,
    /// What the administrator answered.
    pub(crate) decision: Option<Value>,
    /// Whether the history shows the token, as AWS does and the emulator does not.
    pub(crate) shows_token: bool,
    /// The key of its newest request.
    pub(crate) key: &'static str,
    /// How often `AskUser` failed before it waited.
    pub(crate) failed_attempts: usize,
    /// Where it is instead of `AskUser`.
    pub(crate) state: Option<&'static str>,
    /// How it ended.
    pub(crate) end: Option<HistoryEventType>,
    /// What its states added at the end.
    pub(crate) outcome: Option<Value>,
}

#[derive(Debug, Default)]
pub(crate) struct FakeState {
    pub(crate) runs: HashMap<String, Run>,
    pub(crate) send_fault: Option<Fault>,
    pub(crate) read_fault: Option<Fault>,
    pub(crate) sent: Vec<Value>,
    pub(crate) reads: usize,
    late_links: LateLinks,
}

/// The fake service.
#[derive(Clone, Debug, Default)]
pub(crate) struct States(Arc<Mutex<FakeState>>);

impl Run {
    pub(crate) fn waiting(token: &str) -> Self {
        Self {
            token: token.to_owned(),
            data: asking(),
            decision: None,
            shows_token: true,
            key: KEY,
            failed_attempts: 0,
            state: None,
            end: None,
            outcome: None,
        }
    }

    fn waits_with(&self, token: &str) -> bool {
        self.token == token && self.decision.is_none() && self.end.is_none() && self.state.is_none()
    }

    fn execution(&self) -> Execution {
        let scheduled = |token: &str| {
            let mut parameters = json!({"FunctionName": "notify"});
            if self.shows_token {
                parameters["Payload"] = json!({
                    "token": token, "askedAt": "2026-03-02T09:15:31.25Z", "timeoutSeconds": 604_800,
                    "takesMinutes": true
                });
            }
            parameters
        };
        let digest = LinkKey::parse(self.key).unwrap().digest();
        let mut data = self.data.clone();
        let mut execution = Execution::running("one")
            .then("AskUser", data.clone())
            .with_submitted(vec![json!({"token": self.token, "keySha256": digest})]);
        execution.scheduled = vec![scheduled(OTHER_TOKEN); self.failed_attempts];
        execution.scheduled.push(scheduled(&self.token));
        if let Some(decision) = &self.decision {
            data["decision"] = decision.clone();
            execution = execution.then("UsersChoice", data.clone());
        }
        if let Some(state) = self.state {
            execution = execution.then(state, data.clone());
        }
        if let Some(outcome) = &self.outcome {
            data["outcome"] = outcome.clone();
        }
        execution.end = self.end.clone().map(|end| (end, data));
        execution
    }
}

impl States {
    /// One execution that waits with [`TOKEN`].
    pub(crate) fn one_waiting() -> Self {
        let states = Self::default();
        states.add(EXECUTION, Run::waiting(TOKEN));
        states
    }

    pub(crate) fn add(&self, arn: &str, run: Run) {
        self.fake().runs.insert(arn.to_owned(), run);
    }

    pub(crate) fn fake(&self) -> MutexGuard<'_, FakeState> {
        self.0.lock().unwrap()
    }

    pub(crate) fn change(&self, arn: &str, change: impl FnOnce(&mut Run)) {
        change(self.fake().runs.get_mut(arn).unwrap());
    }

    /// The decision that an execution got.
    pub(crate) fn decision(&self, arn: &str) -> Option<Value> {
        self.fake().runs[arn].decision.clone()
    }

    fn send(
        &self,
        token: &str,
        output: &str,
    ) -> MockResponse<SendTaskSuccessOutput, SendTaskSuccessError> {
        let mut fake = self.fake();
        let output: Value = serde_json::from_str(output).unwrap();
        fake.sent.push(output.clone());
        let fault = fake.send_fault;
        if let Some(fault) = fault.filter(|fault| *fault != Fault::AnswerLost) {
            return MockResponse::Http(http(fault));
        }
        let waiting = fake.runs.values_mut().find(|run| run.waits_with(token));
        let Some(run) = waiting else {
            return MockResponse::Http(http(Fault::TimedOut));
        };
        run.decision = Some(output);
        match fault {
            Some(fault) => MockResponse::Http(http(fault)),
            None => MockResponse::Output(SendTaskSuccessOutput::builder().build()),
        }
    }

    fn beat(&self, token: &str) -> MockResponse<SendTaskHeartbeatOutput, SendTaskHeartbeatError> {
        let fake = self.fake();
        if fake.runs.values().any(|run| run.waits_with(token)) {
            return MockResponse::Output(SendTaskHeartbeatOutput::builder().build());
        }
        MockResponse::Http(http(Fault::TimedOut))
    }

    /// The running executions; those with later names began later.
    fn list(&self, max: i32) -> MockResponse<ListExecutionsOutput, ListExecutionsError> {
        let fake = self.fake();
        if let Some(fault) = fake.read_fault {
            return MockResponse::Http(http(fault));
        }
        let running = fake.runs.iter().filter(|(_, run)| run.end.is_none());
        let mut names: Vec<&String> = running.map(|(arn, _)| arn).collect();
        names.sort_unstable_by(|one, other| other.cmp(one));
        names.truncate(usize::try_from(max).unwrap());
        let item = |arn: &&String| {
            ExecutionListItem::builder()
                .execution_arn(*arn)
                .state_machine_arn(MACHINE)
                .name("")
                .status(ExecutionStatus::Running)
                .start_date(DateTime::from_secs(1_772_442_930))
                .build()
                .unwrap()
        };
        let listed = ListExecutionsOutput::builder();
        let listed = listed.set_executions(Some(names.iter().map(item).collect()));
        MockResponse::Output(listed.build().unwrap())
    }

    pub(crate) fn client(&self) -> Client {
        let fake = self.clone();
        let beat = mock!(Client::send_task_heartbeat)
            .then_compute_response(move |request| fake.beat(request.task_token().unwrap()));
        let fake = self.clone();
        let send = mock!(Client::send_task_success).then_compute_response(move |request| {
            let (token, output) = (request.task_token().unwrap(), request.output().unwrap());
            fake.send(token, output)
        });
        let fake = self.clone();
        let list = mock!(Client::list_executions).then_compute_response(move |request| {
            assert_eq!(request.status_filter(), Some(&ExecutionStatus::Running));
            assert_eq!(request.state_machine_arn(), Some(MACHINE));
            fake.list(request.max_results().unwrap())
        });
        let fake = self.clone();
        let read = mock!(Client::get_execution_history).then_compute_response(move |request| {
            let mut fake = fake.fake();
            fake.reads += 1;
            if let Some(fault) = fake.read_fault {
                return MockResponse::Http(http(fault));
            }
            assert_eq!(request.reverse_order(), Some(true));
            match fake.runs.get(request.execution_arn().unwrap()) {
                Some(run) => MockResponse::Output(run.execution().page(request).unwrap()),
                None => MockResponse::Error(GetExecutionHistoryError::ExecutionDoesNotExist(
                    ExecutionDoesNotExist::builder().build(),
                )),
            }
        });
        mock_client!(
            aws_sdk_sfn,
            RuleMode::MatchAny,
            [&beat, &send, &list, &read],
            |config| { config.retry_config(aws_sdk_sfn::config::retry::RetryConfig::disabled()) }
        )
    }

    pub(crate) async fn answer(&self, request: &Value) -> Response {
        self.answer_with(LinkConfirmation::Required, request).await
    }

    pub(crate) async fn answer_with(
        &self,
        link_confirmation: LinkConfirmation,
        request: &Value,
    ) -> Response {
        self.answer_as(link_confirmation, DecideBy::Token, request)
            .await
    }

    /// Where an allow needs the key of the link.
    pub(crate) async fn answer_by_mail(&self, request: &Value) -> Response {
        self.answer_as(LinkConfirmation::Required, DecideBy::Mail, request)
            .await
    }

    pub(crate) async fn answer_as(
        &self,
        link_confirmation: LinkConfirmation,
        decide_by: DecideBy,
        request: &Value,
    ) -> Response {
        let settings = Settings {
            state_machine_arn: MACHINE.to_owned(),
            link_confirmation,
            decide_by,
            late_links: self.fake().late_links.clone(),
            probe_role: Some("guard-ProbeRole".to_owned()),
        };
        let payload = RawValue::from_string(request.to_string()).unwrap();
        handle(&settings, &self.client(), &payload).await
    }
}

fn http(fault: Fault) -> HttpResponse {
    let (status, code) = match fault {
        Fault::AccessDenied => (400, "AccessDeniedException"),
        Fault::InvalidToken => (400, "InvalidToken"),
        Fault::DoesNotExist => (400, "TaskDoesNotExist"),
        Fault::TimedOut => (400, "TaskTimedOut"),
        Fault::AnswerLost | Fault::Unavailable => (503, "ServiceUnavailable"),
    };
    HttpResponse::new(
        status.try_into().unwrap(),
        SdkBody::from(format!(
            r#"{{"__type":"{code}","message":"internal detail of role app-Role-1X"}}"#
        )),
    )
}
