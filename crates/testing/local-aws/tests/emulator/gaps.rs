//! Tests of the gaps between MiniStack and AWS that the launcher closes.

use anyhow::{Context as _, Result};
use aws_sdk_sfn::error::ProvideErrorMetadata as _;
use aws_sdk_sfn::types::StateMachineType;
use local_aws::{Emulator, Execution, poll};
use serde_json::{Value, json};

use crate::support::{DOCUMENT, SOON, create_policy, emulator, machine_role};

#[tokio::test]
async fn default_versions_can_be_set_and_version_ids_do_not_come_back() -> Result<()> {
    let emulator = emulator().await?;
    let iam = emulator.iam();
    let arn = create_policy(&emulator, "versions").await?;
    let create = async |is_default: bool| -> Result<String> {
        let create = iam
            .create_policy_version()
            .policy_arn(&arn)
            .policy_document(DOCUMENT)
            .set_as_default(is_default);
        create
            .send()
            .await?
            .policy_version
            .and_then(|version| version.version_id)
            .context("no version")
    };
    assert_eq!(create(true).await?, "v2");
    iam.set_default_policy_version()
        .policy_arn(&arn)
        .version_id("v1")
        .send()
        .await?;
    let policy = iam
        .get_policy()
        .policy_arn(&arn)
        .send()
        .await?
        .policy
        .context("no policy")?;
    assert_eq!(policy.default_version_id.as_deref(), Some("v1"));
    let unknown = iam
        .set_default_policy_version()
        .policy_arn(&arn)
        .version_id("v9")
        .send()
        .await;
    assert!(unknown.is_err_and(|error| error.into_service_error().is_no_such_entity_exception()));

    iam.delete_policy_version()
        .policy_arn(&arn)
        .version_id("v2")
        .send()
        .await?;
    assert_eq!(create(false).await?, "v3");
    let listed = iam
        .list_policy_versions()
        .policy_arn(&arn)
        .send()
        .await?
        .versions
        .unwrap_or_default();
    let mut ids: Vec<_> = listed
        .into_iter()
        .filter_map(|version| version.version_id)
        .collect();
    ids.sort();
    assert_eq!(ids, ["v1", "v3"]);
    emulator.stop().await
}

/// A document with so many characters that count, and white space that does not.
fn of_size(size: usize) -> String {
    let sid = "x".repeat(size - DOCUMENT.replace(' ', "").len() - r#""Sid":"","#.len());
    DOCUMENT.replace(r#"[{"#, &format!("[ {{\n\"Sid\":\"{sid}\", "))
}

#[tokio::test]
async fn quotas_are_in_characters_and_shared_by_the_inline_policies_of_one_owner() -> Result<()> {
    let emulator = emulator().await?;
    let iam = emulator.iam();
    let create = async |name: &str, size| {
        let create = iam.create_policy().policy_name(name);
        let sent = create.policy_document(of_size(size)).send().await;
        sent.err()
            .and_then(|error| error.into_service_error().code().map(str::to_owned))
    };
    assert_eq!(create("long", 6_144).await, None);
    let refused = create("too-long", 6_145).await;
    assert_eq!(refused.as_deref(), Some("LimitExceeded"));

    iam.create_user().user_name("app").send().await?;
    let put = async |name: &str, size| {
        let put = iam.put_user_policy().user_name("app").policy_name(name);
        let sent = put.policy_document(of_size(size)).send().await;
        sent.err().map(|error| {
            let error = error.into_service_error();
            (error.code().map(str::to_owned), error.to_string())
        })
    };
    assert_eq!(put("one", 1_000).await, None);
    let (code, message) = put("two", 1_049).await.context("it was not refused")?;
    assert_eq!(code.as_deref(), Some("LimitExceeded"));
    assert!(
        message.contains("Maximum policy size of 2048 bytes exceeded for user app"),
        "{message}"
    );
    assert_eq!(put("two", 1_048).await, None);
    assert_eq!(put("one", 1_000).await, None, "it takes its own place");
    assert!(put("one", 1_001).await.is_some());
    emulator.stop().await
}

/// Starts a state machine with one callback task of these members, and returns the ARN of the
/// execution.
async fn start_callback(emulator: &Emulator, resource: &str, parameters: Value) -> Result<String> {
    let role = machine_role(emulator, "machine").await?;
    let definition = json!({
        "StartAt": "Ask",
        "States": {
            "Ask": {
                "Type": "Task",
                "Resource": format!("arn:aws:states:::{resource}.waitForTaskToken"),
                "Parameters": parameters,
                "TimeoutSeconds": 300,
                "End": true,
            },
        },
    });
    let sfn = emulator.sfn();
    let machine = sfn
        .create_state_machine()
        .name("callback")
        .definition(definition.to_string())
        .role_arn(role)
        .r#type(StateMachineType::Standard)
        .send()
        .await?
        .state_machine_arn;
    Ok(sfn
        .start_execution()
        .state_machine_arn(machine)
        .send()
        .await?
        .execution_arn)
}

#[tokio::test]
async fn a_callback_task_fails_with_its_function() -> Result<()> {
    let emulator = emulator().await?;
    let parameters = json!({"FunctionName": "missing", "Payload": {"token.$": "$$.Task.Token"}});
    let arn = start_callback(&emulator, "lambda:invoke", parameters).await?;
    let execution = Execution::new(emulator.sfn().clone(), arn);
    let ended = execution.wait_until_closed(SOON).await?;
    assert_eq!(
        ended.error.as_deref(),
        Some("Lambda.ResourceNotFoundException")
    );
    emulator.stop().await
}

#[tokio::test]
async fn a_token_is_taken_once_and_refused_by_name() -> Result<()> {
    let emulator = emulator().await?;
    let sqs = &emulator.clients().sqs;
    let queue = sqs
        .create_queue()
        .queue_name("tokens")
        .send()
        .await?
        .queue_url
        .context("no queue")?;
    let parameters = json!({"QueueUrl": queue, "MessageBody": {"token.$": "$$.Task.Token"}});
    start_callback(&emulator, "sqs:sendMessage", parameters).await?;
    let message = poll("the token", SOON, async || {
        Ok(sqs
            .receive_message()
            .queue_url(&queue)
            .send()
            .await?
            .messages
            .unwrap_or_default()
            .pop())
    })
    .await?;
    let body: Value = serde_json::from_str(&message.body.context("no body")?)?;
    let token = body
        .get("token")
        .and_then(Value::as_str)
        .context("no token")?;
    assert_eq!(token.len(), 668);

    // This token is well formed, but no task has it.
    let another = format!("{}AAAAAAA=", token.split_at(token.len() - 8).0);
    let answers = [
        ("mangled", "x", "{}", Some("InvalidToken")),
        ("of no task", &another, "{}", Some("TaskDoesNotExist")),
        (
            "with an answer that is not JSON",
            token,
            "yes",
            Some("InvalidOutput"),
        ),
        ("right", token, "{}", None),
        ("used", token, "{}", Some("TaskTimedOut")),
    ];
    for (what, token, output, error) in answers {
        let sent = emulator
            .sfn()
            .send_task_success()
            .task_token(token)
            .output(output)
            .send()
            .await;
        let code = sent
            .err()
            .and_then(|error| error.into_service_error().code().map(str::to_owned));
        assert_eq!(code.as_deref(), error, "a token that is {what}");
    }
    emulator.stop().await
}
