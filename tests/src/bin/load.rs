//! Prints what becomes of many incidents at once: `load 200`.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use end_to_end::{World, load};
use local::report;

fn main() -> Result<ExitCode> {
    let count = match std::env::args().nth(1) {
        Some(count) => count
            .parse()
            .with_context(|| format!("`{count}` is not a number of incidents"))?,
        None => 200,
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let start = Instant::now();
    let load = runtime.block_on(async {
        local::functions::build().await?;
        report::step("deploying");
        let world = World::start(&[]).await?;
        let load = load::run(&world, count, |part| {
            report::step(&format!("{part} (after {} s)", start.elapsed().as_secs()));
        })
        .await;
        world.stop().await.and(load)
    })?;
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
    Ok(if load.is_complete() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
