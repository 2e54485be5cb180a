//! The requests to `notify`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use strum::VariantArray;

use super::{Assessment, Decision, Outcome, Quarantine, Question, Verdict};
use crate::{ExecutionArn, KeyDigest, PolicyChange, TaskToken, Timestamp};

/// An invocation of `notify`: which task it is for. Whoever may invoke the function can send any
/// payload, so the function reads the facts of the message in the history of the execution.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotifyCall {
    pub task: NotifyTask,
    pub execution: ExecutionArn,
    /// The token of a task that asks for a decision.
    #[serde(default)]
    pub token: Option<TaskToken>,
}

/// The tasks of `notify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, VariantArray)]
#[serde(rename_all = "camelCase")]
pub enum NotifyTask {
    Ask,
    #[serde(alias = "tellVerdict")]
    ReportVerdict,
    /// Of an incident in a stack with a chat.
    ReportDecision,
    #[serde(alias = "tellOutcome")]
    ReportOutcome,
    #[serde(alias = "tellFailure")]
    ReportFailure,
    /// Of the state machine of the sweep: see [`ReportSweep`](super::ReportSweep).
    ReportSweep,
}

impl NotifyTask {
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The state that tells.
    #[must_use]
    pub fn state(self) -> &'static str {
        match self {
            Self::Ask => "AskUser",
            Self::ReportVerdict => "AllowWithNotification",
            Self::ReportDecision => "ReportDecision",
            Self::ReportOutcome => "ReportOutcome",
            Self::ReportFailure => "ReportFailure",
            Self::ReportSweep => "ReportSweep",
        }
    }
}

/// What a state tells `notify`.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "task", rename_all = "camelCase")]
pub enum NotifyRequest {
    /// `AskUser`: ask for a decision.
    Ask(AskRequest),
    /// `AllowWithNotification`: report a change that needs no decision.
    #[serde(alias = "tellVerdict")]
    ReportVerdict(ReportVerdict),
    /// `ReportDecision`: tell the chat what was decided, before it is carried out.
    ReportDecision(ReportDecision),
    /// `ReportOutcome`: report how an incident ended.
    #[serde(alias = "tellOutcome")]
    ReportOutcome(ReportOutcome),
    /// `ReportFailure`: report that a person is needed.
    #[serde(alias = "tellFailure")]
    ReportFailure(ReportFailure),
}

impl NotifyRequest {
    #[must_use]
    pub fn execution(&self) -> &ExecutionArn {
        match self {
            Self::Ask(request) => &request.execution,
            Self::ReportVerdict(request) => &request.execution,
            Self::ReportDecision(request) => &request.execution,
            Self::ReportOutcome(request) => &request.execution,
            Self::ReportFailure(request) => &request.execution,
        }
    }

    /// The change that the message is about, if the record could be read.
    #[must_use]
    pub fn change(&self) -> Option<&PolicyChange> {
        match self {
            Self::Ask(request) => Some(&request.change),
            Self::ReportVerdict(request) => Some(&request.verdict.change),
            Self::ReportDecision(request) => Some(&request.change),
            Self::ReportOutcome(request) => Some(&request.change),
            Self::ReportFailure(_) => None,
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AskRequest {
    /// The token that the decision must carry.
    pub token: TaskToken,
    pub execution: ExecutionArn,
    pub change: PolicyChange,
    /// What the guard did, or what it would do.
    pub quarantine: Question,
    /// When the waiting began, as Step Functions wrote it.
    pub asked_at: Timestamp,
    /// How long the execution waits for a decision, in seconds.
    pub timeout_seconds: u32,
    /// How often the containment failed before, which an earlier e-mail reported.
    #[serde(default)]
    pub failed_tries: u32,
    /// The number of this request, and why it is repeated.
    #[serde(default)]
    pub asked: Asked,
}

impl AskRequest {
    /// The end of the waiting; `None` after the last year that a timestamp can hold.
    #[must_use]
    pub fn decide_by(&self) -> Option<Timestamp> {
        let timeout = Duration::from_secs(self.timeout_seconds.into());
        self.asked_at.checked_add(timeout).ok()
    }
}

/// The number of a request for the same decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Asked {
    /// Counted from 1.
    pub times: u32,
    /// Why the answer to the previous request did not count.
    #[serde(default)]
    pub because: Option<RepeatReason>,
}

impl Asked {
    /// The number of the last request. If its answer does not count either, the request expires.
    pub const MOST: u32 = 3;
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            times: 1,
            because: None,
        }
    }
}

/// Why an answer did not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RepeatReason {
    /// It came from the page of another incident.
    OtherIncident,
    /// It was an allow without the key in the links of the request.
    WithoutKey,
    /// It was an allow, and more principals hold the policy than the request showed.
    NewHolders,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportVerdict {
    pub execution: ExecutionArn,
    pub verdict: Verdict,
    /// When the state was entered, as Step Functions wrote it.
    #[serde(default, alias = "toldAt")]
    pub reported_at: Option<Timestamp>,
    /// How often the containment failed before, which an earlier e-mail reported.
    #[serde(default)]
    pub failed_tries: u32,
}

#[derive(Clone, Debug, Deserialize)]
pub struct ReportDecision {
    pub execution: ExecutionArn,
    pub change: PolicyChange,
    /// What was asked about.
    pub quarantine: Question,
    #[serde(deserialize_with = "answer")]
    pub decision: Decision,
}

/// An answer that did not come through a page can have members of any form.
fn answer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decision, D::Error> {
    Value::deserialize(deserializer).map(|answer| Decision::read(&answer))
}

fn answer_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decision>, D::Error> {
    let answer = Option::<Value>::deserialize(deserializer)?;
    Ok(answer.map(|answer| Decision::read(&answer)))
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportOutcome {
    pub execution: ExecutionArn,
    pub change: PolicyChange,
    /// What the guard did.
    pub quarantine: Quarantine,
    /// The decision, if there is one.
    #[serde(default, deserialize_with = "answer_if_any")]
    pub decision: Option<Decision>,
    /// How the incident ended after the decision.
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// How often the containment failed before, which an earlier e-mail reported.
    #[serde(default)]
    pub failed_tries: u32,
}

#[derive(Clone, Debug, Deserialize)]
pub struct ReportFailure {
    pub execution: ExecutionArn,
    pub failure: Failure,
    /// What is in force, if it could be read.
    #[serde(default)]
    pub assessment: Option<Assessment>,
}

/// The answer of `notify`.
///
/// If the state waits for a decision, this is not the result of the task. Step Functions shows it
/// in the `TaskSubmitted` event, where the published walkthrough copies the token from.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Notified {
    /// The token that the decision must carry, if the request asks for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<TaskToken>,
    /// The digest that verifies the key in the links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_sha256: Option<KeyDigest>,
}

/// The error that interrupted an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    pub state: String,
    pub error: String,
    /// The cause. A function writes JSON with `errorMessage`.
    #[serde(default)]
    pub cause: String,
    /// How many tries of a containment have failed; 0 for any other task.
    #[serde(default)]
    pub tries: u32,
    /// Whether the state machine tries again.
    #[serde(default)]
    pub again: bool,
}

impl Failure {
    /// The error message of the function, or else the whole cause.
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
