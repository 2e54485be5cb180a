//! The published walkthrough, once for every place where it plays: a policy with a restricted
//! action is contained, an administrator decides, and the decision is carried out.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use iam_policy::{RestrictedActions, judge};
use local_aws::policies::{self, InForce};
use local_aws::{Execution, stack};
use serde_json::json;

/// The name of the policy that the walkthrough creates.
pub const POLICY_NAME: &str = "my-bad-policy-aws-5-mins";

/// The document of the policy. The last action is restricted.
pub const POLICY_DOCUMENT: &str = r#"{
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

/// The restricted list that the walkthrough deploys with.
pub const RESTRICTED: &str = "s3:DeleteBucket,s3:DeleteObject";

/// The two parameters that the walkthrough deploys with.
pub fn parameters() -> BTreeMap<String, String> {
    stack::parameters(&[
        ("EmailAddress", "security@example.com"),
        ("restrictedActions", RESTRICTED),
    ])
}

/// The administrator's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Answer {
    /// The original comes back.
    Allow,
    /// The remediation stays.
    Deny,
}

impl Answer {
    pub const BOTH: [Self; 2] = [Self::Allow, Self::Deny];

    /// The name in links.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }

    /// The outcome, as the output of the execution has it.
    pub fn outcome(self) -> &'static str {
        match self {
            Self::Allow => "allowed",
            Self::Deny => "denied",
        }
    }

    /// The state that carries out the answer.
    pub fn state(self) -> &'static str {
        match self {
            Self::Allow => "Approved",
            Self::Deny => "Denied",
        }
    }
}

/// The policy that a walkthrough is about.
#[derive(Clone, Debug)]
pub struct Policy {
    pub arn: String,
    /// The document, as it was written.
    pub document: String,
}

/// A place where the walkthrough plays. The methods are called in this order.
#[expect(
    async_fn_in_trait,
    reason = "only this workspace implements it, and no caller needs a future that is `Send`"
)]
pub trait Stage {
    /// IAM, as an administrator uses it.
    fn iam(&self) -> &aws_sdk_iam::Client;

    /// Waits for the execution that the new policy starts, and until it asks for a decision.
    async fn request(&mut self, policy: &Policy) -> Result<Execution>;

    /// Gives the administrator's answer, or waits for it.
    async fn decide(&mut self, execution: &Execution, contained: &InForce) -> Result<Answer>;

    /// Waits for the end of the execution, and returns the outcome.
    async fn outcome(&mut self, execution: &Execution) -> Result<String>;
}

/// Plays the walkthrough from a policy that was just created to the outcome, and checks what is in
/// force. Returns what is in force at the end.
pub async fn play(
    stage: &mut impl Stage,
    policy: &Policy,
    restricted: &RestrictedActions,
) -> Result<(Answer, InForce)> {
    let Policy { arn, document } = policy;
    let execution = stage.request(policy).await?;
    let contained = policies::in_force(stage.iam(), arn).await?;
    let mut expected = policies::actions(document)?;
    expected.retain(|action| judge(&granting(&[action]), restricted).is_clean());
    let found = policies::actions(&contained.document)?;
    ensure!(
        found == expected && judge(&contained.document, restricted).is_clean(),
        "the policy in force grants {found:?} instead of {expected:?}"
    );
    let original = InForce {
        version: "v1".to_owned(),
        document: document.clone(),
    };
    let kept = policies::document(stage.iam(), arn, &original.version).await?;
    ensure!(
        kept == *document,
        "the original version is not kept as it was written: {kept}"
    );
    let versions = policies::versions(stage.iam(), arn).await?;
    ensure!(
        versions == [original.version.as_str(), contained.version.as_str()],
        "while the guard waits, there are the versions {versions:?}"
    );

    let answer = stage.decide(&execution, &contained).await?;
    let outcome = stage.outcome(&execution).await?;
    ensure!(
        outcome == answer.outcome(),
        "the outcome is `{outcome}`, not `{}`",
        answer.outcome()
    );
    let expected = match answer {
        Answer::Allow => original,
        Answer::Deny => contained,
    };
    let finally = policies::in_force(stage.iam(), arn).await?;
    ensure!(
        finally == expected,
        "after {}, this is in force: {finally:?}",
        answer.name()
    );
    let versions = policies::versions(stage.iam(), arn).await?;
    ensure!(
        versions == [finally.version.as_str()],
        "a version that no longer counts is left: {versions:?}"
    );
    check_states(&execution, answer).await?;
    Ok((answer, finally))
}

async fn check_states(execution: &Execution, answer: Answer) -> Result<()> {
    let entered = execution.states_entered().await?;
    let expected = "ValidatePolicy ChooseAction TempRemove AskUser UsersChoice".split(' ');
    let mut left = expected.chain([answer.state()]).peekable();
    for name in &entered {
        left.next_if(|wanted| wanted == name);
    }
    match left.next() {
        None => Ok(()),
        Some(missing) => bail!(
            "the execution did not enter `{missing}` in the expected order; it entered {entered:?}"
        ),
    }
}

/// A document for a stack with another restricted list: a harmless action, and the restricted
/// action of the walkthrough or, if the list does not name that, the first pattern of the list.
pub fn document_for(restricted: &RestrictedActions) -> Result<String> {
    const HARMLESS: &str = "s3:GetBucketObjectLockConfiguration";
    let published = granting(&[HARMLESS, "s3:DeleteBucket"]);
    if !judge(&published, restricted).is_clean() {
        return Ok(published);
    }
    let pattern = restricted.patterns().first();
    let pattern = pattern.context("the restricted list of the stack is empty")?;
    Ok(granting(&[HARMLESS, pattern.as_str()]))
}

fn granting(actions: &[&str]) -> String {
    let statement =
        json!({"Sid": "VisualEditor0", "Effect": "Allow", "Action": actions, "Resource": "*"});
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

#[cfg(test)]
mod tests {
    use super::document_for;

    #[test]
    fn the_document_fits_the_list_of_the_stack() -> anyhow::Result<()> {
        for (list, action) in [
            ("s3:DeleteBucket,s3:DeleteObject", "s3:DeleteBucket"),
            ("s3:Delete*", "s3:DeleteBucket"),
            ("iam:*,kms:Schedule*", "iam:*"),
        ] {
            let made = document_for(&list.parse()?)?;
            assert!(made.contains(&format!("\"{action}\"")), "{list}: {made}");
        }
        Ok(())
    }
}
