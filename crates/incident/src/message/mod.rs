//! What the states of the workflow hand to the functions, and what the functions answer.
//!
//! The state machine keeps each answer under a key of its own (`verdict`, `quarantine`, `decision`, `outcome`), so that every step of an execution shows the whole incident.
//! Functions that read or write IAM get the ARN of an execution, and read the rest from its input and its history.
//! Messages carry facts; the crate `notice` makes words of them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ExecutionArn, Identity, KeptDocument, PolicyChange, Timestamp, VersionId};

mod findings;
mod telling;

pub use findings::{Removal, Restricted};
pub use telling::{
    AskRequest, Failure, Notified, NotifyRequest, TellFailure, TellOutcome, TellVerdict,
};

/// What `validate-policy` is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "task", rename_all = "camelCase")]
pub enum ReadRequest {
    /// `ValidatePolicy`: judge what is in force where the record points.
    Judge(JudgeRequest),
    /// `AssessFailure`: say what is in force after a task failed.
    Assess(AssessRequest),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JudgeRequest {
    /// The execution that asks. Its input is the EventBridge event.
    pub execution: ExecutionArn,
    /// Whether IAM had its time to become consistent.
    #[serde(default)]
    pub waited: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssessRequest {
    /// The execution that asks. Its input is the EventBridge event.
    pub execution: ExecutionArn,
}

/// What `ValidatePolicy` answers: all that the execution knows from then on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The EventBridge event without what nobody uses.
    pub event: Value,
    pub verdict: Verdict,
}

/// `verdict`: what `ValidatePolicy` found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// What the workflow does next.
    pub action: VerdictAction,
    pub result: VerdictResult,
    pub change: PolicyChange,
    /// What IAM showed in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_force: Option<Seen>,
    /// The document that the event names, where it is not the one in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named: Option<KeptDocument>,
    /// What is restricted: in the document in force, or else in the one that the event names.
    #[serde(flatten)]
    pub restricted: Restricted,
    /// The entry of `ExemptPrincipals` that covers the caller, where it made the difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exemption: Option<String>,
}

/// What IAM showed in force at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Seen {
    /// Which of the things that ever had this name it is.
    pub identity: Identity,
    /// The default version, of a managed policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionId>,
    pub document: KeptDocument,
}

/// What the workflow does with a policy; `ChooseAction` reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum VerdictAction {
    /// Take the restricted grants out and ask.
    Remedy,
    /// Tell the administrator; the policy is left alone.
    Alert,
}

/// What the judgement was; for a change that needs no decision it is also the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum VerdictResult {
    /// Restricted actions are granted.
    Restricted,
    /// Nothing restricted is granted.
    Clean,
    /// The version did not become the default; it is judged again when somebody makes it so.
    NotInForce,
    Gone,
    /// What the event names was restricted and is not in force any more: somebody had the grant for a while.
    Withdrawn,
    /// The inline document of the record is not in force; a write between the guard's look and its own may be lost.
    Overwritten,
    /// What the event names was restricted, and its remediation is in force.
    AlreadyContained,
    /// Restricted actions are granted and stay in force, because the guard only monitors.
    Monitored,
    /// Restricted actions are granted and stay in force, because whoever wrote them is exempt.
    Exempt,
}

impl VerdictResult {
    pub const ALL: [Self; 9] = [
        Self::Restricted,
        Self::Clean,
        Self::NotInForce,
        Self::Gone,
        Self::Withdrawn,
        Self::Overwritten,
        Self::AlreadyContained,
        Self::Monitored,
        Self::Exempt,
    ];

    /// The word that stands for it in an execution.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Restricted => "restricted",
            Self::Clean => "clean",
            Self::NotInForce => "notInForce",
            Self::Gone => "gone",
            Self::Withdrawn => "withdrawn",
            Self::Overwritten => "overwritten",
            Self::AlreadyContained => "alreadyContained",
            Self::Monitored => "monitored",
            Self::Exempt => "exempt",
        }
    }
}

/// What `remediate` and `revert` are asked: which execution to work for. Other members of a payload are ignored.
#[derive(Clone, Debug, Deserialize)]
pub struct WorkRequest {
    pub execution: ExecutionArn,
}

/// Documents that are in the execution, so that they may be overwritten or deleted in IAM.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// What is in force instead of what `ValidatePolicy` saw, since the target was made again before the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<Seen>,
    /// Versions that must make room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evicted: Vec<EvictedVersion>,
    /// Documents of an inline policy that are not the judged one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub originals: Vec<KeptDocument>,
    /// Whether the inline policy is to be deleted, so that whoever finds it missing later knows by whom.
    #[serde(default, skip_serializing_if = "is_false")]
    pub removes: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

/// A version that was removed because a managed policy can have five only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EvictedVersion {
    pub version: VersionId,
    pub created: Timestamp,
    pub document: KeptDocument,
}

/// `quarantine`: what `TempRemove` did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "status",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Quarantine {
    /// The remediated document is in force; a decision is needed.
    InPlace(Contained),
    /// With these documents in the execution, the task is to run again.
    KeepFirst(Kept),
    /// Nothing restricted is in force any more, by somebody else's change, or the target is another one.
    Superseded,
    Gone,
}

impl Quarantine {
    /// The documents that the execution holds by it.
    #[must_use]
    pub fn kept(&self) -> Kept {
        match self {
            Self::KeepFirst(kept) => kept.clone(),
            Self::InPlace(contained) => Kept {
                evicted: contained.evicted.clone(),
                ..Kept::default()
            },
            Self::Superseded | Self::Gone => Kept::default(),
        }
    }
}

/// A policy whose restricted grants are out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contained {
    /// Which of the things that ever had this name it is.
    pub identity: Identity,
    /// The document that was in force.
    pub original: KeptDocument,
    /// The versions, for a managed policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<ContainedVersions>,
    /// What was restricted in the original.
    #[serde(flatten)]
    pub restricted: Restricted,
    /// The document now in force, as read back from IAM.
    pub document: KeptDocument,
    /// What was done to the original.
    #[serde(flatten)]
    pub removal: Removal,
    /// Versions that were removed to make room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evicted: Vec<EvictedVersion>,
    /// Whether the work was found done, by an earlier run or another execution.
    pub found_done: bool,
    /// Whether the inline policy was deleted, since the quota left no room even for `document`, which grants nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub removed: bool,
}

/// The two versions of a managed policy that an incident is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainedVersions {
    /// The version as it was written, kept but not in force.
    pub original: VersionId,
    /// When that version was made.
    pub original_created: Timestamp,
    /// The version in force, without the restricted grants.
    pub quarantine: VersionId,
    /// Whether the guard made that version; an existing one with the same meaning is used where there is one.
    pub created: bool,
}

/// What `AssessFailure` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Assessment {
    /// The change, where the record can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<PolicyChange>,
    /// What is in force now.
    pub in_force: AssessedState,
}

impl Assessment {
    /// What is restricted in what is in force, where anything is.
    #[must_use]
    pub fn restricted(&self) -> Option<&Restricted> {
        match &self.in_force {
            AssessedState::Restricted { restricted, .. } => Some(restricted),
            AssessedState::Clean { .. } | AssessedState::Gone | AssessedState::Unknown { .. } => {
                None
            }
        }
    }
}

/// What is in force after a failure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "state",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum AssessedState {
    /// Nothing restricted.
    Clean {
        /// The default version, of a managed policy.
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<VersionId>,
    },
    /// Restricted grants.
    Restricted {
        /// The default version, of a managed policy.
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<VersionId>,
        /// What is restricted.
        #[serde(flatten)]
        restricted: Restricted,
    },
    /// IAM shows no such policy.
    Gone,
    /// The record does not say which policy to look at.
    Unknown { reason: String },
}

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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
    pub const ALL: [Self; 5] = [
        Self::Allowed,
        Self::Denied,
        Self::Expired,
        Self::Superseded,
        Self::Gone,
    ];

    /// The word that stands for it in an execution.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Gone => "gone",
        }
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
    pub document: KeptDocument,
}
