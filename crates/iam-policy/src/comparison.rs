//! Comparisons of two patterns that need a search or the known actions.

use crate::budget::Budget;
use crate::search::{Emptiness, Language, search};
use crate::{ActionPattern, glob, known};

impl ActionPattern {
    /// An action, known or not, that both patterns name; none if there is none.
    ///
    /// It is spelled as AWS spells it where an action known today will do, and else as short as can
    /// be.
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

    /// Whether every action, known or not, that `inner` names is named by this pattern too.
    ///
    /// Exact, but that pairs of patterns made to be hard to compare count as not covered.
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
