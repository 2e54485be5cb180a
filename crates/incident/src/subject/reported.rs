//! A call that the guard reports and does not revert.
//!
//! The guard does not remember the state before such a call, so reverting it could break
//! production.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::message::is_false;
use crate::subject::{Added, ManagedPolicy, Owner, Reserved, Subject};
use crate::{PolicyArn, WatchedCall};

/// What a call did, and to which users, groups, roles and policies.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(
    tag = "what",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum ReportedCall {
    /// A customer managed or AWS managed policy was attached.
    Attachment {
        owner: Owner,
        policy: PolicyArn,
    },
    Detachment {
        owner: Owner,
        policy: PolicyArn,
    },
    #[serde(alias = "membership")]
    AddedToGroup {
        user: String,
        group: String,
    },
    #[serde(alias = "departure")]
    RemovedFromGroup {
        user: String,
        group: String,
    },
    /// The permissions boundary of a role or user was set, or deleted if `boundary` is `None`.
    Boundary {
        owner: Owner,
        #[serde(skip_serializing_if = "Option::is_none")]
        boundary: Option<PolicyArn>,
    },
    /// The trust policy of a role was written.
    Trust {
        role: String,
        /// Whether the call created the role.
        is_new: bool,
    },
    /// A role came from a template of AWS, which says who may assume it and what it may do.
    AcquiredRole {
        role: String,
    },
    /// A role became that of the instances with this profile.
    InstanceProfile {
        role: String,
        profile: String,
    },
    /// Someone can sign in as a user who could not before.
    Credentials {
        user: String,
        credentials: Credentials,
        /// Whether the caller is that user. Users renew their own credentials.
        is_own: bool,
        /// Whether an access key of that user made the first password or another key, and no
        /// session of the console. Whoever has stolen a key stays in this way.
        #[serde(default, skip_serializing_if = "is_false")]
        by_key: bool,
    },
    /// The same of the root user. No policy limits it.
    RootCredentials {
        credentials: Credentials,
    },
    /// A rare call that opens the account to others, or changes how it makes roles.
    Rare {
        call: WatchedCall,
        /// The provider or the request that the call names.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        named: Option<String>,
    },
    /// A user or a group got a new name. It keeps its policies.
    Renaming {
        /// The user or group, by its new name.
        owner: Owner,
        /// The old name.
        before: String,
    },
}

/// What a user can sign in with.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Credentials {
    /// An access key, and its identifier if the record has it.
    AccessKey(Option<String>),
    Password,
    /// An access key that was made earlier and is active now.
    ActivatedKey(Option<String>),
    /// A user name and password, or a key, for one service.
    ServiceSpecific(Option<String>),
    /// An SSH key for repositories of CodeCommit.
    SshKey(Option<String>),
    /// A certificate for signed requests.
    SigningCertificate(Option<String>),
    /// The password alone, without this device for multi-factor authentication.
    WithoutMfa(Option<String>),
}

impl Credentials {
    /// What they are, as the beginning of a name.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::AccessKey(_) | Self::ActivatedKey(_) => "access key",
            Self::Password => "password",
            Self::ServiceSpecific(_) => "service-specific credential",
            Self::SshKey(_) => "SSH key",
            Self::SigningCertificate(_) => "signing certificate",
            Self::WithoutMfa(_) => "sign-in without an MFA device",
        }
    }
}

impl ReportedCall {
    /// The name of the role, user or group that changed.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Attachment { owner, .. }
            | Self::Detachment { owner, .. }
            | Self::Boundary { owner, .. }
            | Self::Renaming { owner, .. } => &owner.name,
            Self::AddedToGroup { user, .. }
            | Self::RemovedFromGroup { user, .. }
            | Self::Credentials { user, .. } => user,
            Self::Trust { role, .. }
            | Self::AcquiredRole { role }
            | Self::InstanceProfile { role, .. } => role,
            Self::RootCredentials { .. } => "root user",
            Self::Rare { call, named } => named.as_deref().unwrap_or(call.as_str()),
        }
    }
}

impl fmt::Display for ReportedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attachment { owner, policy } => write!(f, "policy `{policy}` on {owner}"),
            Self::Detachment { owner, policy } => {
                write!(f, "policy `{policy}`, no longer on {owner}")
            }
            Self::AddedToGroup { user, group } => write!(f, "user `{user}` in group `{group}`"),
            Self::RemovedFromGroup { user, group } => {
                write!(f, "user `{user}`, no longer in group `{group}`")
            }
            Self::Boundary { owner, .. } => write!(f, "permissions boundary of {owner}"),
            Self::Trust { role, .. } => write!(f, "trust policy of role `{role}`"),
            Self::AcquiredRole { role } => write!(f, "role `{role}` from a template"),
            Self::InstanceProfile { role, profile } => {
                write!(f, "role `{role}` in instance profile `{profile}`")
            }
            Self::Credentials {
                user, credentials, ..
            } => write!(f, "{} of user `{user}`", credentials.as_str()),
            Self::RootCredentials { credentials } => {
                f.write_str(credentials.as_str())?;
                if let Credentials::AccessKey(Some(id)) = credentials {
                    write!(f, " `{id}`")?;
                }
                f.write_str(" of the root user")
            }
            Self::Rare {
                call,
                named: Some(named),
            } => write!(f, "{call} of `{named}`"),
            Self::Rare { call, named: None } => write!(f, "{call}"),
            Self::Renaming { owner, before } => write!(f, "{owner}, until now `{before}`"),
        }
    }
}

/// What IAM showed about a reported call at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReportedState {
    /// Whether the change that the call made is still in effect.
    pub is_in_effect: bool,
    /// The role, user or group that the call names, if IAM has none with that name.
    pub absent: Option<Owner>,
    /// The policies that the call attached or detached, as far as they still exist.
    pub policies: Vec<HeldPolicy>,
    /// The policy or the group of the call, if it cannot be read any more.
    pub not_read: Option<NotRead>,
    /// What the call added, if IAM shows it and the guard can take it away.
    pub added: Option<Added>,
    /// Whether the user of the call has another access key besides the one that was made.
    pub has_second_key: bool,
    /// Who alone can change the role of the call, by its path.
    pub reserved: Option<Reserved>,
    /// Whether there are more policies than the guard reads.
    pub has_more: bool,
    /// The permissions boundary in force. Its document is in `policies`.
    pub boundary: Option<PolicyArn>,
    /// The permissions boundary that the record names, if it is not the one in force.
    pub recorded_boundary: Vec<HeldPolicy>,
    /// The trust policy in force.
    pub trust: Option<String>,
    /// The one that IAM showed before it showed this one.
    pub former_trust: Option<String>,
}

/// What a call named and IAM does not show any more: it has nothing of that name, or something
/// that was made after the call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NotRead {
    pub named: Named,
    /// What the other side of the call holds: the user who joined or left the group, or what lost
    /// the policy.
    pub held: Vec<HeldPolicy>,
    /// Whether it holds more than the guard reads.
    pub has_more: bool,
}

/// A thing that a call names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Named {
    Owner(Owner),
    Policy(PolicyArn),
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner(owner) => owner.fmt(f),
            Self::Policy(arn) => ManagedPolicy { arn: arn.clone() }.fmt(f),
        }
    }
}

/// A policy of a role, user or group, with the document in force.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HeldPolicy {
    pub policy: Subject,
    /// The text. The document of an AWS managed policy can be too long for an execution.
    pub document: String,
}
