use std::fmt;

use serde::{Deserialize, Serialize};

/// Who made a call, in the words of CloudTrail's `userIdentity`.
///
/// Every member of the record but `type` can be missing (CloudTrail User Guide, "CloudTrail userIdentity element"), so every member here but the name can too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Actor {
    /// The record's `type`: `IAMUser`, `AssumedRole`, `Root`, `FederatedUser`, `AWSService` and others.
    pub kind: String,
    /// A name for people: the user, the role session, `root`, or the service.
    pub name: String,
    /// The ARN of the caller; of a role session it lacks the role's path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The ARN of the role or user behind a session, with its path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The service that made the call on the caller's behalf, such as `cloudformation.amazonaws.com`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoked_by: Option<String>,
    /// The person whom the session's source identity names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
}

impl Actor {
    /// The permission set, if the caller is an IAM Identity Center user.
    ///
    /// Such a session's role is named `AWSReservedSSO_SET_HEX` below the path `/aws-reserved/sso.amazonaws.com/`.
    #[must_use]
    pub fn permission_set(&self) -> Option<&str> {
        let issuer = self.issuer_arn.as_deref()?;
        if !issuer.contains(":role/aws-reserved/sso.amazonaws.com/") {
            return None;
        }
        let role = issuer.rsplit('/').next()?;
        let set = role.strip_prefix("AWSReservedSSO_")?;
        Some(set.rsplit_once('_').map_or(set, |(name, _)| name))
    }

    /// The IAM user that called, by its name.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        (self.kind == "IAMUser").then_some(self.name.as_str())
    }

    #[must_use]
    pub fn role(&self) -> Option<&str> {
        let (_, resource) = self.issuer_arn.as_deref()?.split_once(":role/")?;
        resource.rsplit('/').next()
    }
}

impl fmt::Display for Actor {
    /// One phrase: `IAM user alice`, `role DeployRole (session ci-4711) through cloudformation.amazonaws.com`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind.as_str(), self.permission_set(), self.role()) {
            (_, Some(set), _) => write!(
                f,
                "Identity Center user {} (permission set {set})",
                self.name
            )?,
            ("AssumedRole", None, Some(role)) => write!(f, "role {role} (session {})", self.name)?,
            ("IAMUser", ..) => write!(f, "IAM user {}", self.name)?,
            ("Root", ..) => f.write_str("the root user")?,
            ("FederatedUser", ..) => write!(f, "federated user {}", self.name)?,
            ("AWSService", ..) => write!(f, "AWS service {}", self.name)?,
            ("", ..) => f.write_str(&self.name)?,
            (kind, ..) => write!(f, "{} ({kind})", self.name)?,
        }
        if let Some(person) = &self.source_identity {
            write!(f, ", source identity {person}")?;
        }
        match &self.invoked_by {
            Some(service) if *service != self.name => write!(f, " through {service}"),
            _ => Ok(()),
        }
    }
}
