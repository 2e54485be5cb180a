//! What to do next so that the remediated document is in force and the original is kept.
//!
//! IAM has no transactions and no conditional writes, answers can be lost and reads can be stale.
//! So a function never remembers a plan: it looks at what IAM holds, asks for the one next step, takes it and looks again.
//! Whatever was interrupted before, the same look leads to the same rest.

use crate::document::same_meaning;
use crate::message::EvictedVersion;
use crate::{KeptDocument, ManagedSnapshot, Timestamp, Version, VersionId};

/// What one run of the function knows besides the snapshot.
#[derive(Clone, Copy, Debug)]
pub struct Quarantining<'a> {
    /// The version under judgement.
    pub judged: &'a VersionId,
    /// When the change was made.
    pub event_time: Timestamp,
    /// The remediated document, and the smaller ones that take its place if IAM refuses it.
    pub remediated: &'a [String],
    /// Versions whose documents are safe in the execution, so that they may be removed to make room.
    pub evicted: &'a [EvictedVersion],
    /// The versions that the first look of this run saw.
    pub first_seen: &'a [VersionId],
    /// The versions that this run made.
    pub made: &'a [VersionId],
    /// Whether IAM had its time to become consistent.
    pub waited: bool,
}

/// The next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuarantineStep {
    /// Make a new default version of the remediated document.
    Create,
    /// Make this existing version the default.
    Activate(VersionId),
    /// Delete this version, which is not the default.
    Delete(VersionId),
    /// Five versions exist: put this one into the execution first, then come back and delete it.
    KeepFirst(EvictedVersion),
    /// Done: the remediated document is in force.
    InPlace {
        /// The version in force.
        quarantine: VersionId,
        /// Whether the guard made it, so that it may be deleted when the original returns.
        created: bool,
    },
    /// Another change has been made since; it has an incident of its own.
    Superseded,
    /// IAM does not show the change (yet).
    NotVisible,
}

impl Quarantining<'_> {
    /// The next step for a managed policy.
    ///
    /// `is_clean` says whether a document grants nothing restricted.
    #[must_use]
    pub fn next_step(
        &self,
        snapshot: &ManagedSnapshot,
        is_clean: impl Fn(&str) -> bool,
    ) -> QuarantineStep {
        let Some(default) = snapshot.default_version() else {
            return QuarantineStep::NotVisible;
        };
        let quarantines: Vec<&Version> = snapshot
            .versions
            .iter()
            .filter(|version| version.id != *self.judged && self.is_remediated(&version.document))
            .collect();
        let is_contained = quarantines.iter().any(|version| version.id == default.id);
        if snapshot.version(self.judged).is_none() {
            // Another execution for the change was decided already; a write of this one that came after it is a double.
            let double = is_contained.then(|| self.double(default, &quarantines));
            return double
                .flatten()
                .unwrap_or_else(|| self.something_else(default));
        }
        if default.id == *self.judged {
            return self.contain(snapshot, &quarantines);
        }
        if is_contained {
            return self.settle(snapshot, default, &quarantines, is_clean);
        }
        match self.made.iter().find(|id| snapshot.version(id).is_some()) {
            Some(leftover) => QuarantineStep::Delete(leftover.clone()),
            None => self.something_else(default),
        }
    }

    /// The judged version is in force: the remediated document must come in its place.
    fn contain(&self, snapshot: &ManagedSnapshot, quarantines: &[&Version]) -> QuarantineStep {
        if let Some(existing) = quarantines.first() {
            return QuarantineStep::Activate(existing.id.clone());
        }
        if !self.made.is_empty() {
            // This run made a version and IAM does not list it: the look is stale, and a second one would be a double.
            return QuarantineStep::NotVisible;
        }
        if snapshot.versions.len() < ManagedSnapshot::MAX_VERSIONS {
            return QuarantineStep::Create;
        }
        let removable = || {
            snapshot
                .versions
                .iter()
                .filter(|version| !version.is_default && version.id != *self.judged)
        };
        let kept = removable().find(|version| {
            self.evicted
                .iter()
                .any(|evicted| evicted.version == version.id)
        });
        match (
            kept,
            removable().min_by_key(|version| (version.created, version.id.number())),
        ) {
            (Some(version), _) => QuarantineStep::Delete(version.id.clone()),
            (None, Some(oldest)) => QuarantineStep::KeepFirst(EvictedVersion {
                version: oldest.id.clone(),
                created: oldest.created,
                document: KeptDocument::new(&oldest.document),
            }),
            (None, None) => QuarantineStep::NotVisible,
        }
    }

    /// A remediated document is in force: give way to a newer change that a write of this run overtook, and leave one quarantine version only.
    fn settle(
        &self,
        snapshot: &ManagedSnapshot,
        default: &Version,
        quarantines: &[&Version],
        is_clean: impl Fn(&str) -> bool,
    ) -> QuarantineStep {
        if let Some(newer) = self.overtaken(snapshot, is_clean) {
            return QuarantineStep::Activate(newer.id.clone());
        }
        self.double(default, quarantines)
            .unwrap_or_else(|| QuarantineStep::InPlace {
                quarantine: default.id.clone(),
                created: since(default, self.event_time),
            })
    }

    /// Two executions for one change can each make a version. Both keep the first, so both come to the same end.
    fn double(&self, default: &Version, quarantines: &[&Version]) -> Option<QuarantineStep> {
        let mut ours = quarantines
            .iter()
            .filter(|version| since(version, self.event_time));
        let (first, double) = (ours.next()?, ours.next_back()?);
        Some(if default.id == double.id {
            QuarantineStep::Activate(first.id.clone())
        } else {
            QuarantineStep::Delete(double.id.clone())
        })
    }

    /// The newest harmless version that somebody made between this run's first look and its write.
    ///
    /// One that is not harmless has an incident of its own; putting it in force from here would hide it from the rule, which leaves our own writes out.
    fn overtaken<'s>(
        &self,
        snapshot: &'s ManagedSnapshot,
        is_clean: impl Fn(&str) -> bool,
    ) -> Option<&'s Version> {
        let newest_made = self.made.iter().map(VersionId::number).max()?;
        snapshot
            .versions
            .iter()
            .rev()
            .filter(|version| version.id.number() > self.judged.number())
            .filter(|version| version.id.number() < newest_made)
            .find(|version| {
                !self.first_seen.contains(&version.id) && !self.is_remediated(&version.document)
            })
            .filter(|version| is_clean(&version.document))
    }

    fn something_else(&self, default: &Version) -> QuarantineStep {
        if self.waited || is_newer(default, self.judged, self.event_time) {
            QuarantineStep::Superseded
        } else {
            QuarantineStep::NotVisible
        }
    }

    fn is_remediated(&self, document: &str) -> bool {
        self.remediated
            .iter()
            .any(|remediated| same_meaning(remediated, document))
    }
}

/// The next step for an inline policy that now holds `current`.
#[must_use]
pub fn next_inline_step(
    original: &KeptDocument,
    remediated: &[String],
    current: &str,
    waited: bool,
) -> InlineStep {
    if remediated.iter().any(|one| same_meaning(one, current)) {
        InlineStep::InPlace
    } else if original.same_meaning(current) {
        InlineStep::Put
    } else if waited {
        InlineStep::Superseded
    } else {
        InlineStep::NotVisible
    }
}

/// The next step for an inline policy, which has no versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InlineStep {
    /// Write the wanted document.
    Put,
    /// Done: the wanted document is in force.
    InPlace,
    /// Another document is in force; it has an incident of its own.
    Superseded,
    /// Another document is in force, which may be an old answer of IAM.
    NotVisible,
}

/// Whether a version was made at or after `time`; IAM's dates have whole seconds.
pub(crate) fn since(version: &Version, time: Timestamp) -> bool {
    version.created.as_second() >= time.as_second()
}

/// Whether `version` proves a change newer than `than`: a stale answer of IAM can only show older versions.
pub(crate) fn is_newer(version: &Version, than: &VersionId, time: Timestamp) -> bool {
    version.id.number() > than.number() && since(version, time)
}

#[cfg(test)]
#[path = "quarantine_tests.rs"]
mod tests;
