//! `iam-guard backtest`: what the guard would have done about past changes.
//!
//! The memory does not grow with the logs: files are read in chunks, and what is judged after the
//! last record is kept in temporary files.

mod calls;
mod change;
mod cut;
mod history;
mod holdings;
mod judge;
mod keys;
mod progress;
mod read;
mod report;
mod sources;
mod spill;
mod split;
mod step;
mod tally;
mod utf16;
mod wrapped;

use std::io::Write;
use std::path::PathBuf;

use iam_policy::RestrictedActions;
use incident::judgement::ExemptPrincipals;

use crate::exit::Exit;
use crate::managed::ManagedPolicies;
use calls::CallSums;
use judge::Judge;
use progress::Progress;
use sources::{Files, Source};
use spill::{Spill, SpilledChange};
use tally::Tally;

pub use report::Format;

/// The options of a backtest.
#[derive(Debug)]
pub struct Backtest<'a> {
    pub paths: &'a [PathBuf],
    pub restricted: &'a RestrictedActions,
    pub exempt: &'a ExemptPrincipals,
    /// The documents of AWS managed policies.
    pub managed: &'a ManagedPolicies,
    pub format: Format,
    pub html: Option<&'a PathBuf>,
}

/// The counts of a backtest.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    /// CloudTrail records of every kind.
    records: u64,
    /// Successful writes of policies.
    changes: u64,
    /// Changes that put something in force that the guard would contain or ask about.
    restricted: u64,
    /// Changes that put only something in force that the guard would report and leave.
    reported: u64,
    /// Changes that cannot be judged, because no record has the document.
    unknown: u64,
    /// Records that break off, or lack what every record has. Those that can be changes count as
    /// unknown too.
    unreadable: u64,
    /// Restricted changes by exempt principals.
    exempt: u64,
}

/// Reads the logs and reports.
pub fn backtest(
    task: &Backtest<'_>,
    out: &mut dyn Write,
    diagnostics: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let (mut sources, problems) = Source::at(task.paths);
    let mut judge = Judge::new(task)?;
    report(&problems, diagnostics)?;
    let mut count = problems.len();
    let mut files = Files::default();
    let progress = Progress::over(sources.iter().flat_map(|source| &source.files));
    for source in &mut sources {
        for path in std::mem::take(&mut source.files) {
            let (kind, problem) = judge.file(&path, source.is_folder, &progress)?;
            source.note(&path, kind, &mut files);
            report(problem.as_slice(), diagnostics)?;
            count += problem.iter().len();
        }
    }
    progress.end();
    let found = judge.end(files)?;
    let counts = found.counts;
    let problems = sources
        .iter()
        .filter_map(|it| it.problem(counts.records > 0));
    let problems: Vec<String> = problems.collect();
    report(&problems, diagnostics)?;
    count += problems.len();
    found.write(task, out)?;
    Ok(if counts.restricted > 0 {
        Exit::Restricted
    } else if counts.unknown > 0 || count > 0 {
        Exit::NotKnown
    } else {
        Exit::Clean
    })
}

fn report(problems: &[String], diagnostics: &mut dyn Write) -> anyhow::Result<()> {
    for problem in problems {
        writeln!(diagnostics, "error: {problem}")?;
    }
    Ok(())
}

/// The result of a backtest: counts, and the incidents and reported changes in temporary files.
#[derive(Debug)]
struct Outcome {
    counts: Counts,
    files: Files,
    calls: CallSums,
    tally: Tally,
    incidents: Spill<SpilledChange>,
    reported: Spill<SpilledChange>,
}
