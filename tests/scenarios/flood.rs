//! Floods that use up the account's quotas for reads of executions.
//!
//! The quotas hold for a whole stack, so these scenarios run on the emulator of the races, one
//! after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use end_to_end::faults::CallQuota;
use end_to_end::{Scenario, World, document, flood};
use local_aws::http;
use tokio::time::sleep;

use crate::races::ALONE;

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("flood::restricted_writes_among_harmless_ones", among_others),
        Scenario::new("flood::an_old_link_is_opened_again_and_again", old_link),
    ]
}

/// `make load CASE=flood N=1000` plays a thousand, with the quotas of an account.
async fn among_others(world: Arc<World>) -> Result<()> {
    let _alone = ALONE.lock().await;
    world.shorten_waits().await?;
    let restricted = 4;
    let plan = flood::Plan {
        prefix: "flood-among",
        harmless: 40,
        restricted,
        within: Duration::from_secs(5),
        quotas: &[
            CallQuota::new("states:DescribeExecution", 8, 2),
            CallQuota::new("states:GetExecutionHistory", 10, 2),
            CallQuota::new("states:ListExecutions", 5, 1),
        ],
        deadline: Duration::from_secs(120),
    };
    let flood = flood::run(&world, &plan, |_| {}).await?;
    ensure!(flood.refused > 0, "the quotas refused nothing");
    ensure!(
        flood.containment.len() == restricted && flood.longest() <= Duration::from_secs(20),
        "{:?}",
        flood.containment
    );
    ensure!(flood.failures == 0, "{} failure mails", flood.failures);
    ensure!(flood.mailed == restricted, "{} requests", flood.mailed);
    Ok(())
}

/// How often the old link is opened.
const OPENED: usize = 60;
/// The stage lets five requests a second through, so that more would not be opened.
const PAUSE: Duration = Duration::from_millis(200);

/// Whoever was asked once has such a link for ever.
async fn old_link(world: Arc<World>) -> Result<()> {
    let _alone = ALONE.lock().await;
    let restricted = document(&["s3:DeleteBucket", "s3:GetObject"]);
    let mut incidents = Vec::new();
    for name in ["flood-old-link", "flood-new-link"] {
        world.create_policy(name, &restricted).await?;
        incidents.push(world.incident("CreatePolicy", name).await?);
    }
    let [old, new] = incidents.as_slice() else {
        anyhow::bail!("{} incidents", incidents.len());
    };
    let (old_link, new_link) = (old.link("allow").await?, new.link("allow").await?);
    old.answer("deny").await?;
    ensure!(old.outcome().await? == "denied");

    let reads = || {
        let calls = world.faults.calls(&[old.name()]);
        let is_read = |action: &str| {
            ["states:GetExecutionHistory", "states:DescribeExecution"].contains(&action)
        };
        calls.iter().filter(|call| is_read(&call.action)).count()
    };
    let before = reads();
    let quotas = [
        CallQuota::new("states:DescribeExecution", 50, 1),
        CallQuota::new("states:GetExecutionHistory", 50, 1),
    ];
    let _limited = world.faults.limit(&quotas);
    let start = Instant::now();
    for number in 0..OPENED {
        let page = http::get(&old_link).await?;
        // It says how the incident ended, or only that the link is over.
        let is_over = [409, 410].contains(&page.status);
        ensure!(
            is_over,
            "{number}: {}, {} reads",
            page.status,
            reads() - before
        );
        sleep(PAUSE).await;
    }
    // One more link that is over can be looked up every two seconds.
    let later = usize::try_from(start.elapsed().as_secs() / 2)?;
    let reads = reads() - before;
    ensure!(
        reads <= 21 + later,
        "{reads} reads in {:?}",
        start.elapsed()
    );
    let page = http::get(&new_link).await?;
    ensure!(page.status == 200, "{}: {}", page.status, page.body);
    new.answer("deny").await?;
    ensure!(new.outcome().await? == "denied");
    Ok(())
}
