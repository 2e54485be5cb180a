//! `iam-guard check`: the restricted grants in files.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::analysis::{Settings, analyze};
use crate::counts::Counts;
use crate::exit::Exit;
use crate::input;
use crate::printable::printable;
use crate::report::{Format, Report};

/// The most repeated keys of one file that are named.
const MAX_REPEATED: usize = 20;

/// Checks files and folders, and writes the report to `out` and diagnostics to `diagnostics`.
pub fn check(
    paths: &[PathBuf],
    settings: &Settings,
    format: Format,
    out: &mut dyn Write,
    diagnostics: &mut dyn Write,
) -> io::Result<Exit> {
    let mut counts = Counts::default();
    let mut report = Report::new(format, &settings.restricted);
    for path in input::files(paths) {
        let input = match path.and_then(|path| input::read(&path)) {
            Ok(input) => input,
            Err(error) => {
                counts.problems += 1;
                writeln!(diagnostics, "error: {}", printable(&error.to_string()))?;
                continue;
            }
        };
        let analysis = analyze(&input, settings);
        counts.add(&analysis);
        let name = printable(&input.source.name);
        if let Some(problem) = &analysis.problem {
            writeln!(diagnostics, "error: {name}: {}", printable(problem))?;
        }
        for repeated in analysis.repeated.iter().take(MAX_REPEATED) {
            let line = input.source.line(repeated.span.start);
            let before = input.source.line(repeated.before.start);
            let key = printable(&repeated.key);
            writeln!(
                diagnostics,
                "warning: {name}: line {line}: the key `{key}` is also in line {before}; the last one counts"
            )?;
        }
        let more = analysis.repeated.len().saturating_sub(MAX_REPEATED);
        if more > 0 {
            writeln!(
                diagnostics,
                "warning: {name}: {more} more keys are repeated"
            )?;
        }
        report.file(&input.source, &analysis, out)?;
    }
    report.end(&counts, out)?;
    if counts.policies() == 0 && counts.problems == 0 {
        writeln!(diagnostics, "note: no policy was found")?;
    }
    Ok(counts.exit(settings.allow_unknown))
}
