//! What becomes of one statement.

mod explain;

use std::collections::HashSet;

use serde_json::value::RawValue;

use super::expand::expand;
use crate::document::{quoted, write_object};
use crate::judgement::Judgement;
use crate::remediation::report::LossCause;
use crate::search::{Budget, Emptiness, Language, search};
use crate::{ActionPattern, RestrictedActions, Statement, known};

/// A statement that violates the restricted list, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) index: usize,
    pub(super) statement: &'a Statement,
    pub(super) restricted: &'a RestrictedActions,
}

/// What becomes of one statement.
pub(super) struct Plan<'a> {
    site: Site<'a>,
    change: Change<'a>,
}

enum Change<'a> {
    /// Entries of `Action` are dropped or replaced.
    Entries(Vec<Entry<'a>>),
    /// The statement leaves out these patterns, and what its `NotAction` left out before.
    LeaveOut(LeaveOut),
    /// The whole statement goes.
    Drop {
        /// Because the quota left no room for what could stay.
        forced: bool,
        /// The restricted patterns that it met.
        met: Vec<ActionPattern>,
    },
}

struct LeaveOut {
    met: Vec<ActionPattern>,
    added: Vec<ActionPattern>,
    /// Whether whole services are left out because the restricted patterns did not fit.
    forced: bool,
}

/// An entry of `Action`.
struct Entry<'a> {
    pattern: &'a ActionPattern,
    /// As it is written.
    json: String,
    fate: Fate<'a>,
}

enum Fate<'a> {
    Kept,
    Replaced(Replacement<'a>),
}

struct Replacement<'a> {
    /// The restricted patterns that meet the entry.
    avoid: Vec<&'a ActionPattern>,
    /// The known actions that the entry names and that are not restricted; `None` if nobody can tell.
    known: Option<Vec<String>>,
    by: Vec<ActionPattern>,
    /// Why it grants less than it could, if it does.
    loss: Option<LossCause>,
}

/// The ways to make a document shorter, in the order in which they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A `NotAction` leaves out whole services, where that is shorter.
    LeaveOutServices,
    /// The widest entry that was replaced by something longer is dropped.
    DropWidest,
    /// A whole statement with `NotAction` is dropped.
    DropStatement,
}

impl Step {
    pub(super) const ALL: [Step; 3] = [
        Step::LeaveOutServices,
        Step::DropWidest,
        Step::DropStatement,
    ];
}

impl<'a> Plan<'a> {
    /// `None` if the statement does not violate.
    pub(super) fn new(site: &Site<'a>, judgement: &Judgement<'_>) -> Option<Plan<'a>> {
        let statement = site.statement;
        let met: Vec<(Option<&ActionPattern>, &ActionPattern)> = judgement
            .grants_of(statement)
            .map(|(pattern, restricted)| (pattern, restricted.pattern))
            .collect();
        if met.is_empty() {
            return None;
        }
        let everything =
            |pattern: &Option<&ActionPattern>| pattern.is_none_or(ActionPattern::is_everything);
        let added: Vec<ActionPattern> = met
            .iter()
            .filter(|(pattern, _)| everything(pattern))
            .map(|(_, restricted)| (*restricted).clone())
            .collect();
        let change = if added.iter().any(ActionPattern::is_everything) {
            Change::Drop {
                forced: false,
                met: added,
            }
        } else if added.is_empty() {
            let violates =
                |pattern: &ActionPattern| met.iter().any(|(other, _)| *other == Some(pattern));
            Change::Entries(
                statement
                    .patterns()
                    .iter()
                    .zip(entries_json(statement))
                    .map(|(pattern, json)| {
                        let fate = if violates(pattern) {
                            Fate::Replaced(Replacement::new(pattern, site))
                        } else {
                            Fate::Kept
                        };
                        Entry {
                            pattern,
                            json,
                            fate,
                        }
                    })
                    .collect(),
            )
        } else {
            Change::LeaveOut(LeaveOut {
                met: added.clone(),
                added,
                forced: false,
            })
        };
        Some(Plan {
            site: *site,
            change,
        })
    }

    pub(super) fn index(&self) -> usize {
        self.site.index
    }

    /// How much the step would do for this statement; `None` if nothing.
    pub(super) fn weight(&mut self, step: Step) -> Option<usize> {
        match (&mut self.change, step) {
            (Change::Entries(entries), Step::DropWidest) => {
                widest(entries).map(|replacement| replacement.width())
            }
            (Change::LeaveOut(leave_out), Step::LeaveOutServices) if !leave_out.forced => {
                length(&leave_out.added)
                    .checked_sub(length(&services(&leave_out.added)))
                    .filter(|saved| *saved > 0)
            }
            (Change::LeaveOut(leave_out), Step::DropStatement) => Some(length(&leave_out.added)),
            _ => None,
        }
    }

    pub(super) fn apply(&mut self, step: Step) {
        match (&mut self.change, step) {
            (Change::Entries(entries), Step::DropWidest) => {
                if let Some(replacement) = widest(entries) {
                    replacement.by.clear();
                    replacement.loss = Some(LossCause::Quota);
                }
            }
            (Change::LeaveOut(leave_out), Step::LeaveOutServices) => {
                leave_out.added = services(&leave_out.added);
                leave_out.forced = true;
            }
            (Change::LeaveOut(leave_out), Step::DropStatement) => {
                self.change = Change::Drop {
                    forced: true,
                    met: std::mem::take(&mut leave_out.met),
                };
            }
            _ => {}
        }
    }

    /// The statement as it is planned; `None` if nothing of it is left.
    pub(super) fn write(&self) -> Option<String> {
        let statement = self.site.statement;
        let (key, list) = match &self.change {
            Change::Drop { .. } => return None,
            Change::Entries(entries) => ("Action", write_entries(entries)),
            Change::LeaveOut(leave_out) => {
                let before = if statement.is_negated() {
                    entries_json(statement)
                } else {
                    Vec::new()
                };
                let added = leave_out
                    .added
                    .iter()
                    .map(|pattern| quoted(pattern.as_str()));
                ("NotAction", before.into_iter().chain(added).collect())
            }
        };
        if list.is_empty() {
            return None;
        }
        let list_json = match list.as_slice() {
            [one] if action_json(statement).starts_with('"') => one.clone(),
            list => format!("[{}]", list.join(",")),
        };
        let members = statement.members().map(|(own, json)| match own {
            "Action" | "NotAction" => (key, list_json.as_str()),
            _ => (own, json),
        });
        Some(write_object(members))
    }
}

impl<'a> Replacement<'a> {
    fn new(pattern: &ActionPattern, site: &Site<'a>) -> Replacement<'a> {
        let restricted = site.restricted.patterns();
        let avoid: Vec<&ActionPattern> = restricted
            .iter()
            .filter(|other| other.intersects(pattern))
            .collect();
        let mut known = known::named_by(pattern);
        if let Some(known) = &mut known {
            known.retain(|action| !avoid.iter().any(|other| other.matches(action)));
        }
        let by = expand(pattern, &avoid, known.as_deref().unwrap_or_default());
        let loses = || {
            let beyond = Language {
                all_of: vec![pattern],
                none_of: avoid.iter().copied().chain(&by).collect(),
                ..Language::default()
            };
            search(&beyond, &Budget::new(Budget::DOCUMENT)) != Emptiness::Empty
        };
        let loss = (known.is_none() && loses()).then_some(LossCause::NoCatalogue);
        Replacement {
            avoid,
            known,
            by,
            loss,
        }
    }

    /// How much the entry granted beyond what is restricted.
    fn width(&self) -> usize {
        self.known.as_ref().map_or(self.by.len(), Vec::len)
    }
}

/// The JSON of `Action` or `NotAction`.
fn action_json(statement: &Statement) -> &str {
    let mut members = statement.members();
    members
        .find(|(key, _)| matches!(*key, "Action" | "NotAction"))
        .map_or("", |(_, json)| json)
}

/// The JSON of each entry of `Action` or `NotAction`.
fn entries_json(statement: &Statement) -> Vec<String> {
    let json = action_json(statement);
    match serde_json::from_str::<Vec<&RawValue>>(json) {
        Ok(entries) => entries
            .into_iter()
            .map(|entry| entry.get().to_owned())
            .collect(),
        // It is one string.
        Err(_) => vec![json.to_owned()],
    }
}

/// The entries as JSON, without what others of them cover.
fn write_entries(entries: &[Entry<'_>]) -> Vec<String> {
    // A name is covered by itself or by a wildcard, a wildcard only by another one.
    let (names, mut wildcards): (Vec<_>, Vec<_>) =
        kept(entries).partition(|pattern| pattern.is_literal());
    let mut names: HashSet<&[char]> = names.into_iter().map(ActionPattern::normal).collect();
    let mut list = Vec::new();
    for entry in entries {
        match &entry.fate {
            Fate::Kept => list.push(entry.json.clone()),
            Fate::Replaced(replacement) => {
                for pattern in &replacement.by {
                    if wildcards.iter().any(|other| other.covers_plainly(pattern)) {
                        continue;
                    }
                    if pattern.is_literal() {
                        if !names.insert(pattern.normal()) {
                            continue;
                        }
                    } else {
                        wildcards.push(pattern);
                    }
                    list.push(quoted(pattern.as_str()));
                }
            }
        }
    }
    list
}

fn kept<'e>(entries: &'e [Entry<'_>]) -> impl Iterator<Item = &'e ActionPattern> {
    entries
        .iter()
        .filter(|entry| matches!(entry.fate, Fate::Kept))
        .map(|entry| entry.pattern)
}

fn replacements<'e, 'a>(entries: &'e [Entry<'a>]) -> impl Iterator<Item = &'e Replacement<'a>> {
    entries.iter().filter_map(|entry| match &entry.fate {
        Fate::Replaced(replacement) => Some(replacement),
        Fate::Kept => None,
    })
}

/// The widest replacement that is longer than the entry was.
fn widest<'e, 'a>(entries: &'e mut [Entry<'a>]) -> Option<&'e mut Replacement<'a>> {
    entries
        .iter_mut()
        .filter_map(|entry| match &mut entry.fate {
            Fate::Replaced(replacement) => (length(&replacement.by)
                > length(std::slice::from_ref(entry.pattern)))
            .then_some(replacement),
            Fate::Kept => None,
        })
        .max_by_key(|replacement| replacement.width())
}

/// The characters that the patterns take in a document, a comma and two quotes each included.
fn length(patterns: &[ActionPattern]) -> usize {
    patterns
        .iter()
        .map(|pattern| pattern.as_str().chars().count() + 3)
        .sum()
}

/// The whole services of the patterns; a pattern with a wildcard in its prefix stays.
fn services(patterns: &[ActionPattern]) -> Vec<ActionPattern> {
    let mut services: Vec<ActionPattern> = Vec::new();
    for pattern in patterns {
        let service = pattern
            .has_literal_prefix()
            .then(|| pattern.as_str().split_once(':'))
            .flatten()
            .and_then(|(prefix, _)| format!("{prefix}:*").parse().ok())
            .unwrap_or_else(|| pattern.clone());
        if !services.contains(&service) {
            services.push(service);
        }
    }
    services
}
