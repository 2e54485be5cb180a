//! Races: newer changes, deletions, and events that arrive twice, late or in another order.
//!
//! The delivery of CloudTrail is a setting of a whole emulator, so these scenarios run one after
//! the other on an emulator of their own.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::{Incident, SOON, Scenario, Target, World, Write, actions, document};
use futures_util::future::try_join_all;
use local_aws::{CloudTrail, poll};
use serde_json::Value;
use tokio::sync::Mutex;

/// Held by the scenario that is played.
pub(crate) static ALONE: Mutex<()> = Mutex::const_new(());

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("races::changed_again_before_remediation", changed_before),
        Scenario::new(
            "races::changed_again_while_the_administrator_thinks",
            changed_after,
        ),
        Scenario::new("races::deleted_before_remediation", deleted_before),
        Scenario::new(
            "races::deleted_while_the_administrator_thinks",
            deleted_after,
        ),
        Scenario::new("races::every_event_twice", doubled),
        Scenario::new("races::events_in_the_other_order", reordered),
    ]
}

fn restricted() -> String {
    document(&["s3:DeleteBucket", "s3:GetObject"])
}

fn newer() -> String {
    document(&["ec2:DescribeSubnets"])
}

/// One policy for each write and each of `parts`.
async fn prepare(
    world: &World,
    scenario: &str,
    parts: &[&'static str],
) -> Result<Vec<(Target, &'static str)>> {
    // The wait for IAM takes seconds instead of half a minute.
    world.shorten_waits().await?;
    let mut targets = Vec::new();
    for write in Write::ALL {
        for &part in parts {
            let name = format!("{scenario}-{}-{part}", write.event_name());
            let target = Target::prepare(world, write, &name, restricted()).await?;
            targets.push((target, part));
        }
    }
    Ok(targets)
}

/// Lets CloudTrail deliver late, so that a change can come before the event of a write.
async fn delay(world: &World, seconds: f64) -> Result<()> {
    let settings = CloudTrail {
        delay_seconds: Some(seconds),
        ..CloudTrail::default()
    };
    world.emulator.set_cloudtrail(settings).await
}

/// A change after a write: the document that overwrites the policy, or its deletion.
async fn change(world: &World, target: &Target, newer: Option<&str>) -> Result<()> {
    match newer {
        Some(document) => target.overwrite(world.emulator.iam(), document).await,
        None => target.delete(world).await,
    }
}

/// Each write is followed by the change before its event arrives, and ends as `result`.
async fn before(world: &World, name: &str, newer: Option<&str>, result: &str) -> Result<()> {
    let _alone = ALONE.lock().await;
    let targets = prepare(world, name, &["x"]).await?;
    delay(world, 3.0).await?;
    for (target, _) in &targets {
        target.carry_out(world.emulator.iam()).await?;
        change(world, target, newer).await?;
    }
    delay(world, 0.0).await?;
    for (target, _) in &targets {
        let outcome = outcome(&incident_of(world, target).await?).await?;
        ensure!(outcome == result, "{}: {outcome}", target.name);
        let in_force = target.in_force(world).await?;
        ensure!(
            in_force.as_deref() == newer,
            "{}: {in_force:?}",
            target.name
        );
    }
    Ok(())
}

/// The change comes while the administrator thinks. Either answer ends as `result` and writes
/// nothing.
async fn after(world: &World, name: &str, newer: Option<&str>, result: &str) -> Result<()> {
    let _alone = ALONE.lock().await;
    let targets = prepare(world, name, &["allow", "deny"]).await?;
    let plays = targets.iter().map(async |(target, answer)| -> Result<()> {
        target.carry_out(world.emulator.iam()).await?;
        let incident = world.asking(&target.name).await?;
        change(world, target, newer).await?;
        // A deleted policy has no documents to compare.
        let before = match newer {
            Some(_) => Some(target.documents(world).await?),
            None => None,
        };
        incident.answer(answer).await?;
        let outcome = outcome(&incident).await?;
        ensure!(outcome == result, "{}: {outcome}", target.name);
        match before {
            Some(before) => ensure!(target.documents(world).await? == before, "{}", target.name),
            None => ensure!(target.in_force(world).await?.is_none(), "{}", target.name),
        }
        Ok(())
    });
    try_join_all(plays).await?;
    Ok(())
}

async fn changed_before(world: Arc<World>) -> Result<()> {
    before(&world, "changed-before", Some(&newer()), "withdrawn").await
}

async fn changed_after(world: Arc<World>) -> Result<()> {
    after(&world, "changed-after", Some(&newer()), "superseded").await
}

async fn deleted_before(world: Arc<World>) -> Result<()> {
    before(&world, "deleted-before", None, "gone").await
}

async fn deleted_after(world: Arc<World>) -> Result<()> {
    after(&world, "deleted-after", None, "gone").await
}

async fn doubled(world: Arc<World>) -> Result<()> {
    let _alone = ALONE.lock().await;
    let copies = |copies| CloudTrail {
        copies: Some(copies),
        ..CloudTrail::default()
    };
    let targets = prepare(&world, "doubled", &["allow", "deny"]).await?;
    world.emulator.set_cloudtrail(copies(2)).await?;
    for (target, _) in &targets {
        target.carry_out(world.emulator.iam()).await?;
    }
    world.emulator.set_cloudtrail(copies(1)).await?;
    let plays = targets.iter().map(async |(target, answer)| -> Result<()> {
        let both = poll("both incidents", SOON, async || {
            let event_name = target.write.event_name();
            let found = world.incidents(event_name, &target.name).await?;
            Ok((found.len() == 2).then_some(found))
        })
        .await?;
        // The second incident may find the policy contained by the first, and then asks nothing.
        let mut asked = Vec::new();
        for incident in &both {
            if is_already_contained(incident).await? {
                let outcome = outcome(incident).await?;
                ensure!(
                    ["alreadyContained", "joined"].contains(&outcome.as_str()),
                    "{}: {outcome}",
                    target.name
                );
            } else {
                incident.request().await?;
                asked.push(incident);
            }
        }
        // What prepared the policy can have asked before both.
        let other;
        if asked.is_empty() {
            other = world.asking(&target.name).await?;
            asked.push(&other);
        }
        let documents = target.documents(&world).await?;
        let remediated = documents.iter().filter(|(_, document)| {
            document.contains("s3:GetObject") && !document.contains("s3:DeleteBucket")
        });
        ensure!(
            remediated.count() == 1,
            "{}: one quarantine version: {documents:?}",
            target.name
        );
        for incident in asked {
            incident.answer(answer).await?;
            let outcome = outcome(incident).await?;
            ensure!(
                outcome.starts_with(answer.trim_end_matches('y')),
                "{}: {outcome}",
                target.name
            );
        }
        let is_back = target.in_force(&world).await? == Some(restricted());
        ensure!(is_back == (*answer == "allow"), "{}", target.name);
        Ok(())
    });
    try_join_all(plays).await?;
    Ok(())
}

/// The event of the second version overtakes that of the first.
async fn reordered(world: Arc<World>) -> Result<()> {
    let _alone = ALONE.lock().await;
    let name = "in-the-other-order";
    delay(&world, 4.0).await?;
    let arn = world.create_policy(name, &restricted()).await?;
    delay(&world, 0.0).await?;
    let newer = document(&["s3:DeleteObject", "s3:ListBucket"]);
    let version = world.create_version(&arn, &newer, true).await?;
    let second = world.incident("CreatePolicyVersion", name).await?;
    second.request().await?;
    let first = world.incident("CreatePolicy", name).await?;
    ensure!(first.outcome().await? == "withdrawn");
    ensure!(actions(&world.in_force(&arn).await?.document)? == ["s3:ListBucket"]);
    second.answer("allow").await?;
    ensure!(second.outcome().await? == "allowed");
    let finally = world.in_force(&arn).await?;
    ensure!((finally.version, finally.document) == (version, newer));
    ensure!(world.version(&arn, "v1").await? == restricted());
    Ok(())
}

/// The incident of the restricted document. The same call may have overwritten it.
async fn incident_of<'w>(world: &'w World, target: &Target) -> Result<Incident<'w>> {
    let event_name = target.write.event_name();
    let is_ours = |input: &Value| {
        let parameters = input.pointer("/detail/requestParameters");
        let document = parameters.and_then(|it| it.get("policyDocument"));
        document.is_none_or(|document| document == &Value::String(restricted()))
    };
    poll(
        &format!("an execution for {}", target.name),
        SOON,
        async || {
            for incident in world.incidents(event_name, &target.name).await? {
                if is_ours(&incident.execution.input().await?) {
                    return Ok(Some(incident));
                }
            }
            Ok(None)
        },
    )
    .await
}

/// Whether an execution ended without a request; waits until it asked or ended.
async fn is_already_contained(incident: &Incident<'_>) -> Result<bool> {
    poll("a question or an end", SOON, async || {
        if incident.execution.closed().await?.is_some() {
            return Ok(Some(true));
        }
        let states = incident.states().await?;
        Ok(states
            .iter()
            .any(|state| state == "AskUser")
            .then_some(false))
    })
    .await
}

async fn outcome(incident: &Incident<'_>) -> Result<String> {
    let closed = incident.closed().await?;
    let outcome = closed.output.pointer("/outcome/result");
    let outcome = outcome.and_then(Value::as_str);
    let outcome = outcome.with_context(|| {
        let arn = incident.execution.arn();
        format!("{arn} ended with {:?}: {:?}", closed.error, closed.cause)
    })?;
    Ok(outcome.to_owned())
}
