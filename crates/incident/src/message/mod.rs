//! What the states of the workflow hand to the functions, and what the functions answer.
//!
//! The state machine keeps each answer under a key of its own (`verdict`, `quarantine`, `decision`, `outcome`), so that every step of an execution shows the whole incident.
//! Functions that read or write IAM get the ARN of an execution, and read the rest from its input and its history.
//! Messages carry facts; the crate `notice` makes words of them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{IntoStaticStr, VariantArray};

use crate::{ExecutionArn, PolicyChange, Snapshot, UniqueId, VersionId};

mod decision;
mod findings;
mod notify;
mod quarantine;
mod report;

pub use decision::{Decision, DecisionAction, InForce, Outcome, OutcomeResult, Proven};
pub use findings::{Removal, Restricted};
pub use notify::{
    AskRequest, Asked, Failure, Notified, NotifyRequest, RepeatReason, ReportFailure,
    ReportOutcome, ReportVerdict,
};
pub use quarantine::{AttachedTo, Contained, ContainedVersions, EvictedVersion, Kept, Quarantine};
pub use report::{Reason, Report};

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
    pub in_force: Option<ObservedPolicy>,
    /// The document that the event names, where it is not the one in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named: Option<Snapshot>,
    /// What is restricted: in the document in force, or else in the one that the event names.
    #[serde(flatten)]
    pub restricted: Restricted,
    /// The entry of `ExemptPrincipals` that covers the caller, where it made the difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exemption: Option<String>,
    /// Why a call that the guard does not revert is reported.
    #[serde(default, alias = "told", skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}

/// What IAM showed in force at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObservedPolicy {
    /// Which of the things that ever had this name it is.
    pub identity: UniqueId,
    /// The default version, of a managed policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionId>,
    pub document: Snapshot,
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
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
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
    /// A call that the guard reports, and does not revert, brings something restricted.
    #[serde(alias = "told")]
    Reported,
}

impl VerdictResult {
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The word that stands for it in an execution.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What `remediate` and `revert` are asked: which execution to work for. Other members of a payload are ignored.
#[derive(Clone, Debug, Deserialize)]
pub struct WorkRequest {
    pub execution: ExecutionArn,
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

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(more: &usize) -> bool {
    *more == 0
}
