//! Plays many incidents at once (`load 200`) or many ordinary calls (`load 1000 ordinary`), and
//! prints the results.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use end_to_end::{World, load, ordinary};
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
        Some(other) => bail!("there is no case `{other}`; the one there is is `ordinary`"),
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

async fn ordinary_calls(count: usize) -> Result<ExitCode> {
    let start = Instant::now();
    report::step("deploying");
    let world = World::start(&[("NotifyOnAllowed", "false")]).await?;
    let rounds = count.div_ceil(ordinary::CALLS_OF_ONE);
    let prefix = "ordinary";
    let mails = async {
        ordinary::day(&world, prefix, rounds).await?;
        report::step(&format!("all made (after {} s)", start.elapsed().as_secs()));
        let deadline =
            Duration::from_secs(300) + Duration::from_millis(500) * u32::try_from(count)?;
        ordinary::mails(&world, prefix, rounds, deadline).await
    }
    .await;
    let mails = world.stop().await.and(mails)?;
    report::line(&format!(
        "{} ordinary calls, {} mails, {} s",
        rounds * ordinary::CALLS_OF_ONE + 1,
        mails.len(),
        start.elapsed().as_secs()
    ));
    Ok(ExitCode::from(u8::from(!mails.is_empty())))
}
