//! The moves of the guard: a look with the answer of the pure functions, and the action that they
//! ask for. Anything can happen between them.

use std::rc::Rc;

use incident::message::{Contained, DecisionAction, Removal, Restricted};
use incident::subject::{InlinePolicy, ManagedPolicy};
use incident::{
    Containment, ContainmentEnd, Observed, Progress, Reconciler, Restoration, RestorationEnd,
};

use crate::asked::{answer, answering};
use crate::history::Comes;
use crate::judge::judge;
use crate::play::{Asked, Played, act, again, ask};
use crate::remember::outlast;
use crate::setting::{Kind, Setting, time};
use crate::situation::{Execution, Hint, Holding, Moment, Situation, Stage};
use crate::steps::Sight;
use crate::{check, check_asked, history};

/// The executions go on: `index` looks at IAM as of `stale` writes ago, and takes its step. `None`
/// where there is nothing to do.
///
/// # Errors
///
/// The sentence of the invariant that the step broke.
pub(crate) fn step(
    setting: &Setting,
    situation: &Situation,
    index: usize,
    stale: usize,
) -> Result<Option<Situation>, String> {
    let mut next = situation.clone();
    let has_answer = next.executions[index].answer.is_some();
    if stale > 0 && (has_answer || next.executions[index].pending.is_some()) {
        return Ok(None);
    }
    if let Some(answer) = next.executions[index].answer.take() {
        let (stage, history) = Rc::unwrap_or_clone(answer);
        next.executions[index].stage = stage;
        next.show(index, history);
        check::after_step(setting, &next, index)?;
        return Ok(Some(next));
    }
    if let Some(pending) = next.executions[index].pending.take() {
        if next.executions[index].history.redriven {
            // The arguments of the state that acts fail after a redrive.
            next.fail(index);
            return Ok(Some(next));
        }
        next.executions[index].done = Some(act(setting, &mut next, index, &pending)?);
        check::after_step(setting, &next, index)?;
        return Ok(Some(next));
    }
    let is_too_stale = |stage: &Stage| {
        matches!(stage, Stage::Judging { .. }) && stale > setting.bounds.stale_judgement
    };
    let seen = situation.seen(stale);
    let Some(seen) = seen.filter(|_| !is_too_stale(&situation.executions[index].stage)) else {
        return Ok(None);
    };
    let look = setting.look(seen);
    let mut execution = next.executions[index].clone();
    let stage = match execution.stage.clone() {
        Stage::Asking(_) | Stage::Proposing | Stage::Ended(..) => return Ok(None),
        Stage::Judging { .. } => judge(setting, &mut next, index, &mut execution, look)?,
        Stage::Answering { .. } => match setting.kind {
            Kind::Managed => {
                answering::<ManagedPolicy>(setting, &mut next, &mut execution, seen, look)?
            }
            Kind::Inline => {
                answering::<InlinePolicy>(setting, &mut next, &mut execution, seen, look)?
            }
        },
        Stage::Containing { .. } => match setting.kind {
            Kind::Managed => {
                containing::<ManagedPolicy>(setting, &mut next, index, &mut execution, seen, look)?
            }
            Kind::Inline => {
                containing::<InlinePolicy>(setting, &mut next, index, &mut execution, seen, look)?
            }
        },
        Stage::Reverting { .. } => match setting.kind {
            Kind::Managed => {
                reverting::<ManagedPolicy>(setting, &mut next, &mut execution, seen, look)?
            }
            Kind::Inline => {
                reverting::<InlinePolicy>(setting, &mut next, &mut execution, seen, look)?
            }
        },
    };
    if setting.remembers && !outlast(setting, &mut next, index, &execution, &stage) {
        return Ok(None);
    }
    check_asked::ended(setting, &next, &execution, seen, &stage)?;
    execution.stage = stage;
    let history = setting
        .remembers
        .then(|| history::after(setting, &execution));
    next.executions[index] = execution;
    if let Some(history) = history.flatten() {
        next.show(index, history);
    }
    check::after_step(setting, &next, index)?;
    Ok(Some(next))
}

/// One move of `remediate`. Returns the stage that follows.
fn containing<S: Played>(
    setting: &Setting,
    situation: &mut Situation,
    index: usize,
    execution: &mut Execution,
    seen: &Moment,
    observed: Option<Rc<Observed>>,
) -> Result<Stage, String>
where
    for<'r> Containment<'r>: Reconciler<S, End = ContainmentEnd>,
{
    let Stage::Containing {
        judged,
        waited,
        memory,
    } = execution.stage.clone()
    else {
        return Err("not containing".to_owned());
    };
    let time = time(execution.hint.second);
    let progress = Progress::clone(&memory);
    let mut run = Containment::new(&setting.analysis, &judged, time, waited, progress);
    let observed = observed.as_deref().and_then(S::observed);
    let containing = |waited, memory| Stage::Containing {
        judged: Rc::clone(&judged),
        waited,
        memory: Rc::new(memory),
    };
    if let Some(verdict) = &execution.history.verdict {
        run.remember(&verdict.memory);
    }
    let mut joins = None;
    let mut asked = ask(setting, execution, seen, observed, &mut run);
    if setting.remembers
        && let Asked::End(ContainmentEnd::Contained(found)) = &asked
    {
        let found = Contained::clone(found);
        let before = match history::contained(setting, situation, execution, index, found)? {
            Comes::Stage(stage) => return Ok(keeping(stage, run.progress())),
            Comes::Joining(before) => before,
        };
        // The same look says what else is to be done, where another execution asks.
        run.join(before.original.clone());
        joins = Some(before);
        asked = again(setting, execution, seen, run.next(observed), &mut run);
    }
    Ok(match asked {
        Asked::Action(memory) => containing(waited, memory),
        Asked::Wait(mut memory) => {
            if !waited {
                situation.settle_down();
            }
            memory.forget_recent();
            containing(true, memory)
        }
        Asked::Failed => return Err("a containment fails".to_owned()),
        Asked::End(ContainmentEnd::Contained(contained)) if joins.is_some() => {
            history::joined(execution, *contained, joins)
        }
        Asked::End(ContainmentEnd::Contained(contained)) => {
            Stage::Asking(Rc::new(holding(*contained)))
        }
        Asked::End(ContainmentEnd::Superseded) => Stage::Ended("superseded", None),
        Asked::End(ContainmentEnd::Gone) => Stage::Ended("gone", None),
    })
}

/// The stage of a containment, with what the run remembers.
fn keeping(mut stage: Stage, progress: &Progress) -> Stage {
    if let Stage::Containing { memory, .. } = &mut stage {
        *memory = Rc::new(progress.clone());
    }
    stage
}

/// As the functions hand it on; what only mails show makes no difference.
pub(crate) fn holding(contained: Contained) -> Holding {
    Holding(Contained {
        restricted: Restricted::default(),
        removal: Removal::default(),
        found_done: false,
        ..contained
    })
}

/// One move of `revert`. Returns the stage that follows.
pub(crate) fn reverting<S: Played>(
    setting: &Setting,
    situation: &mut Situation,
    execution: &mut Execution,
    seen: &Moment,
    observed: Option<Rc<Observed>>,
) -> Result<Stage, String>
where
    for<'r> Restoration<'r, S::Trace>: Reconciler<S, End = RestorationEnd>,
{
    let Stage::Reverting {
        held,
        action,
        waited,
        memory,
    } = execution.stage.clone()
    else {
        return Err("not reverting".to_owned());
    };
    let time = time(execution.hint.second);
    let mut run = Restoration::new(
        &setting.analysis,
        action,
        &held.0,
        S::trace(&held.0).ok_or("the trace of another subject")?,
        time,
        waited,
        Progress::clone(&memory),
    );
    let observed = observed.as_deref().and_then(S::observed);
    let reverting = |waited, memory| Stage::Reverting {
        held: Rc::clone(&held),
        action,
        waited,
        memory: Rc::new(memory),
    };
    let ended = |word| Stage::Ended(word, Some(Rc::clone(&held)));
    Ok(match ask(setting, execution, seen, observed, &mut run) {
        Asked::Action(memory) => reverting(waited, memory),
        Asked::Wait(mut memory) => {
            if !waited {
                situation.settle_down();
            }
            memory.forget_recent();
            reverting(true, memory)
        }
        Asked::Failed => ended("failed"),
        Asked::End(RestorationEnd::Decided) => ended("decided"),
        Asked::End(RestorationEnd::Superseded) => ended("superseded"),
        Asked::End(RestorationEnd::Gone) => ended("gone"),
    })
}

/// The task failed, and begins a new try: it forgets what it did lately. `None` where there is
/// nothing to forget.
pub(crate) fn crash(situation: &Situation, index: usize) -> Option<Situation> {
    let mut next = situation.clone();
    if next.executions[index].answer.take().is_some() {
        return Some(next);
    }
    if next.executions[index].pending.is_some() {
        return None;
    }
    // The action may have been carried out, and no answer says so.
    let is_untold = next.executions[index].done.take().is_some();
    match &mut next.executions[index].stage {
        Stage::Containing { memory, .. }
        | Stage::Answering { memory, .. }
        | Stage::Reverting { memory, .. } => {
            let before = Rc::clone(memory);
            Rc::make_mut(memory).forget_recent();
            (is_untold || **memory != *before).then_some(next)
        }
        _ => None,
    }
}

/// An event arrives: an execution begins.
pub(crate) fn deliver(situation: &Situation, hint: &Rc<Hint>) -> Situation {
    let mut next = situation.clone();
    next.executions.push(Execution {
        hint: Rc::clone(hint),
        stage: Stage::Judging { waited: false },
        asked: None,
        pending: None,
        done: None,
        history: Rc::default(),
        earlier: Rc::default(),
        answer: None,
        sight: Sight::Clear,
    });
    next
}

/// An administrator answers, or the time runs out.
pub(crate) fn decide(
    situation: &Situation,
    index: usize,
    action: DecisionAction,
) -> Option<Situation> {
    let mut next = situation.clone();
    let held = match next.executions[index].stage.clone() {
        Stage::Asking(held) => held,
        Stage::Proposing => return answer(next, index, action),
        _ => return None,
    };
    if action == DecisionAction::Allow {
        next.allowed.push(Rc::clone(&held));
    }
    next.executions[index].stage = Stage::Reverting {
        held,
        action,
        waited: false,
        memory: Rc::default(),
    };
    Some(next)
}
