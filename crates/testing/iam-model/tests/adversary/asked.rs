//! The moves of `revert` about a document that the administrator was asked about before anything
//! was written.

use std::rc::Rc;

use incident::message::{DecisionAction, OutcomeResult};
use incident::{
    Containment, ContainmentEnd, Next, Observed, Progress, Reconciler, Restoration, RestorationEnd,
    keep,
};

use crate::check_asked;
use crate::guard::{holding, reverting};
use crate::play::{Asked, Played, ask};
use crate::setting::{Setting, time};
use crate::situation::{Execution, Holding, Moment, Situation, Stage};

/// An administrator answers what is only proposed, or the time runs out.
pub(crate) fn answer(
    mut next: Situation,
    index: usize,
    action: DecisionAction,
) -> Option<Situation> {
    let execution = &mut next.executions[index];
    execution.stage = Stage::Answering {
        action,
        waited: false,
        memory: Rc::default(),
    };
    if action == DecisionAction::Allow {
        let asked = execution.asked.as_ref()?.0.contained.clone();
        next.allowed.push(Rc::new(Holding(asked)));
    }
    Some(next)
}

/// One move of `revert` about what is still in force. Returns the stage that follows.
pub(crate) fn answering<S: Played>(
    setting: &Setting,
    situation: &mut Situation,
    execution: &mut Execution,
    seen: &Moment,
    observed: Option<Rc<Observed>>,
) -> Result<Stage, String>
where
    for<'r> Containment<'r>: Reconciler<S, End = ContainmentEnd>,
    for<'r> Restoration<'r, S::Trace>: Reconciler<S, End = RestorationEnd>,
{
    let Stage::Answering {
        action,
        waited,
        memory,
    } = execution.stage.clone()
    else {
        return Err("not answering".to_owned());
    };
    let look = observed.as_deref().and_then(S::observed);
    let proposal = check_asked::asked(execution)?.clone();
    let answering = |waited, memory| Stage::Answering {
        action,
        waited,
        memory: Rc::new(memory),
    };
    if action != DecisionAction::Deny {
        return Ok(
            match keep::<S>(&setting.analysis, &proposal, look, waited) {
                Next::Act(action) => {
                    let call = S::subject(setting).call(action);
                    execution.pending = Some(Rc::new((call, seen.clone())));
                    answering(waited, Progress::default())
                }
                Next::Wait => {
                    situation.settle_down();
                    answering(true, Progress::default())
                }
                Next::End(RestorationEnd::Decided) => {
                    Stage::Ended(OutcomeResult::of(action, true).as_str(), None)
                }
                Next::End(RestorationEnd::Superseded) => Stage::Ended("superseded", None),
                Next::End(RestorationEnd::Gone) => Stage::Ended("gone", None),
            },
        );
    }
    let judged = proposal.in_force();
    let time = time(execution.hint.second);
    let progress = Progress::clone(&memory);
    let mut run =
        Containment::new(&setting.analysis, &judged, time, waited, progress).taking_back();
    Ok(match ask(setting, execution, seen, look, &mut run) {
        Asked::Action(memory) => answering(waited, memory),
        Asked::Wait(mut memory) => {
            if !waited {
                situation.settle_down();
            }
            memory.forget_recent();
            answering(true, memory)
        }
        Asked::Failed => return Err("taking back fails".to_owned()),
        // The original goes by the same look.
        Asked::End(ContainmentEnd::Contained(contained)) => {
            execution.stage = Stage::Reverting {
                held: Rc::new(holding(*contained)),
                action,
                waited,
                memory: Rc::default(),
            };
            reverting::<S>(setting, situation, execution, seen, observed)?
        }
        Asked::End(ContainmentEnd::Superseded) => Stage::Ended("superseded", None),
        Asked::End(ContainmentEnd::Gone) => Stage::Ended("gone", None),
    })
}
