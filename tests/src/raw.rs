//! Calls of services that have no client here, as the root user.

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::config::Credentials;
use hyper::Method;
use local::http;
use serde_json::Value;

use crate::World;

const ANYBODY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#;

impl World {
    /// The credentials of a session `session` of a new role `role` that may do what `policy` says.
    ///
    /// # Errors
    ///
    /// Where IAM or STS refuses.
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
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", "AssumeRole")
            .append_pair("Version", "2011-06-15")
            .append_pair("RoleSessionName", session)
            .append_pair("RoleArn", &arn)
            .finish();
        let form = ("content-type", "application/x-www-form-urlencoded");
        let answer = self.call("sts", &[form], body).await?;
        let part = |name: &str| -> Result<String> {
            let rest = answer.split_once(&format!("<{name}>"));
            let (_, rest) = rest.with_context(|| format!("no {name} in {answer}"))?;
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

    /// Puts a recorded event of IAM on the default event bus, as CloudTrail would.
    ///
    /// # Errors
    ///
    /// Where EventBridge does not take it.
    pub async fn play(&self, detail: &Value) -> Result<()> {
        let entry = serde_json::json!({
            "Source": "aws.iam",
            "DetailType": "AWS API Call via CloudTrail",
            "Detail": detail.to_string(),
        });
        let body = serde_json::json!({"Entries": [entry]}).to_string();
        let headers = [
            ("x-amz-target", "AWSEvents.PutEvents"),
            ("content-type", "application/x-amz-json-1.1"),
        ];
        let answer = self.call("events", &headers, body).await?;
        let answer: Value = serde_json::from_str(&answer).context("no JSON")?;
        ensure!(
            answer.get("FailedEntryCount") == Some(&0.into()),
            "the event is refused: {answer}"
        );
        Ok(())
    }

    /// The emulator does not look at the root user's signature.
    async fn call(&self, service: &str, headers: &[(&str, &str)], body: String) -> Result<String> {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/20260101/{}/{service}/aws4_request, SignedHeaders=host, Signature=0",
            local::emulator::ROOT_KEY,
            local::emulator::REGION,
        );
        let mut all = vec![("authorization", authorization.as_str())];
        all.extend(headers);
        let answer = http::send(Method::POST, &self.emulator.endpoint(), &all, body).await?;
        ensure!(
            answer.status == 200,
            "{service} answers {}: {}",
            answer.status,
            answer.body
        );
        Ok(answer.body)
    }
}
