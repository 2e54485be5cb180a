//! The moves of the guard: a look with the answer of the pure functions, and the action that they
//! ask for. Anything can happen between them.

use std::rc::Rc;

use incident::message::{Contained, DecisionAction, Proposal, Removal, Response, Restricted};
use incident::subject::{InlinePolicy, ManagedPolicy, ObservedManaged};
use incident::{
    Actor, Containment, ContainmentEnd, Observed, PolicyChange, Progress, Reconciler, Record,
    Restoration, RestorationEnd,
};

use crate::asked::{answer, answering};
use crate::play::{Asked, Played, act, ask};
use crate::setting::{Kind, Setting, time, version_id};
use crate::situation::{Execution, Hint, Holding, Moment, Proposed, Situation, Stage};
use crate::{check, check_asked};

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
    if let Some(pending) = next.executions[index].pending.take() {
        if stale > 0 {
            return Ok(None);
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
        Stage::Judging { waited } => judge(setting, &mut next, &mut execution, look, waited)?,
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
                containing::<ManagedPolicy>(setting, &mut next, &mut execution, seen, look)?
            }
            Kind::Inline => {
                containing::<InlinePolicy>(setting, &mut next, &mut execution, seen, look)?
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
    check_asked::ended(setting, &next, &execution, seen, &stage)?;
    execution.stage = stage;
    next.executions[index] = execution;
    check::after_step(setting, &next, index)?;
    Ok(Some(next))
}

/// One move of `remediate`. Returns the stage that follows.
fn containing<S: Played>(
    setting: &Setting,
    situation: &mut Situation,
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
    Ok(match ask(setting, execution, seen, observed, &mut run) {
        Asked::Action(memory) => containing(waited, memory),
        Asked::Wait(mut memory) => {
            if !waited {
                situation.settle_down();
            }
            memory.forget_recent();
            containing(true, memory)
        }
        Asked::Failed => return Err("a containment fails".to_owned()),
        Asked::End(ContainmentEnd::Contained(contained)) => {
            Stage::Asking(Rc::new(holding(*contained)))
        }
        Asked::End(ContainmentEnd::Superseded) => Stage::Ended("superseded", None),
        Asked::End(ContainmentEnd::Gone) => Stage::Ended("gone", None),
    })
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

fn judge(
    setting: &Setting,
    situation: &mut Situation,
    execution: &mut Execution,
    look: Option<Rc<Observed>>,
    waited: bool,
) -> Result<Stage, String> {
    let record = record(setting, &execution.hint);
    // Of a managed policy the judgement reads the default and the named version only.
    let look = look.map(|look| match &*look {
        Observed::Managed(look) => {
            let named = record.change.version.as_ref();
            let versions = look
                .versions()
                .filter(|version| version.id == look.default.id || Some(&version.id) == named);
            let identity = look.identity.clone();
            let narrowed =
                ObservedManaged::new(identity, &look.default.id, versions.cloned().collect());
            Observed::Managed(narrowed.unwrap())
        }
        Observed::Inline(look) => Observed::Inline(look.clone()),
    });
    let verdict = setting
        .rules
        .judge(&setting.analysis, &record, look.as_ref(), waited);
    Ok(match verdict {
        None => {
            situation.settle_down();
            Stage::Judging { waited: true }
        }
        Some(verdict) if verdict.response == Response::Ask => {
            let proposal = Proposal::of(&verdict, &setting.analysis);
            let proposal = proposal.ok_or("the guard asks without a proposal")?;
            execution.asked = Some(Rc::new(Proposed(proposal)));
            Stage::Proposing
        }
        Some(verdict) if verdict.response != Response::Contain => {
            Stage::Ended(verdict.result.as_str(), None)
        }
        Some(verdict) => Stage::Containing {
            judged: Rc::new(verdict.in_force.unwrap()),
            waited: false,
            memory: Rc::default(),
        },
    })
}

fn record(setting: &Setting, hint: &Hint) -> Record {
    Record {
        change: PolicyChange {
            event_id: String::new(),
            event_name: hint.call,
            event_time: time(hint.second),
            account: String::new(),
            region: String::new(),
            actor: Actor {
                kind: String::new(),
                name: String::new(),
                arn: None,
                issuer_arn: None,
                account: None,
                invoked_by: None,
                source_identity: None,
                delegate: None,
                on_behalf_of: None,
            },
            source_ip_address: None,
            user_agent: None,
            subject: setting.subject.clone(),
            version: hint.version.map(version_id),
            in_force: hint.in_force,
            lost_denials: Vec::new(),
        },
        document: hint.document.as_deref().map(str::to_owned),
    }
}

/// The task failed, and begins a new try: it forgets what it did lately. `None` where there is
/// nothing to forget.
pub(crate) fn crash(situation: &Situation, index: usize) -> Option<Situation> {
    let mut next = situation.clone();
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
