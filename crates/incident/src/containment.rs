use crate::message::{Kept, ObservedPolicy};
use crate::step::{Plan, Progress, Refusal, Rest, Step};
use crate::subject::{Compared, Observed, inline, managed};
use crate::{Analysis, Snapshot, Timestamp, VersionId};

/// One run of `remediate` on one subject: what its execution knows, and what the run itself did.
///
/// It acts on what is in force now, whichever write put it there, and keeps what it read itself.
#[derive(Debug)]
pub struct Containment<'a> {
    pub(crate) analysis: &'a Analysis<'a>,
    pub(crate) judged: &'a ObservedPolicy,
    pub(crate) event_time: Timestamp,
    pub(crate) kept: &'a Kept,
    pub(crate) waited: bool,
    pub(crate) memory: Progress,
}

impl<'a> Containment<'a> {
    /// Begins a run.
    ///
    /// `judged` is what `ValidatePolicy` saw in force, `kept` what must not get lost and is in the execution already; it can hold a newer judgement.
    /// `waited` says that IAM had its time to become consistent, so that its answers are believed.
    #[must_use]
    pub fn new(
        analysis: &'a Analysis<'a>,
        judged: &'a ObservedPolicy,
        event_time: Timestamp,
        kept: &'a Kept,
        waited: bool,
    ) -> Self {
        Self {
            analysis,
            judged: kept.judged.as_ref().unwrap_or(judged),
            event_time,
            kept,
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

    /// Whether a step of this run changed something.
    #[must_use]
    pub fn has_written(&self) -> bool {
        self.memory.has_written
    }

    /// The rest where the look shows another thing than the judged one.
    ///
    /// What was made after the event has events of its own.
    /// Otherwise `ValidatePolicy` saw IAM's past, and the event may be the only one of what is there now.
    pub(crate) fn other_subject(&self, seen: ObservedPolicy) -> Option<Rest> {
        match seen.identity.compare(&self.judged.identity) {
            Compared::Same => return None,
            Compared::Ambiguous if !self.waited => return Some(Rest::NotVisible),
            Compared::Ambiguous | Compared::MadeAgain => {}
        }
        let is_after_event = seen.identity.created.as_second() > self.event_time.as_second();
        Some(if is_after_event {
            Rest::Superseded
        } else if self.analysis.is_restricted(&seen.document) {
            Rest::KeepFirst(Kept {
                judged: Some(seen),
                ..Kept::default()
            })
        } else if self.waited {
            Rest::Superseded
        } else {
            Rest::NotVisible
        })
    }

    /// Whether a look counts that shows nothing restricted: it can be one of IAM's past, before the write that `ValidatePolicy` saw.
    pub(crate) fn is_believed(&self, is_proven: bool) -> bool {
        is_proven || self.waited || self.memory.has_written
    }

    /// The document that is to take the original's place, where IAM did not refuse them all.
    pub(crate) fn candidate(&mut self, original: &Snapshot) -> Option<String> {
        let refused = match &self.memory.trying {
            Some((tried, refused)) if tried == original => *refused,
            _ => 0,
        };
        self.memory.trying = Some((original.clone(), refused));
        self.analysis.candidate(original, refused)
    }
}

impl Plan for Containment<'_> {
    fn next_step(&mut self, look: Option<&Observed>) -> Step {
        match look {
            Some(Observed::Managed(look)) => managed::contain(self, look),
            Some(Observed::Inline(look)) => inline::contain(self, look),
            None if self.waited => Step::Rest(Rest::Gone),
            None => Step::Rest(Rest::NotVisible),
        }
    }

    fn carried_out(&mut self, made: Option<VersionId>) {
        self.memory.has_written = true;
        self.memory.made.extend(made);
    }

    fn refused(&mut self, why: Refusal) -> bool {
        let Some((original, refused)) = &mut self.memory.trying else {
            return false;
        };
        *refused += 1;
        // An inline policy shares its quota and can go altogether; a managed policy has a quota of its own, which a shorter document fits.
        let can_go = self.judged.version.is_none() && why == Refusal::TooLarge;
        can_go || self.analysis.candidate(original, *refused).is_some()
    }
}
