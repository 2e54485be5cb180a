//! The decision: what a document grants that is restricted.

use crate::statement::ResourceElement;
use crate::{
    ActionPattern, Effect, Element, Finding, Grant, PolicyDocument, RestrictedActions, Statement,
};

/// Judges the text of a document.
///
/// An empty list of findings means that the document is clean.
/// A text that cannot be read gives exactly one finding, [`Finding::Unreadable`]: what IAM accepted and we cannot read
/// violates.
///
/// ```
/// use iam_policy::{judge, RestrictedActions};
///
/// let restricted = RestrictedActions::parse("s3:DeleteBucket")?;
/// let text = r#"{"Statement": {"Sid": "Storage", "Effect": "Allow", "Action": "s3:Del*", "Resource": "*"}}"#;
/// let findings = judge(text, &restricted);
/// assert_eq!(
///     findings[0].to_string(),
///     "statement 1 (`Storage`): Action `s3:Del*` grants `s3:DeleteBucket`, restricted by `s3:DeleteBucket`",
/// );
/// # Ok::<(), iam_policy::RestrictedActionsError>(())
/// ```
#[must_use]
pub fn judge(text: &str, restricted: &RestrictedActions) -> Vec<Finding> {
    match PolicyDocument::parse(text) {
        Ok(document) => find_restricted(&document, restricted),
        Err(error) => vec![Finding::Unreadable {
            reason: error.to_string(),
        }],
    }
}

/// What the document grants that is restricted, statement by statement.
#[must_use]
pub fn find_restricted(document: &PolicyDocument, restricted: &RestrictedActions) -> Vec<Finding> {
    let denied: Vec<&ActionPattern> = document
        .statements()
        .iter()
        .filter(|statement| cancels(statement) && !statement.is_negated())
        .flat_map(Statement::patterns)
        .collect();
    let mut findings = Vec::new();
    for (index, statement) in document.statements().iter().enumerate() {
        if statement.effect() != Effect::Allow || statement.resource() == ResourceElement::None {
            continue;
        }
        let mut found = |element, pattern: String, restricted: &ActionPattern| {
            findings.push(Finding::Grant(Grant {
                statement: index,
                sid: statement
                    .sid()
                    .filter(|sid| !sid.is_empty())
                    .map(str::to_owned),
                element,
                pattern,
                restricted: restricted.to_string(),
                examples: if restricted.is_literal() {
                    vec![restricted.to_string()]
                } else {
                    Vec::new()
                },
                total: usize::from(restricted.is_literal()),
                future_example: None,
                conditional: statement.is_conditional(),
                narrowed: statement.is_narrowed(),
            }));
        };
        for r in restricted.patterns() {
            if denied.iter().any(|d| d.covers(r)) {
                continue;
            }
            if statement.is_negated() {
                if !statement.patterns().iter().any(|n| n.covers(r)) {
                    let left_out: Vec<&str> = statement
                        .patterns()
                        .iter()
                        .map(ActionPattern::as_str)
                        .collect();
                    found(Element::NotAction, left_out.join(","), r);
                }
            } else {
                for g in statement.patterns() {
                    if g.intersects(r) && !denied.iter().any(|d| d.covers(g)) {
                        found(Element::Action, g.to_string(), r);
                    }
                }
            }
        }
    }
    findings
}

/// Whether the statement takes its actions away from every grant of the document.
fn cancels(statement: &Statement) -> bool {
    statement.effect() == Effect::Deny
        && !statement.is_conditional()
        && statement.resource() == ResourceElement::All
}
