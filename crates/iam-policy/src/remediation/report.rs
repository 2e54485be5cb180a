//! What a remediation did: edits, and losses that it could not avoid.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::message::{Shown, is_zero, write_place};
use crate::pattern_list::{self, Listed};
use crate::{ActionPattern, Element};

/// One change to a document.
///
/// Displayed, it is one plain sentence without a full stop; statements are counted from 1 there and from 0 in the fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Edit {
    pub(super) kind: EditKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) statement: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) element: Option<Element>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) before: Vec<ActionPattern>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) more_before: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) after: Vec<ActionPattern>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) more_after: usize,
    pub(super) why: String,
}

impl Edit {
    /// How many patterns an edit has at most of each kind.
    pub const MAX_PATTERNS: usize = 20;

    /// An edit to the whole document.
    pub(super) fn of_document(kind: EditKind, why: String) -> Edit {
        Edit {
            kind,
            statement: None,
            sid: None,
            element: None,
            before: Vec::new(),
            more_before: 0,
            after: Vec::new(),
            more_after: 0,
            why,
        }
    }

    /// What kind of change it is.
    #[must_use]
    pub fn kind(&self) -> EditKind {
        self.kind
    }

    /// The index of the statement in the original, counted from 0; none if the edit is to the whole document.
    #[must_use]
    pub fn statement(&self) -> Option<usize> {
        self.statement
    }

    /// The statement's `Sid`, if it has one that is not empty.
    #[must_use]
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// The element that was changed; none if the edit is to a whole statement or document.
    #[must_use]
    pub fn element(&self) -> Option<Element> {
        self.element
    }

    /// The patterns that were there, at most [`Edit::MAX_PATTERNS`].
    #[must_use]
    pub fn before(&self) -> &[ActionPattern] {
        &self.before
    }

    /// How many patterns were there besides [`Edit::before`].
    #[must_use]
    pub fn more_before(&self) -> usize {
        self.more_before
    }

    /// The patterns that replaced them, or were added, at most [`Edit::MAX_PATTERNS`].
    #[must_use]
    pub fn after(&self) -> &[ActionPattern] {
        &self.after
    }

    /// How many patterns replaced them, or were added, besides [`Edit::after`].
    #[must_use]
    pub fn more_after(&self) -> usize {
        self.more_after
    }

    /// Why, as the end of a sentence that says what was done.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }
}

/// The kinds of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum EditKind {
    /// The document was replaced by one that grants nothing.
    DocumentReplaced,
    /// No statement was left, so one that grants nothing replaces them.
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

/// An entry, or a whole statement, that grants less than it could.
///
/// Displayed, it is one plain sentence without a full stop.
/// JSON has the patterns of [`Loss::patterns`] in one string, separated by commas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Loss {
    pub(super) statement: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sid: Option<String>,
    pub(super) element: Element,
    #[serde(rename = "pattern", with = "pattern_list")]
    pub(super) patterns: Vec<ActionPattern>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) more_patterns: usize,
    pub(super) examples: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<usize>,
    #[serde(default, skip_serializing_if = "LossCause::is_quota")]
    pub(super) cause: LossCause,
}

impl Loss {
    /// How many examples a loss has at most.
    pub const MAX_EXAMPLES: usize = 10;
    /// How many patterns a loss has at most.
    pub const MAX_PATTERNS: usize = 10;

    /// The index of the statement in the original, counted from 0.
    #[must_use]
    pub fn statement(&self) -> usize {
        self.statement
    }

    /// The statement's `Sid`, if it has one that is not empty.
    #[must_use]
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// The element of the entry.
    #[must_use]
    pub fn element(&self) -> Element {
        self.element
    }

    /// The entry; of a whole statement, the entries of its `Action` or `NotAction`, at most [`Loss::MAX_PATTERNS`].
    #[must_use]
    pub fn patterns(&self) -> &[ActionPattern] {
        &self.patterns
    }

    /// How many entries the statement has besides [`Loss::patterns`].
    #[must_use]
    pub fn more_patterns(&self) -> usize {
        self.more_patterns
    }

    /// Known actions that the statement granted, that are not restricted and that it grants no longer; at most
    /// [`Loss::MAX_EXAMPLES`] of them.
    #[must_use]
    pub fn examples(&self) -> &[String] {
        &self.examples
    }

    /// How many such actions there are; none if there was no list to count them by.
    #[must_use]
    pub fn total(&self) -> Option<usize> {
        self.total
    }

    /// Why they could not stay.
    #[must_use]
    pub fn cause(&self) -> LossCause {
        self.cause
    }
}

/// Why something was lost that is not restricted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum LossCause {
    /// The quota left no room.
    #[default]
    Quota,
    /// It takes more than [`Remediation::MAX_STEPS`](crate::Remediation::MAX_STEPS) to find out what could stay.
    Budget,
    /// The whole document was replaced.
    Replaced,
    /// The crate was built without the feature `catalogue`, so nobody knows which actions a wildcard should go on
    /// granting.
    NoCatalogue,
}

impl LossCause {
    /// JSON does not name this cause, which was once the only one.
    fn is_quota(&self) -> bool {
        *self == LossCause::Quota
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(statement) = self.statement {
            write_place(f, statement, self.sid.as_deref())?;
        }
        let element = self
            .element
            .map(|element| element.to_string())
            .unwrap_or_default();
        let before = Shown::first(&self.before, self.before.len() + self.more_before);
        let after = Shown::first(&self.after, self.after.len() + self.more_after);
        match self.kind {
            EditKind::DocumentReplaced => {
                write!(f, "the document was replaced by one that grants nothing")?
            }
            EditKind::DocumentEmptied => write!(
                f,
                "one statement that grants nothing replaces those that were taken out"
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
        write!(f, "{} `{}`", self.element, Listed(&self.patterns))?;
        if self.more_patterns > 0 {
            write!(f, " and {} more", self.more_patterns)?;
        }
        f.write_str(match self.cause {
            LossCause::Quota => " could not be narrowed within the size that IAM allows",
            LossCause::Budget => " could not be narrowed, because that takes too much work",
            LossCause::Replaced => " went with the document",
            LossCause::NoCatalogue => " could not be narrowed without a list of known actions",
        })?;
        match self.total {
            None => f.write_str(", so other actions that it granted may be gone as well"),
            Some(total) => write!(
                f,
                ", so {total} known {} gone as well, such as {}",
                if total == 1 {
                    "action that is not restricted is"
                } else {
                    "actions that are not restricted are"
                },
                Shown::first(&self.examples, total),
            ),
        }
    }
}
