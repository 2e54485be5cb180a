use std::fmt;

use incident::{FailureName, RecordError, WorkError};
use lambda_runtime::Diagnostic;

/// A handler's error: a fixed name for the state machine, and one sentence for people.
///
/// The sentence says what the function was doing, on which policy, and what to do next. It goes
/// into the execution and the failure e-mail, so it never holds a task token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandlerError {
    name: FailureName,
    message: String,
}

impl HandlerError {
    /// The longest sentence, in bytes. It becomes part of the execution, and it quotes names and
    /// texts of any length.
    const MAX_MESSAGE: usize = 1500;

    #[must_use]
    pub fn new(name: FailureName, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.len() > Self::MAX_MESSAGE {
            message.truncate(message.floor_char_boundary(Self::MAX_MESSAGE));
            message.push('…');
        }
        Self { name, message }
    }

    /// IAM does not show `what` yet, so the state machine waits and runs the function again.
    #[must_use]
    pub fn not_visible(what: &str) -> Self {
        Self::new(
            FailureName::ChangeNotVisible,
            format!(
                "IAM does not show {what}; IAM is eventually consistent, so the state machine tries again a few times"
            ),
        )
    }

    /// The name that `Retry` and `Catch` see.
    #[must_use]
    pub fn name(&self) -> FailureName {
        self.name
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for HandlerError {}

impl From<RecordError> for HandlerError {
    fn from(error: RecordError) -> Self {
        Self::new(error.name(), error.to_string())
    }
}

impl From<WorkError> for HandlerError {
    fn from(error: WorkError) -> Self {
        Self::new(error.name, error.to_string())
    }
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        Self {
            error_type: error.name.as_str().to_owned(),
            error_message: error.message,
        }
    }
}
