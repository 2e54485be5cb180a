//! What the states of the workflow hand to the functions, and what the functions answer.
//!
//! The state machine keeps each answer under a key of its own (`verdict`, `quarantine`, `decision`, `outcome`), so that every step of an execution shows the whole incident.

use iam_policy::{Edit, Finding, Loss};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::mail::Mail;
use crate::{ExecutionArn, KeptDocument, PolicyChange, TaskToken, Timestamp, VersionId};

/// `ValidatePolicy`: judge the policy that a record names.
///
/// A record with its document goes to `validate-policy`, one without to `remediate`, which reads it from IAM.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JudgeRequest {
    /// The execution that asks.
    pub execution: ExecutionArn,
    /// The EventBridge event.
    pub event: Value,
    /// Whether IAM had its time to become consistent.
    #[serde(default)]
    pub waited: bool,
}

/// What `remediate` is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "task", rename_all = "camelCase")]
pub enum RemediateRequest {
    /// `ValidatePolicy`, where the record has no document.
    Judge(JudgeRequest),
    /// `TempRemove`.
    Contain(Box<ContainRequest>),
    /// `AssessFailure`.
    Assess(AssessRequest),
}

/// `AssessFailure`: say what is in force after a task failed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssessRequest {
    /// The execution that asks.
    pub execution: ExecutionArn,
    /// The EventBridge event.
    pub event: Value,
    /// What failed.
    pub failure: Failure,
}

/// The error that ended the normal way of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The state that failed.
    pub state: String,
    /// The error's name.
    pub error: String,
    /// Its cause: of a function, JSON with `errorMessage`.
    #[serde(default)]
    pub cause: String,
}

impl Failure {
    /// The sentence inside the cause, where a function wrote one, else the cause itself.
    #[must_use]
    pub fn message(&self) -> String {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Cause {
            error_message: String,
        }
        serde_json::from_str::<Cause>(&self.cause)
            .map_or_else(|_| self.cause.clone(), |cause| cause.error_message)
    }
}

/// `verdict`: what `ValidatePolicy` found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// What the workflow does next.
    pub action: VerdictAction,
    /// Why.
    pub result: VerdictResult,
    /// The change.
    pub change: PolicyChange,
    /// What is restricted in the document.
    pub findings: Vec<Finding>,
    /// The document, where it had to be read from IAM; otherwise it is in the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<KeptDocument>,
    /// What to tell the administrator of a change that needs no decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<Mail>,
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
    /// The version is not the default; it is judged again when somebody makes it so.
    NotInForce,
    /// The policy does not exist any more.
    Gone,
    /// Restricted actions are granted and stay in force, because the guard only monitors.
    Monitored,
    /// Restricted actions are granted and stay in force, because whoever wrote them is exempt.
    Exempt,
}

impl VerdictResult {
    /// The word that stands for it in an execution.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Restricted => "restricted",
            Self::Clean => "clean",
            Self::NotInForce => "notInForce",
            Self::Gone => "gone",
            Self::Monitored => "monitored",
            Self::Exempt => "exempt",
        }
    }
}

/// What `AssessFailure` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Assessment {
    /// What is in force, in words.
    pub in_force: String,
    /// What to tell the administrator.
    pub mail: Mail,
}

/// `TempRemove`: take the restricted grants out.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainRequest {
    /// The execution that asks.
    pub execution: ExecutionArn,
    /// The change.
    pub change: PolicyChange,
    /// The document that the change put in force.
    pub document: KeptDocument,
    /// Versions whose documents are already in the execution, so that they may be removed.
    #[serde(default)]
    pub evicted: Vec<EvictedVersion>,
    /// Whether IAM had its time to become consistent.
    #[serde(default)]
    pub waited: bool,
}

/// A version that was removed because a managed policy can have five only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EvictedVersion {
    /// Its identifier.
    pub version: VersionId,
    /// When it was made.
    pub created: Timestamp,
    /// Its document.
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
    /// Five versions exist: with these documents in the execution, the task is to run again and remove the versions.
    RoomNeeded {
        /// All versions kept so far.
        evicted: Vec<EvictedVersion>,
    },
    /// A newer change was made; it has an incident of its own.
    Superseded {
        /// What to tell the administrator.
        mail: Mail,
    },
    /// The policy does not exist any more.
    Gone {
        /// What to tell the administrator.
        mail: Mail,
    },
}

/// A policy whose restricted grants are out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contained {
    /// The versions, for a managed policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<ContainedVersions>,
    /// The document now in force, as read back from IAM.
    pub document: KeptDocument,
    /// Each edit, in the order of the statements.
    pub edits: Vec<Edit>,
    /// Grants that went with the restricted ones because the quota left no room.
    pub losses: Vec<Loss>,
    /// Versions that were removed to make room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evicted: Vec<EvictedVersion>,
    /// Whether the work was found done, by an earlier run or another execution.
    pub found_done: bool,
}

/// The two versions of a managed policy that an incident is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainedVersions {
    /// The version as it was written, kept but not in force.
    pub original: VersionId,
    /// The version in force, without the restricted grants.
    pub quarantine: VersionId,
    /// Whether the guard made that version; an existing one with the same meaning is used where there is one.
    pub created: bool,
}

/// What `notify` is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotifyRequest {
    /// The token that the decision must carry.
    pub token: TaskToken,
    /// The execution that asks.
    pub execution: ExecutionArn,
    /// The change.
    pub change: PolicyChange,
    /// What was restricted.
    pub findings: Vec<Finding>,
    /// The document as it was written.
    pub document: KeptDocument,
    /// What was done.
    pub quarantine: Contained,
    /// When the waiting began, as Step Functions wrote it.
    pub asked_at: Timestamp,
    /// How long a decision is waited for, in seconds.
    pub timeout_seconds: u32,
}

/// `decision`: the administrator's answer, or that there was none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The answer.
    pub action: DecisionAction,
    /// When it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// The address that it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ip_address: Option<String>,
    /// The browser or client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Why, in the administrator's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The execution whose incident the page showed; the state machine takes no decision made on another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionArn>,
}

/// The answers; `UsersChoice` reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DecisionAction {
    /// Put the original back.
    Allow,
    /// Keep the remediation and remove the original version.
    Deny,
    /// Nobody answered in time: keep the remediation and the original version.
    Expire,
}

/// What `revert` is asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RevertRequest {
    /// The execution that asks.
    pub execution: ExecutionArn,
    /// The change.
    pub change: PolicyChange,
    /// The document as it was written.
    pub document: KeptDocument,
    /// What was done.
    pub quarantine: Contained,
    /// The decision.
    pub decision: Decision,
    /// Whether IAM had its time to become consistent.
    #[serde(default)]
    pub waited: bool,
}

/// `outcome`: how the incident ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The end.
    pub result: OutcomeResult,
    /// The document now in force, as read back from IAM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_force: Option<InForce>,
    /// What to tell the administrator.
    pub mail: Mail,
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
    /// The policy does not exist any more.
    Gone,
}

impl OutcomeResult {
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
    /// The document.
    pub document: KeptDocument,
}
