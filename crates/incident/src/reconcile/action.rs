use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use crate::VersionId;

/// A call, for the state machine to make.
///
/// It does not name the subject: the state machine takes that from the verdict.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Action {
    pub call: Call,
    /// The document to write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// The version to put in force or to delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionId>,
}

impl Action {
    pub(crate) fn new(call: Call) -> Self {
        Self {
            call,
            document: None,
            version: None,
        }
    }

    pub(crate) fn with_document(self, document: String) -> Self {
        Self {
            document: Some(document),
            ..self
        }
    }

    pub(crate) fn with_version(self, version: VersionId) -> Self {
        Self {
            version: Some(version),
            ..self
        }
    }
}

/// The calls that the state machine makes, all but one to IAM. Each is a state of this name.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantArray,
)]
pub enum Call {
    CreatePolicyVersion,
    SetDefaultPolicyVersion,
    DeletePolicyVersion,
    PutRolePolicy,
    PutUserPolicy,
    PutGroupPolicy,
    DeleteRolePolicy,
    DeleteUserPolicy,
    DeleteGroupPolicy,
    DetachRolePolicy,
    DetachUserPolicy,
    DetachGroupPolicy,
    RemoveUserFromGroup,
    /// Makes an access key inactive.
    UpdateAccessKey,
    /// Makes a service-specific credential inactive.
    UpdateServiceSpecificCredential,
    DeleteLoginProfile,
    /// Asks CloudTrail for the record of the event.
    LookupEvents,
}

impl Call {
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The service that is called, as the SDK integrations of Step Functions and IAM actions spell
    /// it.
    #[must_use]
    pub fn service(self) -> &'static str {
        match self {
            Self::LookupEvents => "cloudtrail",
            _ => "iam",
        }
    }

    /// Whether it takes away what a call added, which needs the record of that call.
    #[must_use]
    pub fn takes_back(self) -> bool {
        matches!(
            self,
            Self::DetachRolePolicy
                | Self::DetachUserPolicy
                | Self::DetachGroupPolicy
                | Self::RemoveUserFromGroup
                | Self::UpdateAccessKey
                | Self::UpdateServiceSpecificCredential
                | Self::DeleteLoginProfile
        )
    }

    /// The name of the operation.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
