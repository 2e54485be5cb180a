//! The three responses to a grant.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What happens to a grant of an action that a list names.
///
/// A later response is stricter than an earlier one, so the strictest of several is their maximum.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Response {
    /// The grant stays, and an administrator is notified.
    Report,
    /// The grant stays until an administrator denies it.
    Ask,
    /// The grant is removed at once, and an administrator is asked.
    #[default]
    Contain,
}

impl Response {
    /// All responses, the strictest first.
    pub const STRICTEST_FIRST: [Response; 3] = [Response::Contain, Response::Ask, Response::Report];

    /// Returns true if a remediation removes the grant.
    #[must_use]
    pub fn removes(self) -> bool {
        self != Response::Report
    }

    /// Returns true if it is the strictest response, which JSON leaves out.
    #[must_use]
    pub fn is_contain(&self) -> bool {
        *self == Response::Contain
    }
}

impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Response::Report => "report",
            Response::Ask => "ask",
            Response::Contain => "contain",
        })
    }
}
