//! The report on a statement: edits and losses.

use std::cell::OnceCell;
use std::collections::HashSet;

use super::entries::{Entries, Entry, Fate, Replacement};
use super::names::Names;
use super::plan::{Change, LeaveOut, Plan};
use super::report::{Edit, EditKind, Loss, LossCause};
use super::site::Site;
use crate::budget::Budget;
use crate::message::Shown;
use crate::{ActionPattern, Element};

const NO_ROOM: &str =
    "what it grants beyond the restricted actions does not fit into the size that IAM allows";
const TOO_HARD: &str =
    "it takes too much work to find out what it grants beyond the restricted actions";

impl Plan<'_> {
    /// The changes.
    pub(super) fn edits(&self) -> Vec<Edit> {
        let statement = self.site.statement;
        let all = statement.patterns();
        match &self.change {
            Change::Drop { loss, met } => {
                let why = match loss {
                    None => format!("all it grants is restricted by {}", Shown::all(met)),
                    Some(LossCause::Budget) => TOO_HARD.to_owned(),
                    Some(_) => NO_ROOM.to_owned(),
                };
                vec![self.site.edit(EditKind::StatementDropped, all, &[], why)]
            }
            Change::LeaveOut(leave_out) => {
                let kind = if statement.is_negated() {
                    EditKind::LeavesOutMore
                } else {
                    EditKind::EverythingExcept
                };
                let why = leave_out.words();
                vec![self.site.edit(kind, all, &leave_out.added, why)]
            }
            Change::Entries(entries) => {
                let edits = entries.list.iter().filter_map(|entry| {
                    let (kind, after, why) = entry.words()?;
                    let before = std::slice::from_ref(entry.pattern);
                    Some(self.site.edit(kind, before, after, why))
                });
                let mut edits: Vec<Edit> = edits.collect();
                if entries.size() == 0 {
                    let why = "no entry of its Action is left".to_owned();
                    edits.push(self.site.edit(EditKind::StatementDropped, &[], &[], why));
                }
                edits
            }
        }
    }

    /// The grants that were removed though they are not restricted.
    pub(super) fn losses(&self, known: &Known<'_>) -> Vec<Loss> {
        let site = &self.site;
        let loss = match &self.change {
            Change::Drop { loss, .. } => {
                loss.and_then(|cause| site.loss_of_all(None, cause, known))
            }
            Change::LeaveOut(leave_out) if leave_out.forced => {
                site.loss_of_all(Some(&leave_out.added), LossCause::Quota, known)
            }
            Change::LeaveOut(_) => None,
            Change::Entries(entries) => return site.losses_of(entries, known.budget),
        };
        loss.into_iter().collect()
    }
}

/// The known actions that explain losses.
pub(super) struct Known<'b> {
    budget: &'b Budget,
    /// All known actions, once a loss needs them.
    all: OnceCell<Names>,
}

impl<'b> Known<'b> {
    pub(super) fn new(budget: &'b Budget) -> Known<'b> {
        Known {
            budget,
            all: OnceCell::new(),
        }
    }

    fn all(&self) -> &Names {
        let everything = "*".parse().ok();
        self.all
            .get_or_init(|| Names::new(&everything, self.budget))
    }
}

impl LeaveOut {
    /// The reason why the statement leaves out more.
    fn words(&self) -> String {
        let met = Shown::all(&self.met);
        match self.forced {
            false => format!("it granted what is restricted by {met}"),
            true => format!(
                "it granted what is restricted by {met}, and naming each does not fit into the size that IAM allows"
            ),
        }
    }
}

impl Entry<'_> {
    /// The change to the entry, its replacement, and the reason; `None` if it stayed or if an equal
    /// entry has the same.
    fn words(&self) -> Option<(EditKind, &[ActionPattern], String)> {
        let dropped = EditKind::EntryDropped;
        match &self.fate {
            Fate::Kept | Fate::Repeated => None,
            Fate::Ambiguous => {
                let why = "it has characters whose interpretation by IAM is undocumented";
                Some((dropped, &[], why.to_owned()))
            }
            Fate::Replaced(replacement) if replacement.by.is_empty() => {
                Some((dropped, &[], replacement.why_dropped(self.pattern)))
            }
            Fate::Replaced(replacement) => {
                let met = Shown::all(&replacement.avoid);
                let why = format!("it granted what is restricted by {met}");
                Some((EditKind::EntryReplaced, &replacement.by, why))
            }
        }
    }
}

impl Replacement<'_> {
    fn why_dropped(&self, entry: &ActionPattern) -> String {
        let met = Shown::all(&self.avoid);
        match self.loss {
            Some(LossCause::Quota) => NO_ROOM.to_owned(),
            Some(LossCause::Budget) => TOO_HARD.to_owned(),
            Some(LossCause::NoCatalogue) => {
                "it cannot be narrowed without a list of known actions".to_owned()
            }
            _ if self.avoid.contains(&entry) => "it is restricted".to_owned(),
            _ if self.is_covered => format!("all it grants is restricted by {met}"),
            _ => format!("no known action is left of it without what is restricted by {met}"),
        }
    }
}

impl Site<'_> {
    fn edit(
        &self,
        kind: EditKind,
        before: &[ActionPattern],
        after: &[ActionPattern],
        why: String,
    ) -> Edit {
        let first = |patterns: &[ActionPattern]| {
            let patterns = patterns.iter().take(Edit::MAX_PATTERNS);
            patterns.cloned().collect()
        };
        let more = |patterns: &[ActionPattern]| patterns.len().saturating_sub(Edit::MAX_PATTERNS);
        Edit {
            kind,
            statement: Some(self.index),
            sid: self.statement.label(),
            element: (kind != EditKind::StatementDropped).then(|| Element::of(self.statement)),
            before: first(before),
            more_before: more(before),
            after: first(after),
            more_after: more(after),
            why,
        }
    }

    /// The loss of the whole statement, or of the part that is left out; `None` if it grants
    /// nothing beyond the restricted actions.
    pub(super) fn loss_of_all(
        &self,
        left_out: Option<&[ActionPattern]>,
        cause: LossCause,
        known: &Known<'_>,
    ) -> Option<Loss> {
        let (statement, budget) = (self.statement, known.budget);
        let restricted = self.restricted.patterns();
        let mut lost = known.all().beyond(statement, restricted, budget);
        if let (Some(lost), Some(left_out)) = (&mut lost, left_out) {
            let is_lost = |pattern: &ActionPattern, a: &str| pattern.matches_within(a, budget);
            lost.retain(|action| left_out.iter().any(|pattern| is_lost(pattern, action)));
        }
        let lost = lost.filter(|_| !budget.is_spent());
        self.loss(statement.patterns(), lost, cause)
    }

    /// The losses of entries.
    fn losses_of(&self, entries: &Entries<'_>, budget: &Budget) -> Vec<Loss> {
        let replacements = || entries.list.iter().filter_map(Entry::replacement);
        if replacements().all(|replacement| replacement.loss.is_none()) {
            return Vec::new();
        }
        let (names, wildcards): (Vec<_>, Vec<_>) = entries
            .kept()
            .chain(replacements().flat_map(|replacement| &replacement.by))
            .partition(|pattern| pattern.is_literal());
        let names: HashSet<String> = names
            .into_iter()
            .map(|name| name.as_str().to_ascii_lowercase())
            .collect();
        let mut lossy = Vec::new();
        for entry in &entries.list {
            let Some(replacement) = entry.replacement() else {
                continue;
            };
            let Some(cause) = replacement.loss else {
                continue;
            };
            let is_lost = |action: &&&str| {
                !names.contains(&action.to_ascii_lowercase())
                    && !wildcards
                        .iter()
                        .any(|pattern| pattern.matches_within(action, budget))
            };
            let known = replacement.known.as_ref();
            let lost: Option<Vec<&str>> =
                known.map(|known| known.iter().filter(is_lost).copied().collect());
            let lost = lost.filter(|_| !budget.is_spent());
            lossy.extend(self.loss(std::slice::from_ref(entry.pattern), lost, cause));
        }
        lossy
    }

    /// `None` if nothing was lost.
    fn loss<S: ToString>(
        &self,
        patterns: &[ActionPattern],
        lost: Option<Vec<S>>,
        cause: LossCause,
    ) -> Option<Loss> {
        let total = lost.as_ref().map(Vec::len);
        let lost = lost.unwrap_or_default();
        (total != Some(0)).then(|| Loss {
            statement: self.index,
            sid: self.statement.label(),
            element: Element::of(self.statement),
            patterns: patterns.iter().take(Loss::MAX_PATTERNS).cloned().collect(),
            more_patterns: patterns.len().saturating_sub(Loss::MAX_PATTERNS),
            examples: lost
                .iter()
                .take(Loss::MAX_EXAMPLES)
                .map(S::to_string)
                .collect(),
            total,
            cause,
        })
    }
}
