//! `notify` on a topic in memory: its e-mails, its answers, and its errors.

#![cfg(test)]

use std::sync::{Arc, Mutex};

use aws_sdk_sns::Client;
use aws_sdk_sns::config::retry::RetryConfig;
use aws_sdk_sns::operation::publish::{PublishInput, PublishOutput};
use aws_smithy_mocks::{MockResponse, RuleMode, mock, mock_client};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use incident::FailureName;
use incident::message::NotifyRequest;
use notify::{Settings, handle};
use serde_json::{Value, json};

const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:topic";
const EXECUTION: &str = "arn:aws:states:us-east-1:111122223333:execution:guard:one";

fn settings() -> Settings {
    Settings {
        topic_arn: TOPIC.to_owned(),
        api_url: "https://a1b2.execute-api.us-east-1.amazonaws.com/Prod"
            .parse()
            .unwrap(),
        link_confirmation: notice::mail::LinkConfirmation::Required,
    }
}

fn request(value: Value) -> NotifyRequest {
    serde_json::from_value(value).unwrap()
}

fn failure() -> NotifyRequest {
    request(json!({
        "task": "reportFailure",
        "execution": EXECUTION,
        "failure": {"state": "TempRemove", "error": "AwsRefused", "cause": "no"}
    }))
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

/// A topic that answers every mail with this error.
fn refusing(status: u16, code: &'static str) -> Client {
    let rule = mock!(Client::publish).then_compute_response(move |_: &PublishInput| {
        MockResponse::Http(HttpResponse::new(
            status.try_into().unwrap(),
            SdkBody::from(format!(
                "<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
            )),
        ))
    });
    mock_client!(aws_sdk_sns, RuleMode::MatchAny, [&rule], |config| {
        config.retry_config(RetryConfig::disabled())
    })
}

#[tokio::test]
async fn a_mail_goes_to_the_topic_and_the_answer_holds_no_token() {
    let (client, published) = topic();
    let notified = handle(&settings(), &client, failure()).await.unwrap();
    assert!(notified.token.is_none());
    let published = published.lock().unwrap();
    assert_eq!(published.len(), 1);
    assert_eq!(published[0].topic_arn(), Some(TOPIC));
    assert!(published[0].message().unwrap().contains(EXECUTION));
    let subject = published[0].subject().unwrap();
    assert!(subject.len() <= 100 && subject.is_ascii(), "{subject}");
}

#[tokio::test]
async fn throttling_is_transient_and_a_refusal_is_not() {
    for (status, code, name) in [
        (400, "Throttled", FailureName::TransientAwsError),
        (503, "ServiceUnavailable", FailureName::TransientAwsError),
        (403, "AuthorizationError", FailureName::AwsRefused),
        (400, "KMSDisabled", FailureName::AwsRefused),
    ] {
        let error = handle(&settings(), &refusing(status, code), failure())
            .await
            .unwrap_err();
        assert_eq!(error.name(), name, "{error}");
        for word in [EXECUTION, TOPIC, code] {
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}
