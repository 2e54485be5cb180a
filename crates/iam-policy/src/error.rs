//! What can be wrong with a document, and where.

use std::fmt;

use crate::ActionPatternError;
use crate::message::Short;

/// Why a text is not a policy document that IAM accepts.
///
/// Statements are counted from 1 in the messages and from 0 in the fields.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// The text is not JSON, or nested deeper than can be read.
    #[error("the document is not JSON ({0}); a policy is one JSON object")]
    NotJson(#[source] serde_json::Error),
    /// The document or a statement is something else than an object.
    #[error("{place} must be an object, but is {found}")]
    NotAnObject {
        /// What should be an object.
        place: Place,
        /// What it is.
        found: &'static str,
    },
    /// One key stands twice in an object.
    #[error("{place} has the key `{}` twice; each key may stand once in an object", Short(.key))]
    RepeatedKey {
        /// Where the object is.
        place: Place,
        /// The key.
        key: String,
    },
    /// An element that IAM demands is not there.
    #[error("{place} has no {expected}")]
    Missing {
        /// Where it should be.
        place: Place,
        /// The element, or the two of which one is needed.
        expected: &'static str,
    },
    /// Two elements that exclude each other are both there.
    #[error("{place} has both `{first}` and `{second}`; it must have exactly one of them")]
    Both {
        /// Where they are.
        place: Place,
        /// The one.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// The value of an element is of the wrong kind, or none of those allowed.
    #[error("{place}: `{key}` must be {expected}, but is {found}")]
    Value {
        /// Where the element is.
        place: Place,
        /// The element.
        key: String,
        /// What its value is.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// An entry of `Action` or `NotAction` is not a valid action pattern.
    #[error("{place}: `{key}`: {source}")]
    Action {
        /// Where the element is.
        place: Place,
        /// `Action` or `NotAction`.
        key: String,
        /// What is wrong with the entry.
        source: ActionPatternError,
    },
}

/// A place in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The outermost object.
    Document,
    /// The statement with this index, counted from 0.
    Statement(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Document => f.write_str("the document"),
            Place::Statement(index) => write!(f, "statement {}", index.saturating_add(1)),
        }
    }
}
