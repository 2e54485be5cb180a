//! Documents that are partly unknown until the deployment.
//!
//! Such a document is judged twice. In its lower bound, the unknown parts grant as little as they
//! can; in its upper bound, as much as they can. If both have the same verdict, the verdict does
//! not depend on the unknown parts.

mod bound;
mod pattern;
mod places;
mod text;

use std::collections::BTreeMap;
use std::sync::Arc;

use iam_policy::{RestrictedActions, judge};

use bound::{Bound, bounded};
pub use places::{Places, places};

use crate::source::Span;
use crate::verdict::{Assessment, Reason, Verdict};

/// A value that may be partly unknown.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub shape: Shape,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    Null,
    /// A boolean or a number, as JSON.
    Plain(String),
    Text(Vec<Piece>),
    List(Vec<Item>),
    Object(Vec<(String, Item)>),
    /// An unknown value, as the file has it, such as `!Ref Actions`.
    Unknown(String),
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    Known(String),
    /// An unknown part, as the file has it, such as `${Verb}`.
    Hole(String),
}

impl Item {
    /// The text, if all of it is known.
    pub fn known_text(&self) -> Option<String> {
        let Shape::Text(pieces) = &self.shape else {
            return None;
        };
        let known = pieces.iter().map(|piece| match piece {
            Piece::Known(text) => Some(text.as_str()),
            Piece::Hole(_) => None,
        });
        known.collect()
    }

    pub fn get(&self, key: &str) -> Option<&Item> {
        let Shape::Object(members) = &self.shape else {
            return None;
        };
        Some(&members.iter().find(|(own, _)| own == key)?.1)
    }

    /// The entries of a list; any other value counts as a list of one entry.
    pub fn one_or_many(&self) -> &[Item] {
        match &self.shape {
            Shape::List(entries) => entries,
            _ => std::slice::from_ref(self),
        }
    }
}

/// The value of each condition of a template; a condition that is not here is not known.
pub type ConditionValues = BTreeMap<String, bool>;

/// More conditions than these are not tried one by one.
const MAX_CONDITIONS: usize = 8;

/// Every combination of values of these conditions. If there are too many conditions, the only
/// combination leaves all of them open.
fn combinations(conditions: &[String]) -> Vec<ConditionValues> {
    let mut all = vec![ConditionValues::new()];
    if conditions.len() > MAX_CONDITIONS {
        return all;
    }
    for condition in conditions {
        let mut without = all.clone();
        for values in &mut all {
            values.insert(condition.clone(), true);
        }
        for values in &mut without {
            values.insert(condition.clone(), false);
        }
        all.append(&mut without);
    }
    all
}

/// Judges the document that `evaluate` returns for each combination of `conditions`. The result is
/// `None` if `evaluate` returns no document for any of them.
pub fn judge_partial(
    conditions: &[String],
    evaluate: impl Fn(&ConditionValues) -> Option<Item>,
    restricted: &RestrictedActions,
) -> Option<Assessment> {
    let assessments = combinations(conditions)
        .into_iter()
        .filter_map(|values| evaluate(&values))
        .map(|item| judge_item(&text::opened(item), restricted));
    common(assessments, || {
        let names: Vec<String> = conditions.iter().map(|name| format!("`{name}`")).collect();
        let names = names.join(" and ");
        format!("what the document grants depends on the condition {names}")
    })
}

/// Judges a document that is one of these. The result is `None` if there are none.
pub fn judge_one_of(documents: &[Arc<Item>], restricted: &RestrictedActions) -> Option<Assessment> {
    let assessments = documents.iter().map(|item| judge_item(item, restricted));
    common(assessments, || {
        let count = documents.len();
        format!("which of {count} documents it is, is not known before the deployment")
    })
}

/// The verdict that all assessments have. The deployment decides which of them applies, so two
/// different verdicts make an unknown one. The reasons of both are reported.
fn common(
    mut assessments: impl Iterator<Item = Assessment>,
    depends: impl Fn() -> String,
) -> Option<Assessment> {
    let first = assessments.next()?;
    let Some(other) = assessments.find(|it| it.verdict != first.verdict) else {
        return Some(first);
    };
    let depends = Reason::Unknown(depends());
    let mut assessment = Assessment::because(Verdict::Unknown, depends, first.span);
    let reasons = first.reasons.into_iter().chain(other.reasons);
    assessment.reasons.extend(reasons);
    Some(assessment)
}

/// Judges a document by its lower and its upper bound.
fn judge_item(item: &Item, restricted: &RestrictedActions) -> Assessment {
    let span = item.span.clone();
    let known = item.known_text();
    let is_known = known.is_some();
    // The engine reads a known text unchanged, because it also judges how the text is written.
    let lower = known.unwrap_or_else(|| bounded(item, Bound::Lower).text);
    let judgement = judge(&lower, restricted);
    if !judgement.is_clean() {
        return places(item).restricted(&judgement, span);
    }
    if is_known {
        return Assessment::clean(span);
    }
    let upper = bounded(item, Bound::Upper);
    if upper.text == lower || judge(&upper.text, restricted).is_clean() {
        return Assessment::clean(span);
    }
    Assessment {
        verdict: Verdict::Unknown,
        reasons: upper.unknown,
        span,
    }
}

#[cfg(test)]
mod soundness_tests;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_combination_of_conditions_is_tried() {
        assert_eq!(combinations(&[]), [ConditionValues::new()]);
        let names = ["A".to_owned(), "B".to_owned()];
        let all: BTreeSet<_> = combinations(&names).into_iter().collect();
        assert_eq!(all.len(), 4);
    }
}
