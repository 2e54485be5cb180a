//! What the tests of the emulator share.

use std::time::Duration;

use anyhow::{Context as _, Result};
use aws_sdk_iam::config::Credentials;
use aws_sdk_sqs::types::QueueAttributeName;
use local_aws::{Emulator, EmulatorOptions, policies, poll};
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
    policies::create(emulator.iam(), name, DOCUMENT).await
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
    emulator.assume_role(&arn, "tester").await
}

/// A role that Step Functions can use; returns its ARN.
pub(crate) async fn machine_role(emulator: &Emulator, name: &str) -> Result<String> {
    let trust = TRUST.replace(r#"{"AWS": "*"}"#, r#"{"Service": "states.amazonaws.com"}"#);
    let create = emulator.iam().create_role().role_name(name);
    let created = create.assume_role_policy_document(trust).send().await?;
    Ok(created.role.context("no role")?.arn)
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
        let rule = json!({"Name": "rule", "EventPattern": pattern.to_string()});
        emulator.call_eventbridge("PutRule", &rule).await?;
        let target = json!({"Id": "queue", "Arn": "arn:aws:sqs:us-east-1:000000000000:events"});
        let targets = json!({"Rule": "rule", "Targets": [target]});
        emulator.call_eventbridge("PutTargets", &targets).await?;
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
