use super::progress::Trying;
use super::{Changeable, Next, Progress, Refusal};
use crate::message::ObservedPolicy;
use crate::subject::{Compared, UniqueId};
use crate::{Analysis, Snapshot, Timestamp};

/// One run of `remediate` on one policy: what its execution knows, and what the run itself did.
///
/// It acts on what is in force now, whichever write put it there, and keeps what it read itself.
#[derive(Debug)]
pub struct Containment<'a> {
    pub(crate) analysis: &'a Analysis<'a>,
    judged: &'a ObservedPolicy,
    pub(crate) event_time: Timestamp,
    pub(crate) has_waited: bool,
    pub(crate) progress: Progress,
}

/// How a containment ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainmentEnd<T> {
    /// The remediated document is in force.
    Contained {
        /// The unique id of the policy, or of the owner of an inline one.
        identity: UniqueId,
        /// The document that was in force before, as IAM showed it.
        original: Snapshot,
        /// The remediated document, as IAM shows it.
        document: Snapshot,
        /// What else a decision needs later.
        trace: T,
    },
    /// Something else is in force, or the name belongs to another policy: it stays untouched.
    Superseded,
    /// The policy does not exist any more.
    Gone,
}

/// The answers of a containment of the subject `S`.
pub(crate) type ContainmentNext<S> =
    Next<<S as Changeable>::Action, ContainmentEnd<<S as Changeable>::Trace>>;

impl<'a> Containment<'a> {
    /// Begins a run.
    ///
    /// `judged` is what `ValidatePolicy` observed in force; `progress` can hold a newer judgement.
    /// `has_waited` says that IAM had its time to become consistent, so that its answers count as
    /// current.
    #[must_use]
    pub fn new(
        analysis: &'a Analysis<'a>,
        judged: &'a ObservedPolicy,
        event_time: Timestamp,
        has_waited: bool,
        progress: Progress,
    ) -> Self {
        Self {
            analysis,
            judged,
            event_time,
            has_waited,
            progress,
        }
    }

    /// What the containment is about.
    pub(crate) fn judged(&self) -> &ObservedPolicy {
        self.progress.judged.as_ref().unwrap_or(self.judged)
    }

    /// What to do where the name belongs to another policy than the judged one; `None` where it is
    /// the judged one, or is judged in its place.
    ///
    /// A policy that was made after the event has events of its own. Otherwise `ValidatePolicy` saw
    /// IAM's past, and this event may be the only one about what is there now.
    pub(crate) fn other_policy<A, T>(
        &mut self,
        observed: &ObservedPolicy,
    ) -> Option<Next<A, ContainmentEnd<T>>> {
        match observed.identity.compare(&self.judged().identity) {
            Compared::Same => return None,
            Compared::Ambiguous if !self.has_waited => return Some(Next::Wait),
            Compared::Ambiguous | Compared::MadeAgain => {}
        }
        let is_after_event = observed.identity.created.as_second() > self.event_time.as_second();
        if is_after_event {
            return Some(Next::End(ContainmentEnd::Superseded));
        }
        if !self.analysis.is_restricted(&observed.document) {
            return Some(Next::end_if(self.has_waited, ContainmentEnd::Superseded));
        }
        self.progress = Progress {
            judged: Some(observed.clone()),
            ..Progress::default()
        };
        None
    }

    /// Whether an observation without restricted grants can be believed.
    ///
    /// Otherwise it may be one of IAM's past, from before the write that `ValidatePolicy` saw.
    pub(crate) fn is_current(&self, is_proven: bool) -> bool {
        is_proven || self.has_waited || self.progress.recent.has_written
    }

    /// The document that is to take the original's place; `None` where IAM refused them all.
    pub(crate) fn candidate(&mut self, original: &Snapshot) -> Option<String> {
        let digest = original.digest();
        let refused = match &self.progress.trying {
            Some(trying) if trying.original == digest => trying.refused,
            _ => 0,
        };
        self.progress.trying = Some(Trying {
            original: digest,
            refused,
            is_last: self.analysis.candidate(original, refused + 1).is_none(),
        });
        self.analysis.candidate(original, refused)
    }

    /// IAM refused the last candidate. Returns whether there is a further one, or where the policy
    /// `can_go`, whether it is the quota that leaves no room.
    pub(crate) fn try_next(&mut self, why: Refusal, can_go: bool) -> bool {
        let Some(trying) = &mut self.progress.trying else {
            return false;
        };
        trying.refused += 1;
        !trying.is_last || (can_go && why == Refusal::TooLarge)
    }
}
