//! The task token that a decision carries.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The task token of a waiting `AskUser` state. A caller that holds it can decide.
///
/// It is a secret, so `Debug` hides it and there is no `Display`. It serialises, because Step
/// Functions passes it to `notify` and gets it back. Other code calls [`TaskToken::expose`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskToken(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaskTokenError {
    #[error("the task token is missing")]
    Missing,
    /// Longer than the 2,048 characters that the Step Functions API takes.
    #[error("the task token is longer than 2,048 characters")]
    TooLong,
    /// A character that is not in the base64 or UUID alphabets.
    #[error("the task token holds a character that no token has")]
    Character,
}

impl TaskToken {
    /// The longest token that `SendTaskSuccess` accepts, in characters (Step Functions API
    /// Reference, "`SendTaskSuccess`").
    pub const MAX_LENGTH: usize = 2048;

    /// Reads a token from a query or a form.
    ///
    /// A token is base64 and has no spaces. A space was a `+` in a URL that was not encoded, so it
    /// becomes one again.
    ///
    /// # Errors
    ///
    /// If the text is empty or too long, or contains a character that no token has.
    pub fn parse(text: &str) -> Result<Self, TaskTokenError> {
        let text = text.trim_matches(['\r', '\n', '\t']);
        if text.trim().is_empty() {
            return Err(TaskTokenError::Missing);
        }
        if text.chars().count() > Self::MAX_LENGTH {
            return Err(TaskTokenError::TooLong);
        }
        let token = text.replace(' ', "+");
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '-' | '_');
        if !token.chars().all(known) {
            return Err(TaskTokenError::Character);
        }
        Ok(Self(token))
    }

    /// The token in clear, only for the call to Step Functions and for links and forms.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for TaskToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaskToken(..)")
    }
}

impl TryFrom<String> for TaskToken {
    type Error = TaskTokenError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<TaskToken> for String {
    fn from(token: TaskToken) -> Self {
        token.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_plus_that_became_a_space_is_repaired() {
        assert_eq!(TaskToken::parse("AQC a/b=").unwrap().expose(), "AQC+a/b=");
    }

    #[test]
    fn other_texts_are_refused() {
        assert_eq!(TaskToken::parse(""), Err(TaskTokenError::Missing));
        assert_eq!(TaskToken::parse("  "), Err(TaskTokenError::Missing));
        assert_eq!(
            TaskToken::parse(&"a".repeat(2049)),
            Err(TaskTokenError::TooLong)
        );
        assert_eq!(TaskToken::parse("<script>"), Err(TaskTokenError::Character));
    }

    #[test]
    fn debug_hides_it() {
        let token = TaskToken::parse("c2VjcmV0").unwrap();
        assert_eq!(format!("{token:?}"), "TaskToken(..)");
    }
}
