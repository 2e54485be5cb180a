//! Why a request is refused.

use incident::TaskTokenError;
use incident::message::AllowedMinutes;

/// Why a link cannot be used; the sentence is for the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LinkProblem {
    #[error("The guard could not read the request.")]
    Unreadable,
    #[error("The link has no token. Copy the whole link from the e-mail.")]
    TokenMissing,
    #[error("The token in the link is damaged. Copy the whole link from the e-mail.")]
    TokenDamaged,
    #[error("The request has more than one token, execution, key, reason or time.")]
    Repeated,
    #[error("The link does not name a valid execution. Copy the whole link from the e-mail.")]
    ExecutionDamaged,
    #[error("The link names an execution that does not belong to this guard.")]
    OtherStateMachine,
    #[error("The token in the link is not valid. Copy the whole link from the e-mail.")]
    NoToken,
    #[error(
        "The token is not one of the newest incidents that wait for a decision. Use the link in the e-mail, which names the incident."
    )]
    NotFound,
    #[error(
        "The document is longer than the guard can show, and you cannot allow what the page cannot show. Deny it, or take the document from the execution and write it again by hand."
    )]
    TooLongToShow,
    #[error(
        "This incident waits for a decision with another token. Use the link in the newest e-mail about this policy."
    )]
    OtherToken,
    #[error(
        "The token in the link belongs to another incident, so your decision does not count, and this incident still waits. Use the link in the newest e-mail about this policy."
    )]
    NotCounted,
    #[error(
        "To allow, you need the ALLOW link of the e-mail: its key proves that you have the e-mail, and this link has none. The incident still waits. You can deny without a key."
    )]
    KeyMissing,
    #[error(
        "The key in the link is not the one of the newest e-mail about this incident. The incident still waits. Use the link in the newest e-mail about this policy."
    )]
    KeyWrong,
    #[error("The reason is longer than 500 characters. Go back and shorten it.")]
    ReasonTooLong,
    #[error(
        "The time of an allow is a whole number of minutes from 1 to {most}, which is 30 days. Go back and choose another time, or no end.",
        most = AllowedMinutes::MOST
    )]
    TimeUnusable,
    #[error(
        "The guard can end an allow only for what it took out of force. It asked about this first and changed nothing, so allow it without a time."
    )]
    NothingToEnd,
}

impl LinkProblem {
    /// Whether the link works, and the form that was sent does not.
    pub(crate) fn is_of_form(self) -> bool {
        matches!(
            self,
            Self::ReasonTooLong | Self::TimeUnusable | Self::NothingToEnd
        )
    }
}

impl From<TaskTokenError> for LinkProblem {
    fn from(error: TaskTokenError) -> Self {
        match error {
            TaskTokenError::Missing => Self::TokenMissing,
            TaskTokenError::TooLong | TaskTokenError::Character => Self::TokenDamaged,
        }
    }
}
