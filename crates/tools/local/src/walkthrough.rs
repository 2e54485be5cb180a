//! The published walkthrough: its policy, its restricted action and its parameters.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use local::emulator::Emulator;
use local::stack;
use percent_encoding::percent_decode_str;

/// The name of the policy that the walkthrough creates.
pub(crate) const POLICY_NAME: &str = "my-bad-policy-aws-5-mins";

/// The document of the policy, in which the last action is restricted.
pub(crate) const POLICY_DOCUMENT: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "VisualEditor0",
      "Effect": "Allow",
      "Action": [
        "s3:GetBucketObjectLockConfiguration",
        "s3:DeleteObjectVersion",
        "s3:DeleteBucket"
      ],
      "Resource": "*"
    }
  ]
}"#;

/// The action that must not stay in force.
pub(crate) const RESTRICTED_ACTION: &str = "s3:DeleteBucket";

/// The two parameters that the walkthrough deploys with.
pub(crate) fn parameters() -> BTreeMap<String, String> {
    stack::parameters(&[
        ("EmailAddress", "security@example.com"),
        ("restrictedActions", "s3:DeleteBucket,s3:DeleteObject"),
    ])
}

/// The version of a managed policy that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InForce {
    /// The id of the version.
    pub(crate) version: String,
    /// The document of the version, as it was written.
    pub(crate) document: String,
}

/// Reads the version that is in force.
pub(crate) async fn in_force(emulator: &Emulator, policy_arn: &str) -> Result<InForce> {
    let iam = emulator.iam();
    let policy = iam
        .get_policy()
        .policy_arn(policy_arn)
        .send()
        .await
        .context("cannot read the policy")?;
    let version = policy
        .policy
        .and_then(|it| it.default_version_id)
        .context("the policy has no default version")?;
    let read = iam
        .get_policy_version()
        .policy_arn(policy_arn)
        .version_id(&version)
        .send()
        .await
        .context("cannot read the policy's default version")?;
    let encoded = read
        .policy_version
        .and_then(|it| it.document)
        .context("the version has no document")?;
    let document = percent_decode_str(&encoded)
        .decode_utf8()
        .context("the document is not UTF-8")?
        .into_owned();
    Ok(InForce { version, document })
}

/// Deletes the policy with all its versions.
pub(crate) async fn delete_policy(emulator: &Emulator, policy_arn: &str) -> Result<()> {
    let iam = emulator.iam();
    let versions = iam
        .list_policy_versions()
        .policy_arn(policy_arn)
        .send()
        .await
        .context("cannot list the versions")?;
    for version in versions.versions.unwrap_or_default() {
        if !version.is_default_version {
            iam.delete_policy_version()
                .policy_arn(policy_arn)
                .set_version_id(version.version_id)
                .send()
                .await
                .context("cannot delete a version")?;
        }
    }
    iam.delete_policy()
        .policy_arn(policy_arn)
        .send()
        .await
        .context("cannot delete the policy")?;
    Ok(())
}
