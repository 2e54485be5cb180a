//! One state of the exploration: IAM with its near past, events on their way, and executions.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use iam_model::Account;
use incident::message::{Contained, DecisionAction, ObservedPolicy, Proposal};
use incident::{Action, Done, Progress, WatchedCall};

use crate::steps::{History, Sight, StepFunctions};

/// An account that does not change any more.
#[derive(Clone, Debug)]
pub(crate) struct Moment(Rc<Account>, u64);

impl Moment {
    pub(crate) fn new(account: Account) -> Self {
        let digest = digest(&account);
        Self(Rc::new(account), digest)
    }

    pub(crate) fn account(&self) -> &Account {
        &self.0
    }

    pub(crate) fn digest(&self) -> u64 {
        self.1
    }
}

impl Hash for Moment {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.1);
    }
}

pub(crate) fn digest(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What the record of a write says. It can be delivered at any time, never, or more than once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Hint {
    /// How many writes the attacker had made with this one.
    pub(crate) write: usize,
    pub(crate) call: WatchedCall,
    pub(crate) second: i64,
    pub(crate) version: Option<u32>,
    pub(crate) in_force: bool,
    pub(crate) document: Option<Arc<str>>,
}

/// One execution of the state machine.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Execution {
    pub(crate) hint: Rc<Hint>,
    pub(crate) stage: Stage,
    /// What the administrator is asked about before anything is written, if that is so.
    pub(crate) asked: Option<Rc<Proposed>>,
    /// The action that the last look asked for, and what that look showed.
    pub(crate) pending: Option<Rc<(Action, Moment)>>,
    /// What became of the last action.
    pub(crate) done: Option<Done>,
    /// What Step Functions shows of it, where the guard remembers.
    pub(crate) history: Rc<History>,
    /// The same before its newest state.
    pub(crate) earlier: Rc<History>,
    /// What a function answered, and the history does not show yet.
    pub(crate) answer: Option<Rc<(Stage, History)>>,
    /// How its next look finds Step Functions.
    pub(crate) sight: Sight,
}

#[derive(Clone, Debug, Hash)]
pub(crate) enum Stage {
    /// In `ValidatePolicy`, or in `RunAgain` after IAM had its time.
    Judging { waited: bool },
    /// In `TempRemove`.
    Containing {
        judged: Rc<ObservedPolicy>,
        waited: bool,
        memory: Rc<Progress>,
    },
    /// In `AskUser`.
    Asking(Rc<Holding>),
    /// In `AskUser`, before anything was written.
    Proposing,
    /// In `Approved` or `Denied`, about what is still in force.
    Answering {
        action: DecisionAction,
        waited: bool,
        memory: Rc<Progress>,
    },
    /// In `Approved` or `Denied`.
    Reverting {
        held: Rc<Holding>,
        action: DecisionAction,
        waited: bool,
        memory: Rc<Progress>,
    },
    /// Ended, with what it still holds in its history.
    Ended(&'static str, Option<Rc<Holding>>),
}

impl Stage {
    /// Whether only an answer, or the end of the wait, can move it on.
    pub(crate) fn is_at_rest(&self) -> bool {
        matches!(self, Self::Asking(_) | Self::Proposing | Self::Ended(..))
    }

    /// In the judgement, whether IAM had its time.
    pub(crate) fn judging(&self) -> Option<bool> {
        match self {
            Self::Judging { waited } => Some(*waited),
            _ => None,
        }
    }

    /// Whether the inline policy was deleted, since the quota left no room.
    pub(crate) fn has_deleted(&self) -> bool {
        match self {
            Self::Asking(held) | Self::Reverting { held, .. } | Self::Ended(_, Some(held)) => {
                held.0.removed
            }
            Self::Judging { .. }
            | Self::Containing { .. }
            | Self::Proposing
            | Self::Answering { .. }
            | Self::Ended(_, None) => false,
        }
    }
}

/// What was contained, with the hash of what counts in it.
#[derive(Clone, Debug)]
pub(crate) struct Holding(pub(crate) Contained);

impl Hash for Holding {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let it = &self.0;
        (&it.identity, &it.original, &it.document, it.removed).hash(state);
        if let Some(versions) = &it.versions {
            (&versions.original, versions.original_created).hash(state);
            (&versions.quarantine, versions.created).hash(state);
        }
        it.evicted.len().hash(state);
    }
}

/// What the administrator is asked about first, with the hash of what counts in it.
#[derive(Clone, Debug)]
pub(crate) struct Proposed(pub(crate) Proposal);

impl Hash for Proposed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let it = &self.0.contained;
        (&it.identity, &self.0.version, &it.original).hash(state);
    }
}

#[derive(Clone, Debug, Hash)]
pub(crate) struct Situation {
    pub(crate) iam: Moment,
    /// The account before each of the last writes, newest last.
    pub(crate) past: Vec<Moment>,
    pub(crate) hints: Vec<Rc<Hint>>,
    pub(crate) executions: Vec<Execution>,
    /// How many writes the attacker made.
    pub(crate) attacks: usize,
    /// What administrators allowed.
    pub(crate) allowed: Vec<Rc<Holding>>,
    pub(crate) steps: StepFunctions,
}

impl Situation {
    pub(crate) fn new(account: Account) -> Self {
        Self {
            iam: Moment::new(account),
            past: Vec::new(),
            hints: Vec::new(),
            executions: Vec::new(),
            attacks: 0,
            allowed: Vec::new(),
            steps: StepFunctions::default(),
        }
    }

    /// The account that a look shows which is that many writes late.
    pub(crate) fn seen(&self, stale: usize) -> Option<&Moment> {
        match stale {
            0 => Some(&self.iam),
            _ => self.past.get(self.past.len().checked_sub(stale)?),
        }
    }

    /// A write was carried out.
    pub(crate) fn wrote(&mut self, account: Account, stale: usize) {
        let before = std::mem::replace(&mut self.iam, Moment::new(account));
        self.past.push(before);
        if self.past.len() > stale {
            self.past.remove(0);
        }
    }

    /// IAM has its time: from now on every look shows what was written before.
    pub(crate) fn settle_down(&mut self) {
        self.past.clear();
    }
}
