//! How a run is asked for its next action, and how the account of the model carries it out.

use std::rc::Rc;

use iam_model::OwnerKind;
use incident::subject::{InlinePolicy, ManagedPolicy, ObservedInline, ObservedManaged};
use incident::{Action, Call, Document, Done, Next, Observed, Progress, Reconciler, Subject, Work};

use crate::check::{self, Effect, Write};
use crate::setting::{ARN, INLINE, OWNER, Setting, version_id};
use crate::situation::{Execution, Moment, Situation, Stage};

/// A subject on the account of the model.
pub(crate) trait Played: Document {
    fn subject(setting: &Setting) -> &Self;
    fn observed(observed: &Observed) -> Option<&Self::Observed>;
}

impl Played for ManagedPolicy {
    fn subject(setting: &Setting) -> &Self {
        match &setting.subject {
            Subject::Managed(policy) => policy,
            other => panic!("{other} is not a managed policy"),
        }
    }

    fn observed(observed: &Observed) -> Option<&ObservedManaged> {
        match observed {
            Observed::Managed(observed) => Some(observed),
            Observed::Inline(_) => None,
        }
    }
}

impl Played for InlinePolicy {
    fn subject(setting: &Setting) -> &Self {
        match &setting.subject {
            Subject::Inline(policy) => policy,
            other => panic!("{other} is not an inline policy"),
        }
    }

    fn observed(observed: &Observed) -> Option<&ObservedInline> {
        match observed {
            Observed::Inline(observed) => Some(observed),
            Observed::Managed(_) => None,
        }
    }
}

/// What a look led to.
pub(crate) enum Asked<E> {
    /// An action is pending.
    Action(Progress),
    Wait(Progress),
    /// IAM refused the last action for good.
    Failed,
    End(E),
}

/// Tells the run what became of its last action, and asks for the next one.
pub(crate) fn ask<S: Played, E>(
    setting: &Setting,
    execution: &mut Execution,
    seen: &Moment,
    observed: Option<&S::Observed>,
    run: &mut impl Reconciler<S, End = E>,
) -> Asked<E> {
    let subject = S::subject(setting);
    let learned = Work::default().learn(subject, run, execution.done.take());
    if learned.is_err() {
        return Asked::Failed;
    }
    let next = run.next(observed);
    again(setting, execution, seen, next, run)
}

/// What a run says next.
pub(crate) fn again<S: Played, E>(
    setting: &Setting,
    execution: &mut Execution,
    seen: &Moment,
    next: Next<S::Action, E>,
    run: &mut impl Reconciler<S, End = E>,
) -> Asked<E> {
    let subject = S::subject(setting);
    match next {
        Next::Act(action) => {
            execution.pending = Some(Rc::new((subject.call(action), seen.clone())));
            Asked::Action(std::mem::take(run.progress()))
        }
        Next::Wait => Asked::Wait(std::mem::take(run.progress())),
        Next::End(end) => Asked::End(end),
    }
}

/// Takes the pending action as the state machine does, and says what became of it.
pub(crate) fn act(
    setting: &Setting,
    situation: &mut Situation,
    index: usize,
    pending: &(Action, Moment),
) -> Result<Done, String> {
    let (action, seen) = pending;
    let before = situation.iam.clone();
    let mut account = before.account().clone();
    account.pass(setting.bounds.tick);
    let version = || number(action.version.as_ref().unwrap());
    let document = || action.document.as_deref().unwrap();
    let user = OwnerKind::User;
    let carried_out = match action.call {
        Call::CreatePolicyVersion => account
            .create_policy_version(ARN, document(), true)
            .map(Some),
        Call::SetDefaultPolicyVersion => account
            .set_default_policy_version(ARN, version())
            .map(|()| None),
        Call::DeletePolicyVersion => account.delete_policy_version(ARN, version()).map(|()| None),
        Call::PutUserPolicy => account
            .put_inline(user, OWNER, INLINE, document())
            .map(|()| None),
        Call::DeleteUserPolicy => account.delete_inline(user, OWNER, INLINE).map(|()| None),
        other => return Err(format!("{other:?} is not a call on the subject")),
    };
    let made = match carried_out {
        Ok(made) => made,
        Err(error) => {
            return Ok(Done::Refused {
                error: format!("Iam.{}Exception", error.code),
                cause: error.message,
            });
        }
    };
    let execution = &situation.executions[index];
    let (Stage::Containing { memory, .. }
    | Stage::Answering { memory, .. }
    | Stage::Reverting { memory, .. }) = &execution.stage
    else {
        return Err("a write outside of a task".to_owned());
    };
    let write = Write {
        execution,
        progress: memory,
        seen,
        before: &before,
        after: &account,
        effect: &effect(action),
    };
    check::write(setting, &write)?;
    situation.wrote(account, setting.bounds.stale);
    let made = made.map(version_id);
    Ok(Done::CarriedOut { made })
}

/// What an action does, in the words of the invariants.
fn effect(action: &Action) -> Effect {
    match (action.call, &action.version) {
        (Call::CreatePolicyVersion, _) => Effect::Adds,
        (Call::SetDefaultPolicyVersion, _) => Effect::Switches,
        (Call::DeletePolicyVersion, Some(version)) => Effect::Deletes(version.clone()),
        _ => Effect::Overwrites,
    }
}

pub(crate) fn number(version: &incident::VersionId) -> u32 {
    u32::try_from(version.number()).unwrap()
}
