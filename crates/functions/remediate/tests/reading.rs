//! What is read from IAM, and what is made of an IAM that does not answer as hoped.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_sdk_iam::{Client, Config};
use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_types::body::SdkBody;
use http::Response;
use iam_policy::RestrictedActions;
use incident::ExecutionArn;
use incident::judgement::{ExemptPrincipals, Mode, Rules};
use incident::message::{
    AssessRequest, Failure, JudgeRequest, RemediateRequest, VerdictAction, VerdictResult,
};
use lambda_kit::{FailureName, HandlerError};
use policy_store::PolicyStore;
use remediate::{Answer, handle};
use serde_json::Value;

const RESTRICTED_DOCUMENT: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3ADelete%2A%22%2C%22Resource%22%3A%22%2A%22%7D%7D";

fn answer(client: Client, request: RemediateRequest) -> Result<Answer, HandlerError> {
    let rules = Rules {
        restricted: RestrictedActions::parse("s3:DeleteBucket").unwrap(),
        mode: Mode::Enforce,
        exempt: ExemptPrincipals::default(),
    };
    let store = PolicyStore::from_client(client);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(handle(&rules, &store, request))
}

fn execution() -> ExecutionArn {
    ExecutionArn::parse("arn:aws:states:us-east-1:111122223333:execution:m:e").unwrap()
}

/// The record of a `SetDefaultPolicyVersion` call, which has no document.
fn event() -> Value {
    serde_json::from_str(include_str!(
        "../../../../events/set-default-policy-version.json"
    ))
    .unwrap()
}

fn judge(waited: bool) -> RemediateRequest {
    RemediateRequest::Judge(JudgeRequest {
        execution: execution(),
        event: event(),
        waited,
    })
}

/// An IAM that gives this answer to every call.
fn iam(status: u16, body: &str) -> Client {
    let body = body.to_owned();
    let http_client = infallible_client_fn(move |_| {
        Response::builder()
            .status(status)
            .body(SdkBody::from(body.as_str()))
            .unwrap()
    });
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::for_tests())
        .region(Region::new("us-east-1"))
        .retry_config(RetryConfig::disabled())
        .http_client(http_client)
        .build();
    Client::from_conf(config)
}

fn error(status: u16, code: &str) -> Client {
    iam(
        status,
        &format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
        ),
    )
}

fn not_found() -> Client {
    error(404, "NoSuchEntity")
}

#[test]
fn a_record_without_a_document_is_judged_by_what_iam_has() {
    let client = iam(
        200,
        &format!(
            "<GetPolicyVersionResponse><GetPolicyVersionResult><PolicyVersion><Document>{RESTRICTED_DOCUMENT}</Document></PolicyVersion></GetPolicyVersionResult></GetPolicyVersionResponse>"
        ),
    );
    let Ok(Answer::Verdict(verdict)) = answer(client, judge(false)) else {
        panic!("a verdict was asked for");
    };
    assert_eq!(verdict.action, VerdictAction::Remedy);
    assert_eq!(verdict.findings.len(), 1);
    let document = verdict.document.unwrap();
    assert!(
        document.as_str().starts_with('{'),
        "decoded, so that it can be put back: {document}"
    );
}

#[test]
fn a_missing_version_is_waited_for_before_it_is_believed() {
    let error = answer(not_found(), judge(false)).unwrap_err();
    assert_eq!(error.name(), FailureName::ChangeNotVisible);
    let Ok(Answer::Verdict(verdict)) = answer(not_found(), judge(true)) else {
        panic!("a verdict was asked for");
    };
    assert_eq!(
        (verdict.action, verdict.result),
        (VerdictAction::Alert, VerdictResult::Gone)
    );
    assert!(verdict.mail.is_some(), "the administrator is told");
}

#[test]
fn throttling_is_transient_and_a_refusal_is_not() {
    for (status, code, name) in [
        (400, "Throttling", FailureName::TransientAwsError),
        (503, "ServiceUnavailable", FailureName::TransientAwsError),
        (403, "AccessDenied", FailureName::AwsRefused),
    ] {
        let error = answer(error(status, code), judge(false)).unwrap_err();
        assert_eq!(error.name(), name, "{error}");
        for word in [
            "version v3",
            "arn:aws:iam::111122223333:policy/app-storage",
            code,
        ] {
            assert!(
                error.to_string().contains(word),
                "{error} should say {word}"
            );
        }
    }
}

#[test]
fn a_failure_of_a_record_that_names_nothing_is_assessed_without_iam() {
    let request = RemediateRequest::Assess(AssessRequest {
        execution: execution(),
        event: Value::Null,
        failure: Failure {
            state: "ValidatePolicy".to_owned(),
            error: "RecordMalformed".to_owned(),
            cause: r#"{"errorType":"RecordMalformed","errorMessage":"the input is no record"}"#
                .to_owned(),
        },
    });
    let Ok(Answer::Assessment(assessment)) = answer(not_found(), request) else {
        panic!("an assessment was asked for");
    };
    assert!(
        assessment.in_force.contains("unknown"),
        "{}",
        assessment.in_force
    );
    assert!(assessment.mail.message().contains("the input is no record"));
}
