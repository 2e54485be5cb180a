//! Roles to act as, and recorded events to play.

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::config::Credentials;
use serde_json::{Value, json};

use crate::World;

const ANYBODY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#;

impl World {
    /// The credentials of a session `session` of a new role `role` that may do what `policy` says.
    ///
    /// # Errors
    ///
    /// If IAM or STS refuses.
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
    ///
    /// # Errors
    ///
    /// If EventBridge does not take it.
    pub async fn play(&self, detail: &Value) -> Result<()> {
        let entry = json!({
            "Source": "aws.iam",
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
}
