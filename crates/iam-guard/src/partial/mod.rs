//! Documents that are partly unknown until the deployment.
//!
//! Such a document is judged twice. In its lower bound, the unknown parts grant as little as they
//! can; in its upper bound, as much as they can. If both have the same verdict, the verdict does
//! not depend on the unknown parts.

mod bound;
mod choices;
mod pattern;
mod places;
mod text;

use std::ops::ControlFlow;
use std::sync::Arc;

use iam_policy::{RestrictedActions, judge};

use bound::{Bound, bounded};
use choices::differences;
pub use choices::{Choices, Tried, each_combination};
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
    /// An unknown part that is not empty and has no wildcard, such as the ARN of a resource.
    Name(String),
}

impl Piece {
    /// The text, if it is known.
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(text) => Some(text),
            Self::Hole(_) | Self::Name(_) => None,
        }
    }

    /// The text as the file has it.
    pub fn as_written(&self) -> &str {
        match self {
            Self::Known(text) | Self::Hole(text) | Self::Name(text) => text,
        }
    }
}

impl Item {
    /// The text, if all of it is known.
    pub fn known_text(&self) -> Option<String> {
        let Shape::Text(pieces) = &self.shape else {
            return None;
        };
        pieces.iter().map(Piece::known).collect()
    }

    /// A boolean or a number, as JSON.
    pub fn plain(&self) -> Option<String> {
        match &self.shape {
            Shape::Plain(json) => Some(json.clone()),
            _ => None,
        }
    }

    /// The text as the file has it.
    pub fn as_written(&self) -> Option<String> {
        match &self.shape {
            Shape::Text(pieces) => Some(pattern::as_written(pieces)),
            _ => None,
        }
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

/// Judges the document that `evaluate` returns for each combination of choices.
///
/// The result is `None` if `evaluate` returns no document for any of them.
pub fn judge_partial(
    evaluate: impl Fn(&Choices) -> Option<Item>,
    restricted: &RestrictedActions,
) -> Option<Assessment> {
    let judged = |item: Item| judge_item(&text::opened(item), restricted);
    let mut first = None;
    let mut is_refused = false;
    let tried = each_combination(|choices| {
        let item = evaluate(choices);
        if choices.is_refused() {
            is_refused = true;
            return ControlFlow::Continue(());
        }
        let Some(assessment) = item.map(judged) else {
            return ControlFlow::Continue(());
        };
        let taken = choices.all_taken();
        match &first {
            None if assessment.verdict == Verdict::Unknown => {
                ControlFlow::Break((assessment, taken))
            }
            None => {
                first = Some((assessment, taken));
                ControlFlow::Continue(())
            }
            Some((before, _)) => match before.verdict.joined(assessment.verdict) {
                None => ControlFlow::Break((assessment, taken)),
                Some(joined) => {
                    if joined != before.verdict {
                        first = Some((assessment, taken));
                    }
                    ControlFlow::Continue(())
                }
            },
        }
    });
    match (tried, first) {
        (Tried::Stopped((other, others)), Some((first, taken))) => {
            let on = differences(&taken, &others).join(" and ");
            let depends = format!("what the document grants depends on {on}");
            Some(depending(depends, first, other))
        }
        (Tried::Stopped((assessment, _)), None) | (Tried::All, Some((assessment, _))) => {
            Some(assessment)
        }
        (Tried::All, None) if !is_refused => None,
        // Too many combinations, or only refused ones, which must not hide what is granted.
        (Tried::All | Tried::TooMany, _) => evaluate(&Choices::open()).map(judged),
    }
}

/// Judges a document that is one of these. The result is `None` if there are none.
pub fn judge_one_of(documents: &[Arc<Item>], restricted: &RestrictedActions) -> Option<Assessment> {
    let mut assessments = documents.iter().map(|item| judge_item(item, restricted));
    let mut all = assessments.next()?;
    for other in assessments {
        match all.verdict.joined(other.verdict) {
            Some(joined) if joined == all.verdict => {}
            Some(_) => all = other,
            None => {
                let count = documents.len();
                let depends =
                    format!("which of {count} documents it is, is not known before the deployment");
                return Some(depending(depends, all, other));
            }
        }
    }
    Some(all)
}

/// The deployment decides which of two documents applies, so two different verdicts make an unknown
/// one. The reasons of both are reported.
fn depending(depends: String, first: Assessment, other: Assessment) -> Assessment {
    let depends = Reason::Unknown(depends);
    let mut assessment = Assessment::because(Verdict::Unknown, depends, first.span);
    let reasons = first.reasons.into_iter().chain(other.reasons);
    assessment.reasons.extend(reasons);
    assessment
}

/// Judges a document by its lower and its upper bound.
fn judge_item(item: &Item, restricted: &RestrictedActions) -> Assessment {
    let span = item.span.clone();
    let known = item.known_text();
    let is_known = known.is_some();
    // The engine reads a known text unchanged, because it also judges how the text is written.
    let lower = known.unwrap_or_else(|| bounded(item, Bound::Lower).text);
    let judgement = judge(&lower, restricted);
    let least = match judgement.is_clean() {
        true => Assessment::clean(span.clone()),
        false => places(item).assessment(&judgement, span.clone()),
    };
    if is_known || least.verdict == Verdict::Restricted {
        return least;
    }
    let upper = bounded(item, Bound::Upper);
    if upper.text == lower {
        return least;
    }
    let most = Verdict::of(judge(&upper.text, restricted).response());
    let verdict = least.verdict.joined(most).unwrap_or(Verdict::Unknown);
    if verdict == least.verdict {
        return least;
    }
    let mut reasons = upper.unknown;
    reasons.extend(least.reasons);
    Assessment {
        verdict,
        reasons,
        span,
    }
}

#[cfg(test)]
mod soundness_tests;
