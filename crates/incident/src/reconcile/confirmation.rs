//! Whether CloudTrail knows an event. Whoever starts an execution can make one up.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Done;
use crate::message::is_false;
use crate::{PolicyChange, Record, Timestamp};

/// How often CloudTrail is asked for a record, once a minute.
pub(super) const MAX_LOOKUPS: usize = 30;
/// A record takes minutes, and an account may ask twice a second.
pub(super) const BETWEEN_LOOKUPS: u32 = 60;

/// What CloudTrail answered about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Confirmation {
    /// Its record is that of the change.
    Same,
    /// Its record is another one: somebody made the event up.
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
