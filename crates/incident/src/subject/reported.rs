//! A call that the guard reports and does not revert.
//!
//! The guard does not remember the state before such a call, so reverting it could break
//! production.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::PolicyArn;
use crate::message::is_false;
use crate::subject::{ManagedPolicy, Owner, Reserved, Subject};

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
    /// A user got an access key or a password.
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
    /// The root user got an access key or a password. No policy limits it.
    RootCredentials {
        credentials: Credentials,
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
            Self::Trust { role, .. } => role,
            Self::RootCredentials { .. } => "root user",
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
            Self::Credentials {
                user, credentials, ..
            } => match credentials {
                Credentials::AccessKey(_) => write!(f, "access key of user `{user}`"),
                Credentials::Password => write!(f, "password of user `{user}`"),
            },
            Self::RootCredentials { credentials } => match credentials {
                Credentials::AccessKey(Some(id)) => {
                    write!(f, "access key `{id}` of the root user")
                }
                Credentials::AccessKey(None) => f.write_str("access key of the root user"),
                Credentials::Password => f.write_str("password of the root user"),
            },
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
