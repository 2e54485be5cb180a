//! The decision, and how the incident ended.

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
            unproven: false,
        }
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
