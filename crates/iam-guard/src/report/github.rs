//! Workflow commands of GitHub Actions ("Workflow commands for GitHub Actions").

use std::io::{self, Write};

use super::{place, summary};
use crate::check::Analyzed;
use crate::source::Source;
use crate::verdict::Verdict;

pub(super) fn file(source: &Source, analyzed: &Analyzed, out: &mut dyn Write) -> io::Result<()> {
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
    for judged in &analyzed.judged {
        let opinion = &judged.opinion;
        let level = match opinion.verdict {
            Verdict::Clean => continue,
            Verdict::Restricted => "error",
            Verdict::Unknown => "warning",
        };
        for noted in &opinion.notes {
            let at = place(judged, noted).start;
            command(level, at, &judged.name, &noted.note.message())?;
        }
        if opinion.notes.is_empty() {
            command(
                level,
                judged.span.start,
                &judged.name,
                summary(opinion.verdict),
            )?;
        }
    }
    for not_judged in &analyzed.not_judged {
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
