//! The first entries of a list, as many as there is room for.

use serde::Serialize;

/// The first entries of a list, as many as a limit in bytes of JSON allows, and the number of the
/// others.
///
/// An entry that does not fit is only counted; a later one that fits is shown.
///
/// ```
/// use iam_policy::Truncated;
///
/// let truncated = Truncated::within(20, &["first", "second", "third"]);
/// assert_eq!(truncated.shown(), ["first", "second"]);
/// assert_eq!(truncated.more(), 1);
/// assert_eq!(serde_json::to_string(truncated.shown())?.len(), 18);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truncated<T> {
    shown: Vec<T>,
    more: usize,
}

impl<T> Truncated<T> {
    /// These entries, and the number of entries that were left out.
    pub(crate) fn of(shown: Vec<T>, more: usize) -> Truncated<T> {
        Truncated { shown, more }
    }

    /// The entries shown, in their order.
    #[must_use]
    pub fn shown(&self) -> &[T] {
        &self.shown
    }

    /// How many entries are not shown.
    #[must_use]
    pub fn more(&self) -> usize {
        self.more
    }

    /// How many entries there are, shown or not.
    #[must_use]
    pub fn total(&self) -> usize {
        self.shown.len() + self.more
    }

    /// Returns true if the list has no entries, shown or left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.total() == 0
    }

    /// The entries shown.
    #[must_use]
    pub fn into_shown(self) -> Vec<T> {
        self.shown
    }
}

impl<T: Serialize> Truncated<T> {
    /// The first of these entries that take at most `limit` bytes as a JSON array.
    #[must_use]
    pub fn within<'e>(limit: usize, entries: impl IntoIterator<Item = &'e T>) -> Truncated<T>
    where
        T: Clone + 'e,
    {
        let mut room = Room::new(limit);
        let mut truncated = Truncated::default();
        for entry in entries {
            match room.take(entry) {
                true => truncated.shown.push(entry.clone()),
                false => truncated.more += 1,
            }
        }
        truncated
    }

    /// Adds the entry that `make` returns, if it fits. `size` is a lower bound for its size; `make`
    /// is not called if that does not fit.
    pub(crate) fn add(&mut self, room: &mut Room, size: usize, make: impl FnOnce() -> T) {
        if size <= room.left {
            let entry = make();
            if room.take(&entry) {
                self.shown.push(entry);
                return;
            }
        }
        self.more += 1;
    }
}

impl<T> Default for Truncated<T> {
    fn default() -> Self {
        Truncated {
            shown: Vec::new(),
            more: 0,
        }
    }
}

/// The number of bytes of JSON that are left for entries.
pub(crate) struct Room {
    left: usize,
}

impl Room {
    /// The room in a list of `limit` bytes.
    pub(crate) fn new(limit: usize) -> Room {
        // The brackets take two bytes; the first entry has no comma before it, which `take` counts.
        Room {
            left: limit.saturating_add(1).saturating_sub("[]".len()),
        }
    }

    /// Takes the room that the entry needs, if there is that much.
    fn take(&mut self, entry: &impl Serialize) -> bool {
        let needed = serde_json::to_string(entry).map(|json| json.len() + 1);
        let left = needed.ok().and_then(|needed| self.left.checked_sub(needed));
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }
}
