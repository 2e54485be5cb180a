//! The demo of what is asked about: an AWS managed policy is attached to a user, beside another.

use anyhow::{Context as _, Result, ensure};
use local_aws::{Emulator, report};
use serde_json::Value;
use xtask::walkthrough::Answer;

use crate::decision;
use crate::local::Local;

const USER: &str = "dave";
const POLICY: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const BESIDE: &str = "arn:aws:iam::aws:policy/SecurityAudit";

/// Plays the story, and fails if the outcome is wrong.
pub(crate) async fn play(emulator: &Emulator, answer: Option<Answer>) -> Result<()> {
    let mut local = Local::deploy(emulator).await?;
    let iam = emulator.iam();
    iam.create_user().user_name(USER).send().await?;
    let attach = iam.attach_user_policy().user_name(USER).policy_arn(BESIDE);
    attach.send().await.context("cannot attach the policy")?;

    report::step(&format!("a principal attaches {POLICY} to the user {USER}"));
    let attach = iam.attach_user_policy().user_name(USER).policy_arn(POLICY);
    attach.send().await.context("cannot attach the policy")?;
    local.begin();
    let execution = local
        .execution("the attachment", |input| {
            let text = |pointer| input.pointer(pointer).and_then(Value::as_str);
            text("/detail/eventName") == Some("AttachUserPolicy")
                && text("/detail/requestParameters/policyArn") == Some(POLICY)
        })
        .await?;
    local.follow_until_entered(&execution, "AskUser").await?;
    ensure!(
        attached(emulator).await? == [BESIDE, POLICY],
        "the guard changed something before the answer"
    );
    let (answer, request) = decision::decide(&mut local, &execution, answer).await?;
    let closed = local.follow_until_closed(&execution).await?;
    local
        .next_mail("the outcome", |mail| *mail != request)
        .await?;
    let outcome = closed.output.pointer("/outcome/result");
    let outcome = outcome.and_then(Value::as_str).unwrap_or_default();
    let (expected, left) = match answer {
        Answer::Allow => ("kept", vec![BESIDE, POLICY]),
        Answer::Deny => ("takenBack", vec![BESIDE]),
    };
    ensure!(
        outcome == expected,
        "the outcome is `{outcome}`, not `{expected}`"
    );
    ensure!(
        attached(emulator).await? == left,
        "the user holds {:?}",
        attached(emulator).await?
    );
    report::step(&format!(
        "the user holds {}; deleting the user and the stack",
        left.join(" and ")
    ));
    for policy in left {
        let detach = iam.detach_user_policy().user_name(USER).policy_arn(policy);
        detach.send().await?;
    }
    iam.delete_user().user_name(USER).send().await?;
    local.finish().await
}

/// What is attached to the user.
async fn attached(emulator: &Emulator) -> Result<Vec<String>> {
    let list = emulator.iam().list_attached_user_policies();
    let attached = list.user_name(USER).send().await?.attached_policies;
    let attached = attached.unwrap_or_default().into_iter();
    Ok(attached.filter_map(|policy| policy.policy_arn).collect())
}
