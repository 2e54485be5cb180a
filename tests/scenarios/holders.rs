//! Principals that get a policy while the request about it is open.
//!
//! Played on a stack where an event arrives only when a scenario delivers it.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::{Owner, Scenario, Target, World, Write, actions, document, expect_parts};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![Scenario::new(
        "holders::who_joins_while_it_is_open_is_asked_about",
        joins,
    )]
}

async fn joins(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    let iam = world.emulator.iam();
    let original = document(&["s3:DeleteBucket", "s3:GetObject"]);
    let name = "holders-join";
    let target = Target::prepare(&world, Write::CreatePolicyVersion, name, original).await?;
    let (early, late) = ("holders-early", "holders-late");
    for role in [early, late] {
        Owner::Role.create(iam, role).await?;
    }
    Owner::Role.attach(iam, early, target.arn()).await?;
    target.carry_out(iam).await?;
    let record = world.records("CreatePolicyVersion", name).await?.pop();
    let incident = world.deliver(&record.context("no record")?).await?;
    let request = incident.request().await?;
    expect_parts(&request, &[early])?;
    ensure!(!request.message.contains(late), "{}", request.message);

    Owner::Role.attach(iam, late, target.arn()).await?;
    incident.answer("allow").await?;
    let again = world.mail("the second request", |mail| {
        mail.link_to("allow").is_some()
            && mail.message.contains(&incident.name())
            && mail.message.contains("attached to someone else since")
    });
    expect_parts(&again.await?, &[early, late])?;
    let in_force = target.in_force(&world).await?.context("no policy")?;
    ensure!(actions(&in_force)? == ["s3:GetObject"], "{in_force}");

    incident.answer("allow").await?;
    ensure!(incident.outcome().await? == "allowed");
    ensure!(target.in_force(&world).await? == Some(target.original.clone()));
    let report = incident.report().await?;
    expect_parts(&report, &["Who holds it now: ", early, late])?;
    Ok(())
}
