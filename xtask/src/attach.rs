//! The demo of a reported call: an AWS managed policy is attached to a user.

use anyhow::{Context as _, Result, ensure};
use local_aws::{Emulator, report};
use serde_json::Value;

use crate::local::Local;

const USER: &str = "dave";
const POLICY: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// Plays the story, and fails if the outcome is wrong.
pub(crate) async fn play(emulator: &Emulator) -> Result<()> {
    let mut local = Local::deploy(emulator).await?;
    let iam = emulator.iam();
    iam.create_user().user_name(USER).send().await?;

    report::step(&format!("a principal attaches {POLICY} to the user {USER}"));
    let attach = iam.attach_user_policy().user_name(USER).policy_arn(POLICY);
    attach.send().await.context("cannot attach the policy")?;
    local.begin();
    let execution = local
        .execution("the attachment", |input| {
            input.pointer("/detail/eventName").and_then(Value::as_str) == Some("AttachUserPolicy")
        })
        .await?;
    local.follow_until_closed(&execution).await?;
    let command =
        format!("aws iam detach-user-policy --user-name '{USER}' --policy-arn '{POLICY}'");
    local
        .next_mail("the report", |mail| mail.message.contains(&command))
        .await?;

    report::step("the administrator runs the command of the e-mail");
    let detach = iam.detach_user_policy().user_name(USER).policy_arn(POLICY);
    detach.send().await.context("cannot detach the policy")?;
    let left = iam.list_attached_user_policies().user_name(USER).send();
    let left = left.await?.attached_policies.unwrap_or_default();
    ensure!(left.is_empty(), "the user still holds {left:?}");
    report::step("the user holds nothing any more; deleting the user and the stack");
    iam.delete_user().user_name(USER).send().await?;
    local.finish().await
}
