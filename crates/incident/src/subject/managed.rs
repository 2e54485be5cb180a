//! A customer managed policy: up to five versions, of which one, the default, is in force.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::containment::Containment;
use crate::message::{DecisionAction, EvictedVersion, ObservedPolicy};
use crate::restoration::Restoration;
use crate::step::{ContainedRest, Rest, Step};
use crate::subject::{Compared, UniqueId};
use crate::{PolicyArn, Snapshot, Timestamp, VersionId};

/// How many versions a managed policy can have (IAM User Guide, "IAM and AWS STS quotas").
pub const MAX_VERSIONS: usize = 5;
/// How many versions one incident removes to make room, at most. More are needed only where somebody keeps filling the policy up.
const MAX_EVICTED: usize = 2;

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

/// What IAM answered about a managed policy at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObservedManaged {
    /// Which policy of this name it is.
    pub identity: UniqueId,
    pub default: Version,
    /// The other versions in the order of their numbers; for a judgement only those that it asks for.
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

    /// Whether it proves a change newer than the one of `time`, which put version `than` in force: a stale answer of IAM can only show older versions.
    ///
    /// Within the same second either can have come first: somebody can make a version and then put an older one in force again.
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
            default,
            others: versions,
        })
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

/// The next step so that the remediated document is in force and the original is kept.
pub(crate) fn contain(run: &mut Containment<'_>, look: &ObservedManaged) -> Step {
    let seen = ObservedPolicy {
        identity: look.identity.clone(),
        version: Some(look.default.id.clone()),
        document: look.default.document.clone(),
    };
    if let Some(rest) = run.other_subject(seen) {
        return Step::Rest(rest);
    }
    let step = if run.analysis.is_restricted(&look.default.document) {
        contain_default(run, look)
    } else {
        rest_contained(run, look)
    };
    if matches!(step, Step::CreateVersion(_) | Step::SetDefault(_)) {
        run.memory.seen_before_write = Some(look.ids());
    }
    step
}

/// A restricted document is in force: its remediation must come in its place, whoever wrote it and whenever.
fn contain_default(run: &mut Containment<'_>, look: &ObservedManaged) -> Step {
    let analysis = run.analysis;
    let default = &look.default;
    let existing = look
        .others
        .iter()
        .find(|version| analysis.is_remediation(&version.document, &default.document));
    if let Some(existing) = existing {
        return Step::SetDefault(existing.id.clone());
    }
    if run
        .memory
        .made
        .iter()
        .any(|made| look.version(made).is_none())
    {
        // This run made a version that IAM does not list: the look is stale, and a second one would be a double.
        return Step::Rest(Rest::NotVisible);
    }
    if look.others.len() + 1 < MAX_VERSIONS {
        return match run.candidate(&default.document) {
            Some(document) => Step::CreateVersion(document),
            None => Step::Rest(Rest::NotVisible),
        };
    }
    let is_kept = |version: &Version| {
        run.kept.evicted.iter().any(|kept| {
            kept.version == version.id
                && kept.created == version.created
                && analysis.is_equivalent(&kept.document, &version.document)
        })
    };
    let oldest = look
        .others
        .iter()
        .min_by_key(|version| (version.created, version.id.number()));
    match (look.others.iter().find(|version| is_kept(version)), oldest) {
        (Some(version), _) => Step::DeleteVersion(version.id.clone()),
        (None, Some(_)) if run.kept.evicted.len() >= MAX_EVICTED => Step::Rest(Rest::NotVisible),
        (None, Some(oldest)) => {
            let mut kept = run.kept.clone();
            let earlier = kept.evicted.iter().map(|kept| &kept.document);
            let document = oldest.document.beside(earlier);
            kept.evicted.push(EvictedVersion {
                version: oldest.id.clone(),
                created: oldest.created,
                document,
            });
            Step::Rest(Rest::KeepFirst(kept))
        }
        (None, None) => Step::Rest(Rest::NotVisible),
    }
}

/// Nothing restricted is in force: by a remediation, of which one version is enough, or by somebody else's change.
fn rest_contained(run: &Containment<'_>, look: &ObservedManaged) -> Step {
    let analysis = run.analysis;
    let default = &look.default;
    let judged = &run.judged.document;
    let original = original_of(run, look);
    if original.is_none() && !analysis.is_remediation(&default.document, judged) {
        // What this run made is of no use below somebody's newer version.
        let leftover = run
            .memory
            .made
            .iter()
            .find(|made| look.version(made).is_some());
        return match leftover {
            Some(leftover) => Step::DeleteVersion(leftover.clone()),
            None => something_else(run, default),
        };
    }
    if let Some(newer) = overtaken(run, look) {
        return Step::SetDefault(newer.id.clone());
    }
    if let Some(step) = leave_one(run, look) {
        return step;
    }
    match original {
        // It may be how things stood before somebody put the original in force again.
        Some(_) if !run.is_believed(is_proven(run, default)) => Step::Rest(Rest::NotVisible),
        Some(original) => Step::Rest(Rest::Contained(ContainedRest {
            original: original.document.clone(),
            original_version: Some(original.id.clone()),
            original_created: Some(original.created),
            quarantine_version: Some(default.id.clone()),
            document: default.document.clone(),
            created: default.is_since(run.event_time),
            removed: false,
        })),
        // Another execution was decided, and the original is gone.
        None => something_else(run, default),
    }
}

/// The version whose remediation is in force: the judged one, or else the newest.
fn original_of<'l>(run: &Containment<'_>, look: &'l ObservedManaged) -> Option<&'l Version> {
    let analysis = run.analysis;
    let mut originals = look.others.iter().rev().filter(|version| {
        analysis.is_restricted(&version.document)
            && analysis.is_remediation(&look.default.document, &version.document)
    });
    let newest = originals.next()?;
    let judged = std::iter::once(newest)
        .chain(originals)
        .find(|version| Some(&version.id) == run.judged.version.as_ref());
    Some(judged.unwrap_or(newest))
}

/// Two executions side by side can each make a version. Both keep the first, so both come to the same end.
fn leave_one(run: &Containment<'_>, look: &ObservedManaged) -> Option<Step> {
    let document = &look.default.document;
    let mut ours = look.versions().filter(|version| {
        version.is_since(run.event_time) && run.analysis.is_equivalent(&version.document, document)
    });
    let (first, double) = (ours.next()?, ours.next_back()?);
    Some(if look.default.id == double.id {
        Step::SetDefault(first.id.clone())
    } else {
        Step::DeleteVersion(double.id.clone())
    })
}

/// The newest harmless version that somebody made between this run's last look and its write.
///
/// A restricted one has an event of its own. To put it in force from here would hide it from the rule, which leaves our own writes out.
fn overtaken<'l>(run: &Containment<'_>, look: &'l ObservedManaged) -> Option<&'l Version> {
    let newest_made = run.memory.made.iter().map(VersionId::number).max()?;
    let seen = run.memory.seen_before_write.as_ref()?;
    let newest_seen = seen.iter().map(VersionId::number).max()?;
    look.others
        .iter()
        .rev()
        .filter(|version| (newest_seen + 1..newest_made).contains(&version.id.number()))
        .find(|version| !run.memory.made.contains(&version.id))
        .filter(|version| !run.analysis.is_restricted(&version.document))
}

/// Whether the default version was made after the change that the event tells of.
fn is_proven(run: &Containment<'_>, default: &Version) -> bool {
    let judged = run.judged.version.as_ref();
    judged.is_some_and(|judged| default.is_newer(judged, run.event_time))
}

fn something_else(run: &Containment<'_>, default: &Version) -> Step {
    if is_proven(run, default) || run.waited {
        Step::Rest(Rest::Superseded)
    } else {
        Step::Rest(Rest::NotVisible)
    }
}

/// The next step so that the administrator's decision is in force.
pub(crate) fn restore(run: &mut Restoration<'_>, look: &ObservedManaged) -> Step {
    match look.identity.compare(run.identity) {
        Compared::Same => {}
        Compared::MadeAgain => return Step::Rest(Rest::Superseded),
        Compared::Ambiguous => return believed(run, false),
    }
    let (Some(original), Some(quarantine)) = (run.original_version, run.quarantine_version) else {
        return Step::Rest(Rest::Superseded);
    };
    let default = &look.default;
    let same = |version: &Version| run.analysis.is_equivalent(&version.document, run.original);
    let is_quarantined = is_quarantine(run, quarantine, default);
    let step = match run.action {
        DecisionAction::Allow if same(default) && !run.is_believed() => believed(run, false),
        DecisionAction::Allow if same(default) => give_way(run, quarantine, look),
        // Either IAM does not show the write yet, or a new incident of the same document has begun: whoever writes again at once fights.
        DecisionAction::Allow if is_quarantined && run.memory.has_written => {
            Step::Rest(Rest::NotVisible)
        }
        // IAM may hold the same document more than once: the oldest is the one that was there before anybody could copy it.
        DecisionAction::Allow if is_quarantined => {
            match look.versions().find(|version| same(version)) {
                Some(oldest) => Step::SetDefault(oldest.id.clone()),
                None => believed(run, false),
            }
        }
        DecisionAction::Deny if is_quarantined => {
            let is_original =
                |version: &&Version| Some(version.created) == run.original_created && same(version);
            match look.version(original).filter(is_original) {
                Some(original) => Step::DeleteVersion(original.id.clone()),
                None => leave_no_spare(run, quarantine, look),
            }
        }
        DecisionAction::Expire if is_quarantined => leave_no_spare(run, quarantine, look),
        DecisionAction::Allow | DecisionAction::Deny | DecisionAction::Expire => {
            believed(run, default.is_newer(quarantine, run.event_time))
        }
    };
    if matches!(step, Step::SetDefault(_)) {
        run.memory.seen_before_write = Some(look.ids());
    }
    step
}

/// Whether a version is the quarantine, or its double.
///
/// A call whose answer never came can be carried out when the quarantine has long been at rest.
/// What it makes is not a newer change: it puts in force what is in force.
fn is_quarantine(run: &Restoration<'_>, quarantine: &VersionId, version: &Version) -> bool {
    let is_double = version.id.number() > quarantine.number() && version.is_since(run.event_time);
    (version.id == *quarantine || is_double)
        && run
            .analysis
            .is_equivalent(&version.document, run.remediated)
}

/// The original is in force again: give way to a newer harmless change that the write overtook, and clean up.
fn give_way(run: &Restoration<'_>, quarantine: &VersionId, look: &ObservedManaged) -> Step {
    let overtaken = run.memory.seen_before_write.as_ref().and_then(|seen| {
        let is_new = |version: &&Version| {
            !seen.contains(&version.id) && !is_quarantine(run, quarantine, version)
        };
        look.others.iter().rev().find(is_new)
    });
    match overtaken.filter(|version| !run.analysis.is_restricted(&version.document)) {
        Some(newer) => Step::SetDefault(newer.id.clone()),
        None => leave_no_spare(run, quarantine, look),
    }
}

/// Cleans up after the guard: of the quarantine versions that are not in force, none is left.
fn leave_no_spare(run: &Restoration<'_>, quarantine: &VersionId, look: &ObservedManaged) -> Step {
    let spare = look
        .others
        .iter()
        .find(|version| is_quarantine(run, quarantine, version));
    match spare {
        Some(spare) if run.created => Step::DeleteVersion(spare.id.clone()),
        _ => Step::Rest(Rest::Settled),
    }
}

fn believed(run: &Restoration<'_>, proven: bool) -> Step {
    Step::Rest(if proven || run.waited {
        Rest::Superseded
    } else {
        Rest::NotVisible
    })
}
