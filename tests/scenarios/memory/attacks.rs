//! What whoever may start, stop and repeat executions gains: nothing is allowed.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_sfn::error::ProvideErrorMetadata as _;
use end_to_end::{SOON, Scenario, Target, World, Write, document};
use local_aws::poll;
use serde_json::{Value, json};

use super::{contained, ends, incidents, is_contained, mails, requests, restricted};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("memory::a_stopped_incident_is_asked_again", stopped),
        Scenario::new("memory::forged_and_squatted_claims_allow_nothing", forged),
        Scenario::new("memory::a_forgotten_decision_is_asked_again", forgotten),
        Scenario::new("memory::no_other_claim_counts_after_a_deny", outlasted),
    ]
}

pub(super) fn by_hand() -> Vec<Scenario> {
    vec![Scenario::new(
        "memory::who_remediates_his_own_grant_is_reported",
        remediated,
    )]
}

/// Starts a claim; `false` where the name is taken.
async fn claim(world: &World, name: &str, input: &Value) -> Result<bool> {
    let incidents = world.stack.output("StateMachineArn")?;
    let stack = incidents
        .strip_suffix("-incidents")
        .context("another name")?;
    let start = world.emulator.sfn().start_execution();
    let start = start.state_machine_arn(format!("{stack}-claims"));
    match start.name(name).input(input.to_string()).send().await {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ExecutionAlreadyExists") => Ok(false),
        Err(error) => Err(error).context("cannot start a claim"),
    }
}

/// The claim that an execution names.
async fn claim_of(execution: &local_aws::Execution) -> Result<String> {
    for event in execution.history().await?.into_iter().rev() {
        let Some(entered) = event.state_entered_event_details else {
            continue;
        };
        let data: Value = serde_json::from_str(&entered.input.unwrap_or_default())?;
        for place in [
            "/quarantine/claim",
            "/proposal/claim",
            "/verdict/memory/claim",
        ] {
            if let Some(claim) = data.pointer(place).and_then(Value::as_str) {
                return Ok(claim.to_owned());
            }
        }
    }
    anyhow::bail!("no claim in {}", execution.arn())
}

fn generation(claim: &str, number: usize) -> Result<String> {
    let (key, _) = claim.rsplit_once('-').context("not a claim")?;
    Ok(format!("{key}-{number}"))
}

async fn expect_request(world: &World, name: &str, number: usize) -> Result<()> {
    poll(
        &format!("request {number} about {name}"),
        SOON,
        async || Ok((requests(&mails(world, name).await?) == number).then_some(())),
    )
    .await
}

/// An incident that someone stops asks no one, so the next write asks.
async fn stopped(world: Arc<World>) -> Result<()> {
    let (write, name) = (Write::PutRolePolicy, "memory-stopped");
    let (target, incident) = contained(&world, write, name).await?;
    let stop = world.emulator.sfn().stop_execution();
    stop.execution_arn(incident.execution.arn()).send().await?;
    target
        .overwrite(world.emulator.iam(), &restricted())
        .await?;
    expect_request(&world, name, 2).await?;
    ensure!(is_contained(&world, &target).await?);
    Ok(())
}

/// Claims that name an allowed incident of another policy, or nothing.
async fn forged(world: Arc<World>) -> Result<()> {
    let write = Write::CreatePolicyVersion;
    let (_, good) = contained(&world, write, "memory-was-allowed").await?;
    good.answer("allow").await?;
    ensure!(good.outcome().await? == "allowed");

    let name = "memory-forged";
    let (target, incident) = contained(&world, write, name).await?;
    let own = claim_of(&incident.execution).await?;
    incident.answer("deny").await?;
    ensure!(incident.outcome().await? == "denied");
    // No other execution about it is on its way any more.
    ends(&world, name).await?;
    // The next names: an allowed incident, an execution that does not exist, rubbish.
    let arn = good.execution.arn();
    for (number, input) in [
        (2, json!({"incident": arn})),
        (3, json!({"incident": format!("{arn}-not-there")})),
        (4, json!(["rubbish"])),
    ] {
        ensure!(claim(&world, &generation(&own, number)?, &input).await?);
    }
    target
        .overwrite(world.emulator.iam(), &restricted())
        .await?;
    // What was denied is forgotten, and what was allowed elsewhere allows nothing.
    expect_request(&world, name, 2).await?;
    ensure!(is_contained(&world, &target).await?);
    let newest = incidents(&world, name).await?;
    let mut claims = Vec::new();
    for incident in newest {
        if let Ok(claim) = claim_of(&incident.execution).await {
            claims.push(claim);
        }
    }
    ensure!(claims.contains(&generation(&own, 5)?), "{claims:?}");

    // All names are taken: the guard asks each time, and remembers nothing.
    for number in 6..=9 {
        claim(&world, &generation(&own, number)?, &json!({})).await?;
    }
    target
        .overwrite(world.emulator.iam(), &restricted())
        .await?;
    expect_request(&world, name, 3).await?;
    ensure!(is_contained(&world, &target).await?);
    Ok(())
}

/// Whoever starts the next claim makes the guard ask again. That is the way to forget.
async fn forgotten(world: Arc<World>) -> Result<()> {
    let (write, name) = (Write::PutUserPolicy, "memory-forgotten");
    let (target, incident) = contained(&world, write, name).await?;
    incident.answer("allow").await?;
    ensure!(incident.outcome().await? == "allowed");
    let own = claim_of(&incident.execution).await?;
    ensure!(claim(&world, &generation(&own, 2)?, &json!({})).await?);
    target
        .overwrite(world.emulator.iam(), &restricted())
        .await?;
    expect_request(&world, name, 2).await?;
    ensure!(is_contained(&world, &target).await?);
    Ok(())
}

/// Someone starts a claim while an administrator thinks. The deny takes the place of that claim.
async fn outlasted(world: Arc<World>) -> Result<()> {
    let (write, name) = (Write::PutGroupPolicy, "memory-outlasted");
    let (target, incident) = contained(&world, write, name).await?;
    let own = claim_of(&incident.execution).await?;
    ensure!(claim(&world, &generation(&own, 2)?, &json!({})).await?);
    incident.answer("deny").await?;
    ensure!(incident.outcome().await? == "denied");
    let is_free = claim(&world, &generation(&own, 3)?, &json!({})).await?;
    ensure!(!is_free, "the deny has started no claim");
    target
        .overwrite(world.emulator.iam(), &restricted())
        .await?;
    expect_request(&world, name, 2).await?;
    ensure!(is_contained(&world, &target).await?);
    Ok(())
}

/// Someone has a grant for a while, and writes the remediation himself before the guard looks.
async fn remediated(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    let remediation = document(&["s3:GetObject"]);
    for write in [Write::CreatePolicyVersion, Write::PutRolePolicy] {
        let name = format!("memory-remediated-{}", write.event_name());
        let target = Target::prepare(&world, write, &name, restricted()).await?;
        target.carry_out(world.emulator.iam()).await?;
        target.overwrite(world.emulator.iam(), &remediation).await?;
        let records = world.records(write.event_name(), &name).await?;
        let written = |record: &&Value| record.to_string().contains("DeleteBucket");
        let record = records.iter().find(written).context("no record")?;
        let incident = world.deliver(record).await?;
        ensure!(incident.outcome().await? == "withdrawn", "{name}");
        let told = mails(&world, &name).await?;
        ensure!(
            told.len() == 1
                && told
                    .iter()
                    .all(|mail| mail.subject.starts_with("Withdrawn: ")),
            "{told:#?}"
        );

        // The guard's own remediation is no such thing.
        target
            .overwrite(world.emulator.iam(), &restricted())
            .await?;
        let records = world.records(write.event_name(), &name).await?;
        let record = records.iter().rfind(written).context("no record")?;
        let incident = world.deliver(record).await?;
        incident.request().await?;
        let again = world.deliver(record).await?;
        ensure!(again.outcome().await? == "alreadyContained", "{name}");
        ensure!(mails(&world, &name).await?.len() == 2);

        // A denied one that someone remediates himself shares the week with its reports.
        incident.answer("deny").await?;
        ensure!(incident.outcome().await? == "denied");
        target
            .overwrite(world.emulator.iam(), &restricted())
            .await?;
        target.overwrite(world.emulator.iam(), &remediation).await?;
        let records = world.records(write.event_name(), &name).await?;
        let record = records.iter().rfind(written).context("no record")?;
        let flash = world.deliver(record).await?;
        ensure!(flash.outcome().await? == "withdrawn", "{name}");
        ensure!(mails(&world, &name).await?.len() == 4, "{name}");
        let all = ends(&world, &name).await?;
        ensure!(all.get("withdrawn") == Some(&2), "{all:?}");
    }
    Ok(())
}
