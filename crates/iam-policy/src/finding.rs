//! The findings of a document.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::message::{Shown, is_zero, write_place};
use crate::pattern_list::{self, Listed};
use crate::{ActionPattern, Response, Statement};

/// One reason why a document violates the restricted list.
///
/// Displayed, it is one sentence without a full stop. Statements count from 1 there and from 0 in
/// the fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[non_exhaustive]
pub enum Finding {
    /// A statement grants restricted actions.
    Grant(Grant),
    /// An entry is ambiguous, so it may grant anything.
    // Executions that an older version started hold the alias.
    #[serde(alias = "doubtful")]
    Ambiguous(Ambiguous),
    /// The document cannot be read, so it may grant anything.
    Unreadable {
        /// What is wrong with it, where, and what it must be.
        reason: String,
    },
}

impl Finding {
    /// The strictest response among the restricted patterns that are met; none for what may grant
    /// anything.
    #[must_use]
    pub fn response(&self) -> Option<Response> {
        match self {
            Finding::Grant(grant) => Some(grant.response),
            Finding::Ambiguous(_) | Finding::Unreadable { .. } => None,
        }
    }

    /// The index of the statement that violates, counted from 0; none for a document that cannot be
    /// read.
    #[must_use]
    pub fn statement(&self) -> Option<usize> {
        match self {
            Finding::Grant(grant) => Some(grant.statement),
            Finding::Ambiguous(ambiguous) => Some(ambiguous.statement),
            Finding::Unreadable { .. } => None,
        }
    }
}

/// A restricted grant: an entry of `Action`, or a whole `NotAction`, and the restricted patterns
/// that it meets.
///
/// The lists are truncated, so that one finding is short; [`Judgement::restricted_patterns`]
/// returns all restricted patterns. JSON holds `patterns` and `restricted` as one string each,
/// separated by commas.
///
/// [`Judgement::restricted_patterns`]: crate::Judgement::restricted_patterns
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Grant {
    /// The index of the statement, counted from 0.
    pub statement: usize,
    /// The statement's `Sid`, if it has one that is not empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The element that grants.
    pub element: Element,
    /// The entry that grants; for `NotAction`, the patterns that it leaves out, at most
    /// [`Grant::MAX_PATTERNS`].
    #[serde(rename = "pattern", with = "pattern_list")]
    pub patterns: Vec<ActionPattern>,
    /// How many more patterns the `NotAction` leaves out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_patterns: usize,
    /// The restricted patterns that the grant meets, in the order of the list, at most
    /// [`Grant::MAX_PATTERNS`].
    #[serde(with = "pattern_list")]
    pub restricted: Vec<ActionPattern>,
    /// How many more restricted patterns the grant meets.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_restricted: usize,
    /// Actions known today that are granted and restricted, at most [`Grant::MAX_EXAMPLES`].
    ///
    /// Without the feature `catalogue`, only actions that the grant or the restricted list spells
    /// out are known.
    pub examples: Vec<String>,
    /// How many actions known today are granted and restricted; none if there is no list to count
    /// them by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<usize>,
    /// An action that is granted and restricted, given when `examples` is empty: no list knows it,
    /// but AWS may add one like it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub future_example: Option<String>,
    /// The strictest response among the restricted patterns that are met.
    #[serde(default, skip_serializing_if = "Response::is_contain")]
    pub response: Response,
    /// Whether the statement has a condition, which narrows the grant.
    pub conditional: bool,
    /// Whether the grant applies to less than all resources.
    pub narrowed: bool,
}

impl Grant {
    /// How many examples a finding has at most.
    pub const MAX_EXAMPLES: usize = 3;
    /// How many patterns a finding has at most of each kind.
    pub const MAX_PATTERNS: usize = 10;

    /// Returns true if the grant covers no action known today, only actions that AWS may add.
    #[must_use]
    pub fn is_future_only(&self) -> bool {
        self.total == Some(0)
    }
}

/// An entry that IAM may interpret in another way than this crate: it has characters that are not
/// printable ASCII.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Ambiguous {
    /// The index of the statement, counted from 0.
    pub statement: usize,
    /// The statement's `Sid`, if it has one that is not empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The entry of `Action`.
    pub pattern: ActionPattern,
}

/// The element of an `Allow` statement that grants.
///
/// No other element exists, so callers may match without another arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Element {
    /// `Action`: the statement grants the actions that it names.
    Action,
    /// `NotAction`: the statement grants the actions that it does not name.
    NotAction,
}

impl Element {
    pub(crate) fn of(statement: &Statement) -> Element {
        if statement.is_negated() {
            Element::NotAction
        } else {
            Element::Action
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Element::Action => "Action",
            Element::NotAction => "NotAction",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Grant(grant) => grant.fmt(f),
            Finding::Ambiguous(ambiguous) => ambiguous.fmt(f),
            Finding::Unreadable { reason } => write!(
                f,
                "the document cannot be read, so it may grant anything: {reason}"
            ),
        }
    }
}

impl fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_place(f, self.statement, self.sid.as_deref())?;
        write!(
            f,
            "Action `{}` may grant anything, because it has characters whose interpretation by IAM is undocumented",
            self.pattern.as_str().escape_debug()
        )
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_place(f, self.statement, self.sid.as_deref())?;
        let patterns = Listed(&self.patterns);
        if self.names_it() {
            write!(f, "Action `{patterns}` is restricted")?;
            return self.write_narrowing(f);
        }
        write!(f, "{} `{patterns}`", self.element)?;
        if self.more_patterns > 0 {
            write!(f, " and {} more", self.more_patterns)?;
        }
        f.write_str(match self.element {
            Element::Action => " grants ",
            Element::NotAction => " leaves granted ",
        })?;
        match self.total {
            Some(0) => f.write_str("no action known today, but ones that AWS may add")?,
            Some(total) => Shown::first(&self.examples, total).fmt(f)?,
            None if self.examples.is_empty() => f.write_str("actions")?,
            None => write!(f, "{} and maybe more", Shown::all(&self.examples))?,
        }
        if let Some(example) = &self.future_example {
            write!(f, ", such as `{example}`")?;
        }
        let restricted = self.restricted.len() + self.more_restricted;
        write!(
            f,
            ", restricted by {}",
            Shown::first(&self.restricted, restricted)
        )?;
        self.write_narrowing(f)
    }
}

impl Grant {
    /// Returns true if the entry and the restricted pattern are the same known action, so that one
    /// name says everything.
    fn names_it(&self) -> bool {
        self.element == Element::Action && self.total == Some(1) && self.patterns == self.restricted
    }

    fn write_narrowing(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.conditional, self.narrowed) {
            (false, false) => Ok(()),
            (true, false) => f.write_str(" (under a condition)"),
            (false, true) => f.write_str(" (on some resources)"),
            (true, true) => f.write_str(" (on some resources, under a condition)"),
        }
    }
}
