//! Reads a CloudTrail record, as EventBridge delivers it, into a [`PolicyChange`].

mod members;
mod reported;
mod search;
mod seen;
mod shape;
mod trim;

use serde::Deserialize as _;
use serde_json::Value;

use crate::{Actor, FailureName, PolicyChange, Timestamp, WatchedCall};
use members::{Members, is_true};
pub use search::{Hint, Target, Wanted};
pub use seen::Seen;
use shape::Envelope;
pub use trim::trim_event;

/// The change that a record describes, and the document if the record has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub change: PolicyChange,
    /// The document as the caller sent it.
    ///
    /// `None` for a call without a document (`SetDefaultPolicyVersion`), and if CloudTrail left the
    /// parameters out of the record.
    pub document: Option<String>,
}

/// Why the guard cannot judge a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The input does not have the shape of an EventBridge event with a CloudTrail record.
    #[error(
        "the input of the execution is not a CloudTrail record as EventBridge delivers it: {problem}; it says: {seen}; look at the input, and find out who started the execution"
    )]
    Shape { problem: String, seen: Box<Seen> },
    /// The event rule does not forward the call.
    #[error(
        "the record `{event_id}` is about the call `{event_name}` of `{event_source}`, which does not write a watched policy document; check the event rule"
    )]
    NotWatched {
        event_id: String,
        event_name: String,
        event_source: String,
    },
    /// The call failed, so it wrote nothing.
    #[error(
        "the record `{event_id}` is about a {event_name} call that failed with `{error_code}` and wrote nothing; check the event rule"
    )]
    FailedCall {
        event_id: String,
        event_name: WatchedCall,
        error_code: String,
    },
    /// A member that every record of the call has is missing or malformed.
    #[error(
        "could not read the record `{event_id}` of the call {seen}: {problem}; look at the input of the execution"
    )]
    Member {
        event_id: String,
        /// The call, as far as it can be read.
        seen: Box<Seen>,
        /// Which member, and what was expected.
        problem: String,
    },
    /// CloudTrail left out the parameters, and nothing else names the policy.
    #[error(
        "the record `{event_id}` of a {event_name} call by {actor} at {event_time} leaves out its parameters (`omitted`), and the guard found nothing in IAM that the call can have written; find the policy in IAM by the time and judge it by hand"
    )]
    NamesNoPolicy {
        event_id: String,
        event_name: WatchedCall,
        actor: Box<Actor>,
        event_time: Timestamp,
        /// What to look for in IAM, if the call wrote a document.
        wanted: Option<Wanted>,
    },
}

impl RecordError {
    /// The name under which the state machine sees the error.
    #[must_use]
    pub fn name(&self) -> FailureName {
        match self {
            Self::NamesNoPolicy { .. } => FailureName::RecordNamesNoPolicy,
            Self::Shape { .. }
            | Self::NotWatched { .. }
            | Self::FailedCall { .. }
            | Self::Member { .. } => FailureName::RecordMalformed,
        }
    }
}

impl Record {
    /// Reads an EventBridge event with a CloudTrail record of a watched call.
    ///
    /// Unknown members are ignored, because minor versions of the record only add members
    /// (CloudTrail User Guide, "CloudTrail record contents").
    ///
    /// # Errors
    ///
    /// A [`RecordError`] that names what is missing. No error may count as "nothing restricted".
    pub fn parse(event: &Value) -> Result<Self, RecordError> {
        let trimmed = trim_event(event);
        let seen = Seen::of(&trimmed);
        let envelope = Envelope::deserialize(trimmed).map_err(|error| RecordError::Shape {
            problem: error.to_string(),
            seen: Box::new(seen.clone()),
        })?;
        let detail = envelope.detail;
        let Some(event_name) = WatchedCall::from_event_name(&detail.event_name)
            .filter(|_| matches!(detail.event_source.as_str(), "iam.amazonaws.com" | ""))
        else {
            return Err(RecordError::NotWatched {
                event_id: detail.event_id,
                event_name: detail.event_name,
                event_source: detail.event_source,
            });
        };
        if let Some(error_code) = detail.error_code {
            return Err(RecordError::FailedCall {
                event_id: detail.event_id,
                event_name,
                error_code,
            });
        }
        let members = Members {
            event_id: &detail.event_id,
            event_name,
            request: &detail.request_parameters,
            response: &detail.response_elements,
            from_console: is_true(Some(&detail.session_credential_from_console)),
            seen: &seen,
        };
        let event_time: Timestamp = detail
            .event_time
            .parse()
            .map_err(|_| members.problem("`eventTime` is not an ISO 8601 time"))?;
        let actor = Actor::from(detail.user_identity);

        let names_no_policy = || RecordError::NamesNoPolicy {
            event_id: detail.event_id.clone(),
            event_name,
            actor: Box::new(actor.clone()),
            event_time,
            wanted: members.wanted(),
        };
        let (subject, version) = members.subject(&actor, names_no_policy)?;
        let in_force = match event_name {
            WatchedCall::CreatePolicyVersion => members.is_default_version()?,
            _ => true,
        };
        // Trimming removes documents, which the execution keeps elsewhere. So the document is read
        // from the event as it came.
        let document = match event_name {
            WatchedCall::SetDefaultPolicyVersion => None,
            _ => members.document(event.pointer("/detail/requestParameters"))?,
        };

        Ok(Self {
            change: PolicyChange {
                event_id: detail.event_id.clone(),
                event_name,
                event_time,
                account: envelope.account,
                region: envelope.region,
                actor,
                source_ip_address: detail.source_ip_address,
                user_agent: detail.user_agent,
                subject,
                version,
                in_force,
                lost_denials: Vec::new(),
            },
            document,
        })
    }
}

#[cfg(test)]
mod tests;
