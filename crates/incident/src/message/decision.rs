//! What was decided, and what came of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{IntoStaticStr, VariantArray};

use super::is_false;
use crate::{ExecutionArn, LinkKey, Snapshot, Timestamp, VersionId};

/// `decision`: the administrator's answer, or that there was none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    pub action: DecisionAction,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// The address that it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ip_address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Why, in the administrator's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The execution whose incident the page showed; the state machine takes no decision made on another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionArn>,
    /// Whether there were answers, of which none counted; only where the guard stopped asking.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unproven: bool,
}

/// What the page sends to the execution that waits.
#[derive(Clone, Debug, Serialize)]
pub struct Proven<'a> {
    #[serde(flatten)]
    pub decision: &'a Decision,
    /// The key of the link that was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<&'a LinkKey>,
}

impl Decision {
    /// Reads whatever was answered: an answer that was not given through a page can be anything, and what is not an allow counts as deny.
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

    /// The key that an answer carries, whatever else it is.
    #[must_use]
    pub fn key(answer: &Value) -> Option<LinkKey> {
        LinkKey::parse(answer.get("key")?.as_str()?).ok()
    }
}

impl From<DecisionAction> for Decision {
    /// A decision of which nothing but the answer is known.
    fn from(action: DecisionAction) -> Self {
        Self {
            action,
            time: None,
            source_ip_address: None,
            user_agent: None,
            reason: None,
            execution: None,
            unproven: false,
        }
    }
}

/// The answers; `UsersChoice` reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DecisionAction {
    /// Put the original back.
    Allow,
    /// Keep the remediation and remove the original version.
    Deny,
    /// Nobody answered in time: keep the remediation and the original version.
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
}

/// The ends of an incident that needed a decision.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum OutcomeResult {
    /// The original is back.
    Allowed,
    /// The remediation stays, the original version is gone; its document is in the execution.
    Denied,
    /// Nobody answered: the remediation stays, and so does the original version.
    Expired,
    /// A newer change was made; nothing was touched.
    Superseded,
    Gone,
}

impl OutcomeResult {
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The word that stands for it in an execution.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl From<DecisionAction> for OutcomeResult {
    /// The end that a decision leads to where nothing came in between.
    fn from(action: DecisionAction) -> Self {
        match action {
            DecisionAction::Allow => Self::Allowed,
            DecisionAction::Deny => Self::Denied,
            DecisionAction::Expire => Self::Expired,
        }
    }
}

/// What a handler read back from IAM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InForce {
    /// The default version, for a managed policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionId>,
    pub document: Snapshot,
}
