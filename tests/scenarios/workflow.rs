//! Harmless, repeated and newer changes, and the guard's own.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::{SOON, Scenario, World, actions, document, expect_parts};
use local_aws::poll;
use serde_json::Value;

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new(
            "workflow::a_harmless_policy_is_reported_and_left_alone",
            harmless,
        ),
        Scenario::new(
            "workflow::a_second_incident_while_the_first_waits",
            second_while_first_waits,
        ),
        Scenario::new("workflow::our_own_writes_start_nothing", own_writes),
        Scenario::new("workflow::a_failed_call_starts_nothing", failed_call),
        Scenario::new(
            "workflow::a_newer_change_wins_over_a_late_answer",
            newer_change,
        ),
        Scenario::new(
            "workflow::a_sixth_version_makes_room_and_keeps_what_it_removes",
            sixth_version,
        ),
    ]
}

async fn harmless(world: Arc<World>) -> Result<()> {
    let original = document(&["s3:GetObject"]);
    let arn = world.create_policy("harmless", &original).await?;
    let incident = world.incident("CreatePolicy", "\"harmless\"").await?;
    ensure!(incident.outcome().await? == "clean");
    ensure!(
        incident.states().await? == ["ValidatePolicy", "ChooseAction", "AllowWithNotification"]
    );
    let report = incident.report().await?;
    ensure!(
        report.subject.contains("harmless"),
        "subject: {}",
        report.subject
    );
    ensure!(
        world.in_force(&arn).await?.document == original,
        "nothing was touched"
    );
    ensure!(world.versions(&arn).await? == ["v1"]);
    Ok(())
}

async fn second_while_first_waits(world: Arc<World>) -> Result<()> {
    let first_arn = world
        .create_policy(
            "first-of-two",
            &document(&["s3:DeleteBucket", "s3:GetObject"]),
        )
        .await?;
    let first = world.incident("CreatePolicy", "first-of-two").await?;
    first.request().await?;
    let second_arn = world
        .create_policy(
            "second-of-two",
            &document(&["s3:DeleteObject", "s3:GetObject"]),
        )
        .await?;
    let second = world.incident("CreatePolicy", "second-of-two").await?;
    second.answer("deny").await?;
    ensure!(second.outcome().await? == "denied");
    ensure!(
        first.execution.closed().await?.is_none(),
        "the first still waits"
    );
    first.answer("allow").await?;
    ensure!(first.outcome().await? == "allowed");
    ensure!(
        actions(&world.in_force(&first_arn).await?.document)?
            == ["s3:DeleteBucket", "s3:GetObject"]
    );
    ensure!(actions(&world.in_force(&second_arn).await?.document)? == ["s3:GetObject"]);
    Ok(())
}

async fn own_writes(world: Arc<World>) -> Result<()> {
    let arn = world
        .create_policy("own-writes", &document(&["s3:DeleteBucket"]))
        .await?;
    let incident = world.incident("CreatePolicy", "own-writes").await?;
    incident.answer("allow").await?;
    incident.outcome().await?;
    let records = world.emulator.cloudtrail_records(0).await?;
    let of_policy: Vec<&Value> = records
        .iter()
        .filter(|record| record.to_string().contains(&arn))
        .collect();
    let ours = of_policy.iter().filter(|record| {
        record
            .to_string()
            .contains("assumed-role/automated-iam-policy-alert")
    });
    ensure!(
        ours.count() >= 3,
        "the guard's own writes are on record: {of_policy:#?}"
    );
    ensure!(world.incidents("CreatePolicy", "own-writes").await?.len() == 1);
    for event_name in ["CreatePolicyVersion", "SetDefaultPolicyVersion"] {
        ensure!(
            world.incidents(event_name, &arn).await?.is_empty(),
            "{event_name} started an incident"
        );
    }
    Ok(())
}

async fn failed_call(world: Arc<World>) -> Result<()> {
    world
        .create_policy("twice", &document(&["s3:GetObject"]))
        .await?;
    let error = world
        .create_policy("twice", &document(&["s3:DeleteBucket"]))
        .await;
    ensure!(error.is_err(), "IAM took a name twice");
    let recorded = poll("the record of the failed call", SOON, async || {
        let records = world.emulator.cloudtrail_records(0).await?;
        Ok(records.into_iter().find(|record| {
            let text = record.to_string();
            text.contains("\"twice\"") && text.contains("EntityAlreadyExistsException")
        }))
    });
    recorded.await?;
    world
        .incident("CreatePolicy", "\"twice\"")
        .await?
        .outcome()
        .await?;
    ensure!(
        world.incidents("CreatePolicy", "\"twice\"").await?.len() == 1,
        "the failed call started an incident"
    );
    Ok(())
}

async fn newer_change(world: Arc<World>) -> Result<()> {
    let arn = world
        .create_policy(
            "changed-again",
            &document(&["s3:DeleteBucket", "s3:GetObject"]),
        )
        .await?;
    let incident = world.incident("CreatePolicy", "changed-again").await?;
    let link = incident.link("allow").await?;
    let newer = document(&["ec2:DescribeVpcs"]);
    world.create_version(&arn, &newer, true).await?;
    local_aws::browse::open_and_confirm(&link).await?;
    ensure!(incident.outcome().await? == "superseded");
    ensure!(
        world.in_force(&arn).await?.document == newer,
        "the newer change stays"
    );
    incident.report().await?;
    Ok(())
}

async fn sixth_version(world: Arc<World>) -> Result<()> {
    let first = document(&["ec2:Describe*"]);
    let arn = world.create_policy("full", &first).await?;
    // If one of these incidents read IAM late, it would contain the newer version.
    let begun = world.incident("CreatePolicy", "\"full\"").await?;
    ensure!(begun.outcome().await? == "clean");
    for number in 2..5 {
        let action = format!("ec2:Get{number}*");
        world
            .create_version(&arn, &document(&[&action]), false)
            .await?;
        let begun = world.incident("CreatePolicyVersion", &action).await?;
        ensure!(begun.outcome().await? == "notInForce");
    }
    let restricted = document(&["s3:DeleteBucket", "s3:GetObject"]);
    let judged = world.create_version(&arn, &restricted, true).await?;
    let restricted_here = |input: &Value| input.to_string().contains("DeleteBucket");
    let incident = {
        let found = poll("the incident of the fifth version", SOON, async || {
            for incident in world.incidents("CreatePolicyVersion", &arn).await? {
                if restricted_here(&incident.execution.input().await?) {
                    return Ok(Some(incident));
                }
            }
            Ok(None)
        });
        found.await?
    };
    let request = incident.request().await?;
    expect_parts(&request, &["v1"])?;
    incident.answer("allow").await?;
    ensure!(incident.outcome().await? == "allowed");
    let closed = incident.closed().await?;
    let kept = closed
        .output
        .pointer("/quarantine/evicted/0")
        .context("the removed version is kept")?;
    ensure!(kept.get("version").and_then(Value::as_str) == Some("v1"));
    ensure!(
        kept.get("document").and_then(Value::as_str) == Some(first.as_str()),
        "with its document"
    );
    let finally = world.in_force(&arn).await?;
    ensure!((finally.version, finally.document) == (judged, restricted));
    Ok(())
}
