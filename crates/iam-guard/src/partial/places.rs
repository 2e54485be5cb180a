//! Where in the file the statements and entries of a document are.

use iam_policy::Finding;

use super::{Item, Shape, pattern};
use crate::source::Span;

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

/// Finds the places in a document, whose statements are counted as the engine counts them.
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
    /// Where what a finding is about stands; none for a document that cannot be read.
    pub fn of(&self, finding: &Finding) -> Option<Span> {
        let statement = self.statements.get(finding.statement()?)?;
        let pattern = match finding {
            Finding::Grant(grant) if grant.element == iam_policy::Element::Action => {
                grant.patterns.first()
            }
            Finding::Ambiguous(ambiguous) => Some(&ambiguous.pattern),
            _ => None,
        };
        let entry = pattern.and_then(|pattern| {
            let mut entries = statement.entries.iter();
            entries.find(|(text, _)| text == pattern.as_str())
        });
        let entry = entry.map(|(_, span)| span.clone());
        Some(
            entry
                .or_else(|| statement.element.clone())
                .unwrap_or_else(|| statement.span.clone()),
        )
    }

    /// Where the statement with this index stands.
    pub fn statement(&self, index: usize) -> Option<Span> {
        Some(self.statements.get(index)?.span.clone())
    }
}
