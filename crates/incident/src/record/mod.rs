//! A CloudTrail record, as EventBridge delivers it, read into a [`PolicyChange`].

mod cut;
mod members;
mod reported;
mod shape;

use serde::Deserialize as _;
use serde_json::Value;

use crate::{Actor, FailureName, PolicyChange, Timestamp, WatchedCall};
pub use cut::trim_event;
use members::Members;
use shape::Envelope;

/// What a record says: the change, and the document if the record carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub change: PolicyChange,
    /// The document as the caller sent it.
    ///
    /// `None` for a call that has none (`SetDefaultPolicyVersion`) and for a record that left its parameters out.
    pub document: Option<String>,
}

/// Why a record cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The input does not have the shape of an EventBridge event with a CloudTrail record.
    #[error(
        "the input of the execution is not a CloudTrail record as EventBridge delivers it: {0}; look at the input, and find out who started the execution"
    )]
    Shape(String),
    /// The record is of a call that the rule does not forward.
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
    /// A member that the call always has is missing or is not what it should be.
    #[error(
        "could not read the record `{event_id}` of a {event_name} call: {problem}; look at the input of the execution"
    )]
    Member {
        event_id: String,
        event_name: WatchedCall,
        /// Which member, and what was expected.
        problem: String,
    },
    /// The record leaves out its parameters and names no policy anywhere else.
    #[error(
        "the record `{event_id}` of a {event_name} call by {actor} leaves out its parameters (`omitted`) and names no policy, so the guard could not judge it; find the policy in IAM by the time {event_time} and judge it by hand"
    )]
    NamesNoPolicy {
        event_id: String,
        event_name: WatchedCall,
        actor: Box<Actor>,
        event_time: Timestamp,
    },
}

impl RecordError {
    /// The name under which the state machine sees the error.
    #[must_use]
    pub fn name(&self) -> FailureName {
        match self {
            Self::NamesNoPolicy { .. } => FailureName::RecordNamesNoPolicy,
            Self::Shape(_)
            | Self::NotWatched { .. }
            | Self::FailedCall { .. }
            | Self::Member { .. } => FailureName::RecordMalformed,
        }
    }
}

impl Record {
    /// Reads an EventBridge event with a CloudTrail record of a watched call.
    ///
    /// Unknown members are ignored, since minor versions of the record only add some (CloudTrail User Guide, "CloudTrail record contents").
    ///
    /// # Errors
    ///
    /// A [`RecordError`] that says what is missing; none of them may be taken for "nothing restricted".
    pub fn parse(event: &Value) -> Result<Self, RecordError> {
        let envelope = Envelope::deserialize(trim_event(event))
            .map_err(|error| RecordError::Shape(error.to_string()))?;
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
        };
        let (subject, version) = members.subject(&actor, names_no_policy)?;
        let in_force = match event_name {
            WatchedCall::CreatePolicyVersion => members.is_default_version()?,
            _ => true,
        };
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
            },
            document,
        })
    }
}

#[cfg(test)]
mod tests;
