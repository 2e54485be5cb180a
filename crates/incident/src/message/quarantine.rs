//! What `remediate` answers.

use serde::{Deserialize, Serialize};

use super::{ObservedPolicy, Removal, Restricted, is_false};
use crate::subject::Owner;
use crate::{Snapshot, Timestamp, UniqueId, VersionId};

/// Documents that are in the execution, so that they may be overwritten or deleted in IAM.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// What is in force instead of what `ValidatePolicy` saw, since the subject was made again before the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<ObservedPolicy>,
    /// Versions that must make room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evicted: Vec<EvictedVersion>,
    /// Documents of an inline policy that are not the judged one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub originals: Vec<Snapshot>,
    /// Whether the inline policy is to be deleted, so that whoever finds it missing later knows by whom.
    #[serde(default, skip_serializing_if = "is_false")]
    pub removes: bool,
}

/// A version that was removed because a managed policy can have five only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EvictedVersion {
    pub version: VersionId,
    pub created: Timestamp,
    pub document: Snapshot,
}

/// `quarantine`: what `TempRemove` did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "status",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[expect(
    clippy::large_enum_variant,
    reason = "one value lives for one invocation"
)]
pub enum Quarantine {
    /// The remediated document is in force; a decision is needed.
    InPlace(Contained),
    /// With these documents in the execution, the task is to run again.
    KeepFirst(Kept),
    /// Nothing restricted is in force any more, by somebody else's change, or the subject is another one.
    Superseded,
    Gone,
}

impl Quarantine {
    /// The documents that the execution holds by it.
    #[must_use]
    pub fn kept(&self) -> Kept {
        match self {
            Self::KeepFirst(kept) => kept.clone(),
            Self::InPlace(contained) => Kept {
                evicted: contained.evicted.clone(),
                ..Kept::default()
            },
            Self::Superseded | Self::Gone => Kept::default(),
        }
    }
}

/// A policy whose restricted grants are out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contained {
    /// Which of the things that ever had this name it is.
    pub identity: UniqueId,
    /// The document that was in force.
    pub original: Snapshot,
    /// The versions, for a managed policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<ContainedVersions>,
    /// What was restricted in the original.
    #[serde(flatten)]
    pub restricted: Restricted,
    /// The document now in force, as read back from IAM.
    pub document: Snapshot,
    /// What was done to the original.
    #[serde(flatten)]
    pub removal: Removal,
    /// Versions that were removed to make room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evicted: Vec<EvictedVersion>,
    /// Who holds the managed policy, where that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attached_to: Option<AttachedTo>,
    /// Whether the work was found done, by an earlier run or another execution.
    pub found_done: bool,
    /// Whether the inline policy was deleted, since the quota left no room even for `document`, which grants nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub removed: bool,
}

/// Who holds a managed policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttachedTo {
    /// The first ten.
    pub first: Vec<Owner>,
    /// How many there are, as far as they were read.
    pub total: usize,
    /// Whether there are more.
    #[serde(default, skip_serializing_if = "is_false")]
    pub has_more: bool,
}

impl AttachedTo {
    /// How many are named.
    pub const NAMED: usize = 10;
}

/// The two versions of a managed policy that an incident is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainedVersions {
    /// The version as it was written, kept but not in force.
    pub original: VersionId,
    /// When that version was made.
    pub original_created: Timestamp,
    /// The version in force, without the restricted grants.
    pub quarantine: VersionId,
    /// Whether the guard made that version; an existing one with the same meaning is used where there is one.
    pub created: bool,
}
