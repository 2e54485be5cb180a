//! How restricted grants leave a managed policy: a new default version takes the place of the
//! restricted one, which stays.
//!
//! | in force | what else IAM shows | next |
//! |---|---|---|
//! | another policy of this name | | end, wait, or judge it anew: `Containment::other_policy` |
//! | a restricted document | a version that is its remediation | make that the default |
//! | | not the version that this run made | wait: the list is stale |
//! | | room for a version | create the remediated version |
//! | | five versions | delete the oldest other one, which is saved in the execution |
//! | a remediation | a harmless version that the run's write overtook | make that the default |
//! | | repeats of what a decision is about | delete all but the one that it is about |
//! | | two remediations that the guard made | keep the first, delete the other |
//! | | its original | contained; wait if the observation may be stale |
//! | | no original | superseded after waiting |
//! | another harmless document | another version, which this run made | delete it |
//! | | nothing of this run | superseded; wait if the observation may be stale |

use super::{MAX_VERSIONS, ManagedAction, ManagedPolicy, ObservedManaged, Version};
use crate::VersionId;
use crate::message::{Contained, ContainedVersions, EvictedVersion};
use crate::reconcile::{
    Containment, ContainmentEnd, ContainmentNext, Next, Progress, Reconciler, Refusal,
};

/// How many versions one incident keeps and removes at most to make room. One is enough, unless
/// another caller keeps filling the policy.
const MAX_EVICTED: usize = 2;

type Answer = ContainmentNext<ManagedPolicy>;

impl Reconciler<ManagedPolicy> for Containment<'_> {
    type End = ContainmentEnd;

    fn next(&mut self, observed: Option<&ObservedManaged>) -> Answer {
        self.progress.deleting = None;
        let Some(observed) = observed else {
            return Next::end_if(self.has_waited, ContainmentEnd::Gone);
        };
        if let Some(next) = self.other_policy(&observed.in_force()) {
            return next;
        }
        let next = if self.must_go(&observed.default.document) {
            contain_default(self, observed)
        } else {
            leave_harmless(self, observed)
        };
        if let Next::Act(ManagedAction::CreateVersion(_) | ManagedAction::SetDefault(_)) = next {
            self.progress.recent.seen_before_write = Some(observed.ids());
        }
        next
    }

    fn progress(&mut self) -> &mut Progress {
        &mut self.progress
    }

    fn refused(&mut self, why: Refusal) -> bool {
        // A managed policy has a quota of its own, which a shorter document fits.
        self.try_next(why, false)
    }
}

/// A restricted document is in force. Its remediation must take its place, whichever call wrote it
/// and whenever.
fn contain_default(run: &mut Containment<'_>, observed: &ObservedManaged) -> Answer {
    let analysis = run.analysis;
    let restricted = &observed.default.document;
    let is_its_remediation =
        |version: &&Version| analysis.is_remediation(&version.document, restricted);
    if let Some(existing) = observed.others.iter().find(is_its_remediation) {
        return Next::Act(ManagedAction::SetDefault(existing.id.clone()));
    }
    let is_unlisted = |made: &VersionId| observed.version(made).is_none();
    if run.progress.recent.made.iter().any(is_unlisted) {
        // The list is from before this run's own write. A second version would be a double.
        return Next::Wait;
    }
    if observed.others.len() + 1 < MAX_VERSIONS {
        return match run.candidate(restricted) {
            Some(document) => Next::Act(ManagedAction::CreateVersion(document)),
            None => Next::Wait,
        };
    }
    make_room(run, observed)
}

/// Five versions exist: one must go. Its document is in the execution before, with this answer.
///
/// The oldest goes. After a few of them, only a caller that fills the policy can be the reason, so
/// that what was made since the event goes.
fn make_room(run: &mut Containment<'_>, observed: &ObservedManaged) -> Answer {
    let (analysis, event_time) = (run.analysis, run.event_time);
    let is_it = |saved: &EvictedVersion, version: &Version| {
        saved.version == version.id
            && saved.created == version.created
            && analysis.is_equivalent(&saved.document, &version.document)
    };
    let judged = run.judged().version.clone();
    let is_filler =
        |version: &Version| version.is_since(event_time) && Some(&version.id) != judged.as_ref();
    let progress = &mut run.progress;
    let is_saved = |version: &&Version| progress.evicted.iter().any(|saved| is_it(saved, version));
    if let Some(saved) = observed.others.iter().find(is_saved) {
        return progress.delete(&saved.id);
    }
    let by_age = |version: &&Version| (version.created, version.id.number());
    let Some(oldest) = observed.others.iter().min_by_key(by_age) else {
        return Next::Wait;
    };
    if progress.evicted.len() >= MAX_EVICTED {
        // What another caller deleted before the guard could needs no keeping.
        let is_needless = |saved: &EvictedVersion| {
            !progress.deleted.contains(&saved.version) && observed.version(&saved.version).is_none()
        };
        let Some(needless) = progress.evicted.iter().position(is_needless) else {
            return clear_filler(progress, observed, is_filler);
        };
        progress.evicted.remove(needless);
    }
    progress.evicted.push(kept(oldest, &progress.evicted));
    progress.delete(&oldest.id)
}

/// Another caller keeps filling the policy. The newest of the versions that were made since the
/// event goes: CloudTrail has a record of it.
fn clear_filler(
    progress: &mut Progress,
    observed: &ObservedManaged,
    is_filler: impl Fn(&Version) -> bool,
) -> Answer {
    // The versions are in the order of their numbers.
    match observed.others.iter().rfind(|version| is_filler(version)) {
        Some(newest) => {
            progress.filler = Some(kept(newest, &progress.evicted));
            progress.delete(&newest.id)
        }
        None => Next::Wait,
    }
}

/// A version to keep with others.
fn kept(version: &Version, others: &[EvictedVersion]) -> EvictedVersion {
    let others = others.iter().map(|it| &it.document);
    EvictedVersion {
        version: version.id.clone(),
        created: version.created,
        document: version.document.beside(others),
    }
}

impl Progress {
    fn delete(&mut self, version: &VersionId) -> Answer {
        self.deleting = Some(version.clone());
        Next::Act(ManagedAction::DeleteVersion(version.clone()))
    }
}

/// No restricted document is in force: a remediation is, or the harmless change of another caller.
fn leave_harmless(run: &Containment<'_>, observed: &ObservedManaged) -> Answer {
    let default = &observed.default;
    let original = original_of(run, observed);
    let is_remediation = original.is_some()
        || run
            .analysis
            .is_remediation(&default.document, &run.judged().document);
    if !is_remediation {
        let others = &observed.others;
        let is_leftover = |made: &&VersionId| others.iter().any(|other| other.id == **made);
        return match run.progress.recent.made.iter().find(is_leftover) {
            // Below a newer version of another caller, what this run made serves no purpose.
            Some(leftover) => Next::Act(ManagedAction::DeleteVersion(leftover.clone())),
            None => superseded(run, default),
        };
    }
    if let Some(newer) = overtaken(run, observed) {
        return Next::Act(ManagedAction::SetDefault(newer.id.clone()));
    }
    if let Some(action) = leave_one(run, observed) {
        return Next::Act(action);
    }
    if let Some(double) = double_of_original(run, observed) {
        return Next::Act(ManagedAction::DeleteVersion(double.id.clone()));
    }
    let Some(original) = original else {
        // Another execution was decided in the meantime, and the original is gone; or IAM shows its
        // document in the list only.
        return Next::end_if(run.has_waited, ContainmentEnd::Superseded);
    };
    // Stale, this would be how things stood before the original was put in force again.
    if !run.is_current(is_newer_than_judged(run, default)) {
        return Next::Wait;
    }
    // What was asked about is missing, so the list may be from before it was made.
    let is_asked = Some(&original.id) == run.judged().version.as_ref();
    if run.takes_back && !is_asked && !run.has_waited {
        return Next::Wait;
    }
    let versions = ContainedVersions {
        original: original.id.clone(),
        original_created: original.created,
        quarantine: default.id.clone(),
        created: default.is_since(run.event_time),
    };
    let (original, document) = (&original.document, &default.document);
    run.contained(&observed.identity, original, document, |contained| {
        Contained {
            versions: Some(versions),
            ..contained
        }
    })
}

/// The version whose remediation is in force: the judged one, or else the newest of those that must
/// go. A deny deletes it, so it is never one that the administrator was not asked about.
fn original_of<'o>(run: &Containment<'_>, observed: &'o ObservedManaged) -> Option<&'o Version> {
    let is_original = |version: &&Version| {
        run.must_go(&version.document)
            && run
                .analysis
                .is_remediation(&observed.default.document, &version.document)
    };
    let originals = || observed.others.iter().rev().filter(is_original);
    originals()
        .find(|version| Some(&version.id) == run.judged().version.as_ref())
        .or_else(|| originals().next())
}

/// Two executions side by side can each make a version. Both keep the first one, so both come to
/// the same end.
fn leave_one(run: &Containment<'_>, observed: &ObservedManaged) -> Option<ManagedAction> {
    let document = &observed.default.document;
    let mut ours = observed.versions().filter(|version| {
        version.is_since(run.event_time) && run.analysis.is_equivalent(&version.document, document)
    });
    let (first, double) = (ours.next()?, ours.next_back()?);
    Some(if observed.default.id == double.id {
        ManagedAction::SetDefault(first.id.clone())
    } else {
        ManagedAction::DeleteVersion(double.id.clone())
    })
}

/// A version that repeats what a decision is about.
fn double_of_original<'o>(
    run: &Containment<'_>,
    observed: &'o ObservedManaged,
) -> Option<&'o Version> {
    let repeats = run.repeats.as_ref()?;
    let judged = &run.judged().document;
    let is_same = |version: &&Version| run.analysis.is_equivalent(&version.document, judged);
    let mut same = observed.others.iter().filter(is_same);
    let listed = repeats.original.as_ref();
    let listed = listed.filter(|original| same.clone().any(|version| version.id == **original));
    let kept = match listed {
        Some(original) => original,
        None => &same.clone().next()?.id,
    };
    let is_new = |version: &Version| repeats.since.is_none_or(|time| version.is_since(time));
    same.rfind(|version| version.id != *kept && is_new(version))
}

/// The newest harmless version that another caller made between this run's last look and its write.
///
/// A restricted one has an event of its own. Putting it in force from here would hide it from the
/// rule, which leaves out the guard's own writes.
fn overtaken<'o>(run: &Containment<'_>, observed: &'o ObservedManaged) -> Option<&'o Version> {
    let newest_made = run
        .progress
        .recent
        .made
        .iter()
        .map(VersionId::number)
        .max()?;
    let seen = run.progress.recent.seen_before_write.as_ref()?;
    let newest_seen = seen.iter().map(VersionId::number).max()?;
    observed
        .others
        .iter()
        .rev()
        .filter(|version| (newest_seen + 1..newest_made).contains(&version.id.number()))
        .find(|version| !run.progress.recent.made.contains(&version.id))
        .filter(|version| !run.analysis.is_restricted(&version.document))
}

/// Whether the default version was made after the change that the event reports.
fn is_newer_than_judged(run: &Containment<'_>, default: &Version) -> bool {
    let judged = run.judged().version.as_ref();
    judged.is_some_and(|judged| default.is_newer(judged, run.event_time))
}

fn superseded(run: &Containment<'_>, default: &Version) -> Answer {
    let is_current = is_newer_than_judged(run, default) || run.has_waited;
    Next::end_if(is_current, ContainmentEnd::Superseded)
}

#[cfg(test)]
mod tests {
    use iam_policy::{Quota, RestrictedActions};

    use super::*;
    use crate::{Analysis, Snapshot, Timestamp, UniqueId};

    fn version(number: u32, actions: &str) -> Version {
        Version {
            id: VersionId::parse(&format!("v{number}")).unwrap(),
            created: time(),
            document: Snapshot::new(&format!(
                r#"{{"Statement":[{{"Effect":"Allow","Action":[{actions}],"Resource":"*"}}]}}"#
            )),
        }
    }

    fn time() -> Timestamp {
        "2026-03-02T09:15:27Z".parse().unwrap()
    }

    fn policy(default: u32, versions: &[Version]) -> ObservedManaged {
        let identity = UniqueId {
            id: "ANPAEXAMPLE".to_owned(),
            created: time(),
        };
        let default = VersionId::parse(&format!("v{default}")).unwrap();
        ObservedManaged::new(identity, &default, versions.to_vec()).unwrap()
    }

    /// What a deny about `asked` comes to where `shown` is in force, and IAM had its time.
    fn taken_back(asked: &ObservedManaged, shown: &ObservedManaged, has_waited: bool) -> Answer {
        let restricted: RestrictedActions = "s3:DeleteBucket,s3:DeleteObject".parse().unwrap();
        let analysis = Analysis::new(&restricted, Quota::MANAGED);
        let judged = asked.in_force();
        let progress = Progress::default();
        let mut run =
            Containment::new(&analysis, &judged, time(), has_waited, progress).taking_back();
        Reconciler::<ManagedPolicy>::next(&mut run, Some(shown))
    }

    #[test]
    fn a_deny_takes_back_no_version_that_it_is_not_about() {
        let asked = version(2, r#""s3:GetObject","s3:DeleteObject""#);
        let other = version(1, r#""s3:GetObject","s3:DeleteBucket""#);
        let same = Version {
            document: asked.document.clone(),
            ..other.clone()
        };
        let remediated = version(3, r#""s3:GetObject""#);
        let before = policy(2, &[other.clone(), asked]);
        // Somebody has deleted the version in the meantime.
        let after = policy(3, &[other, remediated.clone()]);
        assert_eq!(taken_back(&before, &after, false), Next::Wait);
        let superseded = Next::End(ContainmentEnd::Superseded);
        assert_eq!(taken_back(&before, &after, true), superseded);
        // The list may be from before it was made.
        let after = policy(3, &[same.clone(), remediated]);
        assert_eq!(taken_back(&before, &after, false), Next::Wait);
        let Next::End(ContainmentEnd::Contained(contained)) = taken_back(&before, &after, true)
        else {
            panic!("not taken back");
        };
        assert_eq!(contained.versions.unwrap().original, same.id);
    }

    /// IAM refuses to delete the default version, and that ends the task.
    #[test]
    fn what_this_run_made_goes_only_below_another_default() {
        let judged = version(2, r#""s3:GetObject","s3:DeleteBucket""#);
        let made = version(4, r#""ec2:RunInstances""#);
        let restricted: RestrictedActions = "s3:DeleteBucket".parse().unwrap();
        let analysis = Analysis::new(&restricted, Quota::MANAGED);
        let before = policy(2, std::slice::from_ref(&judged)).in_force();
        let next = |shown: &ObservedManaged| {
            let mut progress = Progress::default();
            progress.recent.made.push(made.id.clone());
            let mut run = Containment::new(&analysis, &before, time(), true, progress);
            Reconciler::<ManagedPolicy>::next(&mut run, Some(shown))
        };
        // It took the place of another restricted document, whose version someone has deleted.
        let superseded = Next::End(ContainmentEnd::Superseded);
        assert_eq!(
            next(&policy(4, &[judged.clone(), made.clone()])),
            superseded
        );
        let newer = version(5, r#""ec2:StopInstances""#);
        let delete = Next::Act(ManagedAction::DeleteVersion(made.id.clone()));
        assert_eq!(next(&policy(5, &[judged, made.clone(), newer])), delete);
    }
}
