//! What a sweep leaves for the next one: the output of its execution.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Baseline, Grant, GrantId};
use crate::judgement::GuardConfig;
use crate::message::is_false;
use crate::subject::ReportedCall;
use crate::{Subject, Timestamp};

/// The output of a sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SweepOutput {
    pub started_at: Timestamp,
    /// Which lists it judged by. With others, everything in force is a baseline.
    pub rules: RulesDigest,
    /// The restricted grants that are in force and that the guard accounts for, sorted.
    pub memory: Vec<GrantId>,
    /// Those of the sweep before that this one did not find, and those that the sweep before did
    /// not find and that are back, sorted. IAM may have left one out, so it is not contained as if
    /// it were new.
    #[serde(default)]
    pub lost: Vec<GrantId>,
    /// The additions that it started an incident about.
    #[serde(default)]
    pub asked: Vec<GrantId>,
    /// What denies something and is attached, as `OWNER-ID WHAT`, sorted.
    #[serde(default)]
    pub denials: Vec<String>,
    /// How many more there are than `denials` has room for.
    #[serde(default)]
    pub more_denials: usize,
    /// Whether there is more in force than `memory` has room for, so that no incident starts.
    #[serde(default, skip_serializing_if = "is_false")]
    pub too_wide: bool,
    /// When the proof of life was written last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probed_at: Option<Timestamp>,
    /// When an e-mail said last that more was new than the sweep starts incidents for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_reported_at: Option<Timestamp>,
    pub counts: SweepCounts,
}

impl SweepOutput {
    /// The grants that an output has room for. 5,500 take 104 KB of the 256 KB that Step Functions
    /// lets a state pass on.
    pub const MAX_GRANTS: usize = 5_500;
    /// The bytes of JSON that the denials may take.
    pub const DENIAL_BYTES: usize = 40_000;

    /// Reads the output of an execution.
    ///
    /// # Errors
    ///
    /// If it is not one of a sweep.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        let mut output: Self = serde_json::from_str(text)?;
        output.memory.sort_unstable();
        output.lost.sort_unstable();
        Ok(output)
    }

    /// Whether a sweep by these lists can be compared with it.
    #[must_use]
    pub fn compares_with(&self, rules: &RulesDigest) -> bool {
        self.rules == *rules && !(self.too_wide && self.memory.is_empty())
    }

    /// Whether the sweep knew the grant, or did not find what the one before it knew.
    #[must_use]
    pub fn knew(&self, id: &GrantId) -> bool {
        self.knows(id) || self.lost.binary_search(id).is_ok()
    }

    /// Whether the sweep knew the grant.
    #[must_use]
    pub fn knows(&self, id: &GrantId) -> bool {
        self.memory.binary_search(id).is_ok()
    }
}

/// What a sweep counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SweepCounts {
    pub users: usize,
    pub groups: usize,
    pub roles: usize,
    /// Managed policies, and of AWS's own those that are attached.
    pub managed_policies: usize,
    pub inline_policies: usize,
    /// The restricted grants in force, by their kinds.
    pub restricted: GrantCounts,
    /// How many of them the sweep before did not know.
    pub new: usize,
    /// How many of these earlier incidents account for.
    pub accounted: usize,
    /// How many incidents the sweep started.
    pub started: usize,
    /// How many wait for a decision, or did so lately.
    pub pending: usize,
    /// How many denials went.
    pub gone: usize,
}

/// How many restricted grants there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrantCounts {
    pub managed: usize,
    pub inline: usize,
    pub attachments: usize,
    pub memberships: usize,
    /// How many of all these IAM lets no one change.
    pub reserved: usize,
}

impl GrantCounts {
    pub(super) fn of(grants: &[Grant]) -> Self {
        let mut counts = Self::default();
        for grant in grants {
            match &grant.subject {
                Subject::Managed(_) => counts.managed += 1,
                Subject::Inline(_) => counts.inline += 1,
                Subject::Reported(ReportedCall::AddedToGroup { .. }) => counts.memberships += 1,
                Subject::Reported(_) => counts.attachments += 1,
            }
            counts.reserved += usize::from(grant.baseline == Some(Baseline::Reserved));
        }
        counts
    }

    #[must_use]
    pub fn total(&self) -> usize {
        self.managed + self.inline + self.attachments + self.memberships
    }
}

/// The SHA-256 of the lists and the mode that a sweep judges by, of `SweepBaseline`, and of how ids
/// are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RulesDigest(String);

impl RulesDigest {
    /// Raise it with each change of what a [`GrantId`] has: all ids are new then, and none may
    /// start an incident.
    const IDS: u8 = 1;

    #[must_use]
    pub fn new(rules: &GuardConfig, baseline: &str) -> Self {
        let mut digest = Sha256::new();
        digest.update(format!("ids {}, mode {:?}\n", Self::IDS, rules.mode));
        let restricted = &rules.restricted;
        for (pattern, response) in restricted.with_responses() {
            digest.update(format!("{pattern} {response:?}\n"));
        }
        digest.update("\n");
        digest.update(baseline);
        let digest = digest.finalize();
        Self(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}
