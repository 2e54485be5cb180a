use serde::{Deserialize, Serialize};

use crate::message::{EvictedVersion, ObservedPolicy};
use crate::{Snapshot, VersionId};

/// What an incident remembers between two looks at IAM.
///
/// It travels in the state of the execution beside the next action. So whatever the action deletes
/// or overwrites is in the execution before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Progress {
    /// What is in force instead of what `ValidatePolicy` observed: the subject was deleted and
    /// created again before the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) judged: Option<ObservedPolicy>,
    /// The versions that the guard deletes to make room.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) evicted: Vec<EvictedVersion>,
    /// The last of the versions from after the event that the guard deletes beyond these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) filler: Option<EvictedVersion>,
    /// The version that the last answer asks to delete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) deleting: Option<VersionId>,
    /// Those of `evicted` that IAM deleted for the guard.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) deleted: Vec<VersionId>,
    /// The document of an inline policy that the last write replaced, if it is not the judged one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replaced: Option<Snapshot>,
    /// Whether the guard deletes the inline policy, so that a later look that finds it missing
    /// knows why.
    #[serde(skip_serializing_if = "crate::message::is_false")]
    pub(crate) deletes: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trying: Option<Trying>,
    /// Whether the execution changed something.
    #[serde(skip_serializing_if = "crate::message::is_false")]
    pub(crate) has_acted: bool,
    #[serde(skip_serializing_if = "Recent::is_empty")]
    pub(crate) recent: Recent,
}

/// The remediated documents that IAM is offered for one original.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Trying {
    /// The SHA-256 of the original.
    pub(crate) original: String,
    /// How many of them IAM refused.
    pub(crate) refused: usize,
    /// Whether the next one is the last.
    pub(crate) is_last: bool,
}

/// What was done since IAM last had its time to become consistent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Recent {
    /// The versions that IAM showed before the last write to a managed policy; `None` before a
    /// write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seen_before_write: Option<Vec<VersionId>>,
    /// Whether something was changed.
    #[serde(skip_serializing_if = "crate::message::is_false")]
    pub(crate) has_written: bool,
    /// The versions that were made, of a managed policy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) made: Vec<VersionId>,
    /// How often an inline policy was written.
    #[serde(skip_serializing_if = "crate::message::is_zero")]
    pub(crate) puts: usize,
}

impl Recent {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Progress {
    /// Whether the execution changed something.
    #[must_use]
    pub fn has_acted(&self) -> bool {
        self.has_acted
    }

    /// The versions that were made since IAM last had its time to become consistent.
    #[must_use]
    pub fn made(&self) -> &[VersionId] {
        &self.recent.made
    }

    /// What is in force instead of what `ValidatePolicy` observed.
    #[must_use]
    pub fn judged_anew(&self) -> Option<&ObservedPolicy> {
        self.judged.as_ref()
    }

    /// The document of an inline policy that the last write replaced, if it is not the judged one.
    #[must_use]
    pub fn replaced(&self) -> Option<&Snapshot> {
        self.replaced.as_ref()
    }

    /// The versions that the guard deleted to make room.
    #[must_use]
    pub fn evicted(&self) -> &[EvictedVersion] {
        &self.evicted
    }

    /// The last of the versions from after the event that the guard deletes beyond these. Only a
    /// caller that keeps filling the policy makes it necessary.
    #[must_use]
    pub fn filler(&self) -> Option<&EvictedVersion> {
        self.filler.as_ref()
    }

    /// Forgets what was done lately: IAM had its time, so that its answers count as current.
    pub fn forget_recent(&mut self) {
        self.recent = Recent::default();
    }

    pub(crate) fn carried_out(&mut self, made: Option<VersionId>) {
        self.has_acted = true;
        if let Some(deleted) = self.deleting.take() {
            let is_kept = |saved: &EvictedVersion| saved.version == deleted;
            if self.evicted.iter().any(is_kept) {
                self.deleted.push(deleted);
            }
        }
        self.recent.has_written = true;
        self.recent.made.extend(made);
    }
}
