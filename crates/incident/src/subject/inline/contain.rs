//! How restricted grants leave an inline policy: the remediated document overwrites the original,
//! which stays in the execution.
//!
//! | in force | what else is known | next |
//! |---|---|---|
//! | a policy of another owner of this name | | end, wait, or judge it anew: `Containment::other_policy` |
//! | a restricted document | a candidate that IAM did not refuse yet | write it; the execution holds what it replaces |
//! | | IAM refused all candidates for want of room | delete the policy; the execution says so before |
//! | | written too often | wait: another caller writes too |
//! | a remediation of a known original | | contained; wait if the observation may be stale |
//! | another harmless document | | superseded; wait if the observation may be stale |
//! | no policy | the execution says that the guard deletes it | contained; wait if the observation may be stale |
//! | | otherwise | gone; wait if the observation may be stale |

use iam_policy::GRANTS_NOTHING;

use super::{InlineAction, InlinePolicy, ObservedInline};
use crate::Snapshot;
use crate::message::{Contained, ObservedPolicy};
use crate::reconcile::{
    Containment, ContainmentEnd, ContainmentNext, Document as _, Next, Progress, Reconciler,
    Refusal,
};
use crate::subject::{Compared, UniqueId};

/// How often the policy is written at most before IAM gets its time to become consistent. More than
/// once for each candidate means that another caller writes too, or that IAM shows stale answers.
const MAX_PUTS: usize = 4;

type Answer = ContainmentNext<InlinePolicy>;

impl Reconciler<InlinePolicy> for Containment<'_> {
    type End = ContainmentEnd;

    fn next(&mut self, observed: Option<&ObservedInline>) -> Answer {
        let Some(observed) = observed else {
            return Next::end_if(self.has_waited, ContainmentEnd::Gone);
        };
        let Some(in_force) = InlinePolicy::in_force(observed) else {
            return contain_absent(self, &observed.identity);
        };
        if let Some(next) = self.other_policy(&in_force) {
            return next;
        }
        if self.must_go(&in_force.document) {
            contain_current(self, &in_force.document)
        } else {
            leave_harmless(self, &in_force)
        }
    }

    fn progress(&mut self) -> &mut Progress {
        &mut self.progress
    }

    fn refused(&mut self, why: Refusal) -> bool {
        // All inline policies of an owner share one quota, so this one can go altogether.
        self.try_next(why, true)
    }
}

/// A restricted document is in force: it must give way, and be in the execution before.
fn contain_current(run: &mut Containment<'_>, current: &Snapshot) -> Answer {
    if run.progress.recent.puts >= MAX_PUTS {
        return Next::Wait;
    }
    run.progress.recent.puts += 1;
    let is_judged = run.analysis.is_equivalent(&run.judged().document, current);
    run.progress.replaced = (!is_judged).then(|| current.clone());
    match run.candidate(current) {
        Some(document) => Next::Act(InlineAction::Put(document)),
        // IAM refuses even what grants nothing: the other policies of the owner fill the quota.
        None => {
            run.progress.deletes = true;
            Next::Act(InlineAction::Delete)
        }
    }
}

/// No restricted document is in force: a remediation is, or the harmless change of another caller.
fn leave_harmless(run: &Containment<'_>, current: &ObservedPolicy) -> Answer {
    let is_original =
        |original: &&Snapshot| run.analysis.is_remediation(&current.document, original);
    match originals(run).filter(is_original).last() {
        // Stale, this would be how things stood before the original was written again.
        Some(_) if !run.is_current(false) => Next::Wait,
        Some(original) => run.contained(
            &current.identity,
            original,
            &current.document,
            |contained| contained,
        ),
        None => Next::end_if(run.has_waited, ContainmentEnd::Superseded),
    }
}

/// The owner has no such policy: the guard deleted it, or another caller did, or IAM does not show
/// it yet.
fn contain_absent(run: &Containment<'_>, owner: &UniqueId) -> Answer {
    let is_same_owner = owner.compare(&run.judged().identity) == Compared::Same;
    let is_deleted_by_guard = is_same_owner && run.progress.deletes && run.is_current(false);
    match originals(run).last().filter(|_| is_deleted_by_guard) {
        Some(original) => {
            let nothing = Snapshot::new(GRANTS_NOTHING);
            run.contained(owner, original, &nothing, |contained| Contained {
                removed: true,
                ..contained
            })
        }
        None => Next::end_if(run.has_waited, ContainmentEnd::Gone),
    }
}

/// What was in force and restricted, as far as the execution knows; the newest last.
fn originals<'r>(run: &'r Containment<'_>) -> impl DoubleEndedIterator<Item = &'r Snapshot> {
    std::iter::once(&run.judged().document)
        .chain(&run.progress.replaced)
        .filter(|original| run.analysis.is_restricted(original))
}
