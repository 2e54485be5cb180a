//! SARIF 2.1.0.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{place, summary};
use crate::check::{Analyzed, Judged};
use crate::source::{Source, Span};
use crate::verdict::{Note, Noted, Verdict};

#[derive(Debug, Default)]
pub(super) struct Sarif {
    results: Vec<Value>,
}

/// Identifier, level and description of each rule.
const RULES: [(&str, &str, &str); 5] = [
    (
        "restricted-grant",
        "error",
        "A policy grants an action that the restricted list names.",
    ),
    (
        "doubtful-action",
        "error",
        "A policy grants by an action of which IAM's reading is not known.",
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
];

impl Sarif {
    pub(super) fn file(&mut self, source: &Source, analyzed: &Analyzed) {
        for judged in &analyzed.judged {
            let results = judged.opinion.notes.iter().map(|noted| {
                let message = format!("{}: {}", judged.name, noted.note.message());
                result(rule(noted), source, place(judged, noted), &message)
            });
            self.results.extend(results);
            self.results.extend(unexplained(source, judged));
        }
        for not_judged in &analyzed.not_judged {
            let message = format!("{}: not judged: {}", not_judged.name, not_judged.reason);
            let result = result("not-judged", source, &not_judged.span, &message);
            self.results.push(result);
        }
    }

    pub(super) fn end(&self, out: &mut dyn Write) -> io::Result<()> {
        let rules = RULES.map(|(id, level, description)| {
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
                    "rules": rules,
                }},
                "columnKind": "unicodeCodePoints",
                "results": self.results,
            }],
        });
        serde_json::to_writer_pretty(&mut *out, &log)?;
        out.write_all(b"\n")
    }
}

/// The result for a policy whose reasons did not fit into the opinion.
fn unexplained(source: &Source, judged: &Judged) -> Option<Value> {
    let opinion = &judged.opinion;
    if opinion.verdict == Verdict::Clean || !opinion.notes.is_empty() {
        return None;
    }
    let message = format!("{}: {}", judged.name, summary(opinion.verdict));
    Some(result("restricted-grant", source, &judged.span, &message))
}

fn rule(noted: &Noted) -> &'static str {
    use iam_policy::Finding;
    match &noted.note {
        Note::Unknown(_) => "unknown-value",
        Note::Finding(Finding::Unreadable { .. }) => "unreadable-document",
        Note::Finding(Finding::Ambiguous(_)) => "doubtful-action",
        Note::Finding(_) => "restricted-grant",
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

/// The path as a relative URI reference, in which only some characters stand for themselves (RFC 3986).
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'\\' => uri.push('/'),
            b'/' | b'-' | b'_' | b'.' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
