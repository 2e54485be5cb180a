//! The amount of work that one call may do.
//!
//! Work is counted in steps of the algorithms, not in time, so that every machine judges a document
//! alike. A step takes about one or two nanoseconds of one core: a character compared, a machine
//! word moved. When the budget is spent, callers assume the safe answer: two patterns meet, neither
//! covers the other, and the known actions are unknown.

use std::cell::Cell;

/// How many steps are left.
#[derive(Debug)]
pub(crate) struct Budget {
    given: u64,
    left: Cell<u64>,
}

impl Budget {
    pub(crate) fn new(steps: u64) -> Budget {
        Budget {
            given: steps,
            left: Cell::new(steps),
        }
    }

    /// For a question about two patterns; their lengths bound the work.
    pub(crate) fn unlimited() -> Budget {
        Budget::new(u64::MAX)
    }

    /// Takes steps off; returns false if fewer were left.
    pub(crate) fn spend(&self, steps: u64) -> bool {
        let left = self.left.get().checked_sub(steps);
        self.left.set(left.unwrap_or_default());
        left.is_some()
    }

    pub(crate) fn left(&self) -> u64 {
        self.left.get()
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.left() == 0
    }

    pub(crate) fn used(&self) -> u64 {
        self.given - self.left()
    }

    /// Spends at most `steps` of this budget on `work`, so that one hard question leaves enough for
    /// others.
    pub(crate) fn share<T>(&self, steps: u64, work: impl FnOnce(&Budget) -> T) -> T {
        let share = Budget::new(self.left().min(steps));
        let result = work(&share);
        self.spend(share.used());
        result
    }
}

/// The number of steps for a length.
pub(crate) fn steps(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
