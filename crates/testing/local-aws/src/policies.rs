//! Managed policies, as a user of IAM writes and reads them.

use anyhow::{Context as _, Result};
use aws_sdk_iam::Client;
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// The version of a managed policy that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    pub version: String,
    /// Its document, as it was written.
    pub document: String,
}

/// Creates a policy and returns its ARN.
pub async fn create(iam: &Client, name: &str, document: &str) -> Result<String> {
    let create = iam.create_policy().policy_name(name);
    let created = create.policy_document(document).send().await;
    let created = created.with_context(|| format!("cannot create the policy {name}"))?;
    let arn = created.policy.and_then(|policy| policy.arn);
    arn.context("the new policy has no ARN")
}

/// Reads what is in force.
pub async fn in_force(iam: &Client, arn: &str) -> Result<InForce> {
    let policy = iam.get_policy().policy_arn(arn).send().await;
    let policy = policy.context("cannot read the policy")?.policy;
    let version = policy
        .and_then(|policy| policy.default_version_id)
        .context("the policy has no default version")?;
    let document = document(iam, arn, &version).await?;
    Ok(InForce { version, document })
}

/// Reads the document of a version, in force or not.
pub async fn document(iam: &Client, arn: &str, version: &str) -> Result<String> {
    let read = iam.get_policy_version().policy_arn(arn);
    let read = read.version_id(version).send().await;
    let read = read.with_context(|| format!("cannot read version {version} of the policy"))?;
    let encoded = read.policy_version.and_then(|version| version.document);
    let encoded = encoded.context("the version has no document")?;
    let document = percent_decode_str(&encoded).decode_utf8();
    Ok(document.context("the document is not UTF-8")?.into_owned())
}

/// Lists the identifiers of all versions, in alphabetical order.
pub async fn versions(iam: &Client, arn: &str) -> Result<Vec<String>> {
    let listed = iam.list_policy_versions().policy_arn(arn).send().await;
    let listed = listed.context("cannot list the versions")?;
    let versions = listed.versions.unwrap_or_default().into_iter();
    let mut ids: Vec<_> = versions.filter_map(|it| it.version_id).collect();
    ids.sort();
    Ok(ids)
}

/// Deletes a policy with all its versions.
pub async fn delete(iam: &Client, arn: &str) -> Result<()> {
    let default = in_force(iam, arn).await?.version;
    for version in versions(iam, arn).await? {
        if version != default {
            let delete = iam.delete_policy_version().policy_arn(arn);
            let deleted = delete.version_id(version).send().await;
            deleted.context("cannot delete a version")?;
        }
    }
    let deleted = iam.delete_policy().policy_arn(arn).send().await;
    deleted.context("cannot delete the policy")?;
    Ok(())
}

/// All actions that the statements of a document name.
pub fn actions(document: &str) -> Result<Vec<String>> {
    let document: Value = serde_json::from_str(document).context("the document is not JSON")?;
    let statements = document.get("Statement").and_then(Value::as_array);
    let named = statements
        .into_iter()
        .flatten()
        .filter_map(|statement| statement.get("Action"));
    let each = named.flat_map(|action| match action {
        Value::Array(actions) => actions.as_slice(),
        action => std::slice::from_ref(action),
    });
    Ok(each
        .filter_map(|action| action.as_str().map(str::to_owned))
        .collect())
}
