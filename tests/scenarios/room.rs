//! Inline policies that fill the quota of their owner: IAM takes no remediation, so the guard
//! deletes the policy.
//!
//! Played on a stack where an event arrives only when a scenario delivers it.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::{Owner, Scenario, Target, World, Write, document, expect_parts};
use futures_util::future::try_join_all;
use iam_policy::{Quota, quota_size};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![Scenario::new(
        "room::a_policy_is_deleted_where_the_quota_is_full",
        without_room,
    )]
}

/// Shorter than the shortest document that grants nothing.
const ALL: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// The policies that fill the quota besides it.
const FILLERS: [&str; 3] = ["network", "queues", "tables"];

async fn without_room(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    let cases = [
        (
            Write::PutUserPolicy,
            Owner::User,
            Quota::USER_INLINE,
            "allow",
        ),
        (
            Write::PutRolePolicy,
            Owner::Role,
            Quota::ROLE_INLINE,
            "deny",
        ),
        (
            Write::PutGroupPolicy,
            Owner::Group,
            Quota::GROUP_INLINE,
            "again",
        ),
    ];
    let plays = cases.map(|(write, owner, quota, end)| play(&world, write, owner, quota, end));
    try_join_all(plays).await?;
    Ok(())
}

async fn play(world: &World, write: Write, owner: Owner, quota: Quota, end: &str) -> Result<()> {
    let iam = world.emulator.iam();
    let name = format!("no-room-{end}");
    let target = Target::prepare(world, write, &name, ALL.to_owned()).await?;
    let mut left = quota.limit() - quota_size(ALL);
    for (others, filler) in FILLERS.iter().enumerate().rev() {
        let size = left / (others + 1);
        let document = of_size(size)?;
        owner.put(iam, &target.owner(), filler, &document).await?;
        left -= size;
    }
    target.carry_out(iam).await?;
    let record = world.records(write.event_name(), &name).await?.pop();
    let record = record.context("no record")?;
    let incident = world.deliver(&record).await?;
    let request = incident.request().await?;
    expect_parts(
        &request,
        &["deleted the whole policy", "quota", "writes the original"],
    )?;
    ensure!(target.in_force(world).await?.is_none(), "it is still there");
    for filler in FILLERS {
        let stays = owner.get(iam, &target.owner(), filler).await?;
        ensure!(stays.is_some(), "{filler} went too");
    }
    let states = incident.states().await?;
    let tries = states.iter().filter(|state| *state == "TempRemove").count();
    ensure!(tries > 1, "it was not in the execution first: {states:?}");

    // The same event again: the guard reports that the policy is gone, and does not ask again.
    let again = world.deliver(&record).await?;
    ensure!(again.outcome().await? == "gone");
    let report = again.report().await?.message;
    ensure!(report.contains("another e-mail says so"), "{report}");

    let newer = document(&["ec2:DescribeVpcs"]);
    let (answer, outcome, in_force) = match end {
        "allow" => ("allow", "allowed", Some(ALL)),
        "deny" => ("deny", "denied", None),
        _ => {
            owner.delete(iam, &target.owner(), FILLERS[0]).await?;
            target.overwrite(iam, &newer).await?;
            ("allow", "superseded", Some(newer.as_str()))
        }
    };
    incident.answer(answer).await?;
    ensure!(incident.outcome().await? == outcome, "{name}");
    ensure!(
        target.in_force(world).await?.as_deref() == in_force,
        "{name}"
    );
    let execution = incident.closed().await?.output;
    let kept = execution.pointer("/quarantine/original");
    ensure!(
        kept == Some(&ALL.into()),
        "not in the execution: {execution}"
    );
    Ok(())
}

/// A document without restricted grants, with so many characters.
fn of_size(size: usize) -> Result<String> {
    let short = document(&["ec2:DescribeVpcs"]);
    let more = size.checked_sub(quota_size(&short)).context("too short")?;
    Ok(short.replace("Story", &format!("Story{}", "x".repeat(more))))
}
