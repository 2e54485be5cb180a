//! Documents of which a part is not known before the deployment.
//!
//! Such a document is judged in two readings: what is not known grants as much as it can, and as little as it can.
//! Where both have the same verdict, that verdict does not depend on what is not known.

mod pattern;
mod places;
mod reading;
mod text;

use std::collections::BTreeMap;

use iam_policy::{RestrictedActions, judge};

pub use places::{Places, places};
pub use reading::{Extreme, Reading, Unknown, read};

use crate::source::Span;
use crate::verdict::{Note, Noted, Opinion, Verdict};

/// A value of which parts may not be known.
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
    /// Nothing is known of the value; this is how the file has it, such as `!Ref Actions`.
    Unknown(String),
}

/// A stretch of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    Known(String),
    /// A stretch that is not known; this is how the file has it, such as `${Verb}`.
    Hole(String),
}

impl Item {
    /// The text, where all of it is known.
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

    /// The entries of a list, or the one value that stands in place of a list.
    pub fn one_or_many(&self) -> &[Item] {
        match &self.shape {
            Shape::List(entries) => entries,
            _ => std::slice::from_ref(self),
        }
    }
}

/// Which conditions hold.
pub type World = BTreeMap<String, bool>;

/// More conditions than these are not tried one by one.
const MAX_CONDITIONS: usize = 8;

/// Every choice of whether these conditions hold; one world that leaves all open where there are too many.
fn worlds(conditions: &[String]) -> Vec<World> {
    if conditions.len() > MAX_CONDITIONS {
        return vec![World::new()];
    }
    let mut worlds = vec![World::new()];
    for condition in conditions {
        let with = |holds: bool| {
            move |world: &World| {
                let mut world = world.clone();
                world.insert(condition.clone(), holds);
                world
            }
        };
        worlds = [true, false]
            .into_iter()
            .flat_map(|holds| worlds.iter().map(with(holds)).collect::<Vec<_>>())
            .collect();
    }
    worlds
}

/// Judges a document that `evaluate` makes, which may depend on `conditions`; none where it makes none at all.
pub fn judge_partial(
    conditions: &[String],
    evaluate: impl Fn(&World) -> Option<Item>,
    restricted: &RestrictedActions,
) -> Option<Opinion> {
    let mut opinions = worlds(conditions)
        .into_iter()
        .filter_map(|world| evaluate(&world))
        .map(|item| judge_item(&text::opened(item), restricted));
    let first = opinions.next()?;
    let mut unlike = opinions.filter(|opinion| opinion.verdict != first.verdict);
    let Some(other) = unlike.next() else {
        return Some(first);
    };
    let span = first.span.clone();
    let names: Vec<String> = conditions.iter().map(|name| format!("`{name}`")).collect();
    let depends = Noted {
        note: Note::Unknown(format!(
            "what the document grants depends on the condition {}",
            names.join(" and ")
        )),
        span: span.clone(),
    };
    let notes = first.notes.into_iter().chain(other.notes);
    Some(Opinion {
        verdict: Verdict::Unknown,
        notes: std::iter::once(depends).chain(notes).collect(),
        span,
    })
}

/// Judges a document in both readings.
fn judge_item(item: &Item, restricted: &RestrictedActions) -> Opinion {
    let least = match item.known_text() {
        // The engine sees the text as it is.
        Some(text) => Reading::known(text),
        None => read(item, Extreme::Least),
    };
    let judgement = judge(&least.text, restricted);
    let places = places(item);
    if !judgement.is_clean() {
        return Opinion::restricted(&judgement, &places, item.span.clone());
    }
    if item.known_text().is_some() {
        return Opinion::clean(item.span.clone());
    }
    let most = read(item, Extreme::Most);
    let is_clean = most.text == least.text || judge(&most.text, restricted).is_clean();
    let unknown = |unknown: Unknown| Noted {
        note: Note::Unknown(unknown.reason),
        span: unknown.span,
    };
    Opinion {
        verdict: if is_clean {
            Verdict::Clean
        } else {
            Verdict::Unknown
        },
        notes: match is_clean {
            true => Vec::new(),
            false => most.unknown.into_iter().map(unknown).collect(),
        },
        span: item.span.clone(),
    }
}

#[cfg(test)]
mod soundness_tests;
#[cfg(test)]
mod tests;
