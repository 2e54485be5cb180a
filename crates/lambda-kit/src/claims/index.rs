//! The claims as Step Functions keeps them.

use std::collections::VecDeque;

use aws_sdk_sfn::operation::describe_execution::DescribeExecutionError;
use aws_sdk_sfn::operation::start_execution::StartExecutionError;
use incident::memory::{ClaimName, MemoryKey};
use incident::{ExecutionArn, Subject, Timestamp};
use serde::Deserialize;
use serde_json::json;

use super::{Claims, MemoryError};
use crate::classify;

/// The characters of the subject in a claim.
const MAX_SUBJECT: usize = 300;

/// The input of a claim. Anyone can write it, so it can be anything.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ClaimInput {
    incident: Option<ExecutionArn>,
}

/// A claim that Step Functions shows.
#[derive(Clone, Debug)]
pub(super) struct Found<N> {
    pub(super) name: N,
    pub(super) started: Timestamp,
    /// The incident that it names, if it names one.
    pub(super) incident: Option<ExecutionArn>,
}

/// The claims of one key.
pub(super) struct Newest {
    /// The claim that was started last. After Step Functions has forgotten the first name, it is
    /// taken again, so the highest generation need not be the newest.
    pub(super) found: Option<Found<ClaimName>>,
    /// The highest name that is taken without a gap.
    pub(super) last: Option<ClaimName>,
}

impl Newest {
    /// Whether a newer claim can be started. Where all names are taken, no claim counts: a newer
    /// decision could not take the place of an older one.
    pub(super) fn can_be_replaced(&self) -> bool {
        let last = self.last.as_ref();
        last.is_none_or(|last| last.next().is_some())
    }
}

pub(super) enum Started {
    Started,
    /// The name is taken.
    Exists,
}

impl Claims {
    /// Takes a name for the execution `me`.
    pub(super) async fn start(
        &self,
        name: &impl ToString,
        subject: &Subject,
        me: &ExecutionArn,
    ) -> Result<Started, MemoryError> {
        // The subject is for people who look at the claim.
        let subject: String = subject.to_string().chars().take(MAX_SUBJECT).collect();
        let input = json!({"incident": me, "subject": subject});
        let name = name.to_string();
        let started = self
            .executions
            .client()
            .start_execution()
            .state_machine_arn(&self.machine_arn)
            .name(&name)
            .input(input.to_string())
            .send()
            .await;
        match started {
            Ok(_) => Ok(Started::Started),
            Err(error) => match error.as_service_error() {
                Some(StartExecutionError::ExecutionAlreadyExists(_)) => Ok(Started::Exists),
                _ => Err(MemoryError::Claim {
                    claim: name,
                    error: classify(&error),
                }),
            },
        }
    }

    /// The claims of a key: one call for each name that is taken, and one or two more.
    pub(super) async fn newest(&self, key: &MemoryKey) -> Result<Newest, MemoryError> {
        let mut newest = Newest {
            found: None,
            last: None,
        };
        let mut names = ClaimName::generations(key);
        // Most things have one claim, and a containment does not wait long: ask for two at once.
        let mut asked = VecDeque::new();
        if let (Some(first), Some(second)) = (names.next(), names.next()) {
            let (first, second) = tokio::join!(self.found(first), self.found(second));
            asked.extend([first, second]);
        }
        loop {
            let found = match asked.pop_front() {
                Some(found) => found?,
                None => match names.next() {
                    Some(name) => self.found(name).await?,
                    None => None,
                },
            };
            let Some(found) = found else {
                break;
            };
            let name = found.name.clone();
            let is_newer = newest
                .found
                .as_ref()
                .is_none_or(|newest| newest.started <= found.started);
            // A mark says that a sweep knows the thing, and decides nothing.
            if is_newer && !self.is_mark(&found) {
                newest.found = Some(found);
            }
            newest.last = Some(name);
        }
        Ok(newest)
    }

    /// Whether a claim names a sweep.
    fn is_mark<N>(&self, found: &Found<N>) -> bool {
        let sweeps = self.machine_arn.strip_suffix("-claims");
        let sweeps = sweeps.map(|stack| format!("{stack}-sweep"));
        let named = found.incident.as_ref();
        named.is_some_and(|named| Some(named.state_machine_arn()) == sweeps)
    }

    /// The claim with this name.
    pub(super) async fn found<N: ToString>(
        &self,
        name: N,
    ) -> Result<Option<Found<N>>, MemoryError> {
        let text = name.to_string();
        let arn = self
            .machine_arn
            .replacen(":stateMachine:", ":execution:", 1);
        let described = self
            .executions
            .client()
            .describe_execution()
            .execution_arn(format!("{arn}:{text}"))
            .send()
            .await;
        let described = match described {
            Ok(described) => described,
            Err(error) => {
                return match error.as_service_error() {
                    Some(DescribeExecutionError::ExecutionDoesNotExist(_)) => Ok(None),
                    _ => Err(MemoryError::Claim {
                        claim: text,
                        error: classify(&error),
                    }),
                };
            }
        };
        let input: ClaimInput = described
            .input
            .and_then(|input| serde_json::from_str(&input).ok())
            .unwrap_or_default();
        Ok(Some(Found {
            name,
            started: crate::history::timestamp(&described.start_date),
            incident: input.incident,
        }))
    }
}
