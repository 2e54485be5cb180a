//! What the guard asks about before it acts: an allow counts, and a deny does not.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::{Owner, SOON, Scenario, Target, World, Write, actions, document};
use local_aws::poll;

use super::{incidents, mails, requests, settled};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("memory::what_was_kept_stays_silent", kept),
        Scenario::new("memory::what_was_taken_back_is_asked_again", taken_back),
        Scenario::new("memory::an_attachment_that_was_kept_stays_silent", attached),
    ]
}

fn asked() -> String {
    document(&["s3:DeleteObject", "s3:GetObject"])
}

async fn is_in_force(world: &World, target: &Target) -> Result<bool> {
    let in_force = target.in_force(world).await?.context("no policy")?;
    Ok(actions(&in_force)?.len() == 2)
}

async fn kept(world: Arc<World>) -> Result<()> {
    world.shorten_waits().await?;
    for write in [Write::CreatePolicyVersion, Write::PutRolePolicy] {
        let name = format!("memory-kept-{}", write.event_name());
        let target = Target::prepare(&world, write, &name, asked()).await?;
        target.carry_out(world.emulator.iam()).await?;
        let incident = world.asking(&name).await?;
        let others = incidents(&world, &name).await?.len();
        let early = settled(&world, &name, others).await?;
        // While it is asked about, nothing is touched and no one is asked.
        target.overwrite(world.emulator.iam(), &asked()).await?;
        let ends = settled(&world, &name, others + 1).await?;
        let joined = |ends: &std::collections::BTreeMap<String, usize>| {
            ends.get("joined").copied().unwrap_or_default()
        };
        ensure!(joined(&ends) == joined(&early) + 1, "{ends:?}");
        ensure!(is_in_force(&world, &target).await?);
        incident.answer("allow").await?;
        // The version that is in force now is a newer one, with the same document.
        ensure!(incident.outcome().await? == "kept");
        let sent = mails(&world, &name).await?.len();
        target.overwrite(world.emulator.iam(), &asked()).await?;
        let ends = settled(&world, &name, others + 2).await?;
        ensure!(ends.get("allowedBefore") == Some(&1), "{ends:?}");
        let now = mails(&world, &name).await?;
        ensure!(now.len() == sent, "{now:#?}");
        ensure!(is_in_force(&world, &target).await?);
    }
    Ok(())
}

async fn taken_back(world: Arc<World>) -> Result<()> {
    let name = "memory-taken-back";
    let target = Target::prepare(&world, Write::PutUserPolicy, name, asked()).await?;
    for number in 1..=2 {
        target.overwrite(world.emulator.iam(), &asked()).await?;
        poll("a request", SOON, async || {
            Ok((requests(&mails(&world, name).await?) == number).then_some(()))
        })
        .await?;
        ensure!(is_in_force(&world, &target).await?);
        let incident = world.asking(name).await?;
        incident.answer("deny").await?;
        ensure!(incident.outcome().await? == "takenBack");
        ensure!(!is_in_force(&world, &target).await?);
    }
    Ok(())
}

async fn attached(world: Arc<World>) -> Result<()> {
    const POLICY: &str = "arn:aws:iam::aws:policy/IAMFullAccess";
    let (iam, name) = (world.emulator.iam(), "memory-attached");
    Owner::Role.create(iam, name).await?;
    Owner::Role.attach(iam, name, POLICY).await?;
    let incident = world.incident("AttachRolePolicy", name).await?;
    incident.request().await?;
    incident.answer("allow").await?;
    ensure!(incident.outcome().await? == "kept");
    let sent = mails(&world, name).await?.len();
    Owner::Role.detach(iam, name, POLICY).await?;
    Owner::Role.attach(iam, name, POLICY).await?;
    let again = poll("a second execution", SOON, async || {
        let all = world.incidents("AttachRolePolicy", name).await?;
        Ok(all
            .into_iter()
            .find(|it| it.execution.arn() != incident.execution.arn()))
    })
    .await?;
    ensure!(again.outcome().await? == "allowedBefore");
    ensure!(mails(&world, name).await?.len() == sent);
    ensure!(Owner::Role.attached(iam, name).await? == [POLICY]);
    Ok(())
}
