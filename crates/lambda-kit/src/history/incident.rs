//! An incident as the history of its execution shows it.

use std::time::Duration;

use aws_sdk_sfn::types::{HistoryEvent, HistoryEventType};
use incident::message::{Contained, Decision, DecisionAction, Quarantine};
use incident::subject::Addition;
use incident::{ExecutionArn, KeyDigest, LinkKey, PolicyChange, TaskToken, Timestamp};
use serde::Deserialize;

use super::{ASK_USER, FIRST_STATE, ReadBack, StateData};

/// An incident, as far back as its history was read.
#[derive(Clone, Debug)]
pub struct Incident {
    pub execution: ExecutionArn,
    pub standing: Standing,
    pub has_succeeded: bool,
    /// The newest state that the execution entered; `None` if the history shows none.
    pub state: Option<String>,
    /// The data of that state, or the output of an execution that succeeded.
    pub data: StateData,
    /// The request that the execution waits with, if the history shows it.
    pub request: Option<DecisionRequest>,
    /// The key in the links of the newest request.
    pub key: Option<KeyDigest>,
    /// The tokens of all requests, the newest first.
    pub tokens: Vec<TaskToken>,
}

/// Whether a decision is still waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Waiting,
    Decided(Decision),
    Expired,
    /// It runs, and is not at the point where a decision is asked.
    NotAsking,
    /// It ended without a decision.
    Ended,
    /// It failed or was stopped.
    Broken,
}

/// A request for a decision, as `AskUser` sends it to `notify`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionRequest {
    pub token: TaskToken,
    asked_at: Option<Timestamp>,
    timeout_seconds: Option<u32>,
    /// Whether the definition of the execution ends an allow. That of the version before does not.
    #[serde(default)]
    takes_minutes: bool,
}

impl DecisionRequest {
    /// The moment that the e-mail names too.
    #[must_use]
    pub fn waits_until(&self) -> Option<Timestamp> {
        let timeout = Duration::from_secs(self.timeout_seconds?.into());
        self.asked_at?.checked_add(timeout).ok()
    }
}

impl Incident {
    /// The change that the incident is about.
    #[must_use]
    pub fn change(&self) -> Option<&PolicyChange> {
        self.data.change.as_ref()
    }

    /// What was removed, or would be, and from which document.
    #[must_use]
    pub fn contained(&self) -> Option<&Contained> {
        self.data.quarantine.as_ref()?.contained()
    }

    /// What a call added.
    #[must_use]
    pub fn addition(&self) -> Option<&Addition> {
        match self.data.quarantine.as_ref()? {
            Quarantine::Added(addition) => Some(addition),
            _ => None,
        }
    }

    /// Whether the decision is about what is in force.
    #[must_use]
    pub fn is_proposal(&self) -> bool {
        matches!(
            self.data.quarantine,
            Some(Quarantine::Proposed(_) | Quarantine::Added(_))
        )
    }

    /// Whether an allow can be for a time: the document was contained, and the definition of the
    /// execution ends the allow.
    #[must_use]
    pub fn takes_minutes(&self) -> bool {
        let request = self.request.as_ref();
        !self.is_proposal() && request.is_some_and(|request| request.takes_minutes)
    }

    /// Whether the execution asked with this token at any time. Only a recipient of the e-mail, or
    /// a reader of the execution, can know it.
    #[must_use]
    pub fn asked_with(&self, token: &TaskToken) -> bool {
        self.tokens.contains(token)
    }

    /// Whether the links of the newest request carry this key.
    #[must_use]
    pub fn verify_key(&self, key: Option<&LinkKey>) -> bool {
        key.is_some_and(|key| self.key == Some(key.digest()))
    }

    /// The incident of an execution that succeeded with this output.
    pub(crate) fn from_output(execution: &ExecutionArn, output: &str) -> Self {
        let data = StateData::read(output).unwrap_or_default();
        let decision = data.decision.as_ref().map(Decision::read);
        Self {
            execution: execution.clone(),
            standing: closed(execution, decision, true),
            has_succeeded: true,
            state: None,
            data,
            request: None,
            key: None,
            tokens: Vec::new(),
        }
    }

    /// Reads events, newest first.
    pub(super) fn from_events(execution: &ExecutionArn, events: &[HistoryEvent]) -> Self {
        let entered = events
            .iter()
            .find_map(|event| event.state_entered_event_details.as_ref());
        let succeeded = events
            .iter()
            .find_map(|event| event.execution_succeeded_event_details.as_ref());
        let output = succeeded.and_then(|details| details.output.as_deref());
        // The first state has the input of the execution, which whoever starts it can write.
        let input = entered.filter(|details| details.name != FIRST_STATE);
        let input = input.and_then(|details| details.input.as_deref());
        let data = [output, input].into_iter().flatten();
        let data = data.filter_map(StateData::read).next().unwrap_or_default();
        let state = entered.map(|entered| entered.name.clone());
        let standing = if events.iter().any(is_broken) {
            Standing::Broken
        } else if state.as_deref() == Some(ASK_USER) && succeeded.is_none() {
            Standing::Waiting
        } else {
            let decision = data.decision.as_ref().map(Decision::read);
            closed(execution, decision, succeeded.is_some())
        };
        Self {
            execution: execution.clone(),
            standing,
            has_succeeded: succeeded.is_some(),
            state,
            data,
            request: since_entry(events).find_map(request),
            key: newest_key(events),
            tokens: events
                .iter()
                .filter_map(request)
                .map(|request| request.token)
                .collect(),
        }
    }
}

/// The standing of an execution that does not wait.
fn closed(execution: &ExecutionArn, decision: Option<Decision>, has_succeeded: bool) -> Standing {
    match decision {
        Some(decision) if decision.action == DecisionAction::Expire => Standing::Expired,
        // A decision made on the page of another execution does not count: the state machine asks
        // the administrator again.
        Some(decision)
            if decision
                .execution
                .as_ref()
                .is_some_and(|of| of != execution) =>
        {
            Standing::NotAsking
        }
        Some(decision) => Standing::Decided(decision),
        None if has_succeeded => Standing::Ended,
        None => Standing::NotAsking,
    }
}

/// Whether events, newest first, reach back as far as wanted.
pub(super) fn reaches(events: &[HistoryEvent], read_back: ReadBack<'_>) -> bool {
    let Some(entered) = events
        .iter()
        .find_map(|event| event.state_entered_event_details.as_ref())
    else {
        return false;
    };
    match read_back {
        ReadBack::State => true,
        ReadBack::Request | ReadBack::Key => events
            .iter()
            .any(|event| event.task_submitted_event_details.is_some() || is_asking(event)),
        ReadBack::Token(token) | ReadBack::OnePage(token) => {
            let is_waiting = entered.name == ASK_USER
                && !events.iter().any(|event| {
                    is_broken(event) || event.execution_succeeded_event_details.is_some()
                });
            let requests = events.iter().filter_map(request);
            is_waiting || requests.into_iter().any(|request| request.token == *token)
        }
    }
}

pub(super) fn is_broken(event: &HistoryEvent) -> bool {
    matches!(
        event.r#type,
        HistoryEventType::ExecutionFailed
            | HistoryEventType::ExecutionAborted
            | HistoryEventType::ExecutionTimedOut
    )
}

/// Whether the event enters the state that asks.
fn is_asking(event: &HistoryEvent) -> bool {
    let entered = event.state_entered_event_details.as_ref();
    entered.is_some_and(|entered| entered.name == ASK_USER)
}

/// The events after the newest entry of a state.
fn since_entry(events: &[HistoryEvent]) -> impl Iterator<Item = &HistoryEvent> {
    events
        .iter()
        .take_while(|event| event.state_entered_event_details.is_none())
}

/// The request of an event that scheduled the function which asks.
fn request(event: &HistoryEvent) -> Option<DecisionRequest> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Parameters {
        payload: DecisionRequest,
    }
    let scheduled = event.task_scheduled_event_details.as_ref()?;
    serde_json::from_str::<Parameters>(&scheduled.parameters)
        .ok()
        .map(|parameters| parameters.payload)
}

/// The digest of the key in the links of the newest request, from the answer of `notify`.
///
/// The search ends at the newest entry of the state that asks, and at the newest answer, even if
/// that shows no key: the key of an earlier request must not count for a later one.
fn newest_key(events: &[HistoryEvent]) -> Option<KeyDigest> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        payload: Payload,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Payload {
        key_sha256: KeyDigest,
    }
    let submitted = events
        .iter()
        .take_while(|event| !is_asking(event))
        .find_map(|event| event.task_submitted_event_details.as_ref())?;
    let output: Output = serde_json::from_str(submitted.output.as_deref()?).ok()?;
    Some(output.payload.key_sha256)
}

#[cfg(test)]
#[path = "incident_tests.rs"]
mod tests;
