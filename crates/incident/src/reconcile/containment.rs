use iam_policy::Response;

use super::progress::Trying;
use super::{Changeable, Next, Progress, Refusal};
use crate::memory::{Memory, Standing};
use crate::message::{Contained, Left, ObservedPolicy};
use crate::subject::{Compared, UniqueId};
use crate::{Analysis, Snapshot, Timestamp, VersionId};

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
    /// Whether the administrator decided about the judged document, so that no other one goes.
    pub(crate) takes_back: bool,
    /// Which repeats of the judged document go.
    pub(crate) repeats: Option<Repeats>,
}

/// The versions of a managed policy that repeat the judged document go, so that any number of
/// writes leaves room for a version. Their document stands in the execution.
#[derive(Clone, Debug)]
pub(crate) struct Repeats {
    /// The version that a decision is about, if that is known: it stays.
    pub(crate) original: Option<VersionId>,
    /// Where nothing is known of the document, only what came with the event goes.
    pub(crate) since: Option<Timestamp>,
}

/// How a containment ends.
#[derive(Clone, Debug, PartialEq)]
pub enum ContainmentEnd {
    /// The remediated document is in force.
    Contained(Box<Contained>),
    /// Something else is in force, or the name belongs to another policy: it stays untouched.
    Superseded,
    /// The policy does not exist any more.
    Gone,
}

/// The answers of a containment of the subject `S`.
pub(crate) type ContainmentNext<S> = Next<<S as Changeable>::Action, ContainmentEnd>;

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
            takes_back: false,
            repeats: None,
        }
    }

    /// Removes repeats of the judged document, by what is known of it.
    pub fn remember(&mut self, memory: &Memory) {
        let before = memory.before.as_ref();
        match before {
            Some(before) if before.standing == Standing::Pending => {
                self.join(before.original.clone());
            }
            _ => {
                // Without a decision before, an older version is none of this incident's business.
                let since = before.is_none().then_some(self.event_time);
                let original = self.judged.version.clone();
                self.repeats = Some(Repeats { original, since });
            }
        }
    }

    /// Leaves to another execution what a decision is about: of a managed policy, the version
    /// `original`.
    pub fn join(&mut self, original: Option<VersionId>) {
        self.repeats = Some(Repeats {
            original,
            since: None,
        });
    }

    /// Takes nothing but the judged document out of force, as the administrator decided.
    #[must_use]
    pub fn taking_back(self) -> Self {
        Self {
            takes_back: true,
            ..self
        }
    }

    /// Whether a document that is in force must give way.
    pub(crate) fn must_go(&self, document: &Snapshot) -> bool {
        if self.takes_back {
            return self.analysis.is_restricted(document)
                && self
                    .analysis
                    .is_equivalent(document, &self.judged().document);
        }
        // What the guard asks about first has an incident of its own.
        self.analysis.response(document) == Some(Response::Contain)
    }

    /// The end with `original`, which was in force, remediated as `document`, which is.
    ///
    /// Waits where that is no remediation: what was removed is what a decision is about.
    pub(crate) fn contained<A>(
        &self,
        identity: &UniqueId,
        original: &Snapshot,
        document: &Snapshot,
        with: impl FnOnce(Contained) -> Contained,
    ) -> Next<A, ContainmentEnd> {
        let Some(removal) = self.analysis.removal(original, document) else {
            return Next::Wait;
        };
        Next::End(ContainmentEnd::Contained(Box::new(with(Contained {
            identity: identity.clone(),
            original: original.clone(),
            versions: None,
            restricted: self.analysis.restricted(original),
            document: document.clone(),
            removal,
            evicted: self.progress.evicted().to_vec(),
            attached_to: None,
            held_by: None,
            found_done: !self.progress.has_acted(),
            removed: false,
            left: Left::from(self.analysis.restricted(document)),
            asked: self.takes_back,
            claim: None,
            known: None,
            settled: None,
        }))))
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
    pub(crate) fn other_policy<A>(
        &mut self,
        observed: &ObservedPolicy,
    ) -> Option<Next<A, ContainmentEnd>> {
        match observed.identity.compare(&self.judged().identity) {
            Compared::Same => return None,
            Compared::Ambiguous if !self.has_waited => return Some(Next::Wait),
            Compared::Ambiguous | Compared::MadeAgain => {}
        }
        if self.takes_back {
            return Some(Next::end_if(self.has_waited, ContainmentEnd::Superseded));
        }
        let is_after_event = observed.identity.created.as_second() > self.event_time.as_second();
        if is_after_event {
            return Some(Next::End(ContainmentEnd::Superseded));
        }
        if !self.must_go(&observed.document) {
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
