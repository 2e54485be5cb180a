//! What the tests of the emulator share.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::config::Credentials;
use aws_sdk_sqs::types::QueueAttributeName;
use hyper::Method;
use local::{Emulator, EmulatorOptions, http, poll};
use serde_json::{Value, json};

pub(crate) const SOON: Duration = Duration::from_secs(10);
pub(crate) const DOCUMENT: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}"#;
pub(crate) const EVERYTHING: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
pub(crate) const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}"#;

pub(crate) async fn emulator() -> Result<Emulator> {
    Emulator::start(EmulatorOptions::default()).await
}

/// Creates a policy as the root user and returns its ARN.
pub(crate) async fn create_policy(emulator: &Emulator, name: &str) -> Result<String> {
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

pub(crate) async fn user_credentials(emulator: &Emulator, name: &str) -> Result<Credentials> {
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

pub(crate) async fn role_credentials(emulator: &Emulator, name: &str) -> Result<Credentials> {
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

/// Calls a service that this crate has no client for, as the root user. The emulator does not check the signature.
pub(crate) async fn signed(
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

pub(crate) async fn events(emulator: &Emulator, operation: &str, body: Value) -> Result<Value> {
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
pub(crate) struct Rule {
    queue: String,
}

impl Rule {
    pub(crate) async fn put(emulator: &Emulator, pattern: Value) -> Result<Self> {
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
    pub(crate) async fn count(&self, emulator: &Emulator) -> Result<usize> {
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

    pub(crate) async fn wait_for(&self, emulator: &Emulator, wanted: usize) -> Result<()> {
        poll(&format!("{wanted} events"), SOON, async || {
            Ok((self.count(emulator).await? == wanted).then_some(()))
        })
        .await
    }

    /// Takes the next event out of the queue.
    pub(crate) async fn next(&self, emulator: &Emulator) -> Result<Value> {
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
