//! One step of the guard: one look, and the one write that the pure functions ask for.

use std::rc::Rc;

use iam_model::{Account, IamError, OwnerKind};
use incident::message::{
    Contained, ContainedVersions, DecisionAction, Kept, Removal, Response, Restricted,
};
use incident::subject::{
    InlineAction, InlinePolicy, InlineTrace, ManagedAction, ManagedPolicy, ObservedInline,
    ObservedManaged,
};
use incident::{
    Actor, Changeable, Containment, ContainmentEnd, Next, Observed, PolicyChange, Progress,
    Reconciler, Record, Refusal, Restoration, RestorationEnd,
};

use crate::check::{self, Effect, Write};
use crate::setting::{ARN, INLINE, Kind, OWNER, Setting, time, version_id};
use crate::situation::{Execution, Hint, Holding, Keeping, Moment, Seeing, Situation, Stage};

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
    let Some(seen) = situation.seen(stale) else {
        return Ok(None);
    };
    let look = setting.look(seen);
    let mut next = situation.clone();
    let execution = next.executions[index].clone();
    let stage = match &execution.stage {
        Stage::Asking(_) | Stage::Ended(..) => return Ok(None),
        Stage::Judging { waited } => judge(setting, &mut next, &execution.hint, look, *waited),
        Stage::Containing { .. } => match setting.kind {
            Kind::Managed => {
                containing::<ManagedPolicy>(setting, &mut next, &execution, seen, look)?
            }
            Kind::Inline => containing::<InlinePolicy>(setting, &mut next, &execution, seen, look)?,
        },
        Stage::Reverting { held, .. } => match setting.kind {
            Kind::Managed => {
                let versions = held.0.versions.clone().unwrap();
                reverting::<ManagedPolicy>(setting, &mut next, &execution, seen, look, versions)?
            }
            Kind::Inline => {
                let trace = match held.0.removed {
                    true => InlineTrace::Deleted,
                    false => InlineTrace::Rewritten,
                };
                reverting::<InlinePolicy>(setting, &mut next, &execution, seen, look, trace)?
            }
        },
    };
    next.executions[index].stage = stage;
    check::after_step(setting, &next, index)?;
    Ok(Some(next))
}

/// One move of `remediate`. Returns the stage that follows.
fn containing<S: Played>(
    setting: &Setting,
    situation: &mut Situation,
    execution: &Execution,
    seen: &Moment,
    observed: Option<Rc<Observed>>,
) -> Result<Stage, String>
where
    for<'r> Containment<'r>: Reconciler<S, End = ContainmentEnd<S::Trace>>,
{
    let Stage::Containing {
        judged,
        kept,
        waited,
        memory,
    } = &execution.stage
    else {
        return Err("not containing".to_owned());
    };
    let time = time(execution.hint.second);
    let mut run = Containment::new(&setting.analysis, &judged.0, time, &kept.0, *waited);
    run.progress.clone_from(memory);
    let observed = observed.as_deref().and_then(S::observed);
    let containing = |kept: &Rc<Keeping>, waited, memory: &Progress| Stage::Containing {
        judged: Rc::clone(judged),
        kept: Rc::clone(kept),
        waited,
        memory: Rc::new(memory.clone()),
    };
    Ok(
        match take(setting, situation, execution, seen, observed, &mut run)? {
            Taken::Acted => containing(kept, *waited, &run.progress),
            Taken::Wait => {
                if !waited {
                    situation.settle_down();
                }
                containing(kept, true, &Progress::default())
            }
            Taken::Failed => return Err("a containment fails".to_owned()),
            Taken::End(ContainmentEnd::Contained {
                identity,
                original,
                document,
                trace,
            }) => {
                let (versions, removed) = S::described(trace);
                // As the function `remediate` hands it on.
                Stage::Asking(Rc::new(Holding(Contained {
                    identity,
                    original,
                    versions,
                    restricted: Restricted::default(),
                    document,
                    removal: Removal::default(),
                    evicted: kept.0.evicted.clone(),
                    attached_to: None,
                    found_done: false,
                    removed,
                })))
            }
            Taken::End(ContainmentEnd::KeepFirst(kept)) => {
                containing(&Rc::new(Keeping(kept)), *waited, &Progress::default())
            }
            Taken::End(ContainmentEnd::Superseded) => Stage::Ended("superseded", None),
            Taken::End(ContainmentEnd::Gone) => Stage::Ended("gone", None),
        },
    )
}

/// One move of `revert`. Returns the stage that follows.
fn reverting<S: Played>(
    setting: &Setting,
    situation: &mut Situation,
    execution: &Execution,
    seen: &Moment,
    observed: Option<Rc<Observed>>,
    trace: S::Trace,
) -> Result<Stage, String>
where
    for<'r> Restoration<'r, S::Trace>: Reconciler<S, End = RestorationEnd>,
{
    let Stage::Reverting {
        held,
        action,
        waited,
        memory,
    } = &execution.stage
    else {
        return Err("not reverting".to_owned());
    };
    let time = time(execution.hint.second);
    let mut run = Restoration::new(&setting.analysis, *action, &held.0, trace, time, *waited);
    run.progress.clone_from(memory);
    let observed = observed.as_deref().and_then(S::observed);
    let reverting = |waited, memory: &Progress| Stage::Reverting {
        held: Rc::clone(held),
        action: *action,
        waited,
        memory: Rc::new(memory.clone()),
    };
    let ended = |word| Stage::Ended(word, Some(Rc::clone(held)));
    Ok(
        match take(setting, situation, execution, seen, observed, &mut run)? {
            Taken::Acted => reverting(*waited, &run.progress),
            Taken::Wait => {
                if !waited {
                    situation.settle_down();
                }
                reverting(true, &Progress::default())
            }
            Taken::Failed => ended("failed"),
            Taken::End(RestorationEnd::Decided) => ended("decided"),
            Taken::End(RestorationEnd::Superseded) => ended("superseded"),
            Taken::End(RestorationEnd::Gone) => ended("gone"),
        },
    )
}

fn judge(
    setting: &Setting,
    situation: &mut Situation,
    hint: &Hint,
    look: Option<Rc<Observed>>,
    waited: bool,
) -> Stage {
    let record = record(setting, hint);
    if setting.rules.judge_not_in_force(&record).is_some() {
        return Stage::Ended("notInForce", None);
    }
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
    match verdict {
        None => {
            situation.settle_down();
            Stage::Judging { waited: true }
        }
        Some(verdict) if verdict.response != Response::Contain => {
            Stage::Ended(verdict.result.as_str(), None)
        }
        Some(verdict) => Stage::Containing {
            judged: Rc::new(Seeing(verdict.in_force.unwrap())),
            kept: Rc::new(Keeping(Kept::default())),
            waited: false,
            memory: Rc::default(),
        },
    }
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
            },
            source_ip_address: None,
            user_agent: None,
            subject: setting.subject.clone(),
            version: hint.version.map(version_id),
            in_force: hint.in_force,
        },
        document: hint.document.as_deref().map(str::to_owned),
    }
}

/// A subject on the account of the model.
trait Played: Changeable {
    fn observed(observed: &Observed) -> Option<&Self::Observed>;
    fn act(account: &mut Account, action: &Self::Action) -> Result<Option<u32>, IamError>;
    /// What the action does, in the words of the invariants.
    fn effect(action: &Self::Action) -> Effect;
    /// The members of a message in which the trace travels.
    fn described(trace: Self::Trace) -> (Option<ContainedVersions>, bool);
}

impl Played for ManagedPolicy {
    fn observed(observed: &Observed) -> Option<&ObservedManaged> {
        match observed {
            Observed::Managed(observed) => Some(observed),
            Observed::Inline(_) => None,
        }
    }

    fn act(account: &mut Account, action: &ManagedAction) -> Result<Option<u32>, IamError> {
        match action {
            ManagedAction::CreateVersion(document) => account
                .create_policy_version(ARN, document.as_str(), true)
                .map(Some),
            ManagedAction::SetDefault(version) => account
                .set_default_policy_version(ARN, number(version))
                .map(|()| None),
            ManagedAction::DeleteVersion(version) => account
                .delete_policy_version(ARN, number(version))
                .map(|()| None),
        }
    }

    fn effect(action: &ManagedAction) -> Effect {
        match action {
            ManagedAction::CreateVersion(_) => Effect::Adds,
            ManagedAction::SetDefault(_) => Effect::Switches,
            ManagedAction::DeleteVersion(version) => Effect::Deletes(version.clone()),
        }
    }

    fn described(versions: ContainedVersions) -> (Option<ContainedVersions>, bool) {
        (Some(versions), false)
    }
}

impl Played for InlinePolicy {
    fn observed(observed: &Observed) -> Option<&ObservedInline> {
        match observed {
            Observed::Inline(observed) => Some(observed),
            Observed::Managed(_) => None,
        }
    }

    fn act(account: &mut Account, action: &InlineAction) -> Result<Option<u32>, IamError> {
        let user = OwnerKind::User;
        match action {
            InlineAction::Put(document) => {
                account.put_inline(user, OWNER, INLINE, document.as_str())
            }
            InlineAction::Delete => account.delete_inline(user, OWNER, INLINE),
        }
        .map(|()| None)
    }

    fn effect(_: &InlineAction) -> Effect {
        Effect::Overwrites
    }

    fn described(trace: InlineTrace) -> (Option<ContainedVersions>, bool) {
        (None, trace == InlineTrace::Deleted)
    }
}

/// What became of one look.
enum Taken<E> {
    Acted,
    Wait,
    /// IAM refuses the action for good.
    Failed,
    End(E),
}

/// Asks the run for the next action, and takes it as the store does.
fn take<S: Played, E>(
    setting: &Setting,
    situation: &mut Situation,
    execution: &Execution,
    seen: &Moment,
    observed: Option<&S::Observed>,
    run: &mut impl Reconciler<S, End = E>,
) -> Result<Taken<E>, String> {
    let before = situation.iam.clone();
    let mut account = before.account().clone();
    account.pass(setting.bounds.tick);
    let action = match run.next(observed) {
        Next::Act(action) => action,
        Next::Wait => return Ok(Taken::Wait),
        Next::End(end) => return Ok(Taken::End(end)),
    };
    match S::act(&mut account, &action) {
        Ok(made) => {
            run.carried_out(made.map(version_id));
            let write = Write {
                execution,
                seen,
                before: &before,
                after: &account,
                effect: &S::effect(&action),
            };
            check::write(setting, &write)?;
            situation.wrote(account, setting.bounds.stale);
        }
        // The store looks again.
        Err(error) if error.code == "NoSuchEntity" || error.code == "DeleteConflict" => {}
        Err(error) if error.message.contains("versions") => {}
        Err(error) if error.code == "LimitExceeded" && run.refused(Refusal::TooLarge) => {}
        // What was allowed does not fit any more: the task fails for good, and a person is needed.
        Err(_) if matches!(execution.stage, Stage::Reverting { .. }) => {
            return Ok(Taken::Failed);
        }
        Err(error) => return Err(format!("the guard cannot contain: {error}")),
    }
    Ok(Taken::Acted)
}

pub(crate) fn number(version: &incident::VersionId) -> u32 {
    u32::try_from(version.number()).unwrap()
}

/// The run is interrupted: it keeps only what is in the execution. `None` where there is nothing to
/// lose.
pub(crate) fn crash(situation: &Situation, index: usize) -> Option<Situation> {
    let mut next = situation.clone();
    match &mut next.executions[index].stage {
        Stage::Containing { memory, .. } | Stage::Reverting { memory, .. }
            if **memory != Progress::default() =>
        {
            *memory = Rc::default();
            Some(next)
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
    let Stage::Asking(held) = next.executions[index].stage.clone() else {
        return None;
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
