//! Sweeps that are stopped, run twice at once, or are redriven.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use end_to_end::faults::{Fault, Injected, Rule, Times};
use end_to_end::{SOON, Scenario, World, Write};
use local_aws::{Execution, poll};

use super::{alone, expect_contained, lost, restricted};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("sweep::one_that_is_stopped_loses_nothing", stopped),
        Scenario::new("sweep::of_two_at_once_one_waits", two),
        Scenario::new("sweep::a_redriven_one_starts_nothing", redriven),
    ]
}

/// A sweep whose survey IAM throttles, until the rule is lifted.
async fn throttled(world: &World) -> Result<(Execution, Injected)> {
    let resources = world.stack.resources().await?;
    let function = resources.get("ValidatePolicyFunction").context("none")?;
    let rule = world.faults.inject(Rule {
        caller: function.clone(),
        action: "iam:GetAccountAuthorizationDetails".to_owned(),
        marks: vec![String::new()],
        nth: 1,
        times: Times::Persistently,
        fault: Fault::Throttle,
    });
    let sweep = world.start_sweep().await?;
    poll("a page of the account", SOON, async || {
        Ok((rule.hits() > 0).then_some(()))
    })
    .await?;
    Ok((sweep, rule))
}

async fn stop(world: &World, sweep: &Execution) -> Result<()> {
    let stop = world.emulator.sfn().stop_execution();
    stop.execution_arn(sweep.arn()).send().await?;
    let closed = sweep.wait_until_closed(SOON).await?;
    ensure!(closed.status == ExecutionStatus::Aborted, "{closed:?}");
    Ok(())
}

/// Stops a sweep as soon as it enters this state; `false` if it is over by then.
async fn stop_within(world: &World, state: &str) -> Result<bool> {
    let sweep = world.start_sweep().await?;
    let entered = async {
        while !sweep.states_entered().await?.iter().any(|it| it == state) {}
        anyhow::Ok(())
    };
    tokio::time::timeout(SOON, entered).await??;
    let stop = world.emulator.sfn().stop_execution();
    if stop.execution_arn(sweep.arn()).send().await.is_err() {
        return Ok(false);
    }
    let closed = sweep.wait_until_closed(SOON).await?;
    Ok(closed.status == ExecutionStatus::Aborted)
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("{prefix}-{number}"))
        .collect()
}

async fn stopped(world: Arc<World>) -> Result<()> {
    let _alone = alone(&world).await?;
    let targets = lost(&world, Write::PutUserPolicy, &names("stopped-reading", 3)).await?;
    let (sweep, rule) = throttled(&world).await?;
    stop(&world, &sweep).await?;
    drop(rule);
    let swept = world.sweep().await?;
    ensure!(swept.count("started")? == 3, "{:?}", swept.output);
    swept.settled(&world).await?;
    for target in &targets {
        expect_contained(&world, target).await?;
    }

    // While it starts incidents, which takes it less than a second.
    let mut targets = Vec::new();
    for round in 0.. {
        ensure!(round < 5, "each sweep was faster");
        let names = names(&format!("stopped-starting-{round}"), 50);
        targets.extend(lost(&world, Write::CreatePolicy, &names).await?);
        if stop_within(&world, "StartIncidents").await? {
            break;
        }
        world.settle().await?;
    }
    world.settle().await?;
    for target in &targets {
        poll("a containment", SOON, async || {
            let in_force = target.in_force(&world).await?.unwrap_or_default();
            Ok((in_force != restricted()).then_some(()))
        })
        .await?;
        world.asking(&format!("/{}\"", target.name)).await?;
        let about = format!("/{}\n", target.name);
        let asks = |mail: &local_aws::Mail| {
            mail.message.contains(&about) && mail.link_to("allow").is_some()
        };
        let requests = world.mails_until_now(asks).await?;
        ensure!(requests.len() <= 1, "{}: {requests:#?}", target.name);
    }
    ensure!(world.sweep().await?.hints().is_empty());
    Ok(())
}

async fn two(world: Arc<World>) -> Result<()> {
    let _alone = alone(&world).await?;
    let targets = lost(&world, Write::PutGroupPolicy, &names("two-at-once", 3)).await?;
    let (first, rule) = throttled(&world).await?;
    let second = world.start_sweep().await?;
    second.wait_until_entered("WaitForOther", SOON).await?;
    rule.lift();
    let first = world.swept(first).await?;
    let second = world.swept(second).await?;
    ensure!(first.count("started")? == 3, "{:?}", first.output);
    ensure!(second.count("started")? == 0, "{:?}", second.output);
    ensure!(
        second
            .states
            .iter()
            .filter(|state| *state == "Survey")
            .count()
            >= 2,
        "{:?}",
        second.states
    );
    first.settled(&world).await?;
    for target in &targets {
        expect_contained(&world, target).await?;
    }
    Ok(())
}

async fn redriven(world: Arc<World>) -> Result<()> {
    let _alone = alone(&world).await?;
    let states = world.emulator.sfn();
    let (sweep, rule) = throttled(&world).await?;
    stop(&world, &sweep).await?;
    let targets = lost(&world, Write::PutRolePolicy, &names("redriven", 2)).await?;
    let before = world.stack.executions().await?.len();
    drop(rule);
    let redrive = states.redrive_execution().execution_arn(sweep.arn());
    redrive.send().await.context("cannot redrive")?;
    let closed = sweep.wait_until_closed(SOON).await?;
    ensure!(closed.status == ExecutionStatus::Failed, "{closed:?}");
    ensure!(world.stack.executions().await?.len() == before);
    for target in &targets {
        ensure!(target.in_force(&world).await? == Some(restricted()));
    }
    let swept = world.sweep().await?;
    ensure!(swept.count("started")? == 2, "{:?}", swept.output);
    swept.settled(&world).await?;

    // Where it has nothing to start, it succeeds, and the next one compares with another.
    let (sweep, rule) = throttled(&world).await?;
    stop(&world, &sweep).await?;
    drop(rule);
    let redrive = states.redrive_execution().execution_arn(sweep.arn());
    redrive.send().await.context("cannot redrive")?;
    let closed = sweep.wait_until_closed(SOON).await?;
    ensure!(closed.status == ExecutionStatus::Succeeded, "{closed:?}");
    let swept = world.sweep().await?;
    ensure!(swept.hints().is_empty() && swept.report().is_none());
    Ok(())
}
