//! Many incidents at once: the guard must contain, mail and restore all of them.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::time::{Instant, sleep};

use crate::{Target, World, Write, document};

/// The longest that the last of them may take.
const DEADLINE: Duration = Duration::from_secs(300);
/// How much longer each further incident may take.
const FOR_EACH: Duration = Duration::from_millis(1500);
const INTERVAL: Duration = Duration::from_millis(250);
/// How many writes are made, and how many decisions sent, at the same moment.
const AT_ONCE: usize = 32;

/// The result of a load.
#[derive(Clone, Debug, Default)]
pub struct Load {
    /// How many writes were made.
    pub writes: usize,
    /// How many policies lost their restricted actions.
    pub contained: usize,
    /// How many requests for a decision were sent.
    pub mailed: usize,
    /// How many decisions were recorded.
    pub decided: usize,
    /// How many policies were restored as they were written.
    pub restored: usize,
    /// The time from each write to its containment, the shortest first.
    pub containment: Vec<Duration>,
    /// What went wrong.
    pub problems: Vec<String>,
}

impl Load {
    /// The time within which this percentage of the policies was contained.
    #[must_use]
    pub fn within(&self, percent: usize) -> Option<Duration> {
        let last = self.containment.len().checked_sub(1)?;
        self.containment.get(last * percent / 100).copied()
    }

    /// Whether all incidents ended as they must.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let done = [self.contained, self.mailed, self.decided, self.restored];
        done == [self.writes; 4]
            && self.containment.len() == self.writes
            && self.problems.is_empty()
    }
}

/// Creates `count` restricted policies at once, allows them all, and checks that all are restored.
pub async fn run(world: &World, count: usize, progress: impl Fn(&str)) -> Result<Load> {
    let original = document(&["s3:DeleteBucket", "s3:GetObject"]);
    let mut targets = Vec::with_capacity(count);
    for number in 0..count {
        let name = format!("load-{number:05}x");
        targets.push(Target::prepare(world, Write::CreatePolicy, &name, original.clone()).await?);
    }
    progress("writing");
    let calls_before = world.emulator.calls(0).await?.len();
    let written: BTreeMap<String, f64> = stream::iter(&targets)
        .map(async |target| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
            target.carry_out(world.emulator.iam()).await?;
            anyhow::Ok((target.name.clone(), now.as_secs_f64()))
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;

    progress("waiting for the questions");
    let mut load = Load {
        writes: count,
        ..Load::default()
    };
    let more = u32::try_from(count).unwrap_or(u32::MAX);
    let end = Instant::now() + DEADLINE + FOR_EACH.saturating_mul(more);
    let mut asked = BTreeMap::new();
    while asked.len() < count && Instant::now() < end {
        for mail in world.mails(|mail| mail.link_to("allow").is_some()).await? {
            let target = targets
                .iter()
                .find(|target| mail.message.contains(&target.name));
            if let (Some(target), Some(link)) = (target, mail.link_to("allow")) {
                asked.insert(target.name.clone(), world.emulator.local_link(link));
            }
        }
        sleep(INTERVAL).await;
    }
    load.mailed = asked.len();
    for target in &targets {
        if !asked.contains_key(&target.name) {
            load.problems
                .push(format!("{} is not asked about", target.name));
        }
    }
    for target in &targets {
        let in_force = target.in_force(world).await?.unwrap_or_default();
        if in_force.contains("DeleteBucket") {
            load.problems
                .push(format!("{} is not contained", target.name));
        } else {
            load.contained += 1;
        }
    }
    load.containment = containment(world, calls_before, written).await?;

    progress("allowing all");
    let answers = stream::iter(asked.values())
        .map(|link| local_aws::browse::open_and_confirm(link))
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;
    for answer in answers {
        match answer {
            Ok(page) if page.status == 200 => load.decided += 1,
            Ok(page) => load.problems.push(format!("a decision: {}", page.body)),
            Err(error) => load.problems.push(format!("a decision: {error:#}")),
        }
    }
    progress("waiting for the ends");
    for target in &targets {
        let incident = world.incident("CreatePolicy", &target.name).await?;
        let left = end.saturating_duration_since(Instant::now());
        incident.closed_within(left).await?;
        match incident.outcome().await {
            Ok(outcome) if outcome == "allowed" => {}
            Ok(other) => load
                .problems
                .push(format!("{} ended as {other}", target.name)),
            Err(error) => load.problems.push(format!("{}: {error:#}", target.name)),
        }
        if target.in_force(world).await?.as_deref() == Some(original.as_str()) {
            load.restored += 1;
        }
    }
    Ok(load)
}

/// The time from each write to the quarantine version, from the calls that the emulator saw.
pub(crate) async fn containment(
    world: &World,
    since: usize,
    mut written: BTreeMap<String, f64>,
) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    for call in world.emulator.calls(since).await? {
        let name = call.resource.rsplit('/').next().unwrap_or_default();
        if call.action == "iam:CreatePolicyVersion"
            && call.status == 200
            && let Some(start) = written.remove(name)
        {
            let seconds = (call.time - start).max(0.0);
            times.push(Duration::try_from_secs_f64(seconds).context("no time")?);
        }
    }
    times.sort();
    Ok(times)
}
