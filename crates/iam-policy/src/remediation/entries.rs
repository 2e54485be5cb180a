//! The remediation of the entries of an `Action`.

use std::collections::{HashMap, HashSet};

use super::expand::{Expanded, Room, expand};
use super::names::Names;
use super::report::LossCause;
use super::site::{Site, action_json, entries_json, write_with};
use crate::budget::Budget;
use crate::document::quoted;
use crate::judgement::{Reason, Violation};
use crate::search::{Emptiness, Language, search};
use crate::{ActionPattern, quota_size};

/// The entries of an `Action`, and their size in characters.
pub(super) struct Entries<'a> {
    pub(super) list: Vec<Entry<'a>>,
    /// The normal forms of the patterns that the statement will grant: entries that stay, and
    /// replacements that have room.
    granted: HashSet<Box<[char]>>,
    /// The entries with wildcards that stay.
    wildcards: Vec<&'a ActionPattern>,
    /// The size of the statement without its entries.
    around: usize,
    /// The size of the entries as JSON; an entry that is still to be replaced counts with its own
    /// size.
    within: usize,
    count: usize,
    /// Whether a lone entry is written without brackets.
    is_string: bool,
}

/// An entry of `Action`.
pub(super) struct Entry<'a> {
    pub(super) pattern: &'a ActionPattern,
    /// As it is written.
    json: String,
    pub(super) fate: Fate<'a>,
}

pub(super) enum Fate<'a> {
    Kept,
    Replaced(Replacement<'a>),
    /// It is removed, because IAM's interpretation of it is undocumented.
    Ambiguous,
    /// It is removed like the equal entry before it.
    Repeated,
}

pub(super) struct Replacement<'a> {
    /// The restricted patterns that meet the entry.
    pub(super) avoid: Vec<&'a ActionPattern>,
    /// Whether one of them covers it.
    pub(super) is_covered: bool,
    /// The known actions that the entry names and that are not restricted; `None` if they are
    /// unknown.
    pub(super) known: Option<Vec<&'a str>>,
    pub(super) by: Vec<ActionPattern>,
    /// The reason why it grants less than it could, if it does.
    pub(super) loss: Option<LossCause>,
    /// The size of the entry, as long as room is reserved for the entry as it is.
    reserved: Option<usize>,
    /// The patterns that take its room: normal form, and size as JSON.
    added: Vec<(Box<[char]>, usize)>,
}

/// How many steps the removal of covered entries may take; entries beyond them are written.
const MAX_TIDY_STEPS: u64 = 8_000_000;

impl<'a> Entries<'a> {
    /// The entries of a statement with these violations.
    pub(super) fn new(
        site: &Site<'a>,
        violations: &[Violation],
        names: &'a Names,
        budget: &Budget,
    ) -> Entries<'a> {
        let statement = site.statement;
        let reasons: HashMap<&ActionPattern, &Reason> = violations
            .iter()
            .filter_map(|violation| Some((violation.pattern(statement)?, &violation.reason)))
            .collect();
        let mut entries = Entries {
            list: Vec::new(),
            granted: HashSet::new(),
            wildcards: Vec::new(),
            around: quota_size(&write_with(statement, "Action", "")),
            within: 0,
            count: 0,
            is_string: action_json(statement).starts_with('"'),
        };
        let mut seen: HashSet<&ActionPattern> = HashSet::new();
        for (pattern, json) in statement.patterns().iter().zip(entries_json(statement)) {
            let fate = match reasons.get(pattern) {
                None => {
                    entries.reserve(json.chars().count());
                    entries.granted.insert(pattern.normal().into());
                    Fate::Kept
                }
                Some(_) if !seen.insert(pattern) => Fate::Repeated,
                Some(Reason::Ambiguous) => Fate::Ambiguous,
                Some(Reason::Meets(_)) => {
                    let own = json.chars().count();
                    entries.reserve(own);
                    Fate::Replaced(Replacement::new(pattern, own, site, names, budget))
                }
            };
            entries.list.push(Entry {
                pattern,
                json,
                fate,
            });
        }
        entries.wildcards = entries.kept().filter(|kept| !kept.is_literal()).collect();
        entries
    }

    /// The size of the statement; 0 if nothing of it is left.
    pub(super) fn size(&self) -> usize {
        match self.count {
            0 => 0,
            1 if self.is_string => self.around + self.within,
            count => self.around + "[]".len() + self.within + count - 1,
        }
    }

    /// The entries to be replaced, and the number of known actions that each grants beyond the
    /// restricted ones.
    pub(super) fn widths(&self) -> impl Iterator<Item = (usize, usize)> {
        self.list.iter().enumerate().filter_map(|(at, entry)| {
            let known = entry.replacement()?.known.as_ref();
            Some((at, known.map_or(0, Vec::len)))
        })
    }

    /// The replacement of the entry with this index, in the room that is reserved for it and `more`
    /// characters.
    pub(super) fn expand(&self, at: usize, more: usize, budget: &Budget) -> Expanded {
        let entry = self.list.get(at);
        let Some((entry, replacement)) = entry.and_then(|e| Some((e, e.replacement()?))) else {
            return Expanded::Into(Vec::new());
        };
        if replacement.is_covered {
            return Expanded::Into(Vec::new());
        }
        let room = Room {
            // The first replacement has no comma of its own, so one more character is available.
            characters: replacement.reserved.map_or(0, |own| own + 1) + more,
            needed: &|pattern| match self.lacks(pattern, budget) {
                true => characters(pattern) + 1,
                false => 0,
            },
        };
        let known = replacement.known.as_deref().unwrap_or_default();
        expand(entry.pattern, &replacement.avoid, known, &room, budget)
    }

    /// Replaces the entry with this index by these patterns.
    pub(super) fn replace(&mut self, at: usize, by: Vec<ActionPattern>, budget: &Budget) {
        let added: Vec<(Box<[char]>, usize)> = by
            .iter()
            .filter(|pattern| self.lacks(pattern, budget))
            .map(|pattern| (pattern.normal().into(), characters(pattern)))
            .collect();
        for (pattern, characters) in &added {
            self.reserve(*characters);
            self.granted.insert(pattern.clone());
        }
        let Some(entry) = self.list.get_mut(at) else {
            return;
        };
        if let Fate::Replaced(replacement) = &mut entry.fate {
            // Without the catalogue, the other actions that the entry granted are unknown.
            let loses = replacement.known.is_none()
                && may_lose(entry.pattern, &replacement.avoid, &by, budget);
            replacement.loss = loses.then_some(LossCause::NoCatalogue);
            replacement.by = by;
            replacement.added = added;
            let reserved = replacement.reserved.take();
            self.release(reserved);
        }
    }

    /// Drops the entry with this index, replaced or not, for this reason.
    pub(super) fn refuse(&mut self, at: usize, cause: LossCause) {
        let Some(entry) = self.list.get_mut(at) else {
            return;
        };
        let Fate::Replaced(replacement) = &mut entry.fate else {
            return;
        };
        if !replacement.is_covered {
            replacement.loss = Some(cause);
        }
        replacement.by.clear();
        let added = std::mem::take(&mut replacement.added);
        let reserved = replacement.reserved.take();
        self.release(reserved);
        for (pattern, characters) in added {
            self.release(Some(characters));
            self.granted.remove(&pattern);
        }
    }

    /// The entries that stay.
    pub(super) fn kept(&self) -> impl Iterator<Item = &'a ActionPattern> {
        let entries = self.list.iter();
        entries
            .filter(|entry| matches!(entry.fate, Fate::Kept))
            .map(|entry| entry.pattern)
    }

    /// The entries as JSON, without entries that others cover.
    pub(super) fn write(&self) -> Vec<String> {
        let budget = Budget::new(MAX_TIDY_STEPS);
        let mut wildcards: Vec<&ActionPattern> = self.wildcards.clone();
        // A name is covered by itself or by a wildcard, a wildcard only by another wildcard.
        let mut names: HashSet<&[char]> = self
            .kept()
            .filter(|kept| kept.is_literal())
            .map(ActionPattern::normal)
            .collect();
        let mut list = Vec::new();
        for entry in &self.list {
            if matches!(entry.fate, Fate::Kept) {
                list.push(entry.json.clone());
            }
            for pattern in entry.replacement().into_iter().flat_map(|r| &r.by) {
                let covers = |other: &&ActionPattern| other.covers_plainly(pattern, &budget);
                if wildcards.iter().any(covers) {
                    continue;
                }
                if !pattern.is_literal() {
                    wildcards.push(pattern);
                } else if !names.insert(pattern.normal()) {
                    continue;
                }
                list.push(quoted(pattern.as_str()));
            }
        }
        list
    }

    /// Returns true if a replacement would add to the entries that stay.
    fn lacks(&self, pattern: &ActionPattern, budget: &Budget) -> bool {
        let covers = |other: &&ActionPattern| other.covers_plainly(pattern, budget);
        !self.granted.contains(pattern.normal()) && !self.wildcards.iter().any(covers)
    }

    /// Counts one more entry of this size.
    fn reserve(&mut self, characters: usize) {
        self.count += 1;
        self.within += characters;
    }

    /// Stops counting an entry of this size, if it was counted.
    fn release(&mut self, characters: Option<usize>) {
        if let Some(characters) = characters {
            self.count -= 1;
            self.within -= characters;
        }
    }
}

impl<'a> Entry<'a> {
    pub(super) fn replacement(&self) -> Option<&Replacement<'a>> {
        match &self.fate {
            Fate::Replaced(replacement) => Some(replacement),
            Fate::Kept | Fate::Ambiguous | Fate::Repeated => None,
        }
    }
}

impl<'a> Replacement<'a> {
    fn new(
        entry: &'a ActionPattern,
        own: usize,
        site: &Site<'a>,
        names: &'a Names,
        budget: &Budget,
    ) -> Replacement<'a> {
        let restricted = site.restricted.patterns().iter();
        let avoid: Vec<&ActionPattern> = restricted
            .filter(|other| other.intersects_within(entry, budget))
            .collect();
        let is_covered = avoid
            .iter()
            .any(|other| other.covers_plainly(entry, budget));
        let known = match is_covered {
            true => Some(Vec::new()),
            false => names.named_by(entry, budget).map(|mut known| {
                let is_avoided = |action: &str| {
                    avoid
                        .iter()
                        .any(|other| other.matches_within(action, budget))
                };
                known.retain(|action| !is_avoided(action));
                known
            }),
        };
        Replacement {
            avoid,
            is_covered,
            // A list that the budget truncated names restricted actions too.
            known: known.filter(|_| !budget.is_spent()),
            by: Vec::new(),
            loss: None,
            reserved: Some(own),
            added: Vec::new(),
        }
    }
}

/// Returns true if the entry names some action, known or not, that none of the others names, or if
/// the budget does not suffice to find out.
fn may_lose(
    entry: &ActionPattern,
    avoid: &[&ActionPattern],
    by: &[ActionPattern],
    budget: &Budget,
) -> bool {
    let beyond = Language {
        all_of: vec![entry],
        none_of: avoid.iter().copied().chain(by).collect(),
        ..Language::default()
    };
    search(&beyond, budget) != Emptiness::Empty
}

/// The size of a pattern as JSON, in characters.
fn characters(pattern: &ActionPattern) -> usize {
    quoted(pattern.as_str()).chars().count()
}
