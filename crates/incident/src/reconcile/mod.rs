//! What to do next with a subject that can be changed. The loop that does it is in the state
//! machine.
//!
//! IAM has no transactions and no conditional writes, answers get lost, and reads can be stale. So
//! no execution carries out a plan: a function observes what IAM holds and answers with the one
//! next action, the state machine takes that action, and the function observes again until the
//! subject is at rest. The answer depends only on the observation and on what the execution holds,
//! so whatever interrupted an earlier run, the same observation leads to the same end.

mod action;
mod confirmation;
mod containment;
mod keeping;
mod pace;
mod progress;
mod restoration;
mod taking;
mod work;

use std::fmt;

use iam_policy::Quota;

pub use action::{Action, Call};
pub use confirmation::{Confirmed, Confirming, Swept, Witness};
pub(crate) use containment::ContainmentNext;
pub use containment::{Containment, ContainmentEnd};
pub use keeping::keep;
pub use pace::{CONSISTENT_AFTER, MAX_LOOKS, WAITS};
pub use progress::Progress;
pub(crate) use restoration::RestorationNext;
pub use restoration::{Restoration, RestorationEnd};
pub use taking::{Taking, TakingEnd, take_back};
pub use work::{Answer, Done, Work, WorkError};

use crate::VersionId;
use crate::message::{Contained, ObservedPolicy};

/// A subject that the guard can change.
pub trait Changeable: fmt::Display {
    /// What IAM shows of it.
    type Observed;
    /// The calls that change it.
    type Action: fmt::Debug;

    /// The call that takes `action`, without the name of the subject.
    fn call(&self, action: Self::Action) -> Action;
}

/// A subject that is a policy document.
pub trait Document: Changeable {
    /// What a decision needs to know of a containment besides the documents.
    type Trace;

    /// How long it may be.
    fn quota(&self) -> Quota;

    /// The policy in force; `None` where there is none.
    fn in_force(observed: &Self::Observed) -> Option<ObservedPolicy>;

    /// What a decision needs to know of `contained`; `None` if that is not one of this subject.
    fn trace(contained: &Contained) -> Option<Self::Trace>;
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

/// Answers each observation of a subject with what to do next.
pub trait Reconciler<S: Changeable> {
    /// The ways in which a run ends.
    type End;

    /// What to do next. `None` stands for a subject that IAM does not show.
    fn next(&mut self, observed: Option<&S::Observed>) -> Next<S::Action, Self::End>;

    /// What the run remembers.
    fn progress(&mut self) -> &mut Progress;

    /// IAM carried out the last action, which made the version `made` where it makes one.
    fn carried_out(&mut self, made: Option<VersionId>) {
        self.progress().carried_out(made);
    }

    /// IAM refused the document of the last action. Returns whether another action is left to try.
    fn refused(&mut self, _why: Refusal) -> bool {
        false
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
