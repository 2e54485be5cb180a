//! The errors of a document, and their places.

use std::fmt;

use crate::ActionPatternError;
use crate::message::Short;

/// The reason why a text is not a policy document that IAM accepts.
///
/// Statements count from 1 in the messages and from 0 in the fields.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// The text is not JSON, or nested deeper than can be read.
    #[error("the document is not JSON ({0}); a policy is one JSON object")]
    NotJson(#[source] serde_json::Error),
    /// The document or a statement is not an object.
    #[error("{place} must be an object, but is {found}")]
    NotAnObject {
        /// The part that should be an object.
        place: Place,
        /// The kind of value that it is.
        found: &'static str,
    },
    /// An object has one key twice.
    #[error("{place} has the key `{}` twice; each key may stand once in an object", Short(.key))]
    RepeatedKey {
        /// The place of the object.
        place: Place,
        /// The key.
        key: String,
    },
    /// A required element is missing.
    #[error("{place} has no {expected}")]
    Missing {
        /// The place where it should be.
        place: Place,
        /// The element, or the two elements that exclude each other.
        expected: &'static str,
    },
    /// A statement has two elements that exclude each other.
    #[error("{place} has both `{first}` and `{second}`; it must have exactly one of them")]
    Both {
        /// The place of both.
        place: Place,
        /// The first element.
        first: &'static str,
        /// The second element.
        second: &'static str,
    },
    /// The value of an element is of the wrong kind, or not one of the allowed values.
    #[error("{place}: `{key}` must be {expected}, but is {found}")]
    Value {
        /// The place of the element.
        place: Place,
        /// The element.
        key: String,
        /// The value.
        found: String,
        /// The values that are allowed.
        expected: &'static str,
    },
    /// An entry of `Action` or `NotAction` is not a valid action pattern.
    #[error("{place}: `{key}`: {source}")]
    Action {
        /// The place of the element.
        place: Place,
        /// `Action` or `NotAction`.
        key: String,
        /// The error of the entry.
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
