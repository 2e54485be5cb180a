//! The invariants.

use iam_model::Account;
use std::collections::HashSet;

use incident::message::DecisionAction;
use incident::{Observed, Progress, VersionId};

use crate::play::number;
use crate::setting::{ARN, Kind, Setting};
use crate::situation::{Execution, Moment, Situation, Stage, digest};
use crate::{check_asked, guard};

/// A write of the guard's, with the accounts around it.
pub(crate) struct Write<'a> {
    pub(crate) execution: &'a Execution,
    /// What the execution holds with the action.
    pub(crate) progress: &'a Progress,
    /// What the look before it showed.
    pub(crate) seen: &'a Moment,
    pub(crate) before: &'a Moment,
    pub(crate) after: &'a Account,
    pub(crate) effect: &'a Effect,
}

/// What a write does.
pub(crate) enum Effect {
    /// It adds a version, and puts it in force.
    Adds,
    /// It puts another version in force.
    Switches,
    Deletes(VersionId),
    /// It writes over an inline policy, or deletes it.
    Overwrites,
}

/// The guard puts in force only what it was shown, keeps what it takes away, and writes only to the
/// subject that the execution is about.
pub(crate) fn write(setting: &Setting, write: &Write<'_>) -> Result<(), String> {
    let look = setting.look(write.seen).ok_or("a write without a look")?;
    let identity = match &write.execution.stage {
        // Judged by `ValidatePolicy`, or again since, where IAM had shown its past.
        Stage::Containing { judged, .. } => {
            &write.progress.judged_anew().unwrap_or(judged).identity
        }
        Stage::Reverting { held, .. } => &held.0.identity,
        Stage::Answering { .. } => &check_asked::asked(write.execution)?.contained.identity,
        _ => return Err("a write outside of a task".to_owned()),
    };
    if observed_id(&look) != identity {
        return Err("a write on what was made again".to_owned());
    }
    let hint = &write.execution.hint;
    let is_first = matches!(&write.execution.stage, Stage::Containing { judged, .. } if judged.identity == *identity);
    if !is_first
        && matches!(write.execution.stage, Stage::Containing { .. })
        && identity.created.as_second() > hint.second
    {
        return Err("an older incident writes on what was made again".to_owned());
    }
    let account = write.before.account();
    if setting.identity(account) != Some(&identity.id) {
        // IAM showed its past, and has no conditional writes.
        return Ok(());
    }
    check_asked::write(setting, write, &look)?;
    put_in_force(setting, write, &look)?;
    taken_away(setting, write, &look)
}

fn observed_id(observed: &Observed) -> &incident::UniqueId {
    match observed {
        Observed::Managed(observed) => &observed.identity,
        Observed::Inline(observed) => &observed.identity,
    }
}

pub(crate) fn document(observed: &Observed) -> Option<incident::Snapshot> {
    observed.in_force().map(|policy| policy.document)
}

fn put_in_force(setting: &Setting, write: &Write<'_>, look: &Observed) -> Result<(), String> {
    let before = setting.in_force(write.before.account());
    let after = setting.in_force(write.after);
    let Some(after) = after.filter(|_| after != before) else {
        return Ok(());
    };
    let kept = |text: &str| incident::Snapshot::new(text);
    match &write.execution.stage {
        Stage::Containing { .. } | Stage::Answering { .. } => {
            let is_remediation = document(look)
                .is_some_and(|original| setting.analysis.is_remediation(&kept(after), &original));
            // A remediation of what was in force, the same again, or a harmless version that the
            // guard's own overtook.
            let is_harmless_version = matches!(write.effect, Effect::Switches);
            if setting.is_restricted(after) || !(is_remediation || is_harmless_version) {
                return Err(format!("the containment put in force: {after}"));
            }
        }
        Stage::Reverting { held, action, .. } => {
            let is_original = setting.same(after, held.0.original.as_str());
            let is_overtaken =
                matches!(write.effect, Effect::Switches) && !setting.is_restricted(after);
            if *action != DecisionAction::Allow || !(is_original || is_overtaken) {
                return Err(format!("{action:?} put in force: {after}"));
            }
        }
        _ => {}
    }
    Ok(())
}

fn taken_away(setting: &Setting, write: &Write<'_>, look: &Observed) -> Result<(), String> {
    let account = write.before.account();
    let lost = match write.effect {
        Effect::Deletes(version) => account
            .policy(ARN)
            .and_then(|policy| policy.version(number(version)))
            .map(|version| &*version.document),
        // What came between look and write is lost: the one gap that the design names.
        Effect::Overwrites => setting.in_force(account).filter(|lost| {
            let seen = document(look);
            seen.is_some_and(|seen| seen.as_str() == *lost)
        }),
        _ => None,
    };
    let Some(lost) = lost else {
        return Ok(());
    };
    let is_held = match &write.execution.stage {
        Stage::Containing { judged, .. } => {
            let held = write.progress;
            let judged_anew = held.judged_anew();
            setting.same(lost, judged.document.as_str())
                || judged_anew.is_some_and(|it| setting.same(lost, it.document.as_str()))
                || setting.kind == Kind::Managed
                    && document(look).is_some_and(|seen| setting.same(lost, seen.as_str()))
                || held
                    .evicted()
                    .iter()
                    .chain(held.filler())
                    .any(|it| setting.same(lost, it.document.as_str()))
                || held
                    .replaced()
                    .is_some_and(|it| setting.same(lost, it.as_str()))
                || is_own(write.effect, held)
        }
        Stage::Answering { memory, .. } => {
            let asked = check_asked::asked(write.execution)?;
            let kept = memory.evicted().iter().chain(memory.filler());
            setting.same(lost, asked.contained.original.as_str())
                || kept.into_iter().any(|it| setting.same(lost, it.document.as_str()))
                || is_own(write.effect, memory)
                // A double of what is in force.
                || setting.kind == Kind::Managed
                    && document(look).is_some_and(|seen| setting.same(lost, seen.as_str()))
        }
        Stage::Reverting { held, .. } => {
            setting.same(lost, held.0.original.as_str())
                || setting.same(lost, held.0.document.as_str())
        }
        _ => false,
    };
    if is_held {
        Ok(())
    } else {
        Err(format!("no execution has: {lost}"))
    }
}

/// Whether the step deletes a version that the run made itself.
fn is_own(effect: &Effect, memory: &Progress) -> bool {
    matches!(effect, Effect::Deletes(version) if memory.made().contains(version))
}

fn is_allowed(setting: &Setting, situation: &Situation, document: &str) -> bool {
    let identity = setting.identity(situation.iam.account());
    let mut allowed = situation.allowed.iter();
    allowed.any(|held| {
        let is_it = Some(held.0.identity.id.as_str()) == identity;
        // Where the guard remembers, a new subject is asked about anew.
        (is_it || !setting.remembers) && setting.same(held.0.original.as_str(), document)
    })
}

/// The execution of the attacker's last write does not rest while a restricted grant is in force
/// that no administrator allowed, however late IAM answers.
pub(crate) fn after_step(
    setting: &Setting,
    situation: &Situation,
    index: usize,
) -> Result<(), String> {
    let execution = &situation.executions[index];
    let is_about_last = execution.hint.write == situation.attacks && execution.hint.in_force;
    if !execution.stage.is_at_rest() || !is_about_last || situation.steps.redeployed.is_some() {
        return Ok(());
    }
    let account = situation.iam.account();
    let asks = |document: &str| {
        // Where the guard remembers, another execution can ask, or take it back.
        let can_join = setting.remembers && setting.is_only_asked(document);
        can_join || check_asked::is_known(setting, account, document, execution)
    };
    match setting.in_force(account) {
        Some(document)
            if setting.is_restricted(document)
                && !is_allowed(setting, situation, document)
                && !asks(document) =>
        {
            Err(format!("at rest with {document}"))
        }
        _ => Ok(()),
    }
}

/// The attacker stops, IAM has become consistent, and one event arrives: the subject comes to rest
/// contained, clean or gone.
///
/// `known` holds the states from which that is known.
pub(crate) fn comes_to_rest(
    setting: &Setting,
    situation: &Situation,
    known: &mut HashSet<u64>,
) -> Result<(), String> {
    // The newest event, and the oldest, which says nothing of what happened since.
    let in_force = || situation.hints.iter().filter(|hint| hint.in_force);
    let (Some(newest), Some(oldest)) = (in_force().next_back(), in_force().next()) else {
        return Ok(());
    };
    for hint in [newest, oldest] {
        for is_new_first in [false, true] {
            let mut situation = guard::deliver(situation, hint);
            situation.settle_down();
            situation.attacks = usize::MAX;
            rested(setting, situation, is_new_first, known)?;
        }
    }
    Ok(())
}

/// Every execution goes on in turn, until all are at rest.
fn rested(
    setting: &Setting,
    mut situation: Situation,
    is_new_first: bool,
    known: &mut HashSet<u64>,
) -> Result<(), String> {
    let mut path = Vec::new();
    // More than any of them needs.
    for _ in 0..40 {
        let state = digest(&(
            &situation.iam,
            &situation.past,
            &situation.executions,
            &situation.allowed,
            is_new_first,
        ));
        if known.contains(&state) {
            known.extend(path);
            return Ok(());
        }
        path.push(state);
        let mut order: Vec<usize> = (0..situation.executions.len()).collect();
        if is_new_first {
            order.reverse();
        }
        let mut has_moved = false;
        for index in order {
            // With the new one first, it runs to its end before the others go on.
            while let Some(next) = guard::step(setting, &situation, index, 0)? {
                situation = next;
                has_moved = true;
                if !is_new_first {
                    break;
                }
            }
        }
        if has_moved {
            continue;
        }
        known.extend(path);
        let account = situation.iam.account();
        return match setting.in_force(account) {
            Some(document)
                if setting.is_restricted(document)
                    && !is_allowed(setting, &situation, document)
                    && !situation
                        .executions
                        .iter()
                        .any(|it| check_asked::is_known(setting, account, document, it)) =>
            {
                Err(format!("the end is {document}: {:?}", situation.executions))
            }
            _ => Ok(()),
        };
    }
    Err(format!("no rest: {:?}", situation.executions))
}
