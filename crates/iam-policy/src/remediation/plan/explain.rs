//! What was done to a statement and what was lost, as a report.

use super::{Change, Fate, Plan, kept, replacements, texts};
use crate::remediation::report::{Edit, EditKind, Loss, Shown};
use crate::{ActionPattern, Element, catalogue};

impl Plan<'_> {
    /// What was changed.
    pub(in crate::remediation) fn edits(&self) -> Vec<Edit> {
        let statement = self.site.statement;
        let element = if statement.is_negated() {
            Element::NotAction
        } else {
            Element::Action
        };
        let edit = |kind, before: Vec<String>, after, why| Edit {
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
                    texts(statement.patterns()),
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
                    texts(statement.patterns()),
                    texts(&leave_out.added),
                    why,
                )]
            }
            Change::Entries(entries) => {
                let mut edits: Vec<Edit> = entries
                    .iter()
                    .filter_map(|entry| match &entry.fate {
                        Fate::Kept => None,
                        Fate::Replaced(replacement) => {
                            let met: Vec<String> = replacement.avoid.iter().map(ToString::to_string).collect();
                            let met = Shown::all(&met);
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
                            Some(edit(kind, vec![entry.pattern.to_string()], texts(&replacement.by), why))
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
        let statement = self.site.statement;
        let everything = || {
            let mut known = "*"
                .parse()
                .map(|all| catalogue::named_by(&all))
                .unwrap_or_default();
            let restricted = self.site.restricted.patterns();
            let left_out = if statement.is_negated() {
                statement.patterns()
            } else {
                &[]
            };
            known.retain(|action| {
                !restricted
                    .iter()
                    .chain(left_out)
                    .any(|pattern| pattern.matches(action))
            });
            known
        };
        let loss = |pattern: String, lost: Vec<String>| Loss {
            statement: self.site.index,
            sid: statement.label().map(str::to_owned),
            element: if statement.is_negated() {
                Element::NotAction
            } else {
                Element::Action
            },
            pattern,
            total: lost.len(),
            examples: lost.into_iter().take(Loss::MAX_EXAMPLES).collect(),
        };
        let losses = match &self.change {
            Change::Drop { forced: true, .. } => vec![loss(statement.pattern_list(), everything())],
            Change::LeaveOut(leave_out) if leave_out.forced => {
                let mut lost = everything();
                lost.retain(|action| {
                    leave_out
                        .added
                        .iter()
                        .any(|pattern| pattern.matches(action))
                });
                vec![loss(statement.pattern_list(), lost)]
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
                        loss(
                            pattern.to_string(),
                            known.iter().filter(is_lost).cloned().collect(),
                        )
                    })
                    .collect()
            }
        };
        losses.into_iter().filter(|loss| loss.total > 0).collect()
    }
}
