//! Tells the whole matrix of faults and writes its results to `docs/chaos.md`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use end_to_end::chaos::{Choice, Worlds, run, write_table};
use local::report;

fn main() -> Result<ExitCode> {
    let choice = match std::env::args().nth(1).as_deref() {
        Some("representative") => Choice::Representative,
        _ => Choice::Full,
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let start = Instant::now();
    let told = runtime.block_on(async {
        local::functions::build().await?;
        report::step("deploying two stacks");
        let worlds = Worlds::start().await?;
        let told = run(&worlds, choice, |part, cases| {
            let seconds = start.elapsed().as_secs();
            report::step(&format!("{cases} incidents {part} (after {seconds} s)"));
        })
        .await;
        worlds.stop().await.and(told)
    })?;
    let broken: Vec<_> = told.iter().filter(|it| !it.problems.is_empty()).collect();
    for one in &broken {
        report::line(&format!("{}: {:?}", one.case, one.ends));
        report::detail(&one.problems.join("\n"));
    }
    report::line(&format!(
        "{} incidents in {} s, {} broken",
        told.len(),
        start.elapsed().as_secs(),
        broken.len()
    ));
    if choice == Choice::Full {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/chaos.md");
        write_table(&page, &told, start.elapsed().as_secs().div_ceil(60))?;
    }
    Ok(if broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
