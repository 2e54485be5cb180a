//! Roles to act as, recorded events to play, and functions to invoke.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::config::Credentials;
use local_aws::{CloudTrail, poll};
use serde_json::{Value, json};

use crate::{Incident, SOON, World};

const ANYBODY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#;

impl World {
    /// The credentials of a session `session` of a new role `role` that may do what `policy` says.
    pub async fn role_session(
        &self,
        role: &str,
        policy: &str,
        session: &str,
    ) -> Result<Credentials> {
        let iam = self.emulator.iam();
        let create = iam.create_role().role_name(role);
        let made = create.assume_role_policy_document(ANYBODY).send().await?;
        let put = iam.put_role_policy().role_name(role).policy_name("own");
        put.policy_document(policy).send().await?;
        let arn = made.role.context("no role")?.arn;
        self.emulator.assume_role(&arn, session).await
    }

    /// Puts a recorded event of IAM on the default event bus, as CloudTrail would.
    pub async fn play(&self, detail: &Value) -> Result<()> {
        self.play_of("aws.iam", detail).await
    }

    /// Puts a recorded event of another service on the default event bus, as CloudTrail would.
    pub async fn play_of(&self, source: &str, detail: &Value) -> Result<()> {
        let entry = json!({
            "Source": source,
            "DetailType": "AWS API Call via CloudTrail",
            "Detail": detail.to_string(),
        });
        let entries = json!({"Entries": [entry]});
        let answer = self
            .emulator
            .call_eventbridge("PutEvents", &entries)
            .await?;
        ensure!(
            answer.get("FailedEntryCount") == Some(&0.into()),
            "the event is refused: {answer}"
        );
        Ok(())
    }

    /// From now on an event arrives only through [`World::deliver`], and the wait for IAM takes
    /// seconds.
    pub async fn deliver_by_hand(&self) -> Result<()> {
        self.shorten_waits().await?;
        let muted = CloudTrail {
            muted: Some(true),
            ..CloudTrail::default()
        };
        self.emulator.set_cloudtrail(muted).await
    }

    /// The records of the root user's successful calls `event_name` that hold the text `mark`,
    /// oldest first, delivered or not.
    pub async fn records(&self, event_name: &str, mark: &str) -> Result<Vec<Value>> {
        let mut records = self.emulator.cloudtrail_records(0).await?;
        records.retain(|record| {
            record.get("eventName").and_then(Value::as_str) == Some(event_name)
                && record.get("errorCode").is_none()
                && record.pointer("/userIdentity/type") == Some(&"Root".into())
                && record.to_string().contains(mark)
        });
        Ok(records)
    }

    /// Delivers the record of a write, once more if it was delivered before, and answers with the
    /// incident that this starts.
    pub async fn deliver(&self, record: &Value) -> Result<Incident<'_>> {
        let text = |name: &str| record.get(name).and_then(Value::as_str);
        let event_name = text("eventName").context("no eventName")?;
        let id = text("eventID").context("no eventID")?;
        let mut before = BTreeSet::new();
        for incident in self.incidents(event_name, id).await? {
            before.insert(incident.name());
        }
        self.play(record).await?;
        poll(&format!("an execution for event {id}"), SOON, async || {
            let incidents = self.incidents(event_name, id).await?;
            let is_new = |incident: &Incident<'_>| !before.contains(&incident.name());
            Ok(incidents.into_iter().find(is_new))
        })
        .await
    }

    /// Invokes a function, by its name in the template, as a principal with no other permission,
    /// and answers with what the function answers.
    pub async fn answer(&self, function: &str, payload: &Value) -> Result<Value> {
        let resources = self.stack.resources().await?;
        let name = resources.get(function).context("no such function")?;
        self.emulator.invoke(name, payload).await
    }
}
