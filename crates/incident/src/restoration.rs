use crate::message::{Contained, DecisionAction};
use crate::step::{Plan, Progress, Refusal, Rest, Step};
use crate::subject::{Observed, UniqueId, inline, managed};
use crate::{Analysis, Snapshot, Timestamp, VersionId};

/// One run of `revert` on one subject: what its execution knows, and what the run itself did.
#[derive(Debug)]
pub struct Restoration<'a> {
    pub(crate) analysis: &'a Analysis<'a>,
    pub(crate) action: DecisionAction,
    pub(crate) identity: &'a UniqueId,
    pub(crate) original: &'a Snapshot,
    pub(crate) original_version: Option<&'a VersionId>,
    pub(crate) original_created: Option<Timestamp>,
    pub(crate) quarantine_version: Option<&'a VersionId>,
    pub(crate) remediated: &'a Snapshot,
    /// Whether the guard made the quarantine version.
    pub(crate) created: bool,
    /// Whether the guard deleted the inline policy.
    pub(crate) removed: bool,
    pub(crate) event_time: Timestamp,
    pub(crate) waited: bool,
    pub(crate) memory: Progress,
}

impl<'a> Restoration<'a> {
    /// Begins a run that carries out `action` on what `contained` left.
    ///
    /// `waited` says that IAM had its time to become consistent, so that its answers are believed.
    #[must_use]
    pub fn new(
        analysis: &'a Analysis<'a>,
        action: DecisionAction,
        contained: &'a Contained,
        event_time: Timestamp,
        waited: bool,
    ) -> Self {
        let versions = contained.versions.as_ref();
        Self {
            analysis,
            action,
            identity: &contained.identity,
            original: &contained.original,
            original_version: versions.map(|versions| &versions.original),
            original_created: versions.map(|versions| versions.original_created),
            quarantine_version: versions.map(|versions| &versions.quarantine),
            remediated: &contained.document,
            created: versions.is_some_and(|versions| versions.created),
            removed: contained.removed,
            event_time,
            waited,
            memory: Progress::default(),
        }
    }

    /// Goes on where a run stopped that left this memory.
    #[must_use]
    pub fn resumed(self, memory: Progress) -> Self {
        Self { memory, ..self }
    }

    /// What the run did so far.
    #[must_use]
    pub fn memory(&self) -> &Progress {
        &self.memory
    }

    /// Whether a look counts that shows the original in force: it can be one of IAM's past, before the quarantine.
    pub(crate) fn is_believed(&self) -> bool {
        self.waited || self.memory.has_written
    }
}

impl Plan for Restoration<'_> {
    fn next_step(&mut self, look: Option<&Observed>) -> Step {
        match look {
            Some(Observed::Managed(look)) => managed::restore(self, look),
            Some(Observed::Inline(look)) => inline::restore(self, look),
            None if self.waited => Step::Rest(Rest::Gone),
            None => Step::Rest(Rest::NotVisible),
        }
    }

    fn carried_out(&mut self, made: Option<VersionId>) {
        self.memory.has_written = true;
        self.memory.made.extend(made);
    }

    fn refused(&mut self, _: Refusal) -> bool {
        false
    }
}
