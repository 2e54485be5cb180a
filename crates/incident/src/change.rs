//! A write to IAM, as its CloudTrail record describes it.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use crate::message::is_zero;
use crate::{Actor, Subject, Timestamp, VersionId};

/// A write, as its record describes it.
///
/// It identifies the subject to read and is shown to administrators. Decisions use only what IAM
/// returns.
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
    /// The version of a managed policy that the call created or made the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionId>,
    /// Whether the call put the document in force. A new version that is not the default is not.
    pub in_force: bool,
    /// What other versions deny and the one in force does not, as IAM holds them; no record says
    /// so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost_denials: Vec<LostDenial>,
}

/// A version of a managed policy that denies what the version in force does not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LostDenial {
    pub version: VersionId,
    /// The patterns of the statements that went, or everything but some.
    pub denied: Vec<String>,
    /// How many more such entries there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: usize,
}

/// The calls that the event rule forwards.
#[derive(
    Clone,
    Copy,
    Debug,
    Display,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
pub enum WatchedCall {
    /// Creates a managed policy with its first version.
    CreatePolicy,
    /// Adds a version to a managed policy.
    CreatePolicyVersion,
    /// Makes an existing version the default.
    SetDefaultPolicyVersion,
    PutRolePolicy,
    PutUserPolicy,
    PutGroupPolicy,
    // The guard reports the calls from here on and does not revert them.
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
    /// Makes a role from a template of AWS, with its trust policy and its permissions.
    AcquireRole,
    AddRoleToInstanceProfile,
    CreateAccessKey,
    UpdateAccessKey,
    CreateLoginProfile,
    UpdateLoginProfile,
    CreateServiceSpecificCredential,
    ResetServiceSpecificCredential,
    UpdateServiceSpecificCredential,
    UploadSSHPublicKey,
    UpdateSSHPublicKey,
    UploadSigningCertificate,
    UpdateSigningCertificate,
    DeactivateMFADevice,
    UpdateUser,
    UpdateGroup,
    // The guard always reports the calls from here on: they are rare, and open the account.
    CreateSAMLProvider,
    UpdateSAMLProvider,
    CreateOpenIDConnectProvider,
    AddClientIDToOpenIDConnectProvider,
    UpdateOpenIDConnectProviderThumbprint,
    AcceptDelegationRequest,
    PutAccountProperties,
    EnableOutboundWebIdentityFederation,
    EnableOrganizationsRootCredentialsManagement,
    EnableOrganizationsRootSessions,
}

impl WatchedCall {
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The calls that put a policy document in force. The guard reports the others.
    pub const DOCUMENT_WRITES: [Self; 6] = [
        Self::CreatePolicy,
        Self::CreatePolicyVersion,
        Self::SetDefaultPolicyVersion,
        Self::PutRolePolicy,
        Self::PutUserPolicy,
        Self::PutGroupPolicy,
    ];

    /// The watched call with this `eventName`, if there is one.
    #[must_use]
    pub fn from_event_name(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
