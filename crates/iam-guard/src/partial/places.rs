//! The places of the statements and entries of a document in its file.

use iam_policy::{Element, Finding, Judgement};

use super::{Item, Shape, pattern};
use crate::source::Span;
use crate::verdict::{Assessment, LocatedReason, Reason, Verdict};

/// The most bytes of findings that one policy has.
const MAX_FINDINGS: usize = 100_000;

/// The places in one document.
#[derive(Debug, Default)]
pub struct Places {
    statements: Vec<Statement>,
}

#[derive(Debug)]
struct Statement {
    span: Span,
    /// The value of `Action` or `NotAction`.
    element: Option<Span>,
    entries: Vec<(String, Span)>,
}

/// Finds the places in a document. Statements have the same indexes as in the engine.
pub fn places(document: &Item) -> Places {
    let statements = document.get("Statement").map(Item::one_or_many);
    let place = |statement: &Item| {
        let element = statement
            .get("Action")
            .or_else(|| statement.get("NotAction"));
        let entries = element.map(Item::one_or_many).unwrap_or_default();
        let entry = |entry: &Item| match &entry.shape {
            Shape::Text(pieces) => Some((pattern::as_written(pieces), entry.span.clone())),
            _ => None,
        };
        Statement {
            span: statement.span.clone(),
            element: element.map(|element| element.span.clone()),
            entries: entries.iter().filter_map(entry).collect(),
        }
    };
    Places {
        statements: statements.unwrap_or_default().iter().map(place).collect(),
    }
}

impl Places {
    /// The place that a finding is about: the entry, else the element, else the statement. A
    /// document that cannot be read has no places.
    pub fn of(&self, finding: &Finding) -> Option<Span> {
        let statement = self.statements.get(finding.statement()?)?;
        let pattern = match finding {
            Finding::Grant(grant) if grant.element == Element::Action => grant.patterns.first(),
            Finding::Ambiguous(ambiguous) => Some(&ambiguous.pattern),
            _ => None,
        };
        let entry = pattern.and_then(|pattern| {
            let mut entries = statement.entries.iter();
            entries.find(|(text, _)| text == pattern.as_str())
        });
        let entry = entry.map(|(_, span)| span);
        let place = entry.or(statement.element.as_ref());
        Some(place.unwrap_or(&statement.span).clone())
    }

    /// The place of the statement with this index.
    pub fn statement(&self, index: usize) -> Option<Span> {
        Some(self.statements.get(index)?.span.clone())
    }

    /// The assessment of a document that is not clean.
    pub fn assessment(&self, judgement: &Judgement<'_>, span: Span) -> Assessment {
        let findings = judgement.findings(MAX_FINDINGS).into_shown();
        let strictest = judgement.restricted().strictest();
        let located = |finding: Finding| LocatedReason {
            span: self.of(&finding).unwrap_or_else(|| span.clone()),
            reason: Reason::finding(finding, strictest),
        };
        Assessment {
            verdict: Verdict::of(judgement.response()),
            reasons: findings.into_iter().map(located).collect(),
            span,
        }
    }
}
