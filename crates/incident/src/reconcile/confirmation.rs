//! Whether CloudTrail knows an event, or a sweep found what it is about. Whoever starts an
//! execution can make one up.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Done;
use crate::message::is_false;
use crate::subject::Addition;
use crate::survey::{GrantId, hint_name};
use crate::{ExecutionArn, PolicyChange, Record, Timestamp};

/// How often CloudTrail is asked for a record, or a sweep for its end, once a minute.
pub(super) const MAX_LOOKUPS: usize = 30;
/// A record takes minutes, and an account may ask twice a second.
pub(super) const BETWEEN_LOOKUPS: u32 = 60;

/// Who can say that an event was not made up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Witness {
    /// CloudTrail, which has its record.
    CloudTrail,
    /// The sweep that the event names: its output lists this id.
    Sweep(GrantId),
    /// It names a sweep, and none of this stack started this incident about this addition.
    Nobody,
}

impl Witness {
    /// Who can say that `change`, which the execution `incident` is about, added this.
    #[must_use]
    pub fn of(change: &PolicyChange, addition: &Addition, incident: &ExecutionArn) -> Self {
        if !change.actor.is_sweep() {
            return Self::CloudTrail;
        }
        let grant = GrantId::of_addition(&addition.identity);
        match is_started_by_sweep(change, &grant, incident) {
            true => Self::Sweep(grant),
            false => Self::Nobody,
        }
    }
}

/// Whether an incident has the name that a sweep of its own stack gives to one about this grant.
///
/// A name can be taken once, for longer than the history of a sweep is kept. So nobody can start a
/// second incident about what a sweep asked about.
fn is_started_by_sweep(change: &PolicyChange, grant: &GrantId, incident: &ExecutionArn) -> bool {
    let sweep = change.actor.arn.as_deref();
    let Some(sweep) = sweep.and_then(|arn| ExecutionArn::parse(arn).ok()) else {
        return false;
    };
    let machine = incident.state_machine_arn();
    let stack = machine.strip_suffix("-incidents");
    stack.is_some_and(|stack| sweep.state_machine_arn() == format!("{stack}-sweep"))
        && change.event_id == hint_name(grant, &sweep)
        && incident.name() == change.event_id
}

/// What Step Functions shows of a sweep.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub struct Swept {
    /// The status of the execution, such as `RUNNING`.
    pub status: String,
    /// Whether it succeeded, counts as a sweep, and lists the grant of the action.
    pub asks: bool,
}

/// What the witness answered about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Confirmation {
    /// Its record is that of the change, or the sweep lists what the change added.
    Same,
    /// Its record is another one, or the sweep lists no such thing: somebody made the event up.
    Other,
}

impl Confirmation {
    pub(super) fn of(record: &str, change: &PolicyChange) -> Self {
        if is_record_of(record, change) {
            Self::Same
        } else {
            Self::Other
        }
    }

    /// `None` while the sweep runs.
    pub(super) fn of_sweep(swept: &Swept) -> Option<Self> {
        match (swept.status.as_str(), swept.asks) {
            ("RUNNING", _) => None,
            ("SUCCEEDED", true) => Some(Self::Same),
            _ => Some(Self::Other),
        }
    }
}

/// Whether a record of CloudTrail says what the event said. Whoever starts an execution can name
/// the id of any event.
fn is_record_of(record: &str, change: &PolicyChange) -> bool {
    let Ok(detail) = serde_json::from_str::<Value>(record) else {
        return false;
    };
    let event = json!({
        "account": detail.get("recipientAccountId"), "region": change.region, "detail": detail,
    });
    Record::parse(&event).is_ok_and(|record| {
        let recorded = record.change;
        recorded.event_id == change.event_id
            && recorded.event_name == change.event_name
            && recorded.event_time == change.event_time
            && recorded.account == change.account
            // The administrator decides by who made the call.
            && recorded.actor == change.actor
            && recorded.subject == change.subject
    })
}

/// The wait for CloudTrail's record of an event about a document that the last sweep knew already.
///
/// A forged or a repeated record must not take away what stood before the guard was there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Confirming {
    /// When that sweep began. An event of before is no reason to contain what it knew.
    since: Timestamp,
    /// How often CloudTrail was asked, this time included.
    asked: usize,
    /// Whether the state machine asks CloudTrail now; otherwise it waits.
    #[serde(default, skip_serializing_if = "is_false")]
    look_up: bool,
}

/// What comes next of a confirmation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmed {
    Yes,
    No,
    /// Ask, or wait so many seconds and ask then.
    NotYet {
        seconds: u32,
        confirming: Confirming,
    },
}

impl Confirming {
    /// Whether `change` is confirmed, which is about what a sweep knew that began at `known_since`.
    #[must_use]
    pub fn next(
        before: Option<&Self>,
        known_since: Timestamp,
        done: Option<&Done>,
        change: &PolicyChange,
    ) -> Confirmed {
        let (since, asked) = before.map_or((known_since, 0), |it| (it.since, it.asked));
        if change.event_time < since {
            return Confirmed::No;
        }
        let has_asked = before.is_some_and(|it| it.look_up);
        let record = match done {
            Some(Done::LookedUp { record }) if has_asked => record.as_str(),
            _ => "",
        };
        if !record.is_empty() {
            return match Confirmation::of(record, change) {
                Confirmation::Same => Confirmed::Yes,
                Confirmation::Other => Confirmed::No,
            };
        }
        if asked >= MAX_LOOKUPS {
            return Confirmed::No;
        }
        let look_up = !has_asked;
        Confirmed::NotYet {
            seconds: BETWEEN_LOOKUPS,
            confirming: Self {
                since,
                asked: asked + usize::from(look_up),
                look_up,
            },
        }
    }

    /// When the sweep began that knew the document.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        self.since
    }
}
