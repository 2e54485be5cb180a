//! One step of the guard: one look, and the one write that the pure functions ask for.

use std::rc::Rc;

use iam_model::{IamError, OwnerKind};
use incident::message::{
    Contained, ContainedVersions, DecisionAction, Kept, Removal, Restricted, VerdictAction,
};
use incident::subject::ObservedManaged;
use incident::{
    Actor, ContainedRest, Containment, Observed, Plan, PolicyChange, Progress, Record, Refusal,
    Rest, Restoration, Step,
};

use crate::check::{self, Write};
use crate::setting::{ARN, INLINE, OWNER, Setting, time, version_id};
use crate::situation::{Execution, Hint, Holding, Keeping, Moment, Seeing, Situation, Stage};

/// The executions go on: `index` looks at IAM as of `stale` writes ago, and takes its step. `None` where there is nothing to do.
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
        Stage::Containing {
            judged,
            kept,
            waited,
            memory,
        } => {
            let plan = Containment::new(
                &setting.analysis,
                &judged.0,
                time(execution.hint.second),
                &kept.0,
                *waited,
            );
            let mut plan = plan.resumed((**memory).clone());
            let step = plan.next_step(look.as_deref());
            let rest = take(setting, &mut next, &execution, seen, step, &mut plan)?;
            match rest {
                None => Stage::Containing {
                    judged: Rc::clone(judged),
                    kept: Rc::clone(kept),
                    waited: *waited,
                    memory: Rc::new(plan.memory().clone()),
                },
                Some(Rest::Contained(rest)) => {
                    let identity = look.as_deref().map(Observed::identity).cloned();
                    Stage::Asking(Rc::new(Holding(contained(rest, identity, &kept.0))))
                }
                Some(Rest::KeepFirst(kept)) => Stage::Containing {
                    judged: Rc::clone(judged),
                    kept: Rc::new(Keeping(kept)),
                    waited: *waited,
                    memory: Rc::default(),
                },
                Some(Rest::Superseded) => Stage::Ended("superseded", None),
                Some(Rest::Gone) => Stage::Ended("gone", None),
                Some(Rest::NotVisible) => {
                    if !waited {
                        next.settle_down();
                    }
                    Stage::Containing {
                        judged: Rc::clone(judged),
                        kept: Rc::clone(kept),
                        waited: true,
                        memory: Rc::default(),
                    }
                }
                Some(Rest::Settled) => return Err("a containment ends as settled".to_owned()),
            }
        }
        Stage::Reverting {
            held,
            action,
            waited,
            memory,
        } => {
            let plan = Restoration::new(
                &setting.analysis,
                *action,
                &held.0,
                time(execution.hint.second),
                *waited,
            );
            let mut plan = plan.resumed((**memory).clone());
            let step = plan.next_step(look.as_deref());
            let rest = take(setting, &mut next, &execution, seen, step, &mut plan)?;
            let reverting = |waited, memory: &Progress| Stage::Reverting {
                held: Rc::clone(held),
                action: *action,
                waited,
                memory: Rc::new(memory.clone()),
            };
            match rest {
                None => reverting(*waited, plan.memory()),
                Some(Rest::Settled) => Stage::Ended("settled", Some(Rc::clone(held))),
                Some(Rest::Superseded) => Stage::Ended("superseded", Some(Rc::clone(held))),
                Some(Rest::Gone) => Stage::Ended("gone", Some(Rc::clone(held))),
                Some(Rest::NotVisible) => {
                    if !waited {
                        next.settle_down();
                    }
                    reverting(true, &Progress::default())
                }
                Some(Rest::Contained(_) | Rest::KeepFirst(_)) => {
                    return Err("a restoration contains".to_owned());
                }
            }
        }
    };
    next.executions[index].stage = stage;
    check::after_step(setting, &next, index)?;
    Ok(Some(next))
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
        Some(verdict) if verdict.action == VerdictAction::Alert => {
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

/// As the function `remediate` hands it on.
fn contained(rest: ContainedRest, identity: Option<incident::UniqueId>, kept: &Kept) -> Contained {
    let versions = match (
        rest.original_version,
        rest.original_created,
        rest.quarantine_version,
    ) {
        (Some(original), Some(original_created), Some(quarantine)) => Some(ContainedVersions {
            original,
            original_created,
            quarantine,
            created: rest.created,
        }),
        _ => None,
    };
    Contained {
        identity: identity.unwrap(),
        original: rest.original,
        versions,
        restricted: Restricted::default(),
        document: rest.document,
        removal: Removal::default(),
        evicted: kept.evicted.clone(),
        attached_to: None,
        found_done: false,
        removed: rest.removed,
    }
}

/// Takes a step as the store does; the rest where it is one.
fn take(
    setting: &Setting,
    situation: &mut Situation,
    execution: &Execution,
    seen: &Moment,
    step: Step,
    plan: &mut impl Plan,
) -> Result<Option<Rest>, String> {
    let before = situation.iam.clone();
    let mut account = before.account().clone();
    account.pass(setting.bounds.tick);
    let user = OwnerKind::User;
    let taken: Result<Option<u32>, IamError> = match &step {
        Step::Rest(rest) => return Ok(Some(rest.clone())),
        Step::CreateVersion(document) => account
            .create_policy_version(ARN, document.as_str(), true)
            .map(Some),
        Step::SetDefault(version) => account
            .set_default_policy_version(ARN, number(version))
            .map(|()| None),
        Step::DeleteVersion(version) => account
            .delete_policy_version(ARN, number(version))
            .map(|()| None),
        Step::Put(document) => account
            .put_inline(user, OWNER, INLINE, document.as_str())
            .map(|()| None),
        Step::Delete => account.delete_inline(user, OWNER, INLINE).map(|()| None),
    };
    match taken {
        Ok(made) => {
            plan.carried_out(made.map(version_id));
            let write = Write {
                execution,
                seen,
                before: &before,
                after: &account,
                step: &step,
            };
            check::write(setting, &write)?;
            situation.wrote(account, setting.bounds.stale);
        }
        // What the store answers with a second look.
        Err(error) if error.code == "NoSuchEntity" || error.code == "DeleteConflict" => {}
        Err(error) if error.message.contains("versions") => {}
        Err(error) if error.code == "LimitExceeded" && plan.refused(Refusal::TooLarge) => {}
        // What was allowed does not fit any more: the task fails for good, and a person is told.
        Err(_) if matches!(execution.stage, Stage::Reverting { .. }) => {
            return Ok(Some(Rest::Gone));
        }
        Err(error) => return Err(format!("the guard cannot contain: {error}")),
    }
    Ok(None)
}

pub(crate) fn number(version: &incident::VersionId) -> u32 {
    u32::try_from(version.number()).unwrap()
}

/// The run is interrupted: it keeps only what is in the execution. `None` where there is nothing to lose.
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

/// An administrator answers, or nobody does.
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
