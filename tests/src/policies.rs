use anyhow::{Context as _, Result};
use aws_sdk_iam::Client;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// A document with one statement that allows `actions` on everything.
#[must_use]
pub fn document(actions: &[&str]) -> String {
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [{"Sid": "Story", "Effect": "Allow", "Action": actions, "Resource": "*"}],
    });
    document.to_string()
}

/// All actions that the statements of a document name.
///
/// # Errors
///
/// Where the text is no JSON.
pub fn actions(document: &str) -> Result<Vec<String>> {
    let document: Value = serde_json::from_str(document).context("the document is no JSON")?;
    let statements = document
        .get("Statement")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let named = statements
        .iter()
        .filter_map(|statement| statement.get("Action"));
    let flat = named.flat_map(|action| {
        action
            .as_array()
            .cloned()
            .unwrap_or_else(|| vec![action.clone()])
    });
    Ok(flat
        .filter_map(|action| action.as_str().map(str::to_owned))
        .collect())
}

/// The version of a managed policy that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Default {
    /// Its identifier.
    pub version: String,
    /// Its document as plain text.
    pub document: String,
}

impl Default {
    /// Reads it as a user would.
    ///
    /// # Errors
    ///
    /// Where the policy cannot be read.
    pub async fn of(iam: &Client, arn: &str) -> Result<Self> {
        let policy = iam.get_policy().policy_arn(arn).send().await?.policy;
        let version = policy
            .and_then(|policy| policy.default_version_id)
            .context("no default version")?;
        let document = version_document(iam, arn, &version).await?;
        Ok(Self { version, document })
    }
}

pub(crate) async fn version_document(iam: &Client, arn: &str, version: &str) -> Result<String> {
    let answer = iam
        .get_policy_version()
        .policy_arn(arn)
        .version_id(version)
        .send()
        .await?;
    let encoded = answer
        .policy_version
        .and_then(|version| version.document)
        .context("no document")?;
    Ok(percent_decode_str(&encoded).decode_utf8()?.into_owned())
}
