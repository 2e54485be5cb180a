use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Actor, Target, Timestamp, VersionId};

/// A write of a policy document that somebody made, as its record tells it.
///
/// It says which target to look at, and serves whoever reads about it. What decides is what IAM holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyChange {
    /// CloudTrail's `eventID`, the same in every delivery of the record.
    pub event_id: String,
    pub event_name: PolicyWrite,
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
    pub target: Target,
    /// The version that the call made or put in force, of a managed policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionId>,
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
    PutRolePolicy,
    PutUserPolicy,
    PutGroupPolicy,
}

impl PolicyWrite {
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
