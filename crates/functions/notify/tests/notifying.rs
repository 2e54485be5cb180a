//! `notify` on a topic in memory: its e-mails, its answers, and its errors.

#![cfg(test)]

use std::sync::{Arc, Mutex};

use aws_sdk_sfn::types::HistoryEventType;
use aws_sdk_sns::Client;
use aws_sdk_sns::config::retry::RetryConfig;
use aws_sdk_sns::operation::publish::{PublishError, PublishInput, PublishOutput};
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use iam_model::{Execution, StepFunctions};
use incident::FailureName;
use incident::message::{Notified, NotifyCall, NotifyTask};
use lambda_kit::HandlerError;
use notify::{Settings, handle};
use serde_json::{Value, json};

#[path = "notifying/sweep.rs"]
mod sweep;

const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:topic";
const CHAT: &str = "arn:aws:sns:us-east-1:111122223333:chat";
const EXECUTION: &str = "arn:aws:states:us-east-1:111122223333:execution:guard:one";

fn settings() -> Settings {
    Settings {
        topic_arn: TOPIC.to_owned(),
        chat_topic_arn: None,
        api_url: "https://a1b2.execute-api.us-east-1.amazonaws.com/Prod"
            .parse()
            .unwrap(),
        link_confirmation: notice::mail::LinkConfirmation::Required,
        probe_role: Some("guard-ProbeRole".to_owned()),
    }
}

fn call(task: &str) -> NotifyCall {
    serde_json::from_value(json!({"task": task, "execution": EXECUTION, "failure": "forged"}))
        .unwrap()
}

/// What `ReportFailure` sends.
fn failure() -> Value {
    json!({
        "task": "reportFailure",
        "execution": EXECUTION,
        "failure": {"state": "TempRemove", "error": "AwsRefused", "cause": "no"}
    })
}

/// An execution that runs this state, whose function was sent `payload` and has not answered.
fn running(state: &str, payload: &Value) -> Execution {
    let mut execution = Execution::running("one").then("CountTries", json!({"verdict": {}}));
    execution = execution.then(state, json!({"verdict": {}}));
    execution.scheduled = vec![json!({"FunctionName": "notify", "Payload": payload})];
    execution.in_flight = true;
    execution
}

fn reporting() -> Execution {
    running("ReportFailure", &failure())
}

async fn invoke(
    sns: &Client,
    execution: &Execution,
    call: NotifyCall,
) -> Result<Notified, HandlerError> {
    invoke_with(&settings(), sns, execution, call).await
}

async fn invoke_with(
    settings: &Settings,
    sns: &Client,
    execution: &Execution,
    call: NotifyCall,
) -> Result<Notified, HandlerError> {
    let executions = fixtures::executions(execution);
    let sweeps = fixtures::sweeps(&StepFunctions::of([execution.clone()]));
    handle(settings, sns, &executions, &sweeps, call).await
}

/// The same of a stack with a topic for a chat.
async fn invoke_with_chat(
    sns: &Client,
    execution: &Execution,
    call: NotifyCall,
) -> Result<Notified, HandlerError> {
    let settings = Settings {
        chat_topic_arn: Some(CHAT.to_owned()),
        ..settings()
    };
    invoke_with(&settings, sns, execution, call).await
}

/// A topic that keeps each e-mail.
fn topic() -> (Client, Arc<Mutex<Vec<PublishInput>>>) {
    let published = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&published);
    let rule = mock!(Client::publish).then_compute_output(move |input: &PublishInput| {
        kept.lock().unwrap().push(input.clone());
        PublishOutput::builder().message_id("1").build()
    });
    let client = mock_client!(aws_sdk_sns, RuleMode::MatchAny, [&rule]);
    (client, published)
}

fn refusal(status: u16, code: &str) -> MockResponse<PublishOutput, PublishError> {
    MockResponse::Http(HttpResponse::new(
        status.try_into().unwrap(),
        SdkBody::from(format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
        )),
    ))
}

/// A topic that answers every mail with this error.
fn refusing(status: u16, code: &'static str) -> Client {
    let rule =
        mock!(Client::publish).then_compute_response(move |_: &PublishInput| refusal(status, code));
    mock_client!(aws_sdk_sns, RuleMode::MatchAny, [&rule], |config| {
        config.retry_config(RetryConfig::disabled())
    })
}

#[tokio::test(start_paused = true)]
async fn a_mail_goes_to_the_topic_and_the_answer_holds_no_token() {
    let (client, published) = topic();
    let notified = invoke(&client, &reporting(), call("reportFailure"))
        .await
        .unwrap();
    assert!(notified.token.is_none());
    let published = published.lock().unwrap();
    assert_eq!(published.len(), 1);
    assert_eq!(published[0].topic_arn(), Some(TOPIC));
    assert!(published[0].message().unwrap().contains(EXECUTION));
    let subject = published[0].subject().unwrap();
    assert!(subject.len() <= 100 && subject.is_ascii(), "{subject}");
}

#[tokio::test(start_paused = true)]
async fn throttling_is_transient_and_a_refusal_is_not() {
    for (status, code, name) in [
        (400, "Throttled", FailureName::Throttled),
        (503, "ServiceUnavailable", FailureName::TransientAwsError),
        (403, "AuthorizationError", FailureName::AwsRefused),
        (400, "KMSDisabled", FailureName::AwsRefused),
    ] {
        let topic = refusing(status, code);
        let error = invoke(&topic, &reporting(), call("reportFailure"))
            .await
            .unwrap_err();
        assert_eq!(error.name(), name, "{error}");
        for word in [EXECUTION, TOPIC, code] {
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}

/// Whoever may invoke the function gets no mail out of it.
#[tokio::test(start_paused = true)]
async fn only_a_task_that_runs_is_mailed() {
    let elsewhere = running("TempRemove", &failure());
    let mut answered = reporting();
    answered.in_flight = false;
    let mut redriven = reporting();
    redriven.redriven = true;
    let mut version = reporting();
    version.version = Some(format!("{}:1", fixtures::MACHINE));
    let mut ended = reporting();
    ended.end = Some((HistoryEventType::ExecutionAborted, Value::Null));
    let mut other = reporting();
    other.arn = EXECUTION.replace("guard:one", "guard:two");
    for (execution, what) in [
        (elsewhere, "another state"),
        (answered, "a task that has answered"),
        (redriven, "a redriven execution"),
        (version, "a version"),
        (ended, "an execution that was stopped"),
        (other, "an execution that does not exist"),
    ] {
        for &task in NotifyTask::ALL {
            let (client, published) = topic();
            let mut call = call("ask");
            call.task = task;
            let answer = invoke(&client, &execution, call).await;
            assert!(answer.is_err(), "{what}: {task:?}");
            assert!(published.lock().unwrap().is_empty(), "{what}: {task:?}");
        }
    }
    let (client, published) = topic();
    let foreign = EXECUTION.replace("guard:one", "other:one");
    let call = serde_json::from_value(json!({"task": "reportFailure", "execution": foreign}));
    let error = invoke(&client, &reporting(), call.unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.name(), FailureName::PayloadMalformed);
    assert!(published.lock().unwrap().is_empty());
}

/// A long history has its beginning on another page.
#[tokio::test(start_paused = true)]
async fn a_version_is_found_behind_a_long_history() {
    for (version, is_mailed) in [
        (None, true),
        (Some(format!("{}:1", fixtures::MACHINE)), false),
    ] {
        let mut execution = Execution::running("one");
        for _ in 0..20 {
            execution = execution.then("TempRemove", json!({"verdict": {}}));
        }
        execution = execution.then("ReportFailure", json!({"verdict": {}}));
        execution.scheduled = reporting().scheduled;
        execution.in_flight = true;
        execution.version = version;
        let (client, published) = topic();
        let answer = invoke(&client, &execution, call("reportFailure")).await;
        assert_eq!(answer.is_ok(), is_mailed);
        assert_eq!(published.lock().unwrap().len(), usize::from(is_mailed));
    }
}

/// The facts are those that Step Functions sent.
#[tokio::test(start_paused = true)]
async fn a_token_that_the_task_does_not_have_gets_no_mail() {
    let sent = fixtures::event_of_invocation("notify");
    let execution = running("AskUser", &sent);
    let token = sent["token"].as_str().unwrap();
    for (given, is_mailed) in [
        (Some(token), true),
        (Some("AQCE-another"), false),
        (None, false),
    ] {
        let (client, published) = topic();
        let forged = json!({"task": "ask", "execution": EXECUTION, "token": given});
        let call = serde_json::from_value(forged).unwrap();
        let answer = invoke(&client, &execution, call).await;
        assert_eq!(answer.is_ok(), is_mailed, "{given:?}");
        let published = published.lock().unwrap();
        assert_eq!(published.len(), usize::from(is_mailed));
        if is_mailed {
            let message = published[0].message().unwrap();
            assert!(message.contains("app-storage") && message.contains("/allow?token="));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_chat_gets_the_facts_after_the_mail_and_no_way_to_decide() {
    let sent = fixtures::event_of_invocation("notify");
    let token = sent["token"].as_str().unwrap();
    let execution = running("AskUser", &sent);
    let (client, published) = topic();
    let call = json!({"task": "ask", "execution": EXECUTION, "token": token});
    let call = serde_json::from_value(call).unwrap();
    let notified = invoke_with_chat(&client, &execution, call).await.unwrap();
    assert_eq!(notified.token.unwrap().expose(), token);
    let published = published.lock().unwrap();
    let [mail, chat] = published.as_slice() else {
        panic!("{published:?}");
    };
    assert_eq!(
        (mail.topic_arn(), chat.topic_arn()),
        (Some(TOPIC), Some(CHAT))
    );
    let mail = mail.message().unwrap();
    let (_, key) = mail.split_once("&key=").unwrap();
    let (key, _) = key.split_once(char::is_whitespace).unwrap();
    assert_eq!(key.len(), 22);
    let text = chat.message().unwrap();
    for secret in [token, key, "token=", "execute-api", "/Prod/"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let message: Value = serde_json::from_str(text).unwrap();
    assert_eq!(message["source"], "custom");
    let (_, name) = sent["execution"]
        .as_str()
        .unwrap()
        .rsplit_once(':')
        .unwrap();
    assert_eq!(message["metadata"]["threadId"], name);
    assert!(text.contains("app-storage"));
}

/// The administrator knows the decision, so it needs no e-mail.
#[tokio::test(start_paused = true)]
async fn a_decision_is_for_the_chat_only() {
    let mut sent = fixtures::event_of_invocation("notify");
    sent["task"] = json!("reportDecision");
    sent.as_object_mut().unwrap().remove("token");
    sent["decision"] = json!({"action": "deny", "reason": "Not needed.", "key": "a key"});
    let execution = running("ReportDecision", &sent);
    let (client, published) = topic();
    invoke_with_chat(&client, &execution, call("reportDecision"))
        .await
        .unwrap();
    {
        let published = published.lock().unwrap();
        let [chat] = published.as_slice() else {
            panic!("{published:?}");
        };
        assert_eq!(chat.topic_arn(), Some(CHAT));
        let message: Value = serde_json::from_str(chat.message().unwrap()).unwrap();
        assert_eq!(message["metadata"]["eventType"], "decision");
        let text = message.to_string();
        assert!(text.contains("Not needed.") && !text.contains("a key"));
    }
    let (client, published) = topic();
    invoke(&client, &execution, call("reportDecision"))
        .await
        .unwrap();
    assert!(published.lock().unwrap().is_empty());
}

/// Whoever has the token can send it without a page.
#[tokio::test(start_paused = true)]
async fn an_answer_of_any_form_is_told() {
    for (task, state) in [
        ("reportDecision", "ReportDecision"),
        ("reportOutcome", "ReportOutcome"),
    ] {
        let mut sent = fixtures::event_of_invocation("notify");
        sent["task"] = json!(task);
        sent.as_object_mut().unwrap().remove("token");
        sent["decision"] = json!({"action": "allow", "time": "soon", "minutes": "all"});
        sent["outcome"] = json!({"result": "allowed"});
        let execution = running(state, &sent);
        let (client, published) = topic();
        invoke_with_chat(&client, &execution, call(task))
            .await
            .unwrap();
        let published = published.lock().unwrap();
        let chat = published.last().unwrap().message().unwrap();
        assert!(chat.contains("- Decision: allow"), "{chat}");
    }
}

/// One attempt, whatever the error, and none before the mail is sent.
#[tokio::test(start_paused = true)]
async fn a_chat_that_fails_changes_nothing() {
    for (status, code) in [
        (400, "Throttled"),
        (503, "ServiceUnavailable"),
        (403, "KMSDisabled"),
    ] {
        let attempts = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&attempts);
        let of_mail = mock!(Client::publish)
            .match_requests(|input| input.topic_arn() == Some(TOPIC))
            .then_output(|| PublishOutput::builder().message_id("1").build());
        let of_chat = mock!(Client::publish)
            .match_requests(|input| input.topic_arn() == Some(CHAT))
            .then_compute_response(move |_: &PublishInput| {
                *counted.lock().unwrap() += 1;
                refusal(status, code)
            });
        let client = mock_client!(aws_sdk_sns, RuleMode::MatchAny, [&of_mail, &of_chat]);
        let notified = invoke_with_chat(&client, &reporting(), call("reportFailure")).await;
        assert!(notified.is_ok(), "{code}");
        assert_eq!(*attempts.lock().unwrap(), 1, "{code}");
    }
    let refused = refusing(403, "AuthorizationError");
    let error = invoke_with_chat(&refused, &reporting(), call("reportFailure")).await;
    assert!(error.unwrap_err().to_string().contains(TOPIC));
}

/// The facts say what an e-mail is about, and the setting whether that is the proof of life.
#[tokio::test(start_paused = true)]
async fn the_request_about_the_proof_of_life_says_so_first() {
    for (role, is_marked) in [("guard-ProbeRole", true), ("app", false)] {
        let mut sent = fixtures::event_of_invocation("notify");
        sent["change"]["subject"] = json!({
            "type": "inline", "owner": {"kind": "role", "name": role}, "name": "proof-of-life"
        });
        let execution = running("AskUser", &sent);
        let ask = json!({"task": "ask", "execution": EXECUTION, "token": sent["token"]});
        let (client, published) = topic();
        let call = serde_json::from_value(ask).unwrap();
        invoke(&client, &execution, call).await.unwrap();
        let published = published.lock().unwrap();
        let message = published[0].message().unwrap();
        let marked = message.starts_with(notice::proof_of_life::REQUEST);
        assert_eq!(marked, is_marked, "{message}");
    }
}
