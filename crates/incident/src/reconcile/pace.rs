use serde::{Deserialize, Serialize};

/// The seconds of each wait for IAM. After four of them, IAM had half a minute to become
/// consistent, and its answers count as current.
pub const WAITS: [u32; 5] = [2, 4, 8, 16, 16];
/// How many waits it takes until the answers of IAM count as current.
pub const CONSISTENT_AFTER: usize = 4;
/// How many looks the first try of a task may take, and each later one. A hundred tries must stay
/// below the 25,000 events that the history of an execution can have.
pub const MAX_LOOKS: (usize, usize) = (14, 3);

/// How often a task looked at IAM and waited for it, so that no execution does so for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Pace {
    /// The tries of the containment that failed before.
    tries: usize,
    looks: usize,
    waits: usize,
}

impl Pace {
    pub(crate) fn after_waiting(has_waited: bool) -> Self {
        Self {
            waits: if has_waited { CONSISTENT_AFTER } else { 0 },
            ..Self::default()
        }
    }

    /// Counts a look. Returns whether it begins a new try.
    pub(crate) fn look(&mut self, failed_tries: usize) -> bool {
        let is_new = self.tries != failed_tries;
        if is_new {
            *self = Self {
                tries: failed_tries,
                looks: 0,
                waits: CONSISTENT_AFTER,
            };
        }
        self.looks += 1;
        is_new
    }

    /// Whether IAM had its time to become consistent.
    pub(crate) fn has_waited(self) -> bool {
        self.waits >= CONSISTENT_AFTER
    }

    /// Whether no further action may be taken.
    pub(crate) fn is_out_of_looks(self) -> bool {
        let (first, later) = MAX_LOOKS;
        self.looks > if self.tries == 0 { first } else { later }
    }

    /// Counts a wait, and returns its seconds; `None` if there were too many.
    pub(crate) fn wait(&mut self) -> Option<u32> {
        let seconds = WAITS.get(self.waits).copied()?;
        self.waits += 1;
        Some(seconds)
    }
}
