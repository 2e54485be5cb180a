use super::{Changeable, Next, Progress, Refusal};
use crate::message::{Kept, ObservedPolicy};
use crate::subject::{Compared, UniqueId};
use crate::{Analysis, Snapshot, Timestamp};

/// One run of `remediate` on one policy: what its execution knows, and what the run itself did.
///
/// It acts on what is in force now, whichever write put it there, and keeps what it read itself.
#[derive(Debug)]
pub struct Containment<'a> {
    pub(crate) analysis: &'a Analysis<'a>,
    pub(crate) judged: &'a ObservedPolicy,
    pub(crate) event_time: Timestamp,
    pub(crate) kept: &'a Kept,
    pub(crate) has_waited: bool,
    /// Set it to continue a run that stopped with this progress.
    pub progress: Progress,
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
    /// These documents must be in the execution before the next action may overwrite or delete
    /// them.
    KeepFirst(Kept),
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
    /// `judged` is what `ValidatePolicy` observed in force. `kept` is what the execution holds
    /// already; it can contain a newer judgement. `has_waited` says that IAM had its time to become
    /// consistent, so that its answers count as current.
    #[must_use]
    pub fn new(
        analysis: &'a Analysis<'a>,
        judged: &'a ObservedPolicy,
        event_time: Timestamp,
        kept: &'a Kept,
        has_waited: bool,
    ) -> Self {
        Self {
            analysis,
            judged: kept.judged.as_ref().unwrap_or(judged),
            event_time,
            kept,
            has_waited,
            progress: Progress::default(),
        }
    }

    /// What to do where the name belongs to another policy than the judged one; `None` where it is
    /// the judged one.
    ///
    /// A policy that was made after the event has events of its own. Otherwise `ValidatePolicy` saw
    /// IAM's past, and this event may be the only one about what is there now.
    pub(crate) fn other_policy<A, T>(
        &self,
        observed: ObservedPolicy,
    ) -> Option<Next<A, ContainmentEnd<T>>> {
        match observed.identity.compare(&self.judged.identity) {
            Compared::Same => return None,
            Compared::Ambiguous if !self.has_waited => return Some(Next::Wait),
            Compared::Ambiguous | Compared::MadeAgain => {}
        }
        let is_after_event = observed.identity.created.as_second() > self.event_time.as_second();
        Some(if is_after_event {
            Next::End(ContainmentEnd::Superseded)
        } else if self.analysis.is_restricted(&observed.document) {
            Next::End(ContainmentEnd::KeepFirst(Kept {
                judged: Some(observed),
                ..Kept::default()
            }))
        } else {
            Next::end_if(self.has_waited, ContainmentEnd::Superseded)
        })
    }

    /// Whether an observation without restricted grants can be believed.
    ///
    /// Otherwise it may be one of IAM's past, from before the write that `ValidatePolicy` saw.
    pub(crate) fn is_current(&self, is_proven: bool) -> bool {
        is_proven || self.has_waited || self.progress.has_written
    }

    /// The document that is to take the original's place; `None` where IAM refused them all.
    pub(crate) fn candidate(&mut self, original: &Snapshot) -> Option<String> {
        let refused = match &self.progress.trying {
            Some((tried, refused)) if tried == original => *refused,
            _ => 0,
        };
        self.progress.trying = Some((original.clone(), refused));
        self.analysis.candidate(original, refused)
    }

    /// IAM refused the last candidate. Returns whether there is a further one, or where the policy
    /// `can_go`, whether it is the quota that leaves no room.
    pub(crate) fn try_next(&mut self, why: Refusal, can_go: bool) -> bool {
        let Some((original, refused)) = &mut self.progress.trying else {
            return false;
        };
        *refused += 1;
        (can_go && why == Refusal::TooLarge)
            || self.analysis.candidate(original, *refused).is_some()
    }
}
