use super::{Changeable, Next, Progress};
use crate::message::{Contained, DecisionAction};
use crate::{Analysis, Timestamp};

/// One run of `revert` on one policy: what its execution knows, and what the run itself did.
#[derive(Debug)]
pub struct Restoration<'a, T> {
    pub(crate) analysis: &'a Analysis<'a>,
    pub(crate) action: DecisionAction,
    pub(crate) contained: &'a Contained,
    pub(crate) trace: T,
    pub(crate) event_time: Timestamp,
    pub(crate) has_waited: bool,
    pub(crate) progress: Progress,
}

/// How a restoration ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestorationEnd {
    /// The decision is in force.
    Decided,
    /// Something else is in force, or the name belongs to another policy: it stays untouched.
    Superseded,
    /// The policy does not exist any more.
    Gone,
}

/// The answers of a restoration of the subject `S`.
pub(crate) type RestorationNext<S> = Next<<S as Changeable>::Action, RestorationEnd>;

impl<'a, T> Restoration<'a, T> {
    /// Begins a run that carries out `action` on what `contained` left, with its `trace`.
    ///
    /// `has_waited` says that IAM had its time to become consistent, so that its answers count as
    /// current.
    #[must_use]
    pub fn new(
        analysis: &'a Analysis<'a>,
        action: DecisionAction,
        contained: &'a Contained,
        trace: T,
        event_time: Timestamp,
        has_waited: bool,
        progress: Progress,
    ) -> Self {
        Self {
            analysis,
            action,
            contained,
            trace,
            event_time,
            has_waited,
            progress,
        }
    }

    /// Whether an observation of the original in force can be believed.
    ///
    /// Otherwise it may be one of IAM's past, from before the containment.
    pub(crate) fn is_current(&self) -> bool {
        self.has_waited || self.progress.recent.has_written
    }
}
