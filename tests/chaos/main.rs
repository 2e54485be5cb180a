//! A representative part of the matrix of faults; `make chaos` plays all of it.

use std::process::ExitCode;

use anyhow::Result;
use end_to_end::chaos::{Choice, FaultRun, Worlds, run};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> Result<ExitCode> {
    let arguments = Arguments::from_args();
    let runtime = tokio::runtime::Runtime::new()?;
    let trial = Trial::test("chaos::a_representative_part_of_the_matrix", move || {
        let runs = runtime
            .block_on(play())
            .map_err(|error| format!("{error:#}"))?;
        let broken: Vec<String> = runs
            .iter()
            .filter(|run| !run.problems.is_empty())
            .map(|run| {
                format!(
                    "{}: {:?}\n  {}",
                    run.case,
                    run.ends,
                    run.problems.join("\n  ")
                )
            })
            .collect();
        if broken.is_empty() {
            Ok(())
        } else {
            Err(Failed::from(broken.join("\n")))
        }
    });
    Ok(libtest_mimic::run(&arguments, vec![trial]).exit_code())
}

async fn play() -> Result<Vec<FaultRun>> {
    local_aws::functions::build().await?;
    let worlds = Worlds::start(Choice::Representative).await?;
    let runs = run(&worlds, Choice::Representative, "", |_| {}).await;
    worlds.stop().await.and(runs)
}
