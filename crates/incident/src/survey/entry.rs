//! The entries of an account, as the sweep reads them.

use crate::subject::{Owner, Reserved};
use crate::{PolicyArn, Timestamp, UniqueId, VersionId};

/// A managed policy, with the version in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurveyedPolicy {
    pub arn: PolicyArn,
    pub identity: UniqueId,
    pub version: VersionId,
    /// When that version was created.
    pub created: Timestamp,
    pub document: String,
    pub reserved: Option<Reserved>,
    /// To how many users, groups and roles it is attached, as IAM counts them.
    pub attachments: Option<u64>,
}

/// A role, user or group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurveyedPrincipal {
    pub owner: Owner,
    pub arn: String,
    pub identity: UniqueId,
    pub reserved: Option<Reserved>,
    pub inline: Vec<SurveyedInline>,
    pub attached: Vec<PolicyArn>,
    /// The groups of a user, by their names.
    pub groups: Vec<String>,
    pub boundary: Option<PolicyArn>,
    /// The trust policy of a role.
    pub trust: Option<String>,
}

/// An inline policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurveyedInline {
    pub name: String,
    pub document: String,
}
