//! The launcher of the emulator: CloudTrail as it is played, and the gaps that are closed.
//!
//! Each test has an emulator of its own. `cargo test` leaves them out; `make e2e` runs them.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::config::Credentials;
use aws_sdk_sfn::error::ProvideErrorMetadata as _;
use aws_sdk_sfn::types::{ExecutionStatus, StateMachineType};
use aws_sdk_sqs::types::QueueAttributeName;
use hyper::Method;
use local::{CloudTrail, Emulator, EmulatorOptions, http, poll};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(10);
const DOCUMENT: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}"#;
const EVERYTHING: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}"#;

async fn emulator() -> Result<Emulator> {
    Emulator::start(EmulatorOptions::default()).await
}

/// Creates a policy as the root user and returns its ARN.
async fn create_policy(emulator: &Emulator, name: &str) -> Result<String> {
    let created = emulator
        .iam()
        .create_policy()
        .policy_name(name)
        .policy_document(DOCUMENT)
        .send()
        .await?;
    created
        .policy
        .and_then(|policy| policy.arn)
        .context("no ARN")
}

async fn user_credentials(emulator: &Emulator, name: &str) -> Result<Credentials> {
    let iam = emulator.iam();
    iam.create_user()
        .user_name(name)
        .path("/team/")
        .send()
        .await?;
    let key = iam
        .create_access_key()
        .user_name(name)
        .send()
        .await?
        .access_key
        .context("no key")?;
    Ok(Credentials::new(
        key.access_key_id,
        key.secret_access_key,
        None,
        None,
        "test",
    ))
}

async fn role_credentials(emulator: &Emulator, name: &str) -> Result<Credentials> {
    let iam = emulator.iam();
    let role = iam
        .create_role()
        .role_name(name)
        .path("/own/")
        .assume_role_policy_document(TRUST)
        .send()
        .await?;
    iam.put_role_policy()
        .role_name(name)
        .policy_name("all")
        .policy_document(EVERYTHING)
        .send()
        .await?;
    let arn = role.role.context("no role")?.arn;
    let form = [
        ("Action", "AssumeRole"),
        ("Version", "2011-06-15"),
        ("RoleSessionName", "tester"),
        ("RoleArn", &arn),
    ];
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let answer = signed(
        emulator,
        "sts",
        &[("content-type", "application/x-www-form-urlencoded")],
        body,
    )
    .await?;
    let part = |name: &str| -> Result<String> {
        let (_, rest) = answer
            .split_once(&format!("<{name}>"))
            .with_context(|| format!("no {name} in {answer}"))?;
        Ok(rest.split('<').next().unwrap_or_default().to_owned())
    };
    Ok(Credentials::new(
        part("AccessKeyId")?,
        part("SecretAccessKey")?,
        Some(part("SessionToken")?),
        None,
        "test",
    ))
}

/// A call of a service that this crate has no client for, as the root user, whose signature is not looked at.
async fn signed(
    emulator: &Emulator,
    service: &str,
    headers: &[(&str, &str)],
    body: String,
) -> Result<String> {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    let mut all = vec![("authorization", authorization.as_str())];
    all.extend(headers);
    let answer = http::send(Method::POST, &emulator.endpoint(), &all, body).await?;
    ensure!(
        answer.status == 200,
        "{service} answers {}: {}",
        answer.status,
        answer.body
    );
    Ok(answer.body)
}

async fn events(emulator: &Emulator, operation: &str, body: Value) -> Result<Value> {
    let target = format!("AWSEvents.{operation}");
    let headers = [
        ("x-amz-target", target.as_str()),
        ("content-type", "application/x-amz-json-1.1"),
    ];
    Ok(serde_json::from_str(
        &signed(emulator, "events", &headers, body.to_string()).await?,
    )?)
}

/// A rule with a queue as its target.
struct Rule {
    queue: String,
}

impl Rule {
    async fn put(emulator: &Emulator, pattern: Value) -> Result<Self> {
        let sqs = &emulator.clients().sqs;
        let queue = sqs
            .create_queue()
            .queue_name("events")
            .send()
            .await?
            .queue_url
            .context("no queue")?;
        events(
            emulator,
            "PutRule",
            json!({"Name": "rule", "EventPattern": pattern.to_string()}),
        )
        .await?;
        let target = json!({"Id": "queue", "Arn": "arn:aws:sqs:us-east-1:000000000000:events"});
        events(
            emulator,
            "PutTargets",
            json!({"Rule": "rule", "Targets": [target]}),
        )
        .await?;
        Ok(Self { queue })
    }

    /// How many events wait in the queue.
    async fn count(&self, emulator: &Emulator) -> Result<usize> {
        let attributes = emulator
            .clients()
            .sqs
            .get_queue_attributes()
            .queue_url(&self.queue)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
            .send()
            .await?
            .attributes
            .unwrap_or_default();
        let number = attributes
            .get(&QueueAttributeName::ApproximateNumberOfMessages)
            .context("no number")?;
        Ok(number.parse()?)
    }

    async fn wait_for(&self, emulator: &Emulator, wanted: usize) -> Result<()> {
        poll(&format!("{wanted} events"), SOON, async || {
            Ok((self.count(emulator).await? == wanted).then_some(()))
        })
        .await
    }

    /// Takes the next event out of the queue.
    async fn next(&self, emulator: &Emulator) -> Result<Value> {
        let sqs = &emulator.clients().sqs;
        poll("an event", SOON, async || {
            let received = sqs
                .receive_message()
                .queue_url(&self.queue)
                .send()
                .await?
                .messages
                .unwrap_or_default();
            let Some(message) = received.into_iter().next() else {
                return Ok(None);
            };
            let handle = message.receipt_handle.context("no handle")?;
            sqs.delete_message()
                .queue_url(&self.queue)
                .receipt_handle(handle)
                .send()
                .await?;
            Ok(Some(serde_json::from_str(
                &message.body.context("no body")?,
            )?))
        })
        .await
    }
}

#[tokio::test]
async fn a_write_becomes_an_event_in_cloudtrails_shape() -> Result<()> {
    let emulator = emulator().await?;
    let rule = Rule::put(&emulator, json!({"source": ["aws.iam"]})).await?;
    let arn = create_policy(&emulator, "shape").await?;
    let event = rule.next(&emulator).await?;
    let expected = [
        ("/detail-type", json!("AWS API Call via CloudTrail")),
        ("/region", json!("us-east-1")),
        ("/resources", json!([])),
        ("/detail/eventSource", json!("iam.amazonaws.com")),
        ("/detail/eventName", json!("CreatePolicy")),
        (
            "/detail/requestParameters",
            json!({"policyName": "shape", "policyDocument": DOCUMENT}),
        ),
        ("/detail/responseElements/policy/arn", json!(arn)),
        (
            "/detail/responseElements/policy/defaultVersionId",
            json!("v1"),
        ),
        ("/detail/responseElements/policy/isAttachable", json!(true)),
        ("/detail/userIdentity/type", json!("Root")),
        (
            "/detail/userIdentity/sessionContext/sessionIssuer",
            json!({}),
        ),
        ("/detail/sourceIPAddress", json!("127.0.0.1")),
        ("/detail/readOnly", json!(false)),
        ("/detail/managementEvent", json!(true)),
    ];
    for (path, value) in expected {
        assert_eq!(event.pointer(path), Some(&value), "{path}");
    }
    assert_eq!(event.pointer("/detail/errorCode"), None);
    assert_eq!(event.pointer("/detail/responseElements/policy/tags"), None);
    emulator.stop().await
}

#[tokio::test]
async fn records_name_who_called_and_what_failed() -> Result<()> {
    let emulator = emulator().await?;
    let user = emulator.clients_of(user_credentials(&emulator, "alice").await?);
    let role = emulator.clients_of(role_credentials(&emulator, "writer").await?);
    let before = emulator.cloudtrail_records(0).await?.len();

    assert!(
        user.iam
            .create_policy()
            .policy_name("p")
            .policy_document(DOCUMENT)
            .send()
            .await
            .is_err()
    );
    role.iam
        .create_policy()
        .policy_name("p")
        .policy_document(DOCUMENT)
        .send()
        .await?;
    assert!(
        role.iam
            .create_policy()
            .policy_name("p")
            .policy_document(DOCUMENT)
            .send()
            .await
            .is_err()
    );
    assert!(
        role.iam
            .create_policy()
            .policy_name("q")
            .policy_document("{")
            .send()
            .await
            .is_err()
    );
    role.iam.list_policies().send().await?;
    let padded = DOCUMENT.to_owned() + &" ".repeat(120_000);
    role.iam
        .create_policy()
        .policy_name("padded")
        .policy_document(padded)
        .send()
        .await?;

    let records = emulator.cloudtrail_records(before).await?;
    let seen: Vec<_> = records
        .iter()
        .map(|record| {
            let text = |path: &str| {
                record
                    .pointer(path)
                    .and_then(Value::as_str)
                    .unwrap_or("-")
                    .to_owned()
            };
            (
                text("/userIdentity/arn"),
                text("/userIdentity/sessionContext/sessionIssuer/arn"),
                text("/errorCode"),
                text("/requestParameters/policyName"),
                record
                    .pointer("/requestParameters/omitted")
                    .and_then(Value::as_bool)
                    .unwrap_or_default(),
                record.pointer("/responseElements/policy/arn").is_some(),
            )
        })
        .collect();
    let by_user = ("arn:aws:iam::000000000000:user/team/alice", "-");
    let by_role = (
        "arn:aws:sts::000000000000:assumed-role/writer/tester",
        "arn:aws:iam::000000000000:role/own/writer",
    );
    let expected = [
        // Refused before IAM looked at the request, which is therefore not there.
        (by_user, "AccessDenied", "-", false, false),
        (by_role, "-", "p", false, true),
        (by_role, "EntityAlreadyExistsException", "p", false, false),
        (
            by_role,
            "MalformedPolicyDocumentException",
            "q",
            false,
            false,
        ),
        (by_role, "-", "-", true, true),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|((arn, issuer), error, name, omitted, answered)| {
            (
                arn.to_owned(),
                issuer.to_owned(),
                error.to_owned(),
                name.to_owned(),
                omitted,
                answered,
            )
        })
        .collect();
    assert_eq!(seen, expected);

    let calls = emulator.calls(0).await?;
    let listed = calls
        .iter()
        .find(|call| call.action == "iam:ListPolicies")
        .context("the read is not in the list")?;
    assert_eq!(
        listed.role.as_deref(),
        Some("arn:aws:iam::000000000000:role/own/writer")
    );
    emulator.stop().await
}

#[tokio::test]
async fn the_rule_sees_everybody_but_the_roles_it_leaves_out() -> Result<()> {
    let emulator = emulator().await?;
    let user = emulator.clients_of(user_credentials(&emulator, "alice").await?);
    let own = emulator.clients_of(role_credentials(&emulator, "guard").await?);
    let other = emulator.clients_of(role_credentials(&emulator, "other").await?);
    emulator
        .iam()
        .put_user_policy()
        .user_name("alice")
        .policy_name("all")
        .policy_document(EVERYTHING)
        .send()
        .await?;
    let left_out = json!([{"exists": false}, {"anything-but": ["arn:aws:iam::000000000000:role/own/guard", "arn:x"]}]);
    let pattern = json!({
        "source": ["aws.iam"],
        "detail": {
            "eventName": ["CreatePolicy"],
            "errorCode": [{"exists": false}],
            "userIdentity": {"sessionContext": {"sessionIssuer": {"arn": left_out}}},
        },
    });
    let rule = Rule::put(&emulator, pattern).await?;
    let cases = [
        ("root", emulator.clients(), DOCUMENT, true),
        ("a user", &user, DOCUMENT, true),
        ("another role", &other, DOCUMENT, true),
        ("the role left out", &own, DOCUMENT, false),
        ("a failed call", emulator.clients(), "{", false),
    ];
    let mut expected = 0;
    for (index, (who, clients, document, is_seen)) in cases.into_iter().enumerate() {
        let create = clients
            .iam
            .create_policy()
            .policy_name(format!("p{index}"))
            .policy_document(document);
        assert_eq!(create.send().await.is_ok(), document == DOCUMENT, "{who}");
        expected += usize::from(is_seen);
        rule.wait_for(&emulator, expected)
            .await
            .with_context(|| format!("after {who}"))?;
    }
    emulator.stop().await
}

#[tokio::test]
async fn deliveries_can_be_muted_and_doubled() -> Result<()> {
    let emulator = emulator().await?;
    let rule = Rule::put(&emulator, json!({"source": ["aws.iam"]})).await?;
    emulator
        .set_cloudtrail(CloudTrail {
            muted: Some(true),
            ..CloudTrail::default()
        })
        .await?;
    create_policy(&emulator, "muted").await?;
    emulator
        .set_cloudtrail(CloudTrail {
            muted: Some(false),
            copies: Some(2),
            ..CloudTrail::default()
        })
        .await?;
    create_policy(&emulator, "doubled").await?;
    rule.wait_for(&emulator, 2).await?;
    assert_eq!(emulator.cloudtrail_records(0).await?.len(), 2);
    for _ in 0..2 {
        let event = rule.next(&emulator).await?;
        assert_eq!(
            event.pointer("/detail/requestParameters/policyName"),
            Some(&json!("doubled"))
        );
    }
    emulator.stop().await
}

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

/// Starts a machine of one callback task with these members; returns the execution's ARN.
async fn start_callback(emulator: &Emulator, resource: &str, parameters: Value) -> Result<String> {
    let trust = TRUST.replace(r#"{"AWS": "*"}"#, r#"{"Service": "states.amazonaws.com"}"#);
    let role = emulator
        .iam()
        .create_role()
        .role_name("machine")
        .assume_role_policy_document(trust)
        .send()
        .await?;
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
        .role_arn(role.role.context("no role")?.arn)
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
    let ended = poll("the end of the execution", SOON, async || {
        let described = emulator
            .sfn()
            .describe_execution()
            .execution_arn(&arn)
            .send()
            .await?;
        Ok((described.status != ExecutionStatus::Running).then_some(described))
    })
    .await?;
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

    // Well formed, but given to nobody.
    let another = format!("{}AAAAAAA=", token.split_at(token.len() - 8).0);
    let answers = [
        ("mangled", "x", "{}", Some("InvalidToken")),
        ("of nobody", &another, "{}", Some("TaskDoesNotExist")),
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

#[tokio::test]
async fn nothing_is_left_after_the_end() -> Result<()> {
    let emulator = emulator().await?;
    let port = emulator.port();
    let run_dir = local::workspace::local(format!("run/{port}"));
    assert!(run_dir.exists());
    drop(emulator);
    assert!(!run_dir.exists());
    assert!(local::emulator::is_free(port));
    Ok(())
}
