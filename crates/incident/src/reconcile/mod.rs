//! What to do next with a subject that can be changed. The loop that does it is in the crate
//! `policy-store`.
//!
//! IAM has no transactions and no conditional writes, answers get lost, and reads can be stale. So
//! no function carries out a plan: it observes what IAM holds, asks for the one next action, takes
//! that action, and observes again until the subject is at rest. The answer depends only on the
//! observation and on what the execution holds, so whatever interrupted an earlier run, the same
//! observation leads to the same end.

mod containment;
mod restoration;

use std::fmt;

use iam_policy::Quota;

pub(crate) use containment::ContainmentNext;
pub use containment::{Containment, ContainmentEnd};
pub(crate) use restoration::RestorationNext;
pub use restoration::{Restoration, RestorationEnd};

use crate::message::ObservedPolicy;
use crate::{Snapshot, VersionId};

/// A subject that the guard can change.
pub trait Changeable: fmt::Display {
    /// What IAM shows of it.
    type Observed;
    /// The calls to IAM that change it.
    type Action: fmt::Debug;
    /// What a containment leaves behind besides the documents.
    type Trace;

    /// How long its document may be.
    fn quota(&self) -> Quota;

    /// The policy in force; `None` where there is none.
    fn in_force(observed: &Self::Observed) -> Option<ObservedPolicy>;
}

/// The answer to an observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next<A, E> {
    /// Take this action, and observe again.
    Act(A),
    /// IAM may have shown its past. It is eventually consistent, so observe again later.
    Wait,
    /// Nothing is left to do.
    End(E),
}

impl<A, E> Next<A, E> {
    /// Ends where the observation is current. Where it may be stale, waits instead.
    pub(crate) fn end_if(is_current: bool, end: E) -> Self {
        if is_current {
            Self::End(end)
        } else {
            Self::Wait
        }
    }
}

/// Answers each observation of a subject with what to do next, and learns what became of it.
pub trait Reconciler<S: Changeable> {
    /// The ways in which a run ends.
    type End;

    /// What to do next. `None` stands for a subject that IAM does not show.
    fn next(&mut self, observed: Option<&S::Observed>) -> Next<S::Action, Self::End>;

    /// IAM carried out the last action, which made the version `made` where it makes one.
    fn carried_out(&mut self, made: Option<VersionId>);

    /// IAM refused the document of the last action. Returns whether another action is left to try.
    fn refused(&mut self, _why: Refusal) -> bool {
        false
    }
}

/// What one run did so far.
///
/// It is lost when the run is interrupted, so nothing that must hold rests on it alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Progress {
    /// The versions that IAM showed before the last write to a managed policy; `None` before a
    /// write.
    pub(crate) seen_before_write: Option<Vec<VersionId>>,
    /// Whether the run changed something.
    pub(crate) has_written: bool,
    /// The versions that the run made, of a managed policy.
    pub(crate) made: Vec<VersionId>,
    /// The documents that the run wrote over, of an inline policy.
    pub(crate) overwritten: Vec<Snapshot>,
    /// The original whose candidates are tried, and how many of them IAM refused.
    pub(crate) trying: Option<(Snapshot, usize)>,
}

impl Progress {
    /// Whether the run changed something.
    #[must_use]
    pub fn has_written(&self) -> bool {
        self.has_written
    }

    /// The versions that the run made.
    #[must_use]
    pub fn made(&self) -> &[VersionId] {
        &self.made
    }

    pub(crate) fn carried_out(&mut self, made: Option<VersionId>) {
        self.has_written = true;
        self.made.extend(made);
    }
}

/// Why IAM did not accept a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The quota leaves no room for it.
    TooLarge,
    /// IAM does not take it for a policy.
    Malformed,
}
