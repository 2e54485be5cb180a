//! The answer of `remediate`.

use iam_account::HeldBy;
use iam_policy::ActionPattern;
use serde::{Deserialize, Serialize};

use super::{ObservedPolicy, OutcomeResult, Removal, Restricted, is_false, is_zero};
use crate::memory::{Before, ClaimName, KnownName, ReportName};
use crate::snapshot::sha256;
use crate::subject::{Addition, Owner};
use crate::{Snapshot, Timestamp, UniqueId, VersionId};

/// A version that the guard deleted, because a managed policy has at most five.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EvictedVersion {
    pub version: VersionId,
    pub created: Timestamp,
    pub document: Snapshot,
}

/// `quarantine`: how `TempRemove` ended, or `proposal`: what the guard asks about before it acts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "status",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Quarantine {
    /// The remediated document is in force and the administrator must decide.
    InPlace(Contained),
    /// The document is in force and the administrator must decide.
    Proposed(Proposal),
    /// What a call added is in effect and the administrator must decide.
    Added(Addition),
    /// Another change put something unrestricted in force, or the subject is another one.
    Superseded,
    Gone,
}

impl Quarantine {
    /// What the guard removed from a document, or would remove.
    #[must_use]
    pub fn contained(&self) -> Option<&Contained> {
        match self {
            Self::InPlace(contained) | Self::Proposed(Proposal { contained, .. }) => {
                Some(contained)
            }
            Self::Added(_) | Self::Superseded | Self::Gone => None,
        }
    }
}

/// What the guard would do about a document that is in force, if the administrator says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proposal {
    /// The default version, of a managed policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionId>,
    /// The policy as it would be.
    #[serde(flatten)]
    pub contained: Contained,
}

impl Proposal {
    /// What was in force when the guard judged it.
    #[must_use]
    pub fn in_force(&self) -> ObservedPolicy {
        ObservedPolicy {
            identity: self.contained.identity.clone(),
            version: self.version.clone(),
            document: self.contained.original.clone(),
        }
    }
}

/// What an administrator decides about.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Quarantine")]
pub enum Question {
    /// A document whose restricted grants are out of force.
    Contained(Contained),
    /// A document that is in force.
    Proposed(Proposal),
    /// What a call added.
    Added(Addition),
}

impl Question {
    /// What the guard removed from a document, or would remove.
    #[must_use]
    pub fn contained(&self) -> Option<&Contained> {
        match self {
            Self::Contained(contained) => Some(contained),
            Self::Proposed(proposal) => Some(&proposal.contained),
            Self::Added(_) => None,
        }
    }
}

impl TryFrom<Quarantine> for Question {
    type Error = &'static str;

    fn try_from(quarantine: Quarantine) -> Result<Self, Self::Error> {
        match quarantine {
            Quarantine::InPlace(contained) => Ok(Self::Contained(contained)),
            Quarantine::Proposed(proposal) => Ok(Self::Proposed(proposal)),
            Quarantine::Added(addition) => Ok(Self::Added(addition)),
            Quarantine::Superseded | Quarantine::Gone => {
                Err("nothing was contained or proposed, so there is nothing to decide")
            }
        }
    }
}

/// A policy without its restricted grants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contained {
    /// Which policy, of all that ever had this name.
    pub identity: UniqueId,
    /// The document that was in force.
    pub original: Snapshot,
    /// The two versions of a managed policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<ContainedVersions>,
    /// What was restricted in the original.
    #[serde(flatten)]
    pub restricted: Restricted,
    /// The document now in force, as read back from IAM.
    pub document: Snapshot,
    /// What the guard removed from the original.
    #[serde(flatten)]
    pub removal: Removal,
    /// Versions that the guard deleted to make room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evicted: Vec<EvictedVersion>,
    /// What the managed policy is attached to, if IAM could be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attached_to: Option<AttachedTo>,
    /// How many principals hold the policy, with the members of groups, if IAM could be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<HeldBy>,
    /// Whether an earlier run or another execution had already done the work.
    pub found_done: bool,
    /// Whether the guard deleted the inline policy, because the quota left no room even for
    /// `document`, which grants nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub removed: bool,
    /// What is only reported, and still granted by `document`.
    #[serde(default, skip_serializing_if = "Left::is_empty")]
    pub left: Left,
    /// Whether the administrator was asked before anything was removed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub asked: bool,
    /// The claim of this incident, where the document is another one than `ValidatePolicy` judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<ClaimName>,
    /// The name under which a sweep finds this execution, about the grant that `left` tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<KnownName>,
    /// Why no one is asked about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Settled>,
}

impl Contained {
    /// The original, as IAM showed it.
    #[must_use]
    pub fn observed(&self) -> ObservedPolicy {
        let versions = self.versions.as_ref();
        ObservedPolicy {
            identity: self.identity.clone(),
            version: versions.map(|versions| versions.original.clone()),
            document: self.original.clone(),
        }
    }
}

/// Why no one is asked about what the guard contained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settled {
    /// `Joined`, `DeniedBefore` or `Lapsed`: the outcome if nothing interferes.
    pub result: OutcomeResult,
    /// The incident that asks, or whose decision counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Before>,
    /// Whether an e-mail reports the outcome.
    pub notify: bool,
    /// The name under which it reports, as the first one in a week.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<ReportName>,
}

/// The restricted patterns that a remediation leaves, because they are only reported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Left {
    pub patterns: Vec<ActionPattern>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: usize,
}

impl Left {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty() && self.more == 0
    }
}

impl From<Restricted> for Left {
    /// What is restricted in a remediated document.
    fn from(restricted: Restricted) -> Self {
        Self {
            patterns: restricted.patterns,
            more: restricted.more_patterns,
        }
    }
}

/// The roles, users and groups that a managed policy is attached to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttachedTo {
    /// The first ten.
    pub first: Vec<Owner>,
    /// How many the guard read.
    pub total: usize,
    /// Whether there are more.
    #[serde(default, skip_serializing_if = "is_false")]
    pub has_more: bool,
    /// The SHA-256 of all names, where not all are in `first`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl AttachedTo {
    /// The most that are named.
    pub const NAMED: usize = 10;

    /// Takes what IAM listed, in any order.
    #[must_use]
    pub fn new(mut all: Vec<Owner>, has_more: bool) -> Self {
        all.sort_unstable_by_key(|owner| (owner.kind.to_string(), owner.name.clone()));
        let (first, rest) = all.split_at(all.len().min(Self::NAMED));
        let names = || all.iter().map(ToString::to_string).collect::<Vec<_>>();
        Self {
            first: first.to_vec(),
            total: all.len(),
            has_more,
            sha256: (!rest.is_empty()).then(|| sha256(&names().join("\n"))),
        }
    }

    /// Whether `now` may hold someone who is not in this list. Of more than ten, any difference
    /// counts.
    #[must_use]
    pub fn lacks_some_of(&self, now: &Self) -> bool {
        if self.has_more || now.has_more || self.sha256.is_some() || now.sha256.is_some() {
            return self != now;
        }
        now.first.iter().any(|owner| !self.first.contains(owner))
    }
}

/// The two versions of a managed policy in an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainedVersions {
    /// The version as written. It exists and is not in force.
    pub original: VersionId,
    /// When the original version was created.
    pub original_created: Timestamp,
    /// The version in force, without the restricted grants.
    pub quarantine: VersionId,
    /// Whether the guard created that version. It uses an existing equivalent version if there is
    /// one.
    pub created: bool,
}
