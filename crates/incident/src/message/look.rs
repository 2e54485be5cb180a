//! The request to judge a change, and the two answers to it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Quarantine, Verdict};
use crate::memory::ClaimName;
use crate::reconcile::{CONSISTENT_AFTER, WAITS};
use crate::{Confirming, Done, ExecutionArn, Hint, Target};

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JudgeRequest {
    /// The execution that asks. Its input is the EventBridge event.
    pub execution: ExecutionArn,
    /// That event, where it fits into a payload.
    #[serde(default)]
    pub event: Option<Value>,
    /// What the look before left, if there was one.
    #[serde(default)]
    pub look: Option<Look>,
    /// What CloudTrail answered, if the look before asked it.
    #[serde(default)]
    pub done: Option<Done>,
    /// How often the judgement or the containment failed before.
    #[serde(default)]
    pub failed_tries: usize,
    /// The allow of this execution that has ended.
    #[serde(default)]
    pub lapsed: Option<Lapse>,
    /// The version before sends this instead, and retries the error `ChangeNotVisible`.
    #[serde(default)]
    pub waited: Option<bool>,
}

/// An allow for a time that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Lapse {
    /// The claim of what was allowed, if it had one.
    #[serde(default)]
    pub claim: Option<ClaimName>,
}

impl JudgeRequest {
    /// Whether IAM had its time to become consistent, so that its answers count as current.
    #[must_use]
    pub fn has_waited(&self) -> bool {
        let enough = |look: &Look| look.waits >= CONSISTENT_AFTER;
        self.failed_tries > 0
            || self.waited.unwrap_or_default()
            || self.look.as_ref().is_some_and(enough)
    }
}

/// `look`: IAM may not show the change yet, so the state machine waits and asks again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Look {
    /// How long the state machine waits.
    pub seconds: u32,
    /// How many waits for IAM there were, this one included.
    pub waits: usize,
    /// The trust policy that IAM showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<String>,
    /// How far the search for the policy of a record without parameters came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Search>,
    /// The wait for CloudTrail's record of the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirming: Option<Confirming>,
}

/// A search through the account that goes on in the next look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Search {
    /// Where IAM goes on.
    pub marker: Option<String>,
    /// How many looks it took in this try.
    pub looks: usize,
    /// The tries that failed before this one.
    pub tries: usize,
    /// What holds something restricted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<Target>,
    /// Something that is as long, and holds nothing restricted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub harmless: Option<Target>,
}

impl Look {
    /// The wait after the look `before`.
    #[must_use]
    pub fn after(before: Option<&Self>) -> Self {
        let waits = before.map_or(0, |before| before.waits);
        let [first, ..] = WAITS;
        Self {
            seconds: WAITS.get(waits).copied().unwrap_or(first),
            waits: waits + 1,
            trust: None,
            search: None,
            confirming: None,
        }
    }

    /// The same point in time, in a search that goes on at once.
    #[must_use]
    pub fn searching(before: Option<&Self>, search: Search) -> Self {
        Self {
            seconds: 1,
            waits: before.map_or(0, |before| before.waits),
            trust: None,
            search: Some(search),
            confirming: None,
        }
    }

    /// The same point in time, while CloudTrail is asked for the record of the event.
    #[must_use]
    pub fn confirming(before: Option<&Self>, seconds: u32, confirming: Confirming) -> Self {
        Self {
            seconds,
            waits: before.map_or(0, |before| before.waits),
            trust: None,
            search: None,
            confirming: Some(confirming),
        }
    }
}

/// The answer of `ValidatePolicy`, which the later states work with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The trimmed EventBridge event.
    pub event: Value,
    #[serde(flatten)]
    pub found: Found,
    /// What the guard asks about before it acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Quarantine>,
    /// What the event is about besides: each gets an incident of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<Hint>,
}

/// What a look at IAM led to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::large_enum_variant,
    reason = "one value lives for one invocation"
)]
pub enum Found {
    Verdict(Verdict),
    Look(Look),
}
