//! JSON lines: one object for each policy.

use std::io::{self, Write};

use iam_policy::Response;
use serde::Serialize;

use super::place;
use crate::analysis::Analysis;
use crate::source::Source;
use crate::verdict::{Reason, Verdict};

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
    /// The response to what may grant anything. A grant has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Response>,
    #[serde(flatten)]
    detail: Detail<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Detail<'a> {
    Finding(&'a iam_policy::Finding),
    Unknown { kind: &'static str },
}

pub(super) fn file(source: &Source, analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    for judged in &analysis.judged {
        let findings = judged.assessment.reasons.iter().map(|located| Finding {
            line: source.line(place(judged, located).start),
            message: located.reason.message(),
            response: match &located.reason {
                Reason::Finding(iam_policy::Finding::Grant(_), _) | Reason::Unknown(_) => None,
                Reason::Finding(_, response) => {
                    Some(*response).filter(|it| *it != Response::Contain)
                }
            },
            detail: match &located.reason {
                Reason::Finding(finding, _) => Detail::Finding(finding),
                Reason::Unknown(_) => Detail::Unknown { kind: "unknown" },
            },
        });
        let line = Line {
            file: &source.name,
            line: source.line(judged.span.start),
            name: &judged.name,
            verdict: judged.assessment.verdict,
            findings: findings.collect(),
        };
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
