//! What to do next so that the administrator's decision is in force.
//!
//! As in [`crate::quarantine`], a function looks, takes one step and looks again.

use crate::document::same_meaning;
use crate::message::DecisionAction;
use crate::quarantine::{InlineStep, is_newer, since};
use crate::{KeptDocument, ManagedSnapshot, Timestamp, Version, VersionId};

/// What one run of the function knows besides the snapshot.
#[derive(Clone, Copy, Debug)]
pub struct Restoring<'a> {
    /// What was decided.
    pub action: DecisionAction,
    /// The version as it was written.
    pub original: &'a VersionId,
    /// The version that holds the remediated document.
    pub quarantine: &'a VersionId,
    /// The remediated document, as it was read back.
    pub remediated: &'a KeptDocument,
    /// Whether the guard made the quarantine version.
    pub created: bool,
    /// When the change was made.
    pub event_time: Timestamp,
    /// The versions that the first look of this run saw.
    pub first_seen: &'a [VersionId],
    /// Whether IAM had its time to become consistent.
    pub waited: bool,
}

/// The next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RestoreStep {
    /// Make this version the default.
    Activate(VersionId),
    /// Delete this version, which is not the default.
    Delete(VersionId),
    /// Done: the decision is in force.
    Settled,
    /// Another change has been made since, or the original version was deleted: nothing is touched.
    Superseded,
    /// IAM does not show what the quarantine left (yet).
    NotVisible,
}

impl Restoring<'_> {
    /// The next step for a managed policy.
    ///
    /// `is_clean` says whether a document grants nothing restricted.
    #[must_use]
    pub fn next_step(
        &self,
        snapshot: &ManagedSnapshot,
        is_clean: impl Fn(&str) -> bool,
    ) -> RestoreStep {
        let Some(default) = snapshot.default_version() else {
            return RestoreStep::NotVisible;
        };
        let original = snapshot
            .version(self.original)
            .map(|version| version.id.clone());
        let quarantined = self.is_quarantine(default);
        match self.action {
            DecisionAction::Allow if default.id == *self.original => {
                self.leave_original(snapshot, is_clean)
            }
            DecisionAction::Allow if quarantined => match original {
                Some(original) => RestoreStep::Activate(original),
                None => self.believed(false),
            },
            DecisionAction::Deny if quarantined => match original {
                Some(original) => RestoreStep::Delete(original),
                None => self.leave_one_quarantine(snapshot),
            },
            DecisionAction::Expire if quarantined => self.leave_one_quarantine(snapshot),
            DecisionAction::Allow | DecisionAction::Deny | DecisionAction::Expire => {
                self.believed(is_newer(default, self.quarantine, self.event_time))
            }
        }
    }

    /// Whether a version is the quarantine, or its double.
    ///
    /// A call whose answer never came can be carried out when the quarantine has long been at rest.
    /// What it makes is no newer change: it puts in force what is in force.
    fn is_quarantine(&self, version: &Version) -> bool {
        version.id == *self.quarantine
            || (version.id.number() > self.quarantine.number()
                && since(version, self.event_time)
                && self.remediated.same_meaning(&version.document))
    }

    /// The original is in force again: give way to a newer harmless change that the write overtook, and clean up.
    fn leave_original(
        &self,
        snapshot: &ManagedSnapshot,
        is_clean: impl Fn(&str) -> bool,
    ) -> RestoreStep {
        let overtaken = snapshot
            .versions
            .iter()
            .rev()
            .find(|version| !self.first_seen.contains(&version.id) && !self.is_quarantine(version))
            .filter(|version| is_clean(&version.document));
        match overtaken {
            Some(newer) => RestoreStep::Activate(newer.id.clone()),
            None => self.leave_one_quarantine(snapshot),
        }
    }

    /// Cleans up after the guard: of the quarantine versions that are not in force, none is left.
    fn leave_one_quarantine(&self, snapshot: &ManagedSnapshot) -> RestoreStep {
        let mut spare = snapshot
            .versions
            .iter()
            .filter(|version| !version.is_default && self.is_quarantine(version));
        match spare.next() {
            Some(spare) if self.created => RestoreStep::Delete(spare.id.clone()),
            _ => RestoreStep::Settled,
        }
    }

    fn believed(&self, proven: bool) -> RestoreStep {
        if proven || self.waited {
            RestoreStep::Superseded
        } else {
            RestoreStep::NotVisible
        }
    }
}

/// The next step for an inline policy that now holds `current`.
#[must_use]
pub fn next_inline_step(
    action: DecisionAction,
    original: &KeptDocument,
    remediated: &KeptDocument,
    current: &str,
    waited: bool,
) -> InlineStep {
    let quarantined = same_meaning(remediated.as_str(), current);
    match action {
        DecisionAction::Allow if original.same_meaning(current) => InlineStep::InPlace,
        DecisionAction::Allow if quarantined => InlineStep::Put,
        DecisionAction::Deny | DecisionAction::Expire if quarantined => InlineStep::InPlace,
        DecisionAction::Allow | DecisionAction::Deny | DecisionAction::Expire => {
            if waited {
                InlineStep::Superseded
            } else {
                InlineStep::NotVisible
            }
        }
    }
}
