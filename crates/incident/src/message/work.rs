//! The requests to `remediate` and `revert`, and what ends their work.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AttachedTo, Outcome, Quarantine, Question, Verdict};
use crate::reconcile::{Answer, Done, Work};
use crate::{ExecutionArn, PolicyChange};

/// A request to `remediate`: what `TempRemove` knows.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainRequest {
    pub execution: ExecutionArn,
    pub verdict: Verdict,
    #[serde(default, deserialize_with = "Work::or_new")]
    pub work: Work,
    #[serde(default)]
    pub done: Option<Done>,
    /// How often the containment failed before.
    #[serde(default)]
    pub failed_tries: usize,
}

/// A request to `revert`: what `Approved` and `Denied` know.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestoreRequest {
    pub execution: ExecutionArn,
    /// The state that asks.
    pub state: String,
    pub change: PolicyChange,
    pub quarantine: Question,
    /// The answer, which can be any JSON.
    #[serde(default)]
    pub decision: Value,
    #[serde(default, deserialize_with = "Work::or_new")]
    pub work: Work,
    #[serde(default)]
    pub done: Option<Done>,
}

/// Shows whose request it is, never the answer: that holds the key of its link.
impl fmt::Debug for RestoreRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RestoreRequest")
            .field("execution", &self.execution)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// The answer of `remediate` that ends its work.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quarantined {
    pub quarantine: Quarantine,
}

/// The answer of `revert` that ends its work.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Reverted {
    Outcome(Outcome),
    /// More principals hold the policy than the request showed: the guard asks again.
    AttachedTo(AttachedTo),
}

/// What `revert` answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reverting {
    #[serde(flatten)]
    pub answer: Answer<Reverted>,
    /// How the document was taken back so far, where the guard asked before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<Quarantine>,
}

impl From<Answer<Reverted>> for Reverting {
    fn from(answer: Answer<Reverted>) -> Self {
        Self {
            answer,
            quarantine: None,
        }
    }
}

/// A request to `remediate` or `revert`, from this version of the state machine or from the one
/// before.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum WorkRequest<R> {
    Former(FormerRequest),
    Now(Box<R>),
}

/// A request of the version before, whose functions read the rest from the history.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormerRequest {
    pub execution: ExecutionArn,
}
