use std::fmt;

/// An error of IAM: the code of its API reference, the HTTP status, and a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IamError {
    /// The code, such as `NoSuchEntity`.
    pub code: &'static str,
    pub status: u16,
    pub message: String,
}

impl IamError {
    /// An error that the model itself never answers with, such as `Throttling`.
    #[must_use]
    pub fn other(code: &'static str, status: u16) -> Self {
        Self {
            code,
            status,
            message: "asked for by the test".to_owned(),
        }
    }

    pub(crate) fn no_such(what: impl fmt::Display) -> Self {
        Self {
            code: "NoSuchEntity",
            status: 404,
            message: format!("{what} was not found."),
        }
    }

    pub(crate) fn exists(what: impl fmt::Display) -> Self {
        Self {
            code: "EntityAlreadyExists",
            status: 409,
            message: format!("{what} already exists."),
        }
    }

    pub(crate) fn conflict(message: &str) -> Self {
        Self {
            code: "DeleteConflict",
            status: 409,
            message: message.to_owned(),
        }
    }

    /// IAM has one code for a sixth version and for a document that is too long. Only the message
    /// tells them apart.
    pub(crate) fn limit(message: String) -> Self {
        Self {
            code: "LimitExceeded",
            status: 409,
            message,
        }
    }

    pub(crate) fn malformed() -> Self {
        Self {
            code: "MalformedPolicyDocument",
            status: 400,
            message: "Syntax errors in policy.".to_owned(),
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self {
            code: "InvalidInput",
            status: 400,
            message: message.into(),
        }
    }
}

impl fmt::Display for IamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.code, self.status, self.message)
    }
}

impl std::error::Error for IamError {}
