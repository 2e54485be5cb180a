//! What was found in a document.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One reason why a document violates the restricted list.
///
/// Displayed, it is one plain sentence without a full stop; statements are counted from 1 there and from 0 in the fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Finding {
    /// A statement grants restricted actions.
    Grant(Grant),
    /// The document could not be read, so nobody knows what it grants.
    Unreadable {
        /// What is wrong with it, where, and what was expected.
        reason: String,
    },
}

impl Finding {
    /// The index of the statement that violates, counted from 0; none for a document that could not be read.
    #[must_use]
    pub fn statement(&self) -> Option<usize> {
        match self {
            Finding::Grant(grant) => Some(grant.statement),
            Finding::Unreadable { .. } => None,
        }
    }
}

/// A restricted grant: one pattern of one statement, and the restricted pattern it meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// The index of the statement, counted from 0.
    pub statement: usize,
    /// The statement's `Sid`, if it has one that is not empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The element that grants.
    pub element: Element,
    /// The pattern that grants; for `NotAction`, all patterns that are left out, separated by commas.
    pub pattern: String,
    /// The restricted pattern.
    pub restricted: String,
    /// Actions known today that are granted and restricted by these two patterns, at most [`Grant::MAX_EXAMPLES`].
    pub examples: Vec<String>,
    /// How many actions known today are.
    pub total: usize,
    /// An action that no list knows yet, given when `total` is 0: AWS may add one like it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub future_example: Option<String>,
    /// Whether a condition narrows the grant.
    pub conditional: bool,
    /// Whether the grant holds for less than all resources.
    pub narrowed: bool,
}

impl Grant {
    /// How many examples a finding has at most.
    pub const MAX_EXAMPLES: usize = 3;

    /// Whether no action known today is affected, only ones that AWS may add.
    #[must_use]
    pub fn is_future_only(&self) -> bool {
        self.total == 0
    }
}

/// The element of an `Allow` statement that grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Element {
    /// `Action`: what it names is granted.
    Action,
    /// `NotAction`: all that it does not name is granted.
    NotAction,
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
            Finding::Unreadable { reason } => write!(
                f,
                "the document cannot be read, so it may grant anything: {reason}"
            ),
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_place(f, self.statement, self.sid.as_deref())?;
        if self.names_it() {
            write!(f, "Action `{}` is restricted", self.pattern)?;
            return self.write_narrowing(f);
        }
        match self.element {
            Element::Action => write!(f, "Action `{}` grants ", self.pattern)?,
            Element::NotAction => write!(f, "NotAction `{}` leaves granted ", self.pattern)?,
        }
        match self.examples.split_first() {
            Some((first, rest)) => {
                write!(f, "`{first}`")?;
                for example in rest {
                    write!(f, ", `{example}`")?;
                }
                if let more @ 1.. = self.total.saturating_sub(self.examples.len()) {
                    write!(f, " and {more} more")?;
                }
                write!(f, ", restricted by `{}`", self.restricted)?;
            }
            None => {
                write!(f, "no action known today, but ones that AWS may add")?;
                if let Some(example) = &self.future_example {
                    write!(f, ", such as `{example}`")?;
                }
                write!(f, ", restricted by `{}`", self.restricted)?;
            }
        }
        self.write_narrowing(f)
    }
}

impl Grant {
    /// Whether entry and restricted pattern are the same one known action, so that naming it once says all.
    fn names_it(&self) -> bool {
        self.element == Element::Action
            && self.total == 1
            && self.pattern.eq_ignore_ascii_case(&self.restricted)
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

/// Writes which statement is meant, as people count: from 1.
pub(crate) fn write_place(
    f: &mut fmt::Formatter<'_>,
    statement: usize,
    sid: Option<&str>,
) -> fmt::Result {
    write!(f, "statement {}", statement.saturating_add(1))?;
    match sid {
        Some(sid) => write!(f, " (`{sid}`): "),
        None => f.write_str(": "),
    }
}
