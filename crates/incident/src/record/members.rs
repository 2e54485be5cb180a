//! The members `requestParameters` and `responseElements`, which differ for every call.

use serde_json::Value;

use super::{RecordError, Seen, Wanted};
use crate::{
    Actor, IdentifierError, OwnerKind, PolicyArn, Subject, VersionId, WatchedCall,
    subject::{InlinePolicy, ManagedPolicy, Owner},
};

/// `requestParameters` and `responseElements`, read member by member.
pub(super) struct Members<'a> {
    pub(super) event_id: &'a str,
    pub(super) event_name: WatchedCall,
    pub(super) request: &'a Value,
    pub(super) response: &'a Value,
    /// Whether a session of the console made the call.
    pub(super) from_console: bool,
    /// Who made the call, and when.
    pub(super) seen: &'a Seen,
}

impl Members<'_> {
    pub(super) fn problem(&self, problem: impl Into<String>) -> RecordError {
        RecordError::Member {
            event_id: self.event_id.to_owned(),
            seen: Box::new(self.seen.clone()),
            problem: problem.into(),
        }
    }

    /// Whether CloudTrail left the parameters out.
    pub(super) fn omitted(&self) -> bool {
        is_true(self.request.get("omitted"))
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
            Some(_) => {
                Err(self.problem(format!("`{part_name}.{}` is not a string", path.join("."))))
            }
        }
    }

    pub(super) fn request(&self, key: &str) -> Result<Option<String>, RecordError> {
        self.text(self.request, "requestParameters", &[key])
    }

    pub(super) fn response(&self, path: &[&str]) -> Result<Option<String>, RecordError> {
        self.text(self.response, "responseElements", path)
    }

    pub(super) fn identifier<T>(&self, read: Result<T, IdentifierError>) -> Result<T, RecordError> {
        read.map_err(|error| self.problem(error.to_string()))
    }

    /// The subject and the version that the call wrote. The error is `names_no_policy` if
    /// CloudTrail left the parameters out and nothing else names the subject.
    pub(super) fn subject(
        &self,
        actor: &Actor,
        names_no_policy: impl Fn() -> RecordError,
    ) -> Result<(Subject, Option<VersionId>), RecordError> {
        let missing = |member: &str| {
            if self.omitted() || self.request.is_null() {
                names_no_policy()
            } else {
                self.problem(format!("`{member}` is missing"))
            }
        };
        if let Some(policy) = self.renamed_inline()? {
            return Ok((Subject::Inline(policy), None));
        }
        if let Some(call) = self.reported_call(actor, missing)? {
            return Ok((Subject::Reported(call), None));
        }
        match self.event_name {
            WatchedCall::CreatePolicy => {
                let arn = self
                    .response(&["policy", "arn"])?
                    .ok_or_else(|| missing("responseElements.policy.arn"))?;
                let version = self
                    .response(&["policy", "defaultVersionId"])?
                    .unwrap_or_else(|| "v1".to_owned());
                self.managed(&arn, &version)
            }
            WatchedCall::CreatePolicyVersion => {
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
            WatchedCall::SetDefaultPolicyVersion => {
                let arn = self
                    .request("policyArn")?
                    .ok_or_else(|| missing("requestParameters.policyArn"))?;
                let version = self
                    .request("versionId")?
                    .ok_or_else(|| missing("requestParameters.versionId"))?;
                self.managed(&arn, &version)
            }
            WatchedCall::PutRolePolicy => self.inline(OwnerKind::Role, "roleName", missing),
            WatchedCall::PutUserPolicy => self.inline(OwnerKind::User, "userName", missing),
            WatchedCall::PutGroupPolicy => self.inline(OwnerKind::Group, "groupName", missing),
            _ => Err(self.problem("the call writes no policy document")),
        }
    }

    /// The inline policy of a user or group with a new name. A record of CloudTrail has no
    /// `policyName` beside a new name: the guard adds it to the hint for each such policy.
    fn renamed_inline(&self) -> Result<Option<InlinePolicy>, RecordError> {
        let (kind, key) = match self.event_name {
            WatchedCall::UpdateUser => (OwnerKind::User, "newUserName"),
            WatchedCall::UpdateGroup => (OwnerKind::Group, "newGroupName"),
            _ => return Ok(None),
        };
        let named = self.name("policyName")?.zip(self.name(key)?);
        Ok(named.map(|(name, owner)| InlinePolicy {
            owner: Owner { kind, name: owner },
            name,
        }))
    }

    /// What to look for in IAM where the parameters are left out.
    pub(super) fn wanted(&self) -> Option<Wanted> {
        match self.event_name {
            WatchedCall::CreatePolicyVersion => {
                let version = self.response(&["policyVersion", "versionId"]).ok()??;
                VersionId::parse(&version).ok().map(Wanted::Version)
            }
            WatchedCall::PutRolePolicy => Some(Wanted::Inline(OwnerKind::Role)),
            WatchedCall::PutUserPolicy => Some(Wanted::Inline(OwnerKind::User)),
            WatchedCall::PutGroupPolicy => Some(Wanted::Inline(OwnerKind::Group)),
            WatchedCall::UpdateAssumeRolePolicy => Some(Wanted::Trust),
            _ => None,
        }
    }

    fn managed(
        &self,
        arn: &str,
        version: &str,
    ) -> Result<(Subject, Option<VersionId>), RecordError> {
        let arn = self.identifier(PolicyArn::parse(arn))?;
        if arn.is_aws_managed() {
            return Err(self.problem(format!(
                "`{arn}` is an AWS managed policy, which no one can rewrite"
            )));
        }
        let version = self.identifier(VersionId::parse(version))?;
        Ok((Subject::Managed(ManagedPolicy { arn }), Some(version)))
    }

    fn inline(
        &self,
        kind: OwnerKind,
        owner: &str,
        missing: impl Fn(&str) -> RecordError,
    ) -> Result<(Subject, Option<VersionId>), RecordError> {
        let member = |key: &str| {
            let name = self.name(key)?;
            name.ok_or_else(|| missing(&format!("requestParameters.{key}")))
        };
        let owner = Owner {
            kind,
            name: member(owner)?,
        };
        let name = member("policyName")?;
        Ok((Subject::Inline(InlinePolicy { owner, name }), None))
    }

    /// The name in the answer; `None` if the record lacks the member.
    pub(super) fn answered_name(&self, path: &[&str]) -> Result<Option<String>, RecordError> {
        let name = self.response(path)?;
        if name.as_deref().is_none_or(is_iam_name) {
            Ok(name)
        } else {
            let path = path.join(".");
            Err(self.problem(format!("`responseElements.{path}` is not a valid IAM name")))
        }
    }

    /// The name in a parameter; `None` if the record lacks the parameter.
    pub(super) fn name(&self, key: &str) -> Result<Option<String>, RecordError> {
        let name = self.request(key)?;
        if name.as_deref().is_none_or(is_iam_name) {
            Ok(name)
        } else {
            Err(self.problem(format!("`requestParameters.{key}` is not a valid IAM name")))
        }
    }

    /// Whether the call made its new version the default.
    ///
    /// The response always says so. The request says so only if the caller did.
    pub(super) fn is_default_version(&self) -> Result<bool, RecordError> {
        let answer = self
            .response
            .get("policyVersion")
            .and_then(|v| v.get("isDefaultVersion"));
        match answer.or_else(|| self.request.get("setAsDefault")) {
            Some(Value::Bool(default)) => Ok(*default),
            // If in doubt, judge: a version wrongly taken for the default only costs a read from
            // IAM.
            None | Some(Value::Null) => Ok(true),
            Some(Value::String(default)) => Ok(!default.eq_ignore_ascii_case("false")),
            Some(_) => {
                Err(self
                    .problem("`responseElements.policyVersion.isDefaultVersion` is not a boolean"))
            }
        }
    }

    /// The document in the parameters of the untrimmed event.
    pub(super) fn document(&self, request: Option<&Value>) -> Result<Option<String>, RecordError> {
        let request = request.unwrap_or(&Value::Null);
        let member = match self.event_name {
            WatchedCall::CreateRole => "assumeRolePolicyDocument",
            _ => "policyDocument",
        };
        self.text(request, "requestParameters", &[member])
    }
}

/// Whether a member says so. Records have some members as a boolean or as a text.
pub(super) fn is_true(member: Option<&Value>) -> bool {
    match member {
        Some(Value::Bool(is_so)) => *is_so,
        Some(Value::String(is_so)) => is_so.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// Names of policies, roles, users and groups: 1 to 128 of `[\w+=,.@-]` (IAM User Guide, "IAM and
/// AWS STS quotas").
fn is_iam_name(name: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    (1..=128).contains(&name.len()) && name.chars().all(known)
}
