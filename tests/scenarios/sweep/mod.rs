//! The sweep: what it takes as known, what it finds, and what nobody can make it do.
//!
//! A sweep sees the whole account, so the scenarios of one stack are played one after the other.

mod found;
mod gone;
mod held;
mod interrupted;
mod life;
mod monitored;
mod old;
mod records;
mod taken;

use anyhow::{Result, ensure};
use end_to_end::{Owner, Scenario, Target, World, Write, document};
use local_aws::CloudTrail;
use tokio::sync::{Mutex, MutexGuard};

use crate::rollout;

pub(crate) const LISTS: &[(&str, &str)] = &[
    ("restrictedActions", "s3:DeleteBucket,s3:DeleteObject"),
    ("askActions", "ec2:TerminateInstances"),
    ("reportActions", "ec2:StopInstances"),
    ("SweepMost", "50"),
    ("ExemptPrincipals", rollout::EXEMPT),
];

/// Held by the scenario that is played.
static ALONE: Mutex<()> = Mutex::const_new(());

/// On a stack with [`LISTS`] that no other scenario uses.
pub(crate) fn scenarios() -> Vec<Scenario> {
    let mut all = found::scenarios();
    all.extend(gone::scenarios());
    all.extend(interrupted::scenarios());
    all.extend(taken::scenarios());
    all
}

/// On stacks of their own: each begins with the first sweep.
pub(crate) fn from_the_first() -> Vec<Scenario> {
    let mut all = old::scenarios();
    all.extend(life::scenarios());
    all.extend(monitored::scenarios());
    all
}

fn restricted() -> String {
    document(&["s3:DeleteBucket", "s3:GetObject"])
}

/// What denies something, and allows nothing.
fn denying() -> String {
    restricted().replace(r#""Effect":"Allow""#, r#""Effect":"Deny""#)
}

/// Waits until no other scenario is played, and lets the sweeps know the account as it is. From now
/// on, an event arrives only when the scenario delivers it.
async fn alone(world: &World) -> Result<MutexGuard<'static, ()>> {
    let alone = ALONE.lock().await;
    world.deliver_by_hand().await?;
    world.settle().await?;
    Ok(alone)
}

/// Lets the events of CloudTrail arrive, or get lost.
async fn deliver(world: &World, arrives: bool) -> Result<()> {
    let settings = CloudTrail {
        muted: Some(!arrives),
        ..CloudTrail::default()
    };
    world.emulator.set_cloudtrail(settings).await
}

/// Restricted policies that were just written, and whose events got lost.
async fn lost(world: &World, write: Write, names: &[String]) -> Result<Vec<Target>> {
    let mut targets = Vec::new();
    for name in names {
        let target = Target::prepare(world, write, name, restricted()).await?;
        target.carry_out(world.emulator.iam()).await?;
        targets.push(target);
    }
    Ok(targets)
}

/// Checks that nothing restricted of a policy is in force.
async fn expect_contained(world: &World, target: &Target) -> Result<()> {
    let in_force = target.in_force(world).await?.unwrap_or_default();
    let name = &target.name;
    ensure!(!in_force.contains("DeleteBucket"), "{name}: {in_force}");
    Ok(())
}

/// Makes a role.
async fn role(world: &World, name: &str) -> Result<()> {
    Owner::Role.create(world.emulator.iam(), name).await
}
