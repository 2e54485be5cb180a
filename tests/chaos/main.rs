//! A representative part of the matrix of faults; `make chaos` tells all of it.

use std::process::ExitCode;

use anyhow::Result;
use end_to_end::chaos::{Choice, FaultRun, Worlds, run};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> Result<ExitCode> {
    let arguments = Arguments::from_args();
    let runtime = tokio::runtime::Runtime::new()?;
    let trial = Trial::test("chaos::a_representative_part_of_the_matrix", move || {
        let told = runtime
            .block_on(tell())
            .map_err(|error| format!("{error:#}"))?;
        let broken: Vec<String> = told
            .iter()
            .filter(|told| !told.problems.is_empty())
            .map(|told| {
                format!(
                    "{}: {:?}\n  {}",
                    told.case,
                    told.ends,
                    told.problems.join("\n  ")
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

async fn tell() -> Result<Vec<FaultRun>> {
    local_aws::functions::build().await?;
    let worlds = Worlds::start().await?;
    let told = run(&worlds, Choice::Representative, "", |_| {}).await;
    worlds.stop().await.and(told)
}
