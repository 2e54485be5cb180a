use iam_policy::decode_document;

use crate::{Timestamp, VersionId};

/// What IAM answered about the versions of a managed policy at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedSnapshot {
    /// All versions, in the order of their numbers.
    pub versions: Vec<Version>,
}

/// One version of a managed policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its identifier.
    pub id: VersionId,
    /// Whether it is in force.
    pub is_default: bool,
    /// When it was made.
    pub created: Timestamp,
    /// Its document as plain JSON text.
    pub document: String,
}

impl ManagedSnapshot {
    /// How many versions a managed policy can have (IAM User Guide, "IAM and AWS STS quotas").
    pub const MAX_VERSIONS: usize = 5;

    /// Takes versions in any order; documents may be percent-encoded as IAM answers them.
    #[must_use]
    pub fn new(mut versions: Vec<Version>) -> Self {
        for version in &mut versions {
            let decoded = decode_document(&version.document).into_owned();
            version.document = decoded;
        }
        versions.sort_by_key(|version| version.id.number());
        Self { versions }
    }

    /// The version in force.
    #[must_use]
    pub fn default_version(&self) -> Option<&Version> {
        self.versions.iter().find(|version| version.is_default)
    }

    /// The version with this identifier.
    #[must_use]
    pub fn version(&self, id: &VersionId) -> Option<&Version> {
        self.versions.iter().find(|version| version.id == *id)
    }
}
