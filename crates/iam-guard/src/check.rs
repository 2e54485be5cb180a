//! `iam-guard check`: the restricted grants in files.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::analysis::{Settings, analyze};
use crate::counts::Counts;
use crate::exit::Exit;
use crate::input;
use crate::report::{Format, Report};

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
                writeln!(diagnostics, "error: {error}")?;
                continue;
            }
        };
        let analysis = analyze(&input, settings);
        counts.add(&analysis);
        if let Some(problem) = &analysis.problem {
            writeln!(diagnostics, "error: {}: {problem}", input.source.name)?;
        }
        for repeated in &analysis.repeated {
            let source = &input.source;
            let (key, line) = (&repeated.key, source.line(repeated.span.start));
            let before = source.line(repeated.before.start);
            writeln!(
                diagnostics,
                "warning: {}: line {line}: the key `{key}` is also in line {before}; the last one counts",
                source.name
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
