//! What a remediation did: edits, and losses that the quota forced.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Element;
use crate::finding::write_place;

/// One change to a document.
///
/// Displayed, it is one plain sentence without a full stop; statements are counted from 1 there and from 0 in the fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Edit {
    /// What kind of change it is.
    pub kind: EditKind,
    /// The index of the statement in the original, counted from 0; none if the edit is to the whole document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<usize>,
    /// The statement's `Sid`, if it has one that is not empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The element that was changed; none if the edit is to a whole statement or document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub element: Option<Element>,
    /// The patterns that were there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
    /// The patterns that are there in their place, or were added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// Why.
    pub why: String,
}

/// The kinds of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EditKind {
    /// A document that could not be read was replaced by one that grants nothing.
    DocumentReplaced,
    /// No statement was left, so one that grants nothing stands in their place.
    DocumentEmptied,
    /// A statement was left empty and is gone.
    StatementDropped,
    /// An entry of `Action` is gone.
    EntryDropped,
    /// An entry of `Action` was replaced by narrower ones.
    EntryReplaced,
    /// An `Action` that named everything became a `NotAction`.
    EverythingExcept,
    /// A `NotAction` leaves out more.
    LeavesOutMore,
}

/// An entry, or a whole statement, that grants less than it could because the quota left no room.
///
/// Displayed, it is one plain sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Loss {
    /// The index of the statement in the original, counted from 0.
    pub statement: usize,
    /// The statement's `Sid`, if it has one that is not empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The element of the entry.
    pub element: Element,
    /// The entry; for `NotAction`, all patterns that it left out, separated by commas.
    pub pattern: String,
    /// Known actions that the statement granted, that are not restricted and that it grants no longer; at most
    /// [`Loss::MAX_EXAMPLES`] of them.
    pub examples: Vec<String>,
    /// How many there are.
    pub total: usize,
}

impl Loss {
    /// How many examples a loss has at most.
    pub const MAX_EXAMPLES: usize = 10;
}

/// How many patterns one sentence has at most.
const SHOWN: usize = 6;

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(statement) = self.statement {
            write_place(f, statement, self.sid.as_deref())?;
        }
        let element = self
            .element
            .map(|element| element.to_string())
            .unwrap_or_default();
        let before = Shown::all(&self.before);
        let after = Shown::all(&self.after);
        match self.kind {
            EditKind::DocumentReplaced => {
                write!(f, "the document was replaced by one that grants nothing")?
            }
            EditKind::DocumentEmptied => write!(
                f,
                "one statement that grants nothing stands for all that were taken out"
            )?,
            EditKind::StatementDropped => write!(f, "the statement was taken out")?,
            EditKind::EntryDropped => write!(f, "{element} {before} was taken out")?,
            EditKind::EntryReplaced => write!(f, "{element} {before} was replaced by {after}")?,
            EditKind::EverythingExcept => {
                write!(f, "{element} {before} was replaced by NotAction {after}")?
            }
            EditKind::LeavesOutMore => write!(f, "{element} now also leaves out {after}")?,
        }
        write!(f, ", because {}", self.why)
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_place(f, self.statement, self.sid.as_deref())?;
        write!(
            f,
            "{} `{}` could not be narrowed within the size that IAM allows, so {} known {} gone as well, such as {}",
            self.element,
            self.pattern,
            self.total,
            if self.total == 1 {
                "action that is not restricted is"
            } else {
                "actions that are not restricted are"
            },
            Shown {
                patterns: &self.examples,
                total: self.total
            },
        )
    }
}

/// Patterns as a sentence lists them, at most [`SHOWN`].
pub(super) struct Shown<'a> {
    patterns: &'a [String],
    /// How many there are, of which `patterns` may be only the first.
    total: usize,
}

impl Shown<'_> {
    pub(super) fn all(patterns: &[String]) -> Shown<'_> {
        Shown {
            patterns,
            total: patterns.len(),
        }
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.patterns.len().min(SHOWN);
        for (at, pattern) in self.patterns.iter().take(shown).enumerate() {
            let lead = if at == 0 { "" } else { ", " };
            write!(f, "{lead}`{pattern}`")?;
        }
        match self.total.saturating_sub(shown) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
