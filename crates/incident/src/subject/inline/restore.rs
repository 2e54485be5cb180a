//! How a decision on an inline policy is carried out.
//!
//! | decision | in force | next |
//! |---|---|---|
//! | any | a policy of an owner that was made again under this name | superseded |
//! | any | a policy of another owner of this name | superseded; wait if the observation may be stale |
//! | allow | the original | decided; wait if the observation may be stale |
//! | allow | what the containment left, and this run has written | wait |
//! | allow | what the containment left | write the original |
//! | deny, expire | what the containment left | decided |
//! | any | no policy | gone; wait if the observation may be stale |
//! | any | anything else | superseded; wait if the observation may be stale |

use super::{InlineAction, InlinePolicy, InlineTrace, ObservedInline};
use crate::message::DecisionAction;
use crate::reconcile::{Next, Progress, Reconciler, Restoration, RestorationEnd, RestorationNext};
use crate::subject::Compared;

type Answer = RestorationNext<InlinePolicy>;
type Run<'a> = Restoration<'a, InlineTrace>;

impl Reconciler<InlinePolicy> for Run<'_> {
    type End = RestorationEnd;

    fn next(&mut self, observed: Option<&ObservedInline>) -> Answer {
        let Some(observed) = observed else {
            return Next::end_if(self.has_waited, RestorationEnd::Gone);
        };
        match observed.identity.compare(&self.contained.identity) {
            Compared::Same => carry_out(self, observed),
            Compared::MadeAgain => Next::End(RestorationEnd::Superseded),
            Compared::Ambiguous => Next::end_if(self.has_waited, RestorationEnd::Superseded),
        }
    }

    fn progress(&mut self) -> &mut Progress {
        &mut self.progress
    }
}

fn carry_out(run: &Run<'_>, observed: &ObservedInline) -> Answer {
    let current = observed.document.as_ref();
    let is =
        |document| current.is_some_and(|current| run.analysis.is_equivalent(current, document));
    let is_original_in_force = is(&run.contained.original);
    let is_as_contained = match run.trace {
        InlineTrace::Deleted => current.is_none(),
        InlineTrace::Rewritten => is(&run.contained.document),
    };
    match run.action {
        DecisionAction::Allow if is_original_in_force && run.is_current() => {
            Next::End(RestorationEnd::Decided)
        }
        // Either IAM does not show this run's write yet, or a new incident about the same document
        // has begun. Writing again now would fight with that incident.
        DecisionAction::Allow if is_as_contained && run.progress.recent.has_written => Next::Wait,
        DecisionAction::Allow if is_as_contained => Next::Act(InlineAction::Put(
            run.contained.original.as_str().to_owned(),
        )),
        DecisionAction::Deny | DecisionAction::Expire if is_as_contained => {
            Next::End(RestorationEnd::Decided)
        }
        DecisionAction::Allow | DecisionAction::Deny | DecisionAction::Expire => {
            let end = if current.is_none() {
                RestorationEnd::Gone
            } else {
                RestorationEnd::Superseded
            };
            Next::end_if(run.has_waited, end)
        }
    }
}
