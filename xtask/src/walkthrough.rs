//! The published walkthrough: its policy, its restricted action, its parameters.

use std::collections::BTreeMap;

use local_aws::stack;

/// The name of the policy that the walkthrough creates.
pub(crate) const POLICY_NAME: &str = "my-bad-policy-aws-5-mins";

/// Its document: the last action is restricted.
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
