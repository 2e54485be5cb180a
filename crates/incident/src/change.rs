use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Actor, PolicyArn, Timestamp, VersionId};

/// A write of a policy document that somebody made, as far as the incident needs to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyChange {
    /// CloudTrail's `eventID`, the same in every delivery of the record.
    pub event_id: String,
    /// The call.
    pub event_name: PolicyWrite,
    /// When the call was made.
    pub event_time: Timestamp,
    /// The account that the policy belongs to.
    pub account: String,
    /// The region that delivered the record.
    pub region: String,
    /// Who called.
    pub actor: Actor,
    /// The address or host that the call came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ip_address: Option<String>,
    /// The client that made the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The policy that was written.
    pub policy: PolicyRef,
    /// Whether the call put the document in force; a new version that is not the default is not.
    pub in_force: bool,
}

/// The calls that put a policy document in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PolicyWrite {
    /// A managed policy with its first version.
    CreatePolicy,
    /// A further version of a managed policy.
    CreatePolicyVersion,
    /// An existing version becomes the default.
    SetDefaultPolicyVersion,
    /// An inline policy of a role.
    PutRolePolicy,
    /// An inline policy of a user.
    PutUserPolicy,
    /// An inline policy of a group.
    PutGroupPolicy,
}

impl PolicyWrite {
    /// Every watched call.
    pub const ALL: [Self; 6] = [
        Self::CreatePolicy,
        Self::CreatePolicyVersion,
        Self::SetDefaultPolicyVersion,
        Self::PutRolePolicy,
        Self::PutUserPolicy,
        Self::PutGroupPolicy,
    ];

    /// The call that has this `eventName`, if it is a watched one.
    #[must_use]
    pub fn from_event_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|write| write.as_str() == name)
    }

    /// The `eventName`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreatePolicy => "CreatePolicy",
            Self::CreatePolicyVersion => "CreatePolicyVersion",
            Self::SetDefaultPolicyVersion => "SetDefaultPolicyVersion",
            Self::PutRolePolicy => "PutRolePolicy",
            Self::PutUserPolicy => "PutUserPolicy",
            Self::PutGroupPolicy => "PutGroupPolicy",
        }
    }
}

impl fmt::Display for PolicyWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The policy that a change wrote, and for a managed one the version under judgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum PolicyRef {
    /// A customer managed policy.
    Managed {
        /// Its ARN.
        arn: PolicyArn,
        /// The version that the change wrote or made the default.
        version: VersionId,
    },
    /// An inline policy.
    Inline {
        /// Whose policy it is.
        owner: InlineOwner,
        /// Its name, unique for this owner.
        name: String,
    },
}

impl PolicyRef {
    /// The policy's name without its path or owner.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Managed { arn, .. } => arn.name(),
            Self::Inline { name, .. } => name,
        }
    }
}

impl fmt::Display for PolicyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Managed { arn, version } => {
                write!(f, "managed policy `{arn}`, version {version}")
            }
            Self::Inline { owner, name } => write!(f, "inline policy `{name}` of {owner}"),
        }
    }
}

/// The role, user or group that an inline policy belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InlineOwner {
    /// What it is.
    pub kind: OwnerKind,
    /// Its name.
    pub name: String,
}

impl fmt::Display for InlineOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name)
    }
}

/// The kinds of principal that can have an inline policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OwnerKind {
    /// An IAM role.
    Role,
    /// An IAM user.
    User,
    /// An IAM group.
    Group,
}

impl fmt::Display for OwnerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Role => "role",
            Self::User => "user",
            Self::Group => "group",
        })
    }
}
