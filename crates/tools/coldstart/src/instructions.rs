//! Instruction counts under valgrind. They do not depend on how busy the machine is.

use anyhow::{Context as _, Result};
use local::programs::{self, Program};
use local::workspace;
use tempfile::NamedTempFile;
use tokio::process::Command;

use crate::aws::Aws;
use crate::measure::check;
use crate::process::Process;
use crate::runtime_api::RuntimeApi;
use crate::subject::Subject;

/// Instructions of one function, in user space.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instructions {
    /// From the start to the first request for an event.
    pub(crate) init: u64,
    /// From the start to the first answer.
    pub(crate) first: u64,
}

/// Makes sure that valgrind runs.
///
/// # Errors
///
/// Says what to install if it does not run.
pub(crate) async fn check_valgrind() -> Result<()> {
    programs::ensure(&[Program::Valgrind]).await
}

/// Counts the instructions of a function in two lives. One ends at the first request for an event, the other at the first answer.
///
/// The profiles stay in `target/coldstart` for `callgrind_annotate`. They have names if the executable has symbols.
pub(crate) async fn count(subject: &Subject) -> Result<Instructions> {
    Ok(Instructions {
        init: count_until(subject, End::Asks).await?,
        first: count_until(subject, End::Answers).await?,
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Asks,
    Answers,
}

impl End {
    fn name(self) -> &'static str {
        match self {
            Self::Asks => "init",
            Self::Answers => "first",
        }
    }
}

async fn count_until(subject: &Subject, end: End) -> Result<u64> {
    let mut api = RuntimeApi::start().await?;
    let aws = Aws::start().await?;
    let log = NamedTempFile::new().context("cannot create a file for the report of valgrind")?;
    let folder = workspace::root().join("target/coldstart");
    workspace::create_dir(&folder)?;
    let profile = folder.join(format!("{}.{}.callgrind", subject.name, end.name()));
    let mut valgrind = Command::new("valgrind");
    valgrind
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(format!("--log-file={}", log.path().display()))
        .arg(subject.program());
    let mut process = Process::start(valgrind, &api, &aws)?;
    // While this value is held, the function waits and runs no further.
    let waiting = process.expect(api.next()).await?;
    match end {
        End::Asks => {
            process.end().await?;
            drop(waiting);
        }
        End::Answers => {
            aws.set(subject.stub_state());
            api.give(waiting, &subject.payload)?;
            let answered = process.expect(api.answer()).await?;
            check(subject, answered.body(), &aws)?;
            process.end().await?;
        }
    }
    let report =
        std::fs::read_to_string(log.path()).context("cannot read the report of valgrind")?;
    read_report(&report).with_context(|| format!("valgrind reports no count: {report}"))
}

/// The count in a report of callgrind: `==4711== Collected : 2345678`.
fn read_report(report: &str) -> Option<u64> {
    report.lines().find_map(|line| {
        let (_, count) = line.split_once("Collected :")?;
        count.trim().parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::read_report;

    #[test]
    fn the_count_is_found_in_the_report() {
        let report = "==7== Process terminating with default action of signal 15 (SIGTERM)\n==7== \n==7== Events    : Ir\n==7== Collected : 2345678\n";
        assert_eq!(read_report(report), Some(2_345_678));
        assert_eq!(read_report("==7== Collected : \n"), None);
        assert_eq!(read_report(""), None);
    }
}
