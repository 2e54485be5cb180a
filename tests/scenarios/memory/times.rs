//! An allow for a time.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::{Incident, SOON, Scenario, Target, World, Write, actions, document};
use local_aws::poll;
use serde_json::json;

use super::{contained, incidents, is_contained, mails, requests, restricted};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("memory::an_allow_for_a_time_ends", lapsed),
        Scenario::new("memory::a_changed_document_is_left_alone", changed),
    ]
}

/// A document that is allowed for a time, as the page does it.
///
/// Waits take a tenth of their time here, so the five minutes are half a minute.
async fn allowed_for_a_time<'w>(
    world: &'w World,
    write: Write,
    name: &str,
) -> Result<(Target, Incident<'w>)> {
    world.shorten_waits().await?;
    let (target, incident) = contained(world, write, name).await?;
    let (token, _) = crate::keys::shown(&incident).await?;
    let decision = json!({"action": "allow", "minutes": 5, "reason": "a test of a time"});
    let send = world.emulator.sfn().send_task_success();
    let send = send.task_token(token).output(decision.to_string());
    send.send().await.context("cannot answer")?;
    incident
        .execution
        .wait_until_entered("AllowedUntil", SOON)
        .await?;
    Ok((target, incident))
}

async fn expect_lapse(incident: &Incident<'_>) -> Result<()> {
    let closed = incident.closed_within(3 * SOON).await?;
    let result = closed.output.pointer("/outcome/result");
    ensure!(result == Some(&json!("lapsed")), "{}", closed.output);
    Ok(())
}

async fn expect_mail(world: &World, name: &str) -> Result<()> {
    let told = mails(world, name).await?.pop().context("no mail")?;
    ensure!(
        told.subject.starts_with("Allow ended: "),
        "{}",
        told.subject
    );
    Ok(())
}

async fn lapsed(world: Arc<World>) -> Result<()> {
    let name = "memory-minute";
    let write = Write::CreatePolicyVersion;
    let (target, incident) = allowed_for_a_time(&world, write, name).await?;
    let in_force = target.in_force(&world).await?.context("no policy")?;
    ensure!(actions(&in_force)?.len() == 2, "{in_force}");
    // Until then, it is allowed like any other.
    let mut known = Vec::new();
    for incident in incidents(&world, name).await? {
        known.push(incident.name());
    }
    target
        .overwrite(world.emulator.iam(), &restricted())
        .await?;
    let second = poll("the second write", SOON, async || {
        let all = incidents(&world, name).await?;
        Ok(all.into_iter().find(|it| !known.contains(&it.name())))
    })
    .await?;
    expect_lapse(&incident).await?;
    ensure!(second.outcome().await? == "allowedBefore");
    ensure!(is_contained(&world, &target).await?);
    expect_mail(&world, name).await?;
    // What lapsed is asked about again.
    target
        .overwrite(world.emulator.iam(), &restricted())
        .await?;
    poll("a new request", SOON, async || {
        Ok((requests(&mails(&world, name).await?) == 2).then_some(()))
    })
    .await?;
    ensure!(is_contained(&world, &target).await?);
    Ok(())
}

async fn changed(world: Arc<World>) -> Result<()> {
    let name = "memory-changed";
    let write = Write::PutGroupPolicy;
    let (target, incident) = allowed_for_a_time(&world, write, name).await?;
    let other = document(&["ec2:DescribeVpcs"]);
    target.overwrite(world.emulator.iam(), &other).await?;
    expect_lapse(&incident).await?;
    let in_force = target.in_force(&world).await?.context("no policy")?;
    ensure!(actions(&in_force)? == ["ec2:DescribeVpcs"], "{in_force}");
    expect_mail(&world, name).await?;
    Ok(())
}
