//! `local demo --case attach`: somebody attaches an AWS managed policy, and the guard tells of it.

use anyhow::{Context as _, Result, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use local_aws::{Emulator, Mailbox, report};
use serde_json::Value;

use crate::demo::{MACHINE, Timeline, deploy};

const USER: &str = "dave";
const POLICY: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// Plays the story, and fails if the outcome is wrong.
pub(crate) async fn play(emulator: &Emulator) -> Result<()> {
    let stack = deploy(emulator).await?;
    let mailbox = Mailbox::open(emulator, stack.output("AlertTopicArn")?).await?;
    let iam = emulator.iam();
    iam.create_user().user_name(USER).send().await?;

    report::step(&format!("somebody attaches {POLICY} to the user {USER}"));
    let attach = iam.attach_user_policy().user_name(USER).policy_arn(POLICY);
    attach.send().await.context("cannot attach the policy")?;
    let mut timeline = Timeline::new(mailbox);
    let execution = stack
        .execution_with("the attachment", MACHINE, |input| {
            input.pointer("/detail/eventName").and_then(Value::as_str) == Some("AttachUserPolicy")
        })
        .await?;
    timeline.tell(&format!(
        "EventBridge starts the execution {}",
        execution.arn()
    ));
    let status = timeline.follow_until_closed(&execution).await?;
    ensure!(
        status == ExecutionStatus::Succeeded,
        "the execution ended as {status}, not as SUCCEEDED; see the log of the emulator: {}",
        emulator.log().display()
    );
    let command =
        format!("aws iam detach-user-policy --user-name '{USER}' --policy-arn '{POLICY}'");
    timeline
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
    stack.delete().await?;
    report::gap();
    report::step("the walkthrough succeeded");
    Ok(())
}
