//! Incidents that are played with a fault at one call, and what must be true of each of them.

mod cases;
mod found;
mod invariants;
mod matrix;
mod place;
mod play;
mod surveyed;
mod table;

pub use matrix::{Choice, Progress, run};
pub use place::Worlds;
pub use table::{results, write_table};

use std::fmt;

use crate::Write;
use crate::faults::{Fault, Times};

/// How the administrator answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Answer {
    /// Opens the link and allows.
    Allow,
    /// Opens the link and denies.
    Deny,
    /// Does not answer.
    Expire,
}

impl Answer {
    pub const ALL: [Self; 3] = [Self::Allow, Self::Deny, Self::Expire];

    /// The outcome where nothing comes in between.
    #[must_use]
    pub fn outcome(self, response: Response) -> &'static str {
        match (self, response) {
            (Self::Allow, Response::Contain) => "allowed",
            (Self::Deny, Response::Contain) => "denied",
            (Self::Allow, Response::Ask) => "kept",
            (Self::Deny, Response::Ask) => "takenBack",
            (Self::Expire, _) => "expired",
        }
    }
}

/// What the guard does before the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Response {
    /// It removes the restricted grants.
    Contain,
    /// It only asks.
    Ask,
}

impl Response {
    pub const ALL: [Self; 2] = [Self::Contain, Self::Ask];
}

/// What starts the incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// The event of the write.
    Event,
    /// A sweep, because the event is lost.
    Sweep,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Point {
    /// Whether it is a call of the sweep that starts the incident, and not of the incident.
    pub in_sweep: bool,
    /// The function or the role in the template; empty for all.
    pub caller: String,
    /// The action; empty for all actions.
    pub action: String,
    /// Which of the caller's calls of this action, counted from 1.
    pub nth: usize,
}

impl Point {
    /// Whether the caller makes this call only if Step Functions does not show an execution in
    /// time: it reads again until then.
    fn depends_on_time(&self) -> bool {
        self.nth > 1 && self.action == "states:GetExecutionHistory"
    }

    /// Whether the call is one of a containment, which goes on until it succeeds.
    pub(crate) fn is_containment(&self) -> bool {
        if self.in_sweep {
            return false;
        }
        match self.caller.as_str() {
            "ValidatePolicyFunction" | "RemediateFunction" => true,
            // The first of these calls removes the restricted grants.
            place::MACHINE => {
                self.nth == 1
                    && (self.action == "iam:CreatePolicyVersion"
                        || self.action.starts_with("iam:Put"))
            }
            _ => false,
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_all = |name: &str| {
            if name.is_empty() {
                "every".to_owned()
            } else {
                name.to_owned()
            }
        };
        if self.in_sweep {
            f.write_str("in the sweep ")?;
        }
        let (caller, action) = (or_all(&self.caller), or_all(&self.action));
        write!(f, "{caller} {action} {}", self.nth)
    }
}

/// The fault of a case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Trouble {
    pub point: Point,
    pub fault: Fault,
    pub times: Times,
}

/// An incident with at most one fault.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Case {
    pub origin: Origin,
    pub write: Write,
    pub response: Response,
    pub answer: Answer,
    pub trouble: Option<Trouble>,
}

impl Case {
    /// The incident, whatever fails.
    fn story(&self) -> cases::Story {
        (self.origin, self.write, self.response, self.answer)
    }

    /// Whether the fault is at a call that is tried until it succeeds.
    pub(crate) fn is_at_containment(&self) -> bool {
        self.trouble.as_ref().is_some_and(|trouble| {
            trouble.point.is_containment()
                && (self.response == Response::Contain || trouble.point.caller != place::MACHINE)
        })
    }
}

impl FaultRun {
    /// The case, before its end is known.
    fn new(case: Case) -> Self {
        Self {
            case,
            is_reached: true,
            ends: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Notes that the fault did not happen, which is a problem where its call is always made.
    fn missed(&mut self) {
        self.is_reached = false;
        let trouble = self.case.trouble.as_ref();
        if !trouble.is_some_and(|trouble| trouble.point.depends_on_time()) {
            self.problems.push("the fault did not happen".to_owned());
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, ", self.write.event_name())?;
        if self.origin == Origin::Sweep {
            f.write_str("found by a sweep, ")?;
        }
        if self.response == Response::Ask {
            f.write_str("asked, ")?;
        }
        write!(f, "{:?}", self.answer)?;
        match &self.trouble {
            None => Ok(()),
            Some(trouble) => {
                let Trouble {
                    point,
                    fault,
                    times,
                } = trouble;
                write!(f, ", {point}, {fault}, {times:?}")
            }
        }
    }
}

/// The result of a case.
#[derive(Clone, Debug)]
pub struct FaultRun {
    pub case: Case,
    /// Whether the call was made that the fault is for.
    pub is_reached: bool,
    /// How the executions ended, as in `allowed` or `failed: TransientAwsError`.
    pub ends: Vec<String>,
    /// Which invariants do not hold; empty if all is well.
    pub problems: Vec<String>,
}
