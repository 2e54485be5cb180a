use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Actor, Subject, Timestamp, VersionId};

/// A write that somebody made, as its record tells it.
///
/// It says which subject to look at, and serves whoever reads about it. What decides is what IAM holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyChange {
    /// CloudTrail's `eventID`, the same in every delivery of the record.
    pub event_id: String,
    pub event_name: WatchedCall,
    pub event_time: Timestamp,
    /// The account that the policy belongs to.
    pub account: String,
    /// The region that delivered the record.
    pub region: String,
    pub actor: Actor,
    /// The address or host that the call came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ip_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    #[serde(alias = "target")]
    pub subject: Subject,
    /// The version that the call made or put in force, of a managed policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionId>,
    /// Whether the call put the document in force; a new version that is not the default is not.
    pub in_force: bool,
}

/// The calls that the rule forwards: those that put a policy document in force, and those that are told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WatchedCall {
    /// A managed policy with its first version.
    CreatePolicy,
    /// A further version of a managed policy.
    CreatePolicyVersion,
    /// An existing version becomes the default.
    SetDefaultPolicyVersion,
    PutRolePolicy,
    PutUserPolicy,
    PutGroupPolicy,
    // Told of, and left as they are.
    AttachRolePolicy,
    AttachUserPolicy,
    AttachGroupPolicy,
    DetachRolePolicy,
    DetachUserPolicy,
    DetachGroupPolicy,
    AddUserToGroup,
    RemoveUserFromGroup,
    PutRolePermissionsBoundary,
    PutUserPermissionsBoundary,
    DeleteRolePermissionsBoundary,
    DeleteUserPermissionsBoundary,
    UpdateAssumeRolePolicy,
    CreateRole,
    CreateAccessKey,
    CreateLoginProfile,
    UpdateLoginProfile,
    UpdateUser,
    UpdateGroup,
}

impl WatchedCall {
    /// The calls that put a policy document in force. The others are told of, and left as they are.
    pub const DOCUMENT_WRITES: [Self; 6] = [
        Self::CreatePolicy,
        Self::CreatePolicyVersion,
        Self::SetDefaultPolicyVersion,
        Self::PutRolePolicy,
        Self::PutUserPolicy,
        Self::PutGroupPolicy,
    ];

    pub const ALL: [Self; 25] = [
        Self::CreatePolicy,
        Self::CreatePolicyVersion,
        Self::SetDefaultPolicyVersion,
        Self::PutRolePolicy,
        Self::PutUserPolicy,
        Self::PutGroupPolicy,
        Self::AttachRolePolicy,
        Self::AttachUserPolicy,
        Self::AttachGroupPolicy,
        Self::DetachRolePolicy,
        Self::DetachUserPolicy,
        Self::DetachGroupPolicy,
        Self::AddUserToGroup,
        Self::RemoveUserFromGroup,
        Self::PutRolePermissionsBoundary,
        Self::PutUserPermissionsBoundary,
        Self::DeleteRolePermissionsBoundary,
        Self::DeleteUserPermissionsBoundary,
        Self::UpdateAssumeRolePolicy,
        Self::CreateRole,
        Self::CreateAccessKey,
        Self::CreateLoginProfile,
        Self::UpdateLoginProfile,
        Self::UpdateUser,
        Self::UpdateGroup,
    ];

    /// The call that has this `eventName`, if it is a watched one.
    #[must_use]
    pub fn from_event_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|write| write.as_str() == name)
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreatePolicy => "CreatePolicy",
            Self::CreatePolicyVersion => "CreatePolicyVersion",
            Self::SetDefaultPolicyVersion => "SetDefaultPolicyVersion",
            Self::PutRolePolicy => "PutRolePolicy",
            Self::PutUserPolicy => "PutUserPolicy",
            Self::PutGroupPolicy => "PutGroupPolicy",
            Self::AttachRolePolicy => "AttachRolePolicy",
            Self::AttachUserPolicy => "AttachUserPolicy",
            Self::AttachGroupPolicy => "AttachGroupPolicy",
            Self::DetachRolePolicy => "DetachRolePolicy",
            Self::DetachUserPolicy => "DetachUserPolicy",
            Self::DetachGroupPolicy => "DetachGroupPolicy",
            Self::AddUserToGroup => "AddUserToGroup",
            Self::RemoveUserFromGroup => "RemoveUserFromGroup",
            Self::PutRolePermissionsBoundary => "PutRolePermissionsBoundary",
            Self::PutUserPermissionsBoundary => "PutUserPermissionsBoundary",
            Self::DeleteRolePermissionsBoundary => "DeleteRolePermissionsBoundary",
            Self::DeleteUserPermissionsBoundary => "DeleteUserPermissionsBoundary",
            Self::UpdateAssumeRolePolicy => "UpdateAssumeRolePolicy",
            Self::CreateRole => "CreateRole",
            Self::CreateAccessKey => "CreateAccessKey",
            Self::CreateLoginProfile => "CreateLoginProfile",
            Self::UpdateLoginProfile => "UpdateLoginProfile",
            Self::UpdateUser => "UpdateUser",
            Self::UpdateGroup => "UpdateGroup",
        }
    }
}

impl fmt::Display for WatchedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
