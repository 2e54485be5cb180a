//! The caller of a recorded call.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::arn::Arn;

/// The caller, as CloudTrail's `userIdentity` describes it.
///
/// A record can lack every member except `type` (CloudTrail User Guide, "CloudTrail userIdentity
/// element").
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Actor {
    /// The record's `type`: `IAMUser`, `AssumedRole`, `Root`, `FederatedUser`, `AWSService` and
    /// others.
    pub kind: String,
    /// A name for people: the user, the role session, `root`, or the service.
    pub name: String,
    /// The ARN of the caller. For a role session, it lacks the path of the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The ARN of the role or user behind a session, with its path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The service that made the call on the caller's behalf, such as
    /// `cloudformation.amazonaws.com`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoked_by: Option<String>,
    /// The source identity of the session, which names a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_identity: Option<String>,
    /// The account of the provider that acts by a temporary delegation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegate: Option<String>,
    /// The person of IAM Identity Center behind the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<OnBehalfOf>,
}

/// A person, by the identifiers of IAM Identity Center.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OnBehalfOf {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_store_arn: Option<String>,
}

impl fmt::Display for OnBehalfOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.user_id {
            Some(user) => write!(f, "Identity Center user id {user}")?,
            None => f.write_str("an Identity Center user")?,
        }
        match &self.identity_store_arn {
            Some(store) => write!(f, " of {store}"),
            None => Ok(()),
        }
    }
}

impl Actor {
    /// The permission set, if the caller is an IAM Identity Center user.
    ///
    /// The role of such a session is named `AWSReservedSSO_SET_HEX` below the path
    /// `/aws-reserved/sso.amazonaws.com/`.
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

    /// Whether the root user made the call, in a session of `sts:AssumeRoot` too.
    #[must_use]
    pub fn is_root(&self) -> bool {
        let arn = self.arn.as_deref().and_then(Arn::split);
        self.kind == "Root" || arn.is_some_and(|arn| arn.service == "iam" && arn.resource == "root")
    }

    /// Whether no caller is known, because the sweep found the change.
    #[must_use]
    pub fn is_sweep(&self) -> bool {
        self.kind == crate::survey::SWEEP
    }

    /// The name of the IAM user that made the call.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        (self.kind == "IAMUser").then_some(self.name.as_str())
    }

    /// The name of the role behind the session.
    #[must_use]
    pub fn role(&self) -> Option<&str> {
        let (_, resource) = self.issuer_arn.as_deref()?.split_once(":role/")?;
        resource.rsplit('/').next()
    }
}

impl fmt::Display for Actor {
    /// One phrase: `IAM user alice`,
    /// `role DeployRole (session ci-4711) through cloudformation.amazonaws.com`.
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
            (crate::survey::SWEEP, ..) => f.write_str("an unknown caller (found by the sweep)")?,
            ("", ..) => f.write_str(&self.name)?,
            (kind, ..) => write!(f, "{} ({kind})", self.name)?,
        }
        if let Some(account) = &self.delegate {
            write!(f, ", delegated to the account {account}")?;
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
