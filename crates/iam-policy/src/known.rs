//! The known actions, as far as the crate was built with the list of them.

use crate::ActionPattern;
use crate::budget::Budget;

/// The known actions that the pattern names; `None` if nobody can tell, or if the budget does not
/// suffice.
#[cfg(feature = "catalogue")]
pub(crate) fn named_within(pattern: &ActionPattern, budget: &Budget) -> Option<Vec<String>> {
    crate::catalogue::named_within(pattern, budget)
}

/// The known actions that the pattern names; `None` if nobody can tell.
///
/// Without a list, an action is known only if somebody spelled it out.
#[cfg(not(feature = "catalogue"))]
pub(crate) fn named_within(pattern: &ActionPattern, _: &Budget) -> Option<Vec<String>> {
    pattern.is_literal().then(|| vec![pattern.to_string()])
}
