//! What was done to a statement and what was lost, as a report.

use super::{Change, Fate, Plan, Replacement, Site, kept, replacements};
use crate::finding::Shown;
use crate::remediation::report::{Edit, EditKind, Loss, LossCause};
use crate::{ActionPattern, Element, known};

const NO_ROOM: &str =
    "what it grants beyond the restricted actions does not fit into the size that IAM allows";

impl Plan<'_> {
    /// What was changed.
    pub(in crate::remediation) fn edits(&self) -> Vec<Edit> {
        let statement = self.site.statement;
        let element = Element::of(statement);
        let edit = |kind, before: Vec<ActionPattern>, after, why| Edit {
            kind,
            statement: Some(self.site.index),
            sid: statement.label().map(str::to_owned),
            element: if kind == EditKind::StatementDropped {
                None
            } else {
                Some(element)
            },
            before,
            after,
            why,
        };
        match &self.change {
            Change::Drop { forced, met } => {
                let why = if *forced {
                    NO_ROOM.to_owned()
                } else {
                    format!("all it grants is restricted by {}", Shown::all(met))
                };
                vec![edit(
                    EditKind::StatementDropped,
                    statement.patterns().to_vec(),
                    Vec::new(),
                    why,
                )]
            }
            Change::LeaveOut(leave_out) => {
                let kind = if statement.is_negated() {
                    EditKind::LeavesOutMore
                } else {
                    EditKind::EverythingExcept
                };
                let met = Shown::all(&leave_out.met);
                let why = match leave_out.forced {
                    false => format!("it granted what is restricted by {met}"),
                    true => format!(
                        "it granted what is restricted by {met}, and naming each does not fit into the size that IAM allows"
                    ),
                };
                vec![edit(
                    kind,
                    statement.patterns().to_vec(),
                    leave_out.added.clone(),
                    why,
                )]
            }
            Change::Entries(entries) => {
                let mut edits: Vec<Edit> = entries
                    .iter()
                    .filter_map(|entry| match &entry.fate {
                        Fate::Kept => None,
                        Fate::Replaced(replacement) => {
                            let (kind, why) = replacement.words(entry.pattern);
                            let before = vec![entry.pattern.clone()];
                            Some(edit(kind, before, replacement.by.clone(), why))
                        }
                    })
                    .collect();
                if self.write().is_none() {
                    let why = "no entry of its Action is left".to_owned();
                    edits.push(edit(
                        EditKind::StatementDropped,
                        Vec::new(),
                        Vec::new(),
                        why,
                    ));
                }
                edits
            }
        }
    }

    /// What the quota forced out.
    pub(in crate::remediation) fn losses(&self) -> Vec<Loss> {
        let site = &self.site;
        let losses = match &self.change {
            Change::Drop { forced: true, .. } => vec![site.loss_of_all(LossCause::Quota)],
            Change::LeaveOut(leave_out) if leave_out.forced => {
                let mut lost = site.known_beyond();
                if let Some(lost) = &mut lost {
                    lost.retain(|action| {
                        leave_out
                            .added
                            .iter()
                            .any(|pattern| pattern.matches(action))
                    });
                }
                let patterns = site.statement.patterns().to_vec();
                vec![site.loss(patterns, lost, LossCause::Quota)]
            }
            Change::Drop { .. } | Change::LeaveOut(_) => Vec::new(),
            Change::Entries(entries) => {
                let still: Vec<&ActionPattern> = kept(entries)
                    .chain(replacements(entries).flat_map(|r| &r.by))
                    .collect();
                let lossy = entries.iter().filter_map(|entry| match &entry.fate {
                    Fate::Replaced(replacement) => {
                        Some((entry.pattern, &replacement.known, replacement.loss?))
                    }
                    Fate::Kept => None,
                });
                lossy
                    .map(|(pattern, known, cause)| {
                        let is_lost =
                            |action: &&String| !still.iter().any(|pattern| pattern.matches(action));
                        let lost = known
                            .as_ref()
                            .map(|known| known.iter().filter(is_lost).cloned().collect());
                        site.loss(vec![pattern.clone()], lost, cause)
                    })
                    .collect()
            }
        };
        losses.into_iter().flatten().collect()
    }
}

impl Replacement<'_> {
    /// What was done to the entry, and why.
    fn words(&self, entry: &ActionPattern) -> (EditKind, String) {
        let met = Shown::all(&self.avoid);
        if !self.by.is_empty() {
            let why = format!("it granted what is restricted by {met}");
            return (EditKind::EntryReplaced, why);
        }
        let why = if self.loss == Some(LossCause::Quota) {
            NO_ROOM.to_owned()
        } else if self.avoid.contains(&entry) {
            "it is restricted".to_owned()
        } else if self.avoid.iter().any(|other| other.covers_plainly(entry)) {
            format!("all it grants is restricted by {met}")
        } else if self.known.is_none() {
            "it cannot be narrowed without a list of known actions".to_owned()
        } else {
            format!("no known action is left of it without what is restricted by {met}")
        };
        (EditKind::EntryDropped, why)
    }
}

impl Site<'_> {
    /// The loss of the whole statement; `None` if it grants nothing beyond what is restricted.
    pub(in crate::remediation) fn loss_of_all(&self, cause: LossCause) -> Option<Loss> {
        self.loss(
            self.statement.patterns().to_vec(),
            self.known_beyond(),
            cause,
        )
    }

    /// The known actions that the statement grants and that are not restricted; `None` if nobody can tell.
    fn known_beyond(&self) -> Option<Vec<String>> {
        let is_named = |patterns: &[ActionPattern], action: &str| {
            patterns.iter().any(|other| other.matches(action))
        };
        let restricted = self.restricted.patterns();
        let mut beyond = Vec::new();
        if self.statement.is_negated() {
            beyond = known::named_by(&"*".parse().ok()?)?;
            beyond.retain(|action| !is_named(self.statement.patterns(), action));
        } else {
            for pattern in self.statement.patterns() {
                if !restricted.iter().any(|other| other.covers_plainly(pattern)) {
                    beyond.extend(known::named_by(pattern)?);
                }
            }
            beyond.sort_unstable();
            beyond.dedup();
        }
        beyond.retain(|action| !is_named(restricted, action));
        Some(beyond)
    }

    /// `None` if nothing was lost.
    fn loss(
        &self,
        patterns: Vec<ActionPattern>,
        lost: Option<Vec<String>>,
        cause: LossCause,
    ) -> Option<Loss> {
        let total = lost.as_ref().map(Vec::len);
        (total != Some(0)).then(|| Loss {
            statement: self.index,
            sid: self.statement.label().map(str::to_owned),
            element: Element::of(self.statement),
            patterns,
            total,
            examples: lost
                .into_iter()
                .flatten()
                .take(Loss::MAX_EXAMPLES)
                .collect(),
            cause,
        })
    }
}
