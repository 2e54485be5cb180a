//! Comparisons of two patterns that need a search or the known actions.

use crate::budget::Budget;
use crate::search::{Emptiness, Language, search};
use crate::{ActionPattern, glob, known};

impl ActionPattern {
    /// Returns an action, known or not, that both patterns name, if there is one.
    ///
    /// An action known today is preferred and spelled as AWS spells it; any other is as short as
    /// possible.
    ///
    /// ```
    /// use iam_policy::ActionPattern;
    ///
    /// let pattern: ActionPattern = "s3:Delete*".parse()?;
    /// # #[cfg(feature = "catalogue")]
    /// assert_eq!(pattern.witness(&"s3:*Bucket".parse()?).as_deref(), Some("s3:DeleteBucket"));
    /// assert_eq!(pattern.witness(&"s3:*Zebra".parse()?).as_deref(), Some("s3:deletezebra"));
    /// assert_eq!(pattern.witness(&"s3:Get*".parse()?), None);
    /// # Ok::<(), iam_policy::ActionPatternError>(())
    /// ```
    #[must_use]
    pub fn witness(&self, other: &ActionPattern) -> Option<String> {
        if !self.intersects(other) {
            return None;
        }
        let budget = Budget::unlimited();
        let known = known::named_within(self, &budget).unwrap_or_default();
        if let Some(known) = known.into_iter().find(|action| other.matches(action)) {
            return Some(known);
        }
        let both = Language {
            all_of: vec![self, other],
            ..Language::default()
        };
        match search(&both, &budget) {
            Emptiness::Inhabited(action) => Some(action),
            Emptiness::Empty | Emptiness::Undecided => None,
        }
    }

    /// Returns true if this pattern names every action, known or not, that `inner` names.
    ///
    /// Exact, except that pairs of patterns built to be hard to compare count as not covered.
    #[must_use]
    pub fn covers(&self, inner: &ActionPattern) -> bool {
        self.covers_within(inner, &Budget::unlimited())
    }

    /// [`ActionPattern::covers`]; `false` if the budget does not suffice.
    pub(crate) fn covers_within(&self, inner: &ActionPattern, budget: &Budget) -> bool {
        if self.begins_differently(inner) {
            budget.spend(glob::CALL);
            return false;
        }
        let beyond = || Language {
            all_of: vec![inner],
            none_of: vec![self],
            ..Language::default()
        };
        self.covers_plainly(inner, budget)
            || self.intersects_within(inner, budget)
                && search(&beyond(), budget) == Emptiness::Empty
    }
}
