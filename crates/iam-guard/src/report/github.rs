//! Workflow commands of GitHub Actions ("Workflow commands for GitHub Actions").

use std::io::{self, Write};

use super::{place, summary};
use crate::analysis::Analysis;
use crate::source::Source;
use crate::verdict::Verdict;

pub(super) fn file(source: &Source, analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    let mut command = |level: &str, at: usize, title: &str, message: &str| {
        writeln!(
            out,
            "::{level} file={},line={},col={},title={}::{}",
            property(&source.name),
            source.line(at),
            source.column(at),
            property(title),
            data(message)
        )
    };
    for judged in &analysis.judged {
        let assessment = &judged.assessment;
        let level = match assessment.verdict {
            Verdict::Clean => continue,
            Verdict::Restricted => "error",
            Verdict::Reported | Verdict::Unknown => "warning",
        };
        for located in &assessment.reasons {
            let at = place(judged, located).start;
            let level = match located.reason.is_reported() {
                true => "warning",
                false => level,
            };
            command(level, at, &judged.name, &located.reason.message())?;
        }
        if assessment.reasons.is_empty() {
            command(
                level,
                judged.span.start,
                &judged.name,
                summary(assessment.verdict),
            )?;
        }
    }
    for not_judged in &analysis.not_judged {
        let message = format!("not judged: {}", not_judged.reason);
        command("notice", not_judged.span.start, &not_judged.name, &message)?;
    }
    Ok(())
}

fn data(text: &str) -> String {
    let text = text.replace('%', "%25");
    text.replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
