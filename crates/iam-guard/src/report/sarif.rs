//! SARIF 2.1.0.

use std::io::{self, Write};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{place, summary};
use crate::analysis::{Analysis, JudgedPolicy};
use crate::source::{Source, Span};
use crate::verdict::{LocatedReason, Reason, Verdict};

#[derive(Debug, Default)]
pub(super) struct Sarif {
    results: Vec<Value>,
}

/// Identifier, level and description of each rule. Code scanning keeps results by these
/// identifiers, so they stay as they are.
const RULES: [(&str, &str, &str); 6] = [
    (
        "restricted-grant",
        "error",
        "A policy grants an action that the restricted list names.",
    ),
    (
        "doubtful-action",
        "error",
        "A policy grants through an action whose interpretation by IAM is not known.",
    ),
    (
        "unreadable-document",
        "error",
        "A policy document cannot be read, so it may grant anything.",
    ),
    (
        "unknown-value",
        "warning",
        "Whether a policy grants restricted actions depends on a value that is not known before the deployment.",
    ),
    (
        "not-judged",
        "note",
        "Permissions are granted by something that is not in the file.",
    ),
    (
        "reported-grant",
        "warning",
        "A policy grants, or may grant, an action that only the report list names.",
    ),
];

impl Sarif {
    pub(super) fn file(&mut self, source: &Source, analysis: &Analysis) {
        for judged in &analysis.judged {
            let results = judged.assessment.reasons.iter().map(|located| {
                let message = format!("{}: {}", judged.name, located.reason.message());
                result(rule(located), source, place(judged, located), &message)
            });
            self.results.extend(results);
            self.results.extend(unexplained(source, judged));
        }
        for not_judged in &analysis.not_judged {
            let message = format!("{}: not judged: {}", not_judged.name, not_judged.reason);
            let result = result("not-judged", source, &not_judged.span, &message);
            self.results.push(result);
        }
    }

    pub(super) fn end(&self, out: &mut dyn Write) -> io::Result<()> {
        log(&RULES, &self.results, out)
    }
}

/// Writes a log with these results of these rules.
pub(crate) fn log(
    rules: &[(&str, &str, &str)],
    results: &[Value],
    out: &mut dyn Write,
) -> io::Result<()> {
    let rules = rules.iter().map(|(id, level, description)| {
        json!({
            "id": id,
            "shortDescription": {"text": description},
            "defaultConfiguration": {"level": level},
        })
    });
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "iam-guard",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.collect::<Vec<Value>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    out.write_all(b"\n")
}

/// The result for a policy whose reasons are too long for the assessment.
fn unexplained(source: &Source, judged: &JudgedPolicy) -> Option<Value> {
    let assessment = &judged.assessment;
    if assessment.verdict == Verdict::Clean || !assessment.reasons.is_empty() {
        return None;
    }
    let message = format!("{}: {}", judged.name, summary(assessment.verdict));
    let rule = match assessment.verdict {
        Verdict::Reported => "reported-grant",
        _ => "restricted-grant",
    };
    Some(result(rule, source, &judged.span, &message))
}

fn rule(located: &LocatedReason) -> &'static str {
    use iam_policy::Finding;
    match &located.reason {
        Reason::Unknown(_) => "unknown-value",
        reason if reason.is_reported() => "reported-grant",
        Reason::Finding(Finding::Unreadable { .. }, _) => "unreadable-document",
        Reason::Finding(Finding::Ambiguous(_), _) => "doubtful-action",
        Reason::Finding(..) => "restricted-grant",
    }
}

fn result(id: &str, source: &Source, span: &Span, message: &str) -> Value {
    let index = RULES
        .iter()
        .position(|(rule, _, _)| *rule == id)
        .unwrap_or_default();
    let level = RULES.get(index).map_or("error", |(_, level, _)| *level);
    let end = span.end.max(span.start);
    json!({
        "ruleId": id,
        "ruleIndex": index,
        "level": level,
        "message": {"text": message},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": uri(&source.name)},
                "region": {
                    "startLine": source.line(span.start),
                    "startColumn": source.column(span.start),
                    "endLine": source.line(end),
                    "endColumn": source.column(end),
                },
            },
        }],
    })
}

/// The path as a relative URI reference, percent-encoded (RFC 3986).
pub(crate) fn uri(path: &str) -> String {
    const ENCODED: AsciiSet = NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~');
    let path = path.strip_prefix("./").unwrap_or(path).replace('\\', "/");
    utf8_percent_encode(&path, &ENCODED).to_string()
}
