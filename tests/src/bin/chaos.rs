//! Plays the whole matrix of faults and writes its results to `docs/chaos.md`; or a part of it, and
//! prints them.

use std::cell::Cell;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use end_to_end::chaos::{Choice, FaultRun, Progress, Worlds, results, run, write_table};
use local_aws::report;

/// The count is reported after this many incidents.
const REPORT_INTERVAL: usize = 200;

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let (choice, only) = match arguments.next().as_deref() {
        Some("representative") => (Choice::Representative, String::new()),
        Some("only") => (Choice::Full, arguments.collect::<Vec<_>>().join(" ")),
        _ => (Choice::Full, String::new()),
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let start = Instant::now();
    let runs = runtime.block_on(async {
        local_aws::functions::build().await?;
        report::step("deploying the stacks");
        let worlds = Worlds::start(choice).await?;
        let count = Cell::new(0_usize);
        let runs = run(&worlds, choice, &only, |progress| match progress {
            Progress::Part(part, cases) => report::step(&format!("{cases} incidents {part}")),
            Progress::FaultRun(run) => {
                count.set(count.get() + 1);
                show(run);
                if count.get().is_multiple_of(REPORT_INTERVAL) {
                    let seconds = start.elapsed().as_secs();
                    report::detail(&format!("{} after {seconds} s", count.get()));
                }
            }
            Progress::Broken(run) => show(run),
        })
        .await;
        worlds.stop().await.and(runs)
    })?;
    let broken = runs.iter().filter(|it| !it.problems.is_empty()).count();
    report::line(&format!(
        "{} incidents in {} s, {} broken",
        runs.len(),
        start.elapsed().as_secs(),
        broken
    ));
    let minutes = start.elapsed().as_secs().div_ceil(60);
    if !only.is_empty() {
        report::line(&results(&runs, minutes));
    } else if choice == Choice::Full {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/chaos.md");
        write_table(&page, &runs, minutes)?;
    }
    Ok(ExitCode::from(u8::from(broken > 0)))
}

/// Shows an incident that broke an invariant at once.
fn show(run: &FaultRun) {
    if !run.problems.is_empty() {
        report::line(&format!("{}: {:?}", run.case, run.ends));
        report::detail(&run.problems.join("\n"));
    }
}
