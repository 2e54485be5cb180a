//! The messages between the states of the workflow and the functions.
//!
//! The state machine keeps each answer under its own key (`verdict`, `quarantine`, `decision`,
//! `outcome`), so every step of an execution shows the whole incident. Messages carry
//! facts; the crate `notice` turns them into text.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{IntoStaticStr, VariantArray};

use crate::memory::Memory;
use crate::{ExecutionArn, PolicyChange, Snapshot, UniqueId, VersionId};

mod decision;
mod findings;
mod former;
mod look;
mod notify;
mod quarantine;
mod report;
mod sweep;
mod work;

pub use decision::{
    AllowedMinutes, AllowedMinutesError, Decision, DecisionAction, InForce, Outcome, OutcomeResult,
    Proven,
};
pub use findings::{Removal, Restricted};
pub use look::{Found, JudgeRequest, Judged, Lapse, Look, Search};
pub use notify::{
    AskRequest, Asked, Failure, Notified, NotifyCall, NotifyRequest, NotifyTask, RepeatReason,
    ReportDecision, ReportFailure, ReportOutcome, ReportVerdict,
};
pub use quarantine::{
    AttachedTo, Contained, ContainedVersions, EvictedVersion, Left, Proposal, Quarantine, Question,
    Settled,
};
pub use report::{Reason, Report};
pub use sweep::{
    GoneDenial, GoneThing, ListedGrant, PatternCount, ReportSweep, Survey, SurveyRequest, Surveyed,
    SweepHint, SweepReason, SweepReport,
};
pub use work::{
    ContainRequest, FormerRequest, Quarantined, RestoreRequest, Reverted, Reverting, WorkRequest,
};

/// A request to `validate-policy`.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "task", rename_all = "camelCase")]
pub enum ReadRequest {
    /// `ValidatePolicy`: judge what is in force for the subject of the record.
    Judge(JudgeRequest),
    /// `AssessFailure`: report what is in force after a task failed.
    Assess(AssessRequest),
    /// `Survey`: read and judge the whole account.
    Survey(SurveyRequest),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssessRequest {
    /// The execution that asks. Its input is the EventBridge event.
    pub execution: ExecutionArn,
    /// That event, where it fits into a payload.
    #[serde(default)]
    pub event: Option<Value>,
    /// The change that was judged, if there was a judgement.
    #[serde(default)]
    pub change: Option<PolicyChange>,
}

/// `verdict`: what `ValidatePolicy` found.
///
/// The implementations of serde are in `former.rs`: they add the members that the version before
/// reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", rename_all = "camelCase")]
pub struct Verdict {
    /// What the guard does; `ChooseAction` reads it.
    pub response: Response,
    /// Whether an e-mail reports a change that needs no decision; `ChooseAction` reads it.
    pub notify: bool,
    pub result: VerdictResult,
    pub change: PolicyChange,
    /// What IAM showed in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_force: Option<ObservedPolicy>,
    /// The document that the event names, if another one is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named: Option<Snapshot>,
    /// What is restricted in the document in force, or else in the one that the event names.
    #[serde(flatten)]
    pub restricted: Restricted,
    /// The entry of `ExemptPrincipals` that covers the caller, if it changed the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exemption: Option<String>,
    /// Why the guard reports a call that it does not revert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
    /// What earlier executions say about the same thing.
    #[serde(default, skip_serializing_if = "Memory::is_empty")]
    pub memory: Memory,
}

/// What IAM showed in force at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObservedPolicy {
    /// Which policy, of all that ever had this name.
    pub identity: UniqueId,
    /// The default version, of a managed policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionId>,
    pub document: Snapshot,
}

/// What the guard does about a change. `ChooseAction` treats every other word as `contain`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase")]
pub enum Response {
    /// Remove the restricted grants, and ask.
    Contain,
    /// Ask, and change nothing before the answer.
    Ask,
    /// Change nothing, and report it.
    Report,
    /// Change nothing: nothing restricted is concerned.
    None,
}

impl From<iam_policy::Response> for Response {
    fn from(listed: iam_policy::Response) -> Self {
        match listed {
            iam_policy::Response::Ask => Self::Ask,
            iam_policy::Response::Report => Self::Report,
            _ => Self::Contain,
        }
    }
}

impl Response {
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The word that stands for it in an execution.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The stricter one of two.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        match (self, other) {
            (Self::Contain, _) | (_, Self::Contain) => Self::Contain,
            (Self::Ask, _) | (_, Self::Ask) => Self::Ask,
            (Self::Report, _) | (_, Self::Report) => Self::Report,
            (Self::None, Self::None) => Self::None,
        }
    }
}

/// The result of the judgement. For a change that needs no decision it is also the outcome.
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
    /// The version is not the default. If a later call makes it the default, the guard judges that
    /// call.
    NotInForce,
    Gone,
    /// The document that the event names was restricted and is no longer in force. The grant
    /// existed for a while.
    Withdrawn,
    /// The inline document of the record is not in force. The guard, or another caller, may have
    /// overwritten it.
    Overwritten,
    /// The document that the event names was restricted, and its remediation is in force.
    AlreadyContained,
    /// Restricted actions are granted and stay in force, because `Mode` is `Monitor`.
    Monitored,
    /// Restricted actions are granted and stay in force, because the caller is exempt.
    Exempt,
    /// A call that the guard does not revert gives more permissions.
    #[serde(alias = "told")]
    Reported,
    /// Restricted actions are granted and stay in force, because an administrator allowed exactly
    /// this before.
    AllowedBefore,
    /// Another execution already asks about exactly this.
    Joined,
    /// An allow ended, and what it had allowed was not in force any more.
    Lapsed,
    /// The last sweep knew what is in force already, and CloudTrail knows no event since then that
    /// wrote it.
    Unconfirmed,
}

impl VerdictResult {
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The word that stands for it in an execution.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The answer of `AssessFailure`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Assessment {
    /// The change, if the record can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<PolicyChange>,
    /// What is in force now.
    pub in_force: AssessedState,
}

impl Assessment {
    /// What is restricted in the document in force, if anything is.
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
    /// The record does not name the policy.
    Unknown { reason: String },
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
pub(crate) fn is_false(value: &bool) -> bool {
    !value
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
pub(crate) fn is_zero(more: &usize) -> bool {
    *more == 0
}
