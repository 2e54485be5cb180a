//! The report on a remediation: edits, and losses that it could not avoid.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::message::{Shown, is_zero, write_place};
use crate::pattern_list::{self, Listed};
use crate::{ActionPattern, Element};

/// One change to a document.
///
/// Displayed, it is one sentence without a full stop. Statements count from 1 there and from 0 in
/// the fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Edit {
    /// The kind of change.
    pub kind: EditKind,
    /// The index of the statement in the original, counted from 0; none for an edit to the whole
    /// document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<usize>,
    /// The statement's `Sid`, if it has one that is not empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The element that was changed; none for an edit to a whole statement or document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub element: Option<Element>,
    /// The patterns that were there, at most [`Edit::MAX_PATTERNS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<ActionPattern>,
    /// How many more patterns were there.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_before: usize,
    /// The patterns that replaced them or were added, at most [`Edit::MAX_PATTERNS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<ActionPattern>,
    /// How many more patterns replaced them or were added.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_after: usize,
    /// The reason, as the end of a sentence that describes the change.
    pub why: String,
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
    /// A statement had no entry left and was removed.
    StatementDropped,
    /// An entry of `Action` was removed.
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
/// Displayed, it is one sentence without a full stop. JSON holds `patterns` as one string,
/// separated by commas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Loss {
    /// The index of the statement in the original, counted from 0.
    pub statement: usize,
    /// The statement's `Sid`, if it has one that is not empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The element of the entry.
    pub element: Element,
    /// The entry; for a whole statement, the entries of its `Action` or `NotAction`, at most
    /// [`Loss::MAX_PATTERNS`].
    #[serde(rename = "pattern", with = "pattern_list")]
    pub patterns: Vec<ActionPattern>,
    /// How many more entries the statement has.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_patterns: usize,
    /// Known actions that are not restricted and that the statement no longer grants, at most
    /// [`Loss::MAX_EXAMPLES`].
    pub examples: Vec<String>,
    /// How many such actions there are; none if there is no list to count them by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<usize>,
    /// Why they could not stay.
    #[serde(default, skip_serializing_if = "LossCause::is_quota")]
    pub cause: LossCause,
}

impl Loss {
    /// How many examples a loss has at most.
    pub const MAX_EXAMPLES: usize = 10;
    /// How many patterns a loss has at most.
    pub const MAX_PATTERNS: usize = 10;
}

/// The reason why a grant was lost that is not restricted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum LossCause {
    /// The quota left no room.
    #[default]
    Quota,
    /// Finding out what could stay takes more than
    /// [`Remediation::MAX_STEPS`](crate::Remediation::MAX_STEPS).
    Budget,
    /// The whole document was replaced.
    Replaced,
    /// The crate was built without the feature `catalogue`, so the actions that a wildcard should
    /// still grant are unknown.
    NoCatalogue,
}

impl LossCause {
    /// JSON leaves this cause out, because it was once the only one.
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
