//! The sweep of a stack that only reports.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::{Scenario, World, Write};

use super::{lost, restricted};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![Scenario::new(
        "sweep::a_monitoring_stack_reports_once",
        monitored,
    )]
}

async fn monitored(_: Arc<World>) -> Result<()> {
    let parameters = [
        ("Mode", "Monitor"),
        ("NotifyOnAllowed", "false"),
        ("SweepMost", "3"),
    ];
    let world = World::start(&parameters).await?;
    let played = play(&world).await;
    world.stop().await?;
    played
}

async fn play(world: &World) -> Result<()> {
    world.deliver_by_hand().await?;
    world.settle().await?;
    let names = ["monitored-seen", "monitored-lost"].map(str::to_owned);
    let targets = lost(world, Write::CreatePolicy, &names).await?;
    let record = world.records("CreatePolicy", "monitored-seen").await?.pop();
    let seen = world.deliver(&record.context("no record")?).await?;
    ensure!(seen.outcome().await? == "monitored");
    let swept = world.sweep().await?;
    ensure!(swept.count("accounted")? == 1, "{:?}", swept.output);
    let [found] = &swept.settled(world).await?[..] else {
        anyhow::bail!("{:?}", swept.hints());
    };
    ensure!(found.outcome().await? == "monitored");
    for accounted in [1, 0] {
        let next = world.sweep().await?;
        ensure!(next.hints().is_empty(), "{:?}", next.hints());
        ensure!(next.count("accounted")? == accounted, "{:?}", next.output);
    }
    for target in &targets {
        let mails = world.mails_until_now(|mail| mail.subject.contains(&target.name));
        let mails = mails.await?;
        ensure!(mails.len() == 1, "{}: {mails:#?}", target.name);
        ensure!(target.in_force(world).await? == Some(restricted()));
    }

    let names: Vec<String> = (0..4)
        .map(|number| format!("monitored-over-{number}"))
        .collect();
    lost(world, Write::PutRolePolicy, &names).await?;
    let swept = world.sweep().await?;
    ensure!(swept.reason() == Some("overMost"), "{:?}", swept.report());
    ensure!(swept.hints().is_empty());
    Ok(())
}
