//! `iam-guard check`: what files grant that is restricted.

mod analysis;
mod judging;

use std::io::{self, Write};
use std::path::PathBuf;

pub use analysis::{Analyzed, Settings, analyze};
pub use judging::{Document, Judged, pretty};

use crate::exit::Exit;
use crate::input::{self, Input};
use crate::report::{Format, Report};
use crate::verdict::Verdict;

/// What came of a check.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub clean: usize,
    pub restricted: usize,
    pub unknown: usize,
    pub not_judged: usize,
    /// Files that could not be judged.
    pub problems: usize,
    /// Files that are about something else.
    pub others: usize,
}

impl Counts {
    fn add(&mut self, analyzed: &Analyzed) {
        for judged in &analyzed.judged {
            match judged.opinion.verdict {
                Verdict::Clean => self.clean += 1,
                Verdict::Restricted => self.restricted += 1,
                Verdict::Unknown => self.unknown += 1,
            }
        }
        self.not_judged += analyzed.not_judged.len();
        self.problems += usize::from(analyzed.problem.is_some());
        self.others += usize::from(analyzed.is_other && analyzed.problem.is_none());
    }

    fn exit(&self, allow_unknown: bool) -> Exit {
        if self.restricted > 0 {
            Exit::Restricted
        } else if self.problems > 0 || self.unknown > 0 && !allow_unknown {
            Exit::NotKnown
        } else {
            Exit::Clean
        }
    }
}

/// Checks files and folders, and writes the report to `out` and diagnostics to `diagnostics`.
///
/// # Errors
///
/// If the report cannot be written.
pub fn check(
    paths: &[PathBuf],
    settings: &Settings,
    allow_unknown: bool,
    format: Format,
    out: &mut dyn Write,
    diagnostics: &mut dyn Write,
) -> io::Result<Exit> {
    let mut counts = Counts::default();
    let mut report = Report::new(format, &settings.restricted);
    for named in input::files(paths) {
        let input: Input = match named.and_then(|named| input::read(&named)) {
            Ok(input) => input,
            Err(error) => {
                counts.problems += 1;
                writeln!(diagnostics, "error: {error}")?;
                continue;
            }
        };
        let analyzed = analyze(&input, settings);
        counts.add(&analyzed);
        if let Some(problem) = &analyzed.problem {
            writeln!(diagnostics, "error: {}: {problem}", input.source.name)?;
        }
        report.file(&input.source, &analyzed, out)?;
    }
    report.end(&counts, out)?;
    if counts.clean + counts.restricted + counts.unknown == 0 && counts.problems == 0 {
        writeln!(diagnostics, "note: no policy was found")?;
    }
    Ok(counts.exit(allow_unknown))
}
