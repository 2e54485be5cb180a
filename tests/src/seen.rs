use std::collections::HashMap;

/// Things that only become more, and which of them hold a text.
///
/// Whoever looks for the same text again looks only at what is new since then. In a run of
/// thousands of incidents, each is looked for many times.
#[derive(Debug)]
pub(crate) struct Seen<T> {
    all: Vec<T>,
    /// By each text: how many things were looked at, and the places of those that hold it.
    found: HashMap<String, (usize, Vec<usize>)>,
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            found: HashMap::new(),
        }
    }
}

impl<T> Seen<T> {
    pub(crate) fn all(&self) -> &[T] {
        &self.all
    }

    pub(crate) fn extend(&mut self, more: impl IntoIterator<Item = T>) {
        self.all.extend(more);
    }

    /// Those that hold `text`, oldest first. `holds` must always say the same of a thing.
    pub(crate) fn holding(&mut self, text: &str, holds: impl Fn(&T) -> bool) -> Vec<&T> {
        let (looked, places) = self.found.entry(text.to_owned()).or_default();
        let new = self.all.iter().enumerate().skip(*looked);
        places.extend(new.filter(|(_, it)| holds(it)).map(|(place, _)| place));
        *looked = self.all.len();
        places
            .iter()
            .filter_map(|place| self.all.get(*place))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_later_is_found_too() {
        let mut seen = Seen::default();
        seen.extend(["one", "two"]);
        let holds = |it: &&str| it.contains('o');
        assert_eq!(seen.holding("o", holds), [&"one", &"two"]);
        seen.extend(["three", "four"]);
        assert_eq!(seen.holding("o", holds), [&"one", &"two", &"four"]);
        assert_eq!(seen.holding("e", |it| it.contains('e')), [&"one", &"three"]);
        assert_eq!(seen.all().len(), 4);
    }
}
