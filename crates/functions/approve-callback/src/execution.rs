//! An execution as its history shows it: what the incident is about, and whether a decision is still waited for.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_sfn::error::ProvideErrorMetadata as _;
use aws_sdk_sfn::operation::get_execution_history::GetExecutionHistoryError;
use aws_sdk_sfn::types::{HistoryEvent, HistoryEventType};
use incident::message::{Contained, Decision, DecisionAction, OutcomeResult, Quarantine};
use incident::{ExecutionArn, KeyDigest, LinkKey, PolicyChange, TaskToken, Timestamp};
use lambda_kit::history::submitted_key;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

/// The state that waits for the administrator.
const ASK_USER: &str = "AskUser";
/// Events read at once: those that a waiting execution shows since it entered its state, which are entered, scheduled, started and submitted.
/// Most others hold all that the states know. All pages of one reading have the same size, as Step Functions asks for.
const PAGE: i32 = 4;
/// Pages read before an execution counts as one that cannot be read. Each failed attempt of a task adds three events.
const MAX_PAGES: usize = 20;

#[derive(Clone, Debug)]
pub(crate) struct Execution {
    pub(crate) arn: ExecutionArn,
    pub(crate) standing: Standing,
    /// What it is about, as far as it can be read.
    pub(crate) incident: Option<Incident>,
    /// How it ended for the policy.
    pub(crate) outcome: Option<OutcomeResult>,
    /// The token that it waits with, where the history shows it.
    pub(crate) token: Option<TaskToken>,
    /// Every token with which it asked, as far as the history was read.
    tokens: Vec<TaskToken>,
    /// What proves the key of the newest request, where the history shows it.
    key: Option<KeyDigest>,
    /// Until when it waits, where the history shows it.
    pub(crate) waits_until: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
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

/// What the pages show of an incident.
#[derive(Clone, Debug)]
pub(crate) struct Incident {
    pub(crate) change: PolicyChange,
    /// What was taken out of what.
    pub(crate) contained: Option<Contained>,
}

/// Why an execution cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadProblem {
    /// It does not exist, or no longer exists.
    NotFound,
    /// Step Functions could not be reached or did not answer, or its answer does not say what the incident is about.
    Unreachable,
}

impl Execution {
    /// Reads the newest events of an execution's history, back to the state it is in, or to where it asked with `token` before.
    pub(crate) async fn read(
        states: &aws_sdk_sfn::Client,
        arn: &ExecutionArn,
        token: &TaskToken,
    ) -> Result<Self, ReadProblem> {
        let mut events = Vec::new();
        let mut next = None;
        for _ in 0..MAX_PAGES {
            let page = states
                .get_execution_history()
                .execution_arn(arn.as_str())
                .reverse_order(true)
                .max_results(PAGE)
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| match error.as_service_error() {
                    Some(
                        GetExecutionHistoryError::ExecutionDoesNotExist(_)
                        | GetExecutionHistoryError::InvalidArn(_),
                    ) => ReadProblem::NotFound,
                    _ => {
                        let fault =
                            lambda_kit::classify(&error, |error| (error.code(), error.message()));
                        tracing::error!(
                            execution = %arn,
                            code = fault.code,
                            transient = fault.transient,
                            "the execution could not be read"
                        );
                        ReadProblem::Unreachable
                    }
                })?;
            next = page.next_token;
            events.extend(page.events);
            let has_entered = events.iter().any(is_state_entered);
            let execution = has_entered.then(|| Self::from_events(arn, &events));
            match execution {
                Some(execution)
                    if execution.standing == Standing::Waiting || execution.asked_with(token) =>
                {
                    return Ok(execution);
                }
                _ if next.is_none() => return Ok(Self::from_events(arn, &events)),
                _ => {}
            }
        }
        if events.iter().any(is_state_entered) {
            return Ok(Self::from_events(arn, &events));
        }
        tracing::error!(execution = %arn, "the newest events do not show the state of the execution");
        Err(ReadProblem::Unreachable)
    }

    /// Whether it asked with this token at any time, which only whoever got its mail can know.
    pub(crate) fn asked_with(&self, token: &TaskToken) -> bool {
        self.tokens.contains(token)
    }

    /// Whether its newest request has this key in its links.
    pub(crate) fn gave(&self, key: Option<&LinkKey>) -> bool {
        key.is_some_and(|key| self.key == Some(key.digest()))
    }

    /// Whether everything that a decision should be made on can be shown.
    pub(crate) fn shows_all(&self) -> bool {
        self.incident
            .as_ref()
            .is_some_and(|incident| incident.contained.is_some())
    }

    /// Whether the document to be allowed is here as a whole; beyond a length that IAM does not accept, it is not.
    pub(crate) fn shows_whole_document(&self) -> bool {
        let incident = self.incident.as_ref();
        let contained = incident.and_then(|incident| incident.contained.as_ref());
        contained.is_some_and(|contained| !contained.original.is_cut())
    }

    /// Reads events, newest first.
    fn from_events(arn: &ExecutionArn, events: &[HistoryEvent]) -> Self {
        let entered = events
            .iter()
            .find_map(|event| event.state_entered_event_details.as_ref());
        let succeeded = events
            .iter()
            .find_map(|event| event.execution_succeeded_event_details.as_ref());
        let broken = events.iter().any(|event| {
            matches!(
                event.r#type,
                HistoryEventType::ExecutionFailed
                    | HistoryEventType::ExecutionAborted
                    | HistoryEventType::ExecutionTimedOut
            )
        });
        let state = entered.map_or("", |entered| entered.name.as_str());
        let data = StateData::read(
            succeeded.and_then(|details| details.output.as_deref()),
            entered.and_then(|details| details.input.as_deref()),
        );
        let request = newest_request(events);
        let tokens = events.iter().filter_map(request_of);
        let standing = match data.decision() {
            _ if broken => Standing::Broken,
            _ if state == ASK_USER && succeeded.is_none() => Standing::Waiting,
            Some(decision) if decision.action == DecisionAction::Expire => Standing::Expired,
            // Made on the page of another execution: it does not count, and the administrator is asked again.
            Some(decision) if decision.execution.as_ref().is_some_and(|of| of != arn) => {
                Standing::NotAsking
            }
            Some(decision) => Standing::Decided(decision),
            None if succeeded.is_some() => Standing::Ended,
            None => Standing::NotAsking,
        };
        Self {
            arn: arn.clone(),
            standing,
            incident: data.incident(),
            outcome: data
                .member::<OutcomeData>("outcome")
                .map(|outcome| outcome.result),
            waits_until: request.as_ref().and_then(Request::waits_until),
            key: since_entry(events).find_map(submitted_key),
            tokens: tokens.map(|request| request.token).collect(),
            token: request.map(|request| request.token),
        }
    }
}

fn is_state_entered(event: &HistoryEvent) -> bool {
    event.state_entered_event_details.is_some()
}

/// What `AskUser` gives to the function that asks, as far as the page needs it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    token: TaskToken,
    asked_at: Option<Timestamp>,
    timeout_seconds: Option<u32>,
}

impl Request {
    /// The moment that the e-mail names too.
    fn waits_until(&self) -> Option<Timestamp> {
        let timeout = Duration::from_secs(self.timeout_seconds?.into());
        self.asked_at?.checked_add(timeout).ok()
    }
}

/// The request in the newest scheduled task since a state was entered.
fn newest_request(events: &[HistoryEvent]) -> Option<Request> {
    since_entry(events).find_map(request_of)
}

/// The events since a state was entered, of events that begin with the newest.
fn since_entry(events: &[HistoryEvent]) -> impl Iterator<Item = &HistoryEvent> {
    events.iter().take_while(|event| !is_state_entered(event))
}

/// The request of an event that scheduled the function which asks.
fn request_of(event: &HistoryEvent) -> Option<Request> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Parameters {
        payload: Request,
    }
    let scheduled = event.task_scheduled_event_details.as_ref()?;
    serde_json::from_str::<Parameters>(&scheduled.parameters)
        .ok()
        .map(|parameters| parameters.payload)
}

/// What the states hand on: the event, and each answer under a key of its own.
///
/// Only the members that a page shows are read, so that an execution which an older version of the functions wrote can still be decided.
#[derive(Default)]
struct StateData<'a>(BTreeMap<String, &'a RawValue>);

#[derive(Deserialize)]
struct VerdictData {
    change: PolicyChange,
}

#[derive(Deserialize)]
struct OutcomeData {
    result: OutcomeResult,
}

impl<'a> StateData<'a> {
    fn read(output: Option<&'a str>, input: Option<&'a str>) -> Self {
        let data = [output, input]
            .into_iter()
            .flatten()
            .filter_map(|text| serde_json::from_str::<BTreeMap<_, _>>(text).ok())
            .find(|data| data.contains_key("verdict"));
        Self(data.unwrap_or_default())
    }

    fn member<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let member = self.0.get(key)?;
        serde_json::from_str(member.get()).ok()
    }

    fn decision(&self) -> Option<Decision> {
        let decision: Value = self.member("decision")?;
        Some(Decision::read(&decision))
    }

    /// The incident, where the data says what was changed and what was taken out.
    fn incident(&self) -> Option<Incident> {
        let verdict: VerdictData = self.member("verdict")?;
        let contained = match self.member("quarantine") {
            Some(Quarantine::InPlace(contained)) => Some(contained),
            _ => None,
        };
        Some(Incident {
            change: verdict.change,
            contained,
        })
    }
}

#[cfg(test)]
#[path = "execution_tests.rs"]
mod tests;
