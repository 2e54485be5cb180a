//! A customer managed policy: up to five versions. One of them, the default, is in force.

mod contain;
mod restore;

use std::fmt;

use iam_policy::Quota;

use serde::{Deserialize, Serialize};

use crate::message::{Contained, ContainedVersions, ObservedPolicy};
use crate::reconcile::{Action, Call, Changeable, Document};
use crate::subject::{Reserved, UniqueId};
use crate::{PolicyArn, Snapshot, Timestamp, VersionId};

/// How many versions a managed policy can have (IAM User Guide, "IAM and AWS STS quotas").
pub const MAX_VERSIONS: usize = 5;

/// A customer managed policy, by its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ManagedPolicy {
    pub arn: PolicyArn,
}

impl fmt::Display for ManagedPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "managed policy `{}`", self.arn)
    }
}

impl Changeable for ManagedPolicy {
    type Observed = ObservedManaged;
    type Action = ManagedAction;

    fn call(&self, action: ManagedAction) -> Action {
        match action {
            ManagedAction::CreateVersion(document) => {
                Action::new(Call::CreatePolicyVersion).with_document(document)
            }
            ManagedAction::SetDefault(version) => {
                Action::new(Call::SetDefaultPolicyVersion).with_version(version)
            }
            ManagedAction::DeleteVersion(version) => {
                Action::new(Call::DeletePolicyVersion).with_version(version)
            }
        }
    }
}

impl Document for ManagedPolicy {
    type Trace = ContainedVersions;

    fn quota(&self) -> Quota {
        Quota::MANAGED
    }

    fn in_force(observed: &ObservedManaged) -> Option<ObservedPolicy> {
        Some(observed.in_force())
    }

    fn trace(contained: &Contained) -> Option<ContainedVersions> {
        contained.versions.clone()
    }
}

/// The calls that change a managed policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManagedAction {
    /// `CreatePolicyVersion` with this document, as the new default.
    CreateVersion(String),
    /// `SetDefaultPolicyVersion`.
    SetDefault(VersionId),
    /// `DeletePolicyVersion`, of a version that is not the default.
    DeleteVersion(VersionId),
}

/// What IAM answered about a managed policy at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObservedManaged {
    /// Which policy of this name it is.
    pub identity: UniqueId,
    /// Who alone can change it.
    pub reserved: Option<Reserved>,
    pub default: Version,
    /// The other versions in the order of their numbers; for a judgement only those that it asks
    /// for.
    pub others: Vec<Version>,
}

/// One version of a managed policy. It never changes (IAM User Guide, "Versioning IAM policies").
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    pub id: VersionId,
    /// When it was made; IAM's dates have whole seconds.
    pub created: Timestamp,
    pub document: Snapshot,
}

impl Version {
    /// Whether it was made at or after `time`.
    #[must_use]
    pub fn is_since(&self, time: Timestamp) -> bool {
        self.created.as_second() >= time.as_second()
    }

    /// Whether it proves a change newer than the one of `time`, which put version `than` in force:
    /// a stale answer of IAM can only show older versions.
    ///
    /// Within the same second either can have come first: a caller can make a version and then put
    /// an older one in force again.
    #[must_use]
    pub fn is_newer(&self, than: &VersionId, time: Timestamp) -> bool {
        self.id.number() > than.number() && self.created.as_second() > time.as_second()
    }
}

impl ObservedManaged {
    /// Takes the versions in any order; `None` where none of them is `default`.
    #[must_use]
    pub fn new(
        identity: UniqueId,
        default: &VersionId,
        mut versions: Vec<Version>,
    ) -> Option<Self> {
        versions.sort_by_key(|version| version.id.number());
        let at = versions.iter().position(|version| version.id == *default)?;
        let default = versions.remove(at);
        Some(Self {
            identity,
            reserved: None,
            default,
            others: versions,
        })
    }

    /// The policy with its default version.
    #[must_use]
    pub fn in_force(&self) -> ObservedPolicy {
        ObservedPolicy {
            identity: self.identity.clone(),
            version: Some(self.default.id.clone()),
            document: self.default.document.clone(),
        }
    }

    /// Every version, in the order of their numbers.
    pub fn versions(&self) -> impl DoubleEndedIterator<Item = &Version> {
        let older = self
            .others
            .iter()
            .filter(|version| version.id.number() < self.default.id.number());
        let newer = self
            .others
            .iter()
            .filter(|version| version.id.number() > self.default.id.number());
        older.chain([&self.default]).chain(newer)
    }

    #[must_use]
    pub fn version(&self, id: &VersionId) -> Option<&Version> {
        self.versions().find(|version| version.id == *id)
    }

    fn ids(&self) -> Vec<VersionId> {
        self.versions().map(|version| version.id.clone()).collect()
    }
}
