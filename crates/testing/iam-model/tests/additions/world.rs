//! The account with its near past, what happened in it, and the executions.

use std::hash::{Hash, Hasher};
use std::rc::Rc;

use iam_model::{HoldingCall, Holdings, OwnerKind};
use incident::message::DecisionAction;
use incident::subject::Addition;
use incident::{Action, Done, Record};
use serde_json::Value;

use crate::check::atom_of_call;

pub(crate) const APP: &str = "arn:aws:iam::111122223333:policy/app";
pub(crate) const ADMIN: &str = "arn:aws:iam::111122223333:policy/admin";
pub(crate) const AUDIT: &str = "arn:aws:iam::111122223333:policy/audit";

pub(crate) const RESTRICTED: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:DeleteObject"],"Resource":"*"}]}"#;
pub(crate) const HARMLESS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ec2:RunInstances"],"Resource":"*"}]}"#;
/// Without it, more is allowed.
pub(crate) const DENYING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:DeleteObject"],"Resource":"*"},{"Effect":"Deny","Action":["ec2:RunInstances"],"Resource":"*"}]}"#;

/// How many writes ago a look may be.
pub(crate) const STALE: usize = 3;

/// A call that added something, with its record.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) call: HoldingCall,
    pub(crate) detail: Value,
    /// What it added, or what it found there.
    pub(crate) atom: String,
}

impl Hash for Event {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.call, &self.atom).hash(state);
    }
}

/// One execution of the state machine.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) record: Rc<Record>,
    /// The event that it is about, if its input is the record of it.
    pub(crate) truth: Option<Rc<Event>>,
    pub(crate) stage: Stage,
    pub(crate) addition: Option<Rc<Addition>>,
    /// How often CloudTrail does not know the event yet.
    pub(crate) silent: usize,
    /// Whether CloudTrail has answered with an event of this id.
    pub(crate) looked_up: bool,
    /// Whether that was something else than it had asked about: IAM had shown its past.
    pub(crate) has_missed: bool,
    /// After how many events the execution took something away, and was told so.
    pub(crate) taken: Option<usize>,
    /// The account as that left it.
    pub(crate) left: Option<Rc<Holdings>>,
}

impl Hash for Run {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let change = &self.record.change;
        (&change.event_id, &change.subject, change.event_time).hash(state);
        (
            self.truth.is_some(),
            self.silent,
            self.looked_up,
            self.taken,
        )
            .hash(state);
        self.stage.hash(state);
        let asked = self.addition.as_ref();
        asked.map(|addition| &addition.identity).hash(state);
    }
}

#[derive(Clone, Debug, Hash)]
pub(crate) enum Stage {
    /// In `ValidatePolicy`.
    Judging {
        waited: bool,
    },
    /// In `AskUser`.
    Asking,
    /// In `Approved` or `Denied`, with the last answer of the task.
    Deciding {
        action: DecisionAction,
        work: Value,
        done: Option<Done>,
        /// The action that it asks for, and what the look before it showed.
        pending: Option<(Action, Rc<Holdings>)>,
    },
    Ended(String),
}

#[derive(Clone, Debug, Hash)]
pub(crate) struct World {
    pub(crate) iam: Rc<Holdings>,
    /// The account before each of the last writes, newest last.
    pub(crate) past: Vec<Rc<Holdings>>,
    pub(crate) events: Vec<Rc<Event>>,
    pub(crate) runs: Vec<Run>,
    /// The seconds that pass with each write.
    pub(crate) tick: i64,
}

impl World {
    /// Two roles, users and groups that hold a few things, with an inactive key.
    pub(crate) fn new(tick: i64) -> Self {
        use HoldingCall as To;
        let mut iam = Holdings::default();
        let mut calls = vec![
            To::CreatePolicy("app".to_owned(), RESTRICTED.to_owned()),
            To::CreatePolicy("admin".to_owned(), RESTRICTED.to_owned()),
            To::CreatePolicy("audit".to_owned(), HARMLESS.to_owned()),
        ];
        for kind in OwnerKind::ALL {
            for name in ["a", "b"] {
                calls.push(To::CreateOwner(kind, name.to_owned()));
                calls.push(To::Attach(kind, name.to_owned(), AUDIT.to_owned()));
            }
        }
        let user = || "a".to_owned();
        calls.extend([
            To::Attach(OwnerKind::User, user(), ADMIN.to_owned()),
            To::Attach(OwnerKind::Group, user(), ADMIN.to_owned()),
            To::Join(user(), "b".to_owned()),
            To::CreateAccessKey(user()),
            To::CreateCredential("b".to_owned()),
            To::CreateLoginProfile("b".to_owned()),
        ]);
        for call in calls {
            iam.carry_out(&call, "alice").unwrap();
        }
        let key = iam.holder(OwnerKind::User, "a").unwrap().keys.keys().next();
        let off = To::UpdateAccessKey(user(), key.unwrap().clone(), false);
        iam.carry_out(&off, "alice").unwrap();
        iam.pass(10);
        Self {
            iam: Rc::new(iam),
            past: Vec::new(),
            events: Vec::new(),
            runs: Vec::new(),
            tick,
        }
    }

    /// Somebody makes calls that the guard cannot tell from one. `None` where IAM refuses the
    /// first.
    pub(crate) fn attack(&self, calls: &[HoldingCall]) -> Option<Self> {
        let mut next = self.clone();
        let mut iam = Holdings::clone(&self.iam);
        iam.pass(self.tick);
        let mut has_done = false;
        for call in calls {
            let Ok(detail) = iam.carry_out(call, "mallory") else {
                if has_done {
                    continue;
                }
                return None;
            };
            has_done = true;
            if let Some(atom) = atom_of_call(&iam, call, &detail) {
                let call = call.clone();
                next.events.push(Rc::new(Event { call, detail, atom }));
            }
        }
        next.wrote(iam);
        Some(next)
    }

    /// The account that a look shows which is that many writes late.
    pub(crate) fn seen(&self, stale: usize) -> Option<&Rc<Holdings>> {
        match stale {
            0 => Some(&self.iam),
            _ => self.past.get(self.past.len().checked_sub(stale)?),
        }
    }

    pub(crate) fn wrote(&mut self, iam: Holdings) {
        let before = std::mem::replace(&mut self.iam, Rc::new(iam));
        self.past.push(before);
        if self.past.len() > STALE {
            self.past.remove(0);
        }
    }
}
