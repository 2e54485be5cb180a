//! The known actions, as far as the crate was built with the list of them.

use crate::ActionPattern;
#[cfg(feature = "catalogue")]
use crate::catalogue;

/// The known actions that the pattern names; `None` if nobody can tell.
#[cfg(feature = "catalogue")]
pub(crate) fn named_by(pattern: &ActionPattern) -> Option<Vec<String>> {
    Some(catalogue::named_by(pattern))
}

/// The known actions that the pattern names; `None` if nobody can tell.
///
/// Without a list, an action is known only if somebody spelled it out.
#[cfg(not(feature = "catalogue"))]
pub(crate) fn named_by(pattern: &ActionPattern) -> Option<Vec<String>> {
    pattern.is_literal().then(|| vec![pattern.to_string()])
}
