//! JSON lines: one object for each policy.

use std::io::{self, Write};

use serde::Serialize;

use super::place;
use crate::check::Analyzed;
use crate::source::Source;
use crate::verdict::{Note, Verdict};

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    line: usize,
    name: &'a str,
    verdict: Verdict,
    findings: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Finding<'a> {
    line: usize,
    message: String,
    #[serde(flatten)]
    detail: Detail<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Detail<'a> {
    Found(&'a iam_policy::Finding),
    Unknown { kind: &'static str },
}

pub(super) fn file(source: &Source, analyzed: &Analyzed, out: &mut dyn Write) -> io::Result<()> {
    for judged in &analyzed.judged {
        let findings = judged.opinion.notes.iter().map(|noted| Finding {
            line: source.line(place(judged, noted).start),
            message: noted.note.message(),
            detail: match &noted.note {
                Note::Finding(finding) => Detail::Found(finding),
                Note::Unknown(_) => Detail::Unknown { kind: "unknown" },
            },
        });
        let line = Line {
            file: &source.name,
            line: source.line(judged.span.start),
            name: &judged.name,
            verdict: judged.opinion.verdict,
            findings: findings.collect(),
        };
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
