//! What was done to a statement and what was lost, as a report.

use super::{Change, Fate, Plan, Site, kept, replacements};
use crate::finding::Shown;
use crate::remediation::report::{Edit, EditKind, Loss, LossCause};
use crate::{ActionPattern, Element, catalogue};

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
        let no_room = "what it grants beyond the restricted actions does not fit into the size that IAM allows";
        match &self.change {
            Change::Drop { forced, met } => {
                let why = if *forced {
                    no_room.to_owned()
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
                            let met = Shown::all(&replacement.avoid);
                            let (kind, why) = if replacement.forced {
                                (EditKind::EntryDropped, no_room.to_owned())
                            } else if !replacement.by.is_empty() {
                                (EditKind::EntryReplaced, format!("it granted what is restricted by {met}"))
                            } else if replacement.avoid.contains(&entry.pattern) {
                                (EditKind::EntryDropped, "it is restricted".to_owned())
                            } else if replacement.avoid.iter().any(|other| other.covers_plainly(entry.pattern)) {
                                (EditKind::EntryDropped, format!("all it grants is restricted by {met}"))
                            } else {
                                (EditKind::EntryDropped, format!("no known action is left of it without what is restricted by {met}"))
                            };
                            Some(edit(kind, vec![entry.pattern.clone()], replacement.by.clone(), why))
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
                lost.retain(|action| {
                    leave_out
                        .added
                        .iter()
                        .any(|pattern| pattern.matches(action))
                });
                let patterns = site.statement.patterns().to_vec();
                vec![site.loss(patterns, lost, LossCause::Quota)]
            }
            Change::Drop { .. } | Change::LeaveOut(_) => Vec::new(),
            Change::Entries(entries) => {
                let still: Vec<&ActionPattern> = kept(entries)
                    .chain(replacements(entries).flat_map(|r| &r.by))
                    .collect();
                let forced = entries.iter().filter_map(|entry| match &entry.fate {
                    Fate::Replaced(replacement) if replacement.forced => {
                        Some((entry.pattern, &replacement.known))
                    }
                    Fate::Replaced(_) | Fate::Kept => None,
                });
                forced
                    .map(|(pattern, known)| {
                        let is_lost =
                            |action: &&String| !still.iter().any(|pattern| pattern.matches(action));
                        let lost = known.iter().filter(is_lost).cloned().collect();
                        site.loss(vec![pattern.clone()], lost, LossCause::Quota)
                    })
                    .collect()
            }
        };
        losses.into_iter().flatten().collect()
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

    /// The known actions that the statement grants and that are not restricted.
    fn known_beyond(&self) -> Vec<String> {
        let mut known = "*"
            .parse()
            .map(|all| catalogue::named_by(&all))
            .unwrap_or_default();
        let is_named = |patterns: &[ActionPattern], action: &str| {
            patterns.iter().any(|other| other.matches(action))
        };
        known.retain(|action| {
            is_named(self.statement.patterns(), action) != self.statement.is_negated()
                && !is_named(self.restricted.patterns(), action)
        });
        known
    }

    /// `None` if nothing was lost.
    fn loss(
        &self,
        patterns: Vec<ActionPattern>,
        lost: Vec<String>,
        cause: LossCause,
    ) -> Option<Loss> {
        (!lost.is_empty()).then(|| Loss {
            statement: self.index,
            sid: self.statement.label().map(str::to_owned),
            element: Element::of(self.statement),
            patterns,
            total: lost.len(),
            examples: lost.into_iter().take(Loss::MAX_EXAMPLES).collect(),
            cause,
        })
    }
}
