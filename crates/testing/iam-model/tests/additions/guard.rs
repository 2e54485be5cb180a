//! The moves of the guard: the judgement, and the task that carries a decision out, as the function
//! `revert` and the state machine drive them.

use std::rc::Rc;

use iam_model::{HoldingCall, Holdings, OwnerKind};
use incident::judgement::{ExemptPrincipals, GuardConfig, Mode};
use incident::message::{DecisionAction, OutcomeResult};
use incident::subject::{Addable, Addition, Credentials, ReportedCall};
use incident::{
    Action, Answer, Call, Done, PolicyChange, Record, Subject, TakingEnd, Witness, Work, take_back,
};
use serde_json::{Value, json};

use crate::check;
use crate::look::look;
use crate::world::{Run, Stage, World};

thread_local! {
    static RULES: GuardConfig = GuardConfig {
        restricted: iam_policy::RestrictedActions::of_lists(|response| match response {
            iam_policy::Response::Ask => "s3:DeleteObject",
            _ => "",
        })
        .unwrap(),
        mode: Mode::Enforce,
        exempt: ExemptPrincipals::default(),
        account: "111122223333".to_owned(),
        partition: "aws".to_owned(),
        trusted: iam_policy::TrustedAccounts::default(),
        notify_on_allowed: true,
    };
}

/// What a change added; every execution of the model is about an addition.
pub(crate) fn addable(change: &PolicyChange) -> Addable<'_> {
    Addable::of(change).unwrap()
}

/// Somebody starts an execution: EventBridge, with a record, or whoever makes one up. `None` where
/// the record is about nothing that can be taken back.
pub(crate) fn start(world: &World, detail: &Value, silent: usize) -> Option<World> {
    let record = Record::parse(&json!({
        "account": detail["recipientAccountId"], "region": detail["awsRegion"], "detail": detail
    }));
    let record = record.ok().filter(|it| Addable::of(&it.change).is_some())?;
    let mut events = world.events.iter();
    let truth = events.rfind(|event| event.detail == *detail).cloned();
    let mut next = world.clone();
    next.runs.push(Run {
        record: Rc::new(record),
        truth,
        stage: Stage::Judging { waited: false },
        addition: None,
        silent,
        looked_up: false,
        taken: None,
        left: None,
        has_missed: false,
    });
    Some(next)
}

/// The administrator answers, or the time runs out.
pub(crate) fn decide(world: &World, index: usize, action: DecisionAction) -> Option<World> {
    let mut next = world.clone();
    let run = &mut next.runs[index];
    if !matches!(run.stage, Stage::Asking) {
        return None;
    }
    run.stage = Stage::Deciding {
        action,
        work: Value::Null,
        done: None,
        pending: None,
    };
    Some(next)
}

/// The execution looks at IAM as of `stale` writes ago, or takes its pending action; then, the
/// answer of IAM can get lost. `None` where there is nothing to do.
pub(crate) fn step(
    world: &World,
    index: usize,
    stale: usize,
    is_lost: bool,
) -> Result<Option<World>, String> {
    let mut next = world.clone();
    let mut run = next.runs[index].clone();
    let seen = world.seen(stale).cloned();
    let Some(seen) = seen else {
        return Ok(None);
    };
    match run.stage.clone() {
        Stage::Asking | Stage::Ended(_) => return Ok(None),
        Stage::Judging { waited } => judge(&mut next, &mut run, &seen, waited),
        Stage::Deciding {
            pending: Some((action, shown)),
            ..
        } => {
            if stale > 0 || is_lost && action.call == Call::LookupEvents {
                return Ok(None);
            }
            let done = act(&mut next, &mut run, &action, &shown, is_lost)?;
            if let Stage::Deciding {
                done: told,
                pending,
                ..
            } = &mut run.stage
            {
                *told = Some(done);
                *pending = None;
            }
        }
        Stage::Deciding { .. } if is_lost => return Ok(None),
        Stage::Deciding {
            action, work, done, ..
        } => take(&mut next, &mut run, action, &work, done, &seen)?,
    }
    next.runs[index] = run;
    Ok(Some(next))
}

fn judge(world: &mut World, run: &mut Run, seen: &Holdings, waited: bool) {
    let change = &run.record.change;
    let call = addable(change).call;
    let state = look(seen, call, change.event_time);
    let verdict = RULES.with(|rules| rules.judge_reported(&run.record, call, &state, waited));
    let Some(verdict) = verdict else {
        world.past.clear();
        run.stage = Stage::Judging { waited: true };
        return;
    };
    run.addition = Addition::of(&verdict, &state).map(Rc::new);
    run.stage = match &run.addition {
        Some(_) => Stage::Asking,
        None => Stage::Ended(verdict.result.as_str().to_owned()),
    };
}

/// One run of `revert`.
fn take(
    world: &mut World,
    run: &mut Run,
    action: DecisionAction,
    work: &Value,
    done: Option<Done>,
    seen: &Rc<Holdings>,
) -> Result<(), String> {
    let change = &run.record.change;
    let subject = addable(change);
    let addition = run.addition.clone().ok_or("nobody was asked")?;
    let mut work = Work::or_new(work).map_err(|error| error.to_string())?;
    work.begin(0);
    let before = work.has_waited();
    if work.learn_of_addition(&subject, change, done).is_err() {
        run.stage = Stage::Ended("failed".to_owned());
        return Ok(());
    }
    let state = look(seen, subject.call, change.event_time);
    let next = take_back(
        &subject,
        &addition,
        &Witness::CloudTrail,
        action,
        &state,
        work.taking(),
        work.has_waited(),
    );
    let answer = work.answer_about_addition(&subject, next, |end| match end {
        TakingEnd::Decided => OutcomeResult::of(action, true),
        TakingEnd::Superseded => OutcomeResult::Superseded,
        TakingEnd::Gone => OutcomeResult::Gone,
        TakingEnd::Unconfirmed => OutcomeResult::Unconfirmed,
    });
    let Ok(answer) = answer else {
        run.stage = Stage::Ended("failed".to_owned());
        return Ok(());
    };
    let told = serde_json::to_value(&answer).map_err(|error| error.to_string())?;
    let pending = match answer {
        Answer::End(result) => {
            check::ended(world, run, action, result.as_str())?;
            run.stage = Stage::Ended(result.as_str().to_owned());
            return Ok(());
        }
        Answer::Wait { seconds, .. } => {
            let waited = Work::or_new(&told).is_ok_and(|work| work.has_waited());
            // CloudTrail is waited for longer than IAM needs.
            if waited && (!before || seconds > 30) {
                world.past.clear();
            }
            None
        }
        Answer::Act { action, .. } => Some((action, Rc::clone(seen))),
    };
    run.stage = Stage::Deciding {
        action,
        work: told,
        done: None,
        pending,
    };
    Ok(())
}

/// Takes the pending action as the state machine does, and says what became of it.
fn act(
    world: &mut World,
    run: &mut Run,
    action: &Action,
    seen: &Holdings,
    is_lost: bool,
) -> Result<Done, String> {
    let change = &run.record.change;
    if action.call == Call::LookupEvents {
        let known = world.iam.look_up(&change.event_id);
        if run.silent > 0 {
            run.silent -= 1;
        } else if let Some(record) = known {
            run.looked_up = true;
            let record = record.to_string();
            return Ok(Done::LookedUp { record });
        }
        let record = String::new();
        return Ok(Done::LookedUp { record });
    }
    let Some(call) = inverse(change, action.call) else {
        return Err(format!("{:?} is no inverse", action.call));
    };
    let mut iam = Holdings::clone(&world.iam);
    iam.pass(world.tick);
    // What the call names was not in effect, so nothing changes.
    let is_needless = |iam: &Holdings| check::atoms(iam) == check::atoms(&world.iam);
    match iam.carry_out(&call, "guard") {
        Ok(_) if is_needless(&iam) => {}
        Ok(_) => {
            check::write(run, seen, &world.iam, &iam)?;
            run.has_missed = !check::is_there(run, &world.iam) || check::is_there(run, &iam);
            world.wrote(iam);
        }
        Err(error) => {
            return Ok(Done::Refused {
                error: format!("Iam.{}Exception", error.code),
                cause: error.message,
            });
        }
    }
    if is_lost {
        return Ok(Done::Refused {
            error: "States.Timeout".to_owned(),
            cause: String::new(),
        });
    }
    run.taken = Some(world.events.len());
    run.left = Some(Rc::clone(&world.iam));
    Ok(Done::CarriedOut { made: None })
}

/// The call as the state of its name makes it, with the names of the verdict's subject.
fn inverse(change: &PolicyChange, call: Call) -> Option<HoldingCall> {
    let Subject::Reported(reported) = &change.subject else {
        return None;
    };
    Some(match (call, reported) {
        (call, ReportedCall::Attachment { owner, policy }) => {
            let kind = match call {
                Call::DetachRolePolicy => OwnerKind::Role,
                Call::DetachUserPolicy => OwnerKind::User,
                Call::DetachGroupPolicy => OwnerKind::Group,
                _ => return None,
            };
            HoldingCall::Detach(kind, owner.name.clone(), policy.to_string())
        }
        (Call::RemoveUserFromGroup, ReportedCall::AddedToGroup { user, group }) => {
            HoldingCall::Leave(user.clone(), group.clone())
        }
        (Call::DeleteLoginProfile, ReportedCall::Credentials { user, .. }) => {
            HoldingCall::DeleteLoginProfile(user.clone())
        }
        (
            Call::UpdateAccessKey,
            ReportedCall::Credentials {
                user,
                credentials: Credentials::AccessKey(Some(id)) | Credentials::ActivatedKey(Some(id)),
                ..
            },
        ) => HoldingCall::UpdateAccessKey(user.clone(), id.clone(), false),
        (
            Call::UpdateServiceSpecificCredential,
            ReportedCall::Credentials {
                user,
                credentials: Credentials::ServiceSpecific(Some(id)),
                ..
            },
        ) => HoldingCall::UpdateCredential(user.clone(), id.clone(), false),
        _ => return None,
    })
}
