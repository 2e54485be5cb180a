use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use crate::VersionId;
use crate::survey::GrantId;

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
    /// The addition to find in the output of a sweep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantId>,
}

impl Action {
    pub(crate) fn new(call: Call) -> Self {
        Self {
            call,
            document: None,
            version: None,
            grant: None,
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

    pub(crate) fn with_grant(self, grant: GrantId) -> Self {
        Self {
            grant: Some(grant),
            ..self
        }
    }
}

/// The calls that the state machine makes, most of them to IAM. Each is a state of this name.
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
    /// Asks Step Functions for the sweep that found the addition.
    DescribeExecution,
}

impl Call {
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The service that is called, as the SDK integrations of Step Functions spell it.
    #[must_use]
    pub fn service(self) -> &'static str {
        match self {
            Self::LookupEvents => "cloudtrail",
            Self::DescribeExecution => "sfn",
            _ => "iam",
        }
    }

    /// Whether it asks if an event was made up, and changes nothing.
    #[must_use]
    pub fn confirms(self) -> bool {
        matches!(self, Self::LookupEvents | Self::DescribeExecution)
    }

    /// Whether it takes away what a call added, which needs one that confirms the event.
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
