//! Plays many incidents at once (`load 200`), many ordinary calls (`load 1000 ordinary`), or many
//! harmless writes within a minute with a few restricted ones among them (`load 1000 flood`), or
//! reads a large account (`load 1 sweep`), and prints the results.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use end_to_end::faults::CallQuota;
use end_to_end::ordinary::Noticed;
use end_to_end::{World, flood, load, ordinary, survey};
use local_aws::report;

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let count = match arguments.next() {
        Some(count) => count
            .parse()
            .with_context(|| format!("`{count}` is not a number of incidents"))?,
        None => 200,
    };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(local_aws::functions::build())?;
    match arguments.next().as_deref() {
        None => runtime.block_on(incidents(count)),
        Some("ordinary") => runtime.block_on(ordinary_calls(count)),
        Some("flood") => runtime.block_on(a_flood(count)),
        Some("sweep") => runtime.block_on(a_sweep()),
        Some(other) => {
            bail!("there is no case `{other}`; there are `ordinary`, `flood` and `sweep`")
        }
    }
}

async fn incidents(count: usize) -> Result<ExitCode> {
    let start = Instant::now();
    report::step("deploying");
    let world = World::start(&[]).await?;
    let load = load::run(&world, count, |part| {
        report::step(&format!("{part} (after {} s)", start.elapsed().as_secs()));
    })
    .await;
    let load = world.stop().await.and(load)?;
    let seconds = |time: Option<Duration>| {
        time.map_or("-".to_owned(), |time| {
            format!("{:.1} s", time.as_secs_f64())
        })
    };
    report::line(&format!(
        "{} written, {} contained, {} mailed, {} decided, {} restored",
        load.writes, load.contained, load.mailed, load.decided, load.restored
    ));
    report::line(&format!(
        "time to containment: median {}, 95th percentile {}, longest {}",
        seconds(load.within(50)),
        seconds(load.within(95)),
        seconds(load.within(100)),
    ));
    report::detail(&load.problems.join("\n"));
    Ok(ExitCode::from(u8::from(!load.is_complete())))
}

/// How late the records of things that are gone arrive.
const LATE: Duration = Duration::from_secs(10);
/// How many calls are made at once. The executions of more of them last longer than the timeouts of
/// their states, where two processors run all functions and the emulator.
const CALLS_AT_ONCE: usize = 200;

/// As many calls of an ordinary day, and half as many things that are gone before their records
/// arrive.
async fn ordinary_calls(count: usize) -> Result<ExitCode> {
    let start = Instant::now();
    report::step("deploying");
    let world = World::start(&[("NotifyOnAllowed", "false")]).await?;
    let mut sum = Noticed::default();
    let mut calls = 0;
    let played = async {
        for (part, first) in (0..count).step_by(CALLS_AT_ONCE).enumerate() {
            let count = CALLS_AT_ONCE.min(count - first);
            calls += part_of_a_day(&world, &format!("ordinary-{part:02}"), count, &mut sum).await?;
            let seconds = start.elapsed().as_secs();
            report::step(&format!("{calls} calls made (after {seconds} s)"));
        }
        anyhow::Ok(())
    }
    .await;
    world.stop().await.and(played)?;
    report::line(&format!(
        "{calls} ordinary calls, {} things gone before their records arrived, {} mails, {} failed invocations, {} throttled ones, {} s",
        count / 2,
        sum.mails.len(),
        sum.failed.len(),
        sum.throttled,
        start.elapsed().as_secs()
    ));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let subjects = sum.mails.iter().map(|mail| &mail.subject);
    for text in sum.failed.iter().chain(subjects) {
        *counts.entry(text.as_str()).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    for (text, count) in counts.into_iter().take(10) {
        report::detail(&format!("{count} times {text}"));
    }
    Ok(ExitCode::from(u8::from(!sum.is_empty())))
}

/// Adds what came of `count` calls, and returns how many of them were watched.
async fn part_of_a_day(
    world: &World,
    prefix: &str,
    count: usize,
    sum: &mut Noticed,
) -> Result<usize> {
    let (rounds, pairs) = (ordinary::rounds(count), count / 2);
    let calls = ordinary::calls_of_rounds(rounds) + ordinary::calls_of_pairs(pairs);
    ordinary::pipeline(world, &format!("{prefix}-pair"), pairs, LATE).await?;
    ordinary::day(world, prefix, rounds).await?;
    let deadline = Duration::from_secs(120) + Duration::from_millis(500) * u32::try_from(calls)?;
    sum.add(ordinary::noticed(world, prefix, calls, deadline).await?);
    Ok(calls)
}

/// The longest that a containment may take in a flood.
const CONTAINED_WITHIN: Duration = Duration::from_secs(60);

async fn a_flood(count: usize) -> Result<ExitCode> {
    let start = Instant::now();
    report::step("deploying");
    let world = World::start(&[]).await?;
    let restricted = count.div_ceil(100);
    let plan = flood::Plan {
        prefix: "flood",
        harmless: count - restricted,
        restricted,
        within: Duration::from_secs(60),
        quotas: &CallQuota::OF_AN_ACCOUNT,
        deadline: Duration::from_secs(900),
    };
    let flood = flood::run(&world, &plan, |part| {
        report::step(&format!("{part} (after {} s)", start.elapsed().as_secs()));
    })
    .await;
    let flood = world.stop().await.and(flood)?;
    report::line(&format!(
        "{count} writes in {:.1} s, {restricted} restricted, {} contained, {} mailed, {} failure mails",
        flood.writing.as_secs_f64(),
        flood.containment.len(),
        flood.mailed,
        flood.failures,
    ));
    report::line(&format!(
        "longest time to containment {:.1} s, last request after {:.1} s, {} calls refused by the quotas",
        flood.longest().as_secs_f64(),
        flood.last_mail.as_secs_f64(),
        flood.refused,
    ));
    let is_good = flood.containment.len() == restricted
        && flood.longest() <= CONTAINED_WITHIN
        && flood.mailed == restricted
        && flood.failures == 0;
    Ok(ExitCode::from(u8::from(!is_good)))
}

/// The memory that a survey may take above that of an idle function, in KiB.
const MOST_MEMORY: u64 = 60 * 1024;
/// How many more calls an account may need that is four times as large.
const MOST_CALLS: usize = 5;

/// Surveys an account of 5,000 roles, and one that is a quarter of it.
async fn a_sweep() -> Result<ExitCode> {
    let mut is_good = true;
    let mut calls = Vec::new();
    for size in [survey::Size::LARGE.divided_by(4), survey::Size::LARGE] {
        let surveys = survey::run(size).await?;
        for (surveyed, which) in surveys.iter().zip(["first", "next"]) {
            let above = surveyed.peak.saturating_sub(surveyed.idle);
            report::line(&format!(
                "{} roles, {} policies, {} attachments, {which} sweep: {:.1} s, {} pages, {} claims, {} restricted grants, {:.1} MB above {:.1} MB, an answer of {} KB",
                size.roles,
                size.policies,
                size.roles * size.attached,
                surveyed.time.as_secs_f64(),
                surveyed.pages,
                surveyed.claims,
                surveyed.restricted,
                above as f64 / 1024.0,
                surveyed.idle as f64 / 1024.0,
                surveyed.answer / 1000,
            ));
            is_good &= above <= MOST_MEMORY;
        }
        calls.push(surveys[0].pages);
    }
    if let [small, large] = calls[..] {
        is_good &= large <= small * MOST_CALLS;
    }
    Ok(ExitCode::from(u8::from(!is_good)))
}
