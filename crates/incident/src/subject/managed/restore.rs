//! How a decision on a managed policy is carried out.
//!
//! | decision | in force | next |
//! |---|---|---|
//! | any | a policy that was made again under this name | superseded |
//! | any | another policy of this name | superseded; wait if the observation may be stale |
//! | allow | the original | make a harmless version the default that the run's write overtook; else delete spare quarantine versions; else decided; wait if the observation may be stale |
//! | allow | the quarantine version, and this run has written | wait |
//! | allow | the quarantine version | make the oldest version that is equivalent to the original the default; without one: superseded or wait |
//! | deny | the quarantine version | delete the original version, then spare quarantine versions; then decided; wait if no observation showed the original |
//! | expire | the quarantine version | delete spare quarantine versions; then decided |
//! | any | anything else | superseded; wait if the observation may be stale |

use super::{ManagedAction, ManagedPolicy, ObservedManaged, Version};
use crate::message::{ContainedVersions, DecisionAction};
use crate::reconcile::{Next, Progress, Reconciler, Restoration, RestorationEnd, RestorationNext};
use crate::subject::Compared;

type Answer = RestorationNext<ManagedPolicy>;
type Run<'a> = Restoration<'a, ContainedVersions>;

impl Reconciler<ManagedPolicy> for Run<'_> {
    type End = RestorationEnd;

    fn next(&mut self, observed: Option<&ObservedManaged>) -> Answer {
        let Some(observed) = observed else {
            return Next::end_if(self.has_waited, RestorationEnd::Gone);
        };
        match observed.identity.compare(&self.contained.identity) {
            Compared::Same => {}
            Compared::MadeAgain => return Next::End(RestorationEnd::Superseded),
            Compared::Ambiguous => return superseded(self, false),
        }
        let next = carry_out(self, observed);
        if let Next::Act(ManagedAction::SetDefault(_)) = next {
            self.progress.recent.seen_before_write = Some(observed.ids());
        }
        next
    }

    fn progress(&mut self) -> &mut Progress {
        &mut self.progress
    }
}

fn carry_out(run: &Run<'_>, observed: &ObservedManaged) -> Answer {
    let default = &observed.default;
    let is_original_in_force = is_like_original(run, default);
    let is_quarantine_in_force = is_quarantine(run, default);
    match run.action {
        DecisionAction::Allow if is_original_in_force && run.is_current() => {
            give_way(run, observed)
        }
        DecisionAction::Allow if is_original_in_force => superseded(run, false),
        // Either IAM does not show this run's write yet, or a new incident about the same document
        // has begun. Writing again now would fight with that incident.
        DecisionAction::Allow if is_quarantine_in_force && run.progress.recent.has_written => {
            Next::Wait
        }
        DecisionAction::Allow if is_quarantine_in_force => put_back(run, observed),
        DecisionAction::Deny if is_quarantine_in_force => remove_original(run, observed),
        DecisionAction::Expire if is_quarantine_in_force => leave_no_spare(run, observed),
        DecisionAction::Allow | DecisionAction::Deny | DecisionAction::Expire => {
            superseded(run, default.is_newer(&run.trace.quarantine, run.event_time))
        }
    }
}

/// Of several versions with the original's content, the oldest is the one that was there before
/// another caller could copy it.
fn put_back(run: &Run<'_>, observed: &ObservedManaged) -> Answer {
    match observed
        .versions()
        .find(|version| is_like_original(run, version))
    {
        Some(oldest) => Next::Act(ManagedAction::SetDefault(oldest.id.clone())),
        None => superseded(run, false),
    }
}

/// The document of the original stays in the execution.
fn remove_original(run: &Run<'_>, observed: &ObservedManaged) -> Answer {
    let original = observed.version(&run.trace.original);
    let is_it = |version: &&Version| {
        version.created == run.trace.original_created && is_like_original(run, version)
    };
    match original {
        Some(original) if is_it(&original) => {
            Next::Act(ManagedAction::DeleteVersion(original.id.clone()))
        }
        // IAM may not show the version yet, or not its document.
        None if !run.is_current() => Next::Wait,
        _ => leave_no_spare(run, observed),
    }
}

/// The original is in force again: give way to a newer harmless change that the write overtook, and
/// clean up.
fn give_way(run: &Run<'_>, observed: &ObservedManaged) -> Answer {
    let overtaken = run
        .progress
        .recent
        .seen_before_write
        .as_ref()
        .and_then(|seen| {
            let is_new =
                |version: &&Version| !seen.contains(&version.id) && !is_quarantine(run, version);
            observed.others.iter().rev().find(is_new)
        });
    match overtaken.filter(|version| !run.analysis.is_restricted(&version.document)) {
        Some(newer) => Next::Act(ManagedAction::SetDefault(newer.id.clone())),
        None => leave_no_spare(run, observed),
    }
}

/// Deletes the quarantine versions that the guard made and that are not in force, one at a time.
fn leave_no_spare(run: &Run<'_>, observed: &ObservedManaged) -> Answer {
    let mut spares = observed
        .others
        .iter()
        .filter(|version| is_quarantine(run, version));
    match spares.next() {
        Some(spare) if run.trace.created => {
            Next::Act(ManagedAction::DeleteVersion(spare.id.clone()))
        }
        _ => Next::End(RestorationEnd::Decided),
    }
}

fn is_like_original(run: &Run<'_>, version: &Version) -> bool {
    run.analysis
        .is_equivalent(&version.document, &run.contained.original)
}

/// Whether a version is the quarantine version, or its double.
///
/// A call whose answer never came can be carried out long after the quarantine version is in place.
/// The double is not a newer change, because it has the same content.
fn is_quarantine(run: &Run<'_>, version: &Version) -> bool {
    let quarantine = &run.trace.quarantine;
    let is_double = version.id.number() > quarantine.number() && version.is_since(run.event_time);
    (version.id == *quarantine || is_double)
        && run
            .analysis
            .is_equivalent(&version.document, &run.contained.document)
}

fn superseded(run: &Run<'_>, is_proven: bool) -> Answer {
    Next::end_if(is_proven || run.has_waited, RestorationEnd::Superseded)
}
