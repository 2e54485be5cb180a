//! The decision, and how the incident ended.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{IntoStaticStr, VariantArray};

use super::{AttachedTo, is_false};
use crate::{ExecutionArn, LinkKey, Snapshot, Timestamp, VersionId};

/// `decision`: the answer of the administrator, or that none came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    pub action: DecisionAction,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// The address that the answer came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ip_address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The reason that the administrator gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The execution whose incident the page showed. The state machine accepts only its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionArn>,
    /// For how many minutes an allow is good; without it, for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<AllowedMinutes>,
    /// Whether answers came but none counted, so that the guard stopped asking.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unproven: bool,
}

/// What the page sends to the waiting execution.
#[derive(Clone, Debug, Serialize)]
pub struct Proven<'a> {
    #[serde(flatten)]
    pub decision: &'a Decision,
    /// The key of the link that was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<&'a LinkKey>,
}

impl Decision {
    /// Reads an answer. One that did not come through a page can be any JSON; everything but an
    /// allow or an expiry counts as a deny.
    #[must_use]
    pub fn read(answer: &Value) -> Self {
        Self::deserialize(answer).unwrap_or_else(|_| {
            Self::from(match answer.get("action").and_then(Value::as_str) {
                Some("allow") => DecisionAction::Allow,
                Some("expire") => DecisionAction::Expire,
                _ => DecisionAction::Deny,
            })
        })
    }

    /// The key in an answer, if it has one.
    #[must_use]
    pub fn key(answer: &Value) -> Option<LinkKey> {
        LinkKey::parse(answer.get("key")?.as_str()?).ok()
    }
}

impl From<DecisionAction> for Decision {
    /// A decision without any circumstances.
    fn from(action: DecisionAction) -> Self {
        Self {
            action,
            time: None,
            source_ip_address: None,
            user_agent: None,
            reason: None,
            execution: None,
            minutes: None,
            unproven: false,
        }
    }
}

/// How long an allow is good: from one minute to 30 days.
///
/// The execution of the incident waits that long, and an execution can run for a year (Step
/// Functions Developer Guide, "Service quotas").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct AllowedMinutes(u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an allow can end after 1 to {} minutes", AllowedMinutes::MOST)]
pub struct AllowedMinutesError;

impl AllowedMinutes {
    /// 30 days.
    pub const MOST: u32 = 30 * 24 * 60;

    /// The end of an allow that began at `time`.
    #[must_use]
    pub fn after(self, time: Timestamp) -> Option<Timestamp> {
        let minutes = Duration::from_secs(60 * u64::from(self.0));
        time.checked_add(minutes).ok()
    }
}

impl TryFrom<u32> for AllowedMinutes {
    type Error = AllowedMinutesError;

    fn try_from(minutes: u32) -> Result<Self, Self::Error> {
        if (1..=Self::MOST).contains(&minutes) {
            Ok(Self(minutes))
        } else {
            Err(AllowedMinutesError)
        }
    }
}

impl From<AllowedMinutes> for u32 {
    fn from(minutes: AllowedMinutes) -> Self {
        minutes.0
    }
}

/// The answers that the state `UsersChoice` reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DecisionAction {
    /// Put the original back.
    Allow,
    /// Keep the remediation and remove the original version.
    Deny,
    /// No answer came in time: keep the remediation and the original version.
    Expire,
}

/// `outcome`: how the incident ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    pub result: OutcomeResult,
    /// The document now in force, as read back from IAM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_force: Option<InForce>,
    /// Who holds the policy that was allowed, if IAM could be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attached_to: Option<AttachedTo>,
    /// When the allow ends, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// How an incident that needed a decision ended.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum OutcomeResult {
    /// The original is in force again.
    Allowed,
    /// The remediation stays and the original version is deleted. The execution keeps its document.
    Denied,
    /// No answer came: what is in force stays, and so does the original version.
    Expired,
    /// The guard asked before it acted, and the document stays in force.
    Kept,
    /// The guard asked before it acted, and took the change back.
    TakenBack,
    /// CloudTrail does not know the event, so the guard took nothing back.
    Unconfirmed,
    /// A newer change was in force, so the guard changed nothing.
    Superseded,
    Gone,
    /// The guard contained what another execution already asks about.
    Joined,
    /// The guard contained what was denied before, and did not ask again.
    DeniedBefore,
    /// An allow ended, and the guard contained what it had allowed.
    Lapsed,
}

impl OutcomeResult {
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The word that stands for it in an execution.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The end that a decision leads to if nothing interferes. `asked` says that the guard asked
    /// before it acted.
    #[must_use]
    pub fn of(action: DecisionAction, asked: bool) -> Self {
        match action {
            DecisionAction::Allow if asked => Self::Kept,
            DecisionAction::Deny if asked => Self::TakenBack,
            DecisionAction::Allow => Self::Allowed,
            DecisionAction::Deny => Self::Denied,
            DecisionAction::Expire => Self::Expired,
        }
    }
}

/// The document in force, as read back from IAM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InForce {
    /// The default version, for a managed policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionId>,
    pub document: Snapshot,
}
