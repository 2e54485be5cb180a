//! The known actions, with or without the catalogue.

use crate::ActionPattern;
use crate::budget::Budget;

/// The known actions that the pattern names; `None` if the budget does not suffice.
#[cfg(feature = "catalogue")]
pub(crate) fn named_within(pattern: &ActionPattern, budget: &Budget) -> Option<Vec<String>> {
    crate::catalogue::named_within(pattern, budget)
}

/// The known actions that the pattern names; `None` if they are unknown.
///
/// Without the catalogue, an action is known only if the pattern spells it out.
#[cfg(not(feature = "catalogue"))]
pub(crate) fn named_within(pattern: &ActionPattern, _: &Budget) -> Option<Vec<String>> {
    pattern.is_literal().then(|| vec![pattern.to_string()])
}
