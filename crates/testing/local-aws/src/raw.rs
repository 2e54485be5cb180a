//! Calls of services that have no client here, as the root user. The emulator does not check the
//! root user's signature.

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::config::Credentials;
use reqwest::RequestBuilder;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::Value;

use crate::emulator::{REGION, ROOT_KEY};
use crate::{Emulator, http};

impl Emulator {
    /// Starts a session of a role, and returns its credentials.
    pub async fn assume_role(&self, role_arn: &str, session: &str) -> Result<Credentials> {
        let fields = [
            ("Action", "AssumeRole"),
            ("Version", "2011-06-15"),
            ("RoleSessionName", session),
            ("RoleArn", role_arn),
        ];
        let answer = call("sts", http::form(self.post("")?, &fields)).await?;
        // The answer is XML, and each of these elements occurs once.
        let element = |name: &str| -> Result<String> {
            let rest = answer.split_once(&format!("<{name}>"));
            let (_, rest) = rest.with_context(|| format!("no {name} in {answer}"))?;
            Ok(rest.split('<').next().unwrap_or_default().to_owned())
        };
        Ok(Credentials::new(
            element("AccessKeyId")?,
            element("SecretAccessKey")?,
            Some(element("SessionToken")?),
            None,
            "local",
        ))
    }

    /// Calls an operation of EventBridge.
    pub async fn call_eventbridge(&self, operation: &str, input: &Value) -> Result<Value> {
        let request = self
            .post("")?
            .header("x-amz-target", format!("AWSEvents.{operation}"))
            .header(CONTENT_TYPE, "application/x-amz-json-1.1")
            .body(input.to_string());
        let answer = call("events", request).await?;
        serde_json::from_str(&answer)
            .with_context(|| format!("EventBridge answers without JSON: {answer}"))
    }

    /// Invokes a Lambda function by its name. If the function fails, the answer is its error.
    pub async fn invoke(&self, function: &str, payload: &Value) -> Result<Value> {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let answer = call("lambda", self.post(&path)?.body(payload.to_string())).await?;
        serde_json::from_str(&answer)
            .with_context(|| format!("`{function}` answers without JSON: {answer}"))
    }

    fn post(&self, path: &str) -> Result<RequestBuilder> {
        Ok(http::client()?.post(format!("{}{path}", self.endpoint())))
    }
}

/// Sends a request to a service, which the emulator finds by the scope of the signature.
async fn call(service: &str, request: RequestBuilder) -> Result<String> {
    let signature = format!(
        "AWS4-HMAC-SHA256 Credential={ROOT_KEY}/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    let answer = http::send(request.header(AUTHORIZATION, signature)).await?;
    ensure!(
        answer.status == 200,
        "{service} answers {}: {}",
        answer.status,
        answer.body
    );
    Ok(answer.body)
}
