//! Versions that come and go while the guard contains, and versions that are not in force.
//!
//! Played on a stack where an event arrives only when a scenario delivers it.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::faults::{Fault, Rule, Times};
use end_to_end::{SOON, Scenario, Target, World, Write, actions, document};
use local_aws::poll;

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("churn::a_policy_that_is_filled_again_and_again", filled),
        Scenario::new("churn::a_version_that_is_not_in_force", not_in_force),
    ]
}

/// The versions that IAM keeps of a policy.
const FULL: usize = 5;
/// How often the attacker takes the room that the guard made.
const FILLED: usize = 9;

fn restricted() -> String {
    document(&["s3:DeleteBucket", "s3:GetObject"])
}

fn harmless() -> String {
    document(&["ec2:DescribeVpcs"])
}

/// The guard deletes a version to make room for its own, and an attacker fills the room first.
async fn filled(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    let name = "churn-filled";
    let target = Target::prepare(&world, Write::CreatePolicyVersion, name, restricted()).await?;
    for _ in 2..FULL {
        world
            .create_version(target.arn(), &harmless(), false)
            .await?;
    }
    target.carry_out(world.emulator.iam()).await?;
    let record = world
        .records("CreatePolicyVersion", "\"setAsDefault\":true")
        .await?;
    let record = record.into_iter().rfind(|it| it.to_string().contains(name));
    let resources = world.stack.resources().await?;
    let role = resources.get("PolicyApprovalRole").context("no role")?;
    // The guard is always too late to take the room itself.
    let late = world.faults.inject(Rule {
        caller: role.clone(),
        action: "iam:CreatePolicyVersion".to_owned(),
        marks: vec![name.to_owned()],
        nth: 1,
        times: Times::Persistently,
        fault: Fault::Throttle,
    });
    let incident = world.deliver(&record.context("no record")?).await?;
    for number in 0..FILLED {
        poll("room for a version", SOON, async || {
            if world.versions(target.arn()).await?.len() == FULL {
                return Ok(None);
            }
            let document = document(&[&format!("ec2:Describe{number}*")]);
            let create = world.create_version(target.arn(), &document, false);
            create.await.map(Some)
        })
        .await
        .with_context(|| format!("filled {number} times"))?;
    }
    late.lift();
    incident.request().await?;
    let in_force = target.in_force(&world).await?.context("no policy")?;
    ensure!(actions(&in_force)? == ["s3:GetObject"], "{in_force}");
    incident.answer("allow").await?;
    ensure!(incident.outcome().await? == "allowed");
    ensure!(target.in_force(&world).await? == Some(restricted()));
    Ok(())
}

/// The record of the default version never came, and that of a version which is not in force did.
async fn not_in_force(world: Arc<World>) -> Result<()> {
    world.deliver_by_hand().await?;
    for (what, document) in [("harmless", harmless()), ("restricted", restricted())] {
        let name = format!("churn-not-in-force-{what}");
        let arn = world.create_policy(&name, &restricted()).await?;
        world.create_version(&arn, &document, false).await?;
        let record = world.records("CreatePolicyVersion", &name).await?.pop();
        let incident = world.deliver(&record.context("no record")?).await?;
        incident.request().await?;
        let in_force = world.in_force(&arn).await?.document;
        ensure!(
            actions(&in_force)? == ["s3:GetObject"],
            "{what}: {in_force}"
        );
        incident.answer("deny").await?;
        ensure!(incident.outcome().await? == "denied", "{what}");
    }
    Ok(())
}
