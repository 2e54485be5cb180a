//! A CloudTrail record, as EventBridge delivers it, read into a [`PolicyChange`].

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Actor, FailureName, IdentifierError, InlineOwner, OwnerKind, PolicyArn, PolicyChange,
    PolicyRef, PolicyWrite, VersionId,
};

/// What a record says: the change, and the document if the record carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The change.
    pub change: PolicyChange,
    /// The document as the caller sent it.
    ///
    /// `None` for a call that has none (`SetDefaultPolicyVersion`) and for a record that left its parameters out; it must then be read from IAM.
    pub document: Option<String>,
}

/// Why a record cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The input has not the shape of an EventBridge event with a CloudTrail record.
    #[error(
        "the input is no CloudTrail record as EventBridge delivers it: {0}; look at the execution's input"
    )]
    Shape(String),
    /// The record is of a call that the rule does not forward.
    #[error(
        "record `{event_id}` is of the call `{event_name}` of `{event_source}`, which writes no watched policy document; check the event rule"
    )]
    NotWatched {
        /// `eventID` of the record.
        event_id: String,
        /// `eventName` of the record.
        event_name: String,
        /// `eventSource` of the record.
        event_source: String,
    },
    /// The call failed, so it wrote nothing.
    #[error(
        "record `{event_id}` is of a {event_name} call that failed with `{error_code}` and wrote nothing; check the event rule"
    )]
    FailedCall {
        /// `eventID` of the record.
        event_id: String,
        /// The call.
        event_name: PolicyWrite,
        /// `errorCode` of the record.
        error_code: String,
    },
    /// A member that the call always has is missing or is not what it should be.
    #[error("record `{event_id}` of a {event_name} call: {problem}; look at the execution's input")]
    Member {
        /// `eventID` of the record.
        event_id: String,
        /// The call.
        event_name: PolicyWrite,
        /// Which member, and what was expected.
        problem: String,
    },
    /// The record leaves out its parameters and names no policy anywhere else.
    #[error(
        "record `{event_id}` of a {event_name} call by {actor} leaves out its parameters (`omitted`) and names no policy, so nothing could be judged; find the policy in IAM by the time {event_time} and judge it by hand"
    )]
    NamesNoPolicy {
        /// `eventID` of the record.
        event_id: String,
        /// The call.
        event_name: PolicyWrite,
        /// Who called.
        actor: Box<Actor>,
        /// When.
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

#[derive(Deserialize)]
struct Envelope {
    account: String,
    region: String,
    detail: Detail,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    #[serde(default)]
    user_identity: UserIdentity,
    event_time: String,
    #[serde(default)]
    event_source: String,
    event_name: String,
    #[serde(rename = "sourceIPAddress", default)]
    source_ip_address: Option<String>,
    #[serde(default)]
    user_agent: Option<String>,
    #[serde(default)]
    error_code: Option<String>,
    #[serde(default)]
    request_parameters: Value,
    #[serde(default)]
    response_elements: Value,
    #[serde(rename = "eventID")]
    event_id: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct UserIdentity {
    #[serde(rename = "type")]
    kind: Option<String>,
    arn: Option<String>,
    account_id: Option<String>,
    user_name: Option<String>,
    invoked_by: Option<String>,
    session_context: Option<SessionContext>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SessionContext {
    session_issuer: Option<SessionIssuer>,
    source_identity: Option<String>,
}

/// For root it is there and empty.
#[derive(Default, Deserialize)]
#[serde(default)]
struct SessionIssuer {
    arn: Option<String>,
}

impl From<UserIdentity> for Actor {
    fn from(identity: UserIdentity) -> Self {
        let kind = identity.kind.unwrap_or_default();
        let session = identity.session_context.unwrap_or_default();
        let last_of_arn = identity
            .arn
            .as_deref()
            .and_then(|arn| arn.rsplit(['/', ':']).next())
            .filter(|name| !name.is_empty())
            .map(str::to_owned);
        let name = identity
            .user_name
            .or(last_of_arn)
            .or_else(|| identity.invoked_by.clone())
            .unwrap_or_else(|| {
                if kind.is_empty() {
                    "somebody unknown".to_owned()
                } else {
                    kind.clone()
                }
            });
        Self {
            kind,
            name,
            arn: identity.arn,
            issuer_arn: session.session_issuer.and_then(|issuer| issuer.arn),
            account: identity.account_id,
            invoked_by: identity.invoked_by,
            source_identity: session.source_identity,
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
        let envelope =
            Envelope::deserialize(event).map_err(|error| RecordError::Shape(error.to_string()))?;
        let detail = envelope.detail;
        let Some(event_name) = PolicyWrite::from_event_name(&detail.event_name)
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
            .map_err(|_| members.problem("`eventTime` is no ISO 8601 time"))?;
        let actor = Actor::from(detail.user_identity);

        let names_no_policy = || RecordError::NamesNoPolicy {
            event_id: detail.event_id.clone(),
            event_name,
            actor: Box::new(actor.clone()),
            event_time,
        };
        let policy = members.policy(names_no_policy)?;
        let in_force = match event_name {
            PolicyWrite::CreatePolicyVersion => members.is_default_version()?,
            _ => true,
        };
        let document = members.document()?;

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
                policy,
                in_force,
            },
            document,
        })
    }
}

/// `requestParameters` and `responseElements`, read member by member.
struct Members<'a> {
    event_id: &'a str,
    event_name: PolicyWrite,
    request: &'a Value,
    response: &'a Value,
}

impl Members<'_> {
    fn problem(&self, problem: impl Into<String>) -> RecordError {
        RecordError::Member {
            event_id: self.event_id.to_owned(),
            event_name: self.event_name,
            problem: problem.into(),
        }
    }

    /// Whether CloudTrail left the parameters out; seen as a boolean and as a text in the wild.
    fn omitted(&self) -> bool {
        match self.request.get("omitted") {
            Some(Value::Bool(omitted)) => *omitted,
            Some(Value::String(omitted)) => omitted.eq_ignore_ascii_case("true"),
            _ => false,
        }
    }

    fn text(
        &self,
        part: &Value,
        part_name: &str,
        path: &[&str],
    ) -> Result<Option<String>, RecordError> {
        let value = path.iter().try_fold(part, |value, key| value.get(key));
        match value {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.problem(format!("`{part_name}.{}` is no text", path.join(".")))),
        }
    }

    fn request(&self, key: &str) -> Result<Option<String>, RecordError> {
        self.text(self.request, "requestParameters", &[key])
    }

    fn response(&self, path: &[&str]) -> Result<Option<String>, RecordError> {
        self.text(self.response, "responseElements", path)
    }

    fn identifier<T>(&self, read: Result<T, IdentifierError>) -> Result<T, RecordError> {
        read.map_err(|error| self.problem(error.to_string()))
    }

    /// The policy, from wherever the record has it; where parameters were left out and nothing else names it, `names_no_policy`.
    fn policy(&self, names_no_policy: impl Fn() -> RecordError) -> Result<PolicyRef, RecordError> {
        let missing = |member: &str| {
            if self.omitted() || self.request.is_null() {
                names_no_policy()
            } else {
                self.problem(format!("`{member}` is missing"))
            }
        };
        match self.event_name {
            PolicyWrite::CreatePolicy => {
                let arn = self
                    .response(&["policy", "arn"])?
                    .ok_or_else(|| missing("responseElements.policy.arn"))?;
                let version = self
                    .response(&["policy", "defaultVersionId"])?
                    .unwrap_or_else(|| "v1".to_owned());
                self.managed(&arn, &version)
            }
            PolicyWrite::CreatePolicyVersion => {
                let arn = self
                    .request("policyArn")?
                    .ok_or_else(|| missing("requestParameters.policyArn"))?;
                let version = self
                    .response(&["policyVersion", "versionId"])?
                    .ok_or_else(|| {
                        self.problem("`responseElements.policyVersion.versionId` is missing")
                    })?;
                self.managed(&arn, &version)
            }
            PolicyWrite::SetDefaultPolicyVersion => {
                let arn = self
                    .request("policyArn")?
                    .ok_or_else(|| missing("requestParameters.policyArn"))?;
                let version = self
                    .request("versionId")?
                    .ok_or_else(|| missing("requestParameters.versionId"))?;
                self.managed(&arn, &version)
            }
            PolicyWrite::PutRolePolicy => self.inline(OwnerKind::Role, "roleName", missing),
            PolicyWrite::PutUserPolicy => self.inline(OwnerKind::User, "userName", missing),
            PolicyWrite::PutGroupPolicy => self.inline(OwnerKind::Group, "groupName", missing),
        }
    }

    fn managed(&self, arn: &str, version: &str) -> Result<PolicyRef, RecordError> {
        let arn = self.identifier(PolicyArn::parse(arn))?;
        if arn.is_aws_managed() {
            return Err(self.problem(format!(
                "`{arn}` is an AWS managed policy, which nobody can rewrite"
            )));
        }
        let version = self.identifier(VersionId::parse(version))?;
        Ok(PolicyRef::Managed { arn, version })
    }

    fn inline(
        &self,
        kind: OwnerKind,
        owner: &str,
        missing: impl Fn(&str) -> RecordError,
    ) -> Result<PolicyRef, RecordError> {
        let member = |key: &str| -> Result<String, RecordError> {
            let name = self
                .request(key)?
                .ok_or_else(|| missing(&format!("requestParameters.{key}")))?;
            if is_iam_name(&name) {
                Ok(name)
            } else {
                Err(self.problem(format!("`requestParameters.{key}` is no IAM name")))
            }
        };
        Ok(PolicyRef::Inline {
            owner: InlineOwner {
                kind,
                name: member(owner)?,
            },
            name: member("policyName")?,
        })
    }

    /// The answer says whether the new version is the default; the request says it only if the caller did.
    fn is_default_version(&self) -> Result<bool, RecordError> {
        let answer = self
            .response
            .get("policyVersion")
            .and_then(|v| v.get("isDefaultVersion"));
        match answer.or_else(|| self.request.get("setAsDefault")) {
            Some(Value::Bool(default)) => Ok(*default),
            // Doubt means judging: a version wrongly taken for the default only costs a look at IAM.
            None | Some(Value::Null) => Ok(true),
            Some(Value::String(default)) => Ok(!default.eq_ignore_ascii_case("false")),
            Some(_) => {
                Err(self.problem("`responseElements.policyVersion.isDefaultVersion` is no boolean"))
            }
        }
    }

    fn document(&self) -> Result<Option<String>, RecordError> {
        match self.event_name {
            PolicyWrite::SetDefaultPolicyVersion => Ok(None),
            _ => self.request("policyDocument"),
        }
    }
}

/// Names of policies, roles, users and groups: 1 to 128 of `[\w+=,.@-]` (IAM User Guide, "IAM and AWS STS quotas").
fn is_iam_name(name: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    (1..=128).contains(&name.len()) && name.chars().all(known)
}

#[cfg(test)]
#[path = "cloudtrail_tests.rs"]
mod tests;
