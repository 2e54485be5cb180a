//! Sums over the incidents.

use std::collections::{BTreeMap, HashMap};

use iam_policy::Response;

use super::spill::SpilledChange;

/// The most names that are counted one by one; the others are counted together.
const MAX_NAMES: usize = 20_000;

#[derive(Debug)]
pub(super) struct Tally {
    /// By days, as `2026-03-02`.
    pub(super) days: BTreeMap<String, u64>,
    /// By restricted patterns, in the order of the list.
    pub(super) patterns: Vec<u64>,
    /// The same for changes that are only reported.
    pub(super) reported_patterns: Vec<u64>,
    pub(super) actors: Names,
    /// By entries that the guard would have removed.
    pub(super) entries: Names,
    pub(super) incidents: u64,
    /// The incidents in which the guard would have asked first.
    pub(super) asked: u64,
}

#[derive(Debug, Default)]
pub(super) struct Names {
    counts: HashMap<String, u64>,
    others: u64,
}

impl Names {
    fn add(&mut self, name: &str) {
        if let Some(count) = self.counts.get_mut(name) {
            *count += 1;
        } else if self.counts.len() < MAX_NAMES {
            self.counts.insert(name.to_owned(), 1);
        } else {
            self.others += 1;
        }
    }

    /// The names with the highest counts, and the sum of all others.
    pub(super) fn most(&self, count: usize) -> (Vec<(&str, u64)>, u64) {
        let mut all: Vec<(&str, u64)> = self
            .counts
            .iter()
            .map(|(name, n)| (name.as_str(), *n))
            .collect();
        all.sort_unstable_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(other.0)));
        let rest = all.split_off(count.min(all.len()));
        let others: u64 = rest.iter().map(|(_, n)| n).sum();
        (all, others + self.others)
    }
}

/// Counts the restricted patterns of a change.
fn count(patterns: &mut [u64], change: &SpilledChange) {
    for index in &change.patterns {
        if let Some(count) = patterns.get_mut(usize::from(*index)) {
            *count += 1;
        }
    }
}

impl Tally {
    pub(super) fn new(patterns: usize) -> Self {
        Self {
            days: BTreeMap::new(),
            patterns: vec![0; patterns],
            reported_patterns: vec![0; patterns],
            actors: Names::default(),
            entries: Names::default(),
            incidents: 0,
            asked: 0,
        }
    }

    pub(super) fn add(&mut self, incident: &SpilledChange) {
        self.incidents += 1;
        self.asked += u64::from(incident.response == Response::Ask);
        let day = incident.time.get(..10).unwrap_or_default();
        *self.days.entry(day.to_owned()).or_default() += 1;
        self.actors.add(&incident.actor);
        count(&mut self.patterns, incident);
        for entry in &incident.entries {
            self.entries.add(entry);
        }
    }

    pub(super) fn add_reported(&mut self, change: &SpilledChange) {
        count(&mut self.reported_patterns, change);
    }

    /// Incidents by day, or by month if there are many days.
    pub(super) fn periods(&self) -> (&'static str, Vec<(String, u64)>) {
        const MOST: usize = 35;
        if self.days.len() <= MOST {
            let days = self.days.iter().map(|(day, count)| (day.clone(), *count));
            return ("day", days.collect());
        }
        let mut months: BTreeMap<String, u64> = BTreeMap::new();
        for (day, count) in &self.days {
            let month = day.get(..7).unwrap_or_default();
            *months.entry(month.to_owned()).or_default() += count;
        }
        ("month", months.into_iter().collect())
    }
}
