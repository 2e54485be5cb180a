//! Calls of services that have no client here, as the root user: the emulator does not look at the root user's signature.

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::config::Credentials;
use hyper::Method;
use serde_json::Value;

use crate::emulator::{REGION, ROOT_KEY};
use crate::{Emulator, http};

impl Emulator {
    /// Starts a session of a role, and returns its credentials.
    ///
    /// # Errors
    ///
    /// If STS refuses.
    pub async fn assume_role(&self, role_arn: &str, session: &str) -> Result<Credentials> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", "AssumeRole")
            .append_pair("Version", "2011-06-15")
            .append_pair("RoleSessionName", session)
            .append_pair("RoleArn", role_arn)
            .finish();
        let form = ("content-type", "application/x-www-form-urlencoded");
        let answer = self.call_as_root("sts", &[form], body).await?;
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
            "local",
        ))
    }

    /// Calls an operation of EventBridge.
    ///
    /// # Errors
    ///
    /// If EventBridge refuses.
    pub async fn call_eventbridge(&self, operation: &str, input: &Value) -> Result<Value> {
        let target = format!("AWSEvents.{operation}");
        let headers = [
            ("x-amz-target", target.as_str()),
            ("content-type", "application/x-amz-json-1.1"),
        ];
        let answer = self
            .call_as_root("events", &headers, input.to_string())
            .await?;
        serde_json::from_str(&answer)
            .with_context(|| format!("EventBridge answers without JSON: {answer}"))
    }

    /// Invokes a Lambda function by its name. The answer is its error where it failed.
    ///
    /// # Errors
    ///
    /// When Lambda refuses.
    pub async fn invoke(&self, function: &str, payload: &Value) -> Result<Value> {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let answer = self
            .send_as_root("lambda", &path, &[], payload.to_string())
            .await?;
        serde_json::from_str(&answer)
            .with_context(|| format!("`{function}` answers without JSON: {answer}"))
    }

    async fn call_as_root(
        &self,
        service: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<String> {
        self.send_as_root(service, "", headers, body).await
    }

    async fn send_as_root(
        &self,
        service: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<String> {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={ROOT_KEY}/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        let mut all = vec![("authorization", authorization.as_str())];
        all.extend(headers);
        let url = format!("{}{path}", self.endpoint());
        let answer = http::send(Method::POST, &url, &all, body).await?;
        ensure!(
            answer.status == 200,
            "{service} answers {}: {}",
            answer.status,
            answer.body
        );
        Ok(answer.body)
    }
}
