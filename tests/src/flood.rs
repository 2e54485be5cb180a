//! Many harmless writes with a few restricted ones among them, while the account's quotas for
//! reads of executions hold: the guard must contain the few in time, and no mail may fail.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use local_aws::poll;
use tokio::time::{Instant, sleep, sleep_until};

use crate::faults::CallQuota;
use crate::load::containment;
use crate::{World, document, mails};

const INTERVAL: Duration = Duration::from_millis(500);
/// How many writes are made at the same moment.
const AT_ONCE: usize = 32;

/// What is written, and how fast.
#[derive(Clone, Debug)]
pub struct Plan<'p> {
    /// What the names of the policies begin with.
    pub prefix: &'p str,
    pub harmless: usize,
    pub restricted: usize,
    /// The time from the first write to the last one.
    pub within: Duration,
    /// The quotas that hold.
    pub quotas: &'p [CallQuota],
    /// How long the last mail may take.
    pub deadline: Duration,
}

/// The result of a flood.
#[derive(Clone, Debug, Default)]
pub struct Flood {
    /// How long the writes took.
    pub writing: Duration,
    /// The time from each restricted write to its containment, the shortest first.
    pub containment: Vec<Duration>,
    /// How many requests for a decision were sent.
    pub mailed: usize,
    /// The time until the last of them was sent.
    pub last_mail: Duration,
    /// How many mails say that the guard failed.
    pub failures: usize,
    /// How many calls the quotas refused.
    pub refused: usize,
}

impl Flood {
    /// The longest time to containment.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.containment.last().copied().unwrap_or_default()
    }
}

/// Writes as planned, and waits until every incident asks or has ended.
pub async fn run(world: &World, plan: &Plan<'_>, progress: impl Fn(&str)) -> Result<Flood> {
    let calls_before = world.emulator.calls(0).await?.len();
    let failures_before = failures(world).await?;
    let quotas = world.faults.limit(plan.quotas);
    let start = Instant::now();
    let written = write(world, plan, start).await?;
    let mut flood = Flood {
        writing: start.elapsed(),
        ..Flood::default()
    };
    progress("written");
    let restricted: BTreeSet<String> = written.keys().cloned().collect();
    let mut asked = BTreeSet::new();
    while asked.len() < restricted.len() && start.elapsed() < plan.deadline {
        sleep(INTERVAL).await;
        for mail in world.mails(|mail| mail.link_to("allow").is_some()).await? {
            let name = restricted.iter().find(|name| mail.message.contains(*name));
            if let Some(name) = name
                && asked.insert(name.clone())
            {
                flood.last_mail = start.elapsed();
            }
        }
    }
    flood.mailed = asked.len();
    progress("asked");
    flood.containment = containment(world, calls_before, written).await?;
    rest(world, plan, &restricted, start).await?;
    flood.failures = failures(world).await?.saturating_sub(failures_before);
    flood.refused = quotas.refused();
    Ok(flood)
}

/// Makes all writes, and answers when each restricted policy was written.
async fn write(world: &World, plan: &Plan<'_>, start: Instant) -> Result<BTreeMap<String, f64>> {
    let all = plan.harmless + plan.restricted;
    let of_all = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let pause = plan.within / of_all(all).max(1);
    let each = all / plan.restricted.max(1);
    let harmless = document(&["ec2:DescribeVpcs"]);
    let restricted = document(&["s3:DeleteBucket", "s3:GetObject"]);
    let written: Vec<Option<(String, f64)>> = stream::iter(0..all)
        .map(async |number| {
            sleep_until(start + pause * of_all(number)).await;
            // In the middle of each part, so that the quotas are empty before the first one.
            let is_restricted = number % each == each / 2 && number / each < plan.restricted;
            let name = format!("{}-{number:05}x", plan.prefix);
            if !is_restricted {
                world.create_policy(&name, &harmless).await?;
                return anyhow::Ok(None);
            }
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
            world.create_policy(&name, &restricted).await?;
            Ok(Some((name, now.as_secs_f64())))
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(written.into_iter().flatten().collect())
}

/// Waits until all incidents about harmless policies have ended.
async fn rest(
    world: &World,
    plan: &Plan<'_>,
    restricted: &BTreeSet<String>,
    start: Instant,
) -> Result<()> {
    let all = plan.harmless + plan.restricted;
    let left = plan.deadline.saturating_sub(start.elapsed());
    poll("the ends of harmless writes", left, async || {
        let incidents = world.incidents("CreatePolicy", plan.prefix).await?;
        ensure!(incidents.len() <= all, "{} incidents", incidents.len());
        let mut running = 0;
        for incident in &incidents {
            running += usize::from(world.is_running(incident.execution.arn()).await?);
        }
        let is_over = incidents.len() == all && running <= restricted.len();
        Ok(is_over.then_some(()))
    })
    .await
}

/// How many mails so far say that the guard failed.
async fn failures(world: &World) -> Result<usize> {
    let failures = world.mails_until_now(mails::reports_failure).await?;
    Ok(failures.len())
}
