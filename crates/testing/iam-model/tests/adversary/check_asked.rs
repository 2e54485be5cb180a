//! The invariants of what the administrator is asked about before anything is written.

use iam_model::Account;
use incident::message::{DecisionAction, Proposal};
use incident::{Observed, Snapshot};

use crate::check::{Effect, Write, document};
use crate::play::number;
use crate::setting::{ARN, Setting};
use crate::situation::{Execution, Moment, Situation, Stage};

/// What an execution asked about.
pub(crate) fn asked(execution: &Execution) -> Result<&Proposal, String> {
    let asked = execution.asked.as_ref().ok_or("nothing was asked")?;
    Ok(&asked.0)
}

/// Nothing that is only asked about goes without a question and a deny, and after a deny only the
/// document goes that was asked about.
///
/// Other versions go as far as they are in the execution, to make room.
pub(crate) fn write(setting: &Setting, write: &Write<'_>, look: &Observed) -> Result<(), String> {
    let account = write.before.account();
    let before = setting.in_force(account);
    // What came between look and write is the one gap that the design names.
    let is_seen = document(look).as_ref().map(Snapshot::as_str) == before;
    let goes = before.filter(|_| is_seen && setting.in_force(write.after) != before);
    if write.execution.asked.is_none() {
        return match goes.filter(|text| setting.is_only_asked(text)) {
            Some(text) => Err(format!("not in force any more, without a question: {text}")),
            None => Ok(()),
        };
    }
    let action = match &write.execution.stage {
        Stage::Answering { action, .. } | Stage::Reverting { action, .. } => *action,
        _ => return Err("a write before the answer".to_owned()),
    };
    if action != DecisionAction::Deny {
        return Err(format!("a write after {action:?}"));
    }
    let original = asked(write.execution)?.contained.original.as_str();
    let is_spared = |text: &str| setting.is_restricted(text) && !setting.same(text, original);
    if let Some(text) = goes.filter(|text| is_spared(text)) {
        return Err(format!(
            "not asked about, and not in force any more: {text}"
        ));
    }
    let Effect::Deletes(version) = write.effect else {
        return Ok(());
    };
    let lost = account
        .policy(ARN)
        .and_then(|policy| policy.version(number(version)));
    let makes_room = write
        .progress
        .evicted()
        .iter()
        .chain(write.progress.filler());
    let is_kept = makes_room.into_iter().any(|it| it.version == *version);
    match lost {
        Some(lost) if is_spared(&lost.document) && !is_kept => {
            Err(format!("not asked about, and deleted: {}", lost.document))
        }
        _ => Ok(()),
    }
}

/// An asked execution that ends as kept has seen in force what it asked about. One that ends as
/// taken back leaves neither the document in force nor its version.
pub(crate) fn ended(
    setting: &Setting,
    situation: &Situation,
    execution: &Execution,
    seen: &Moment,
    stage: &Stage,
) -> Result<(), String> {
    let Stage::Ended(word, _) = stage else {
        return Ok(());
    };
    let Some(proposal) = execution.asked.as_ref().map(|asked| &asked.0) else {
        return Ok(());
    };
    let original = proposal.contained.original.as_str();
    let is_asked = |text: &str| setting.same(text, original);
    let identity = Some(&proposal.contained.identity.id);
    let is_in_force = setting.in_force(seen.account()).is_some_and(is_asked)
        && setting.identity(seen.account()).map(str::to_owned).as_ref() == identity;
    match *word {
        "kept" | "expired" if !is_in_force => Err(format!("{word} without {original}")),
        "decided" if is_in_force => Err(format!("taken back, and in force: {original}")),
        "decided" if still_has(setting, situation.iam.account(), proposal) => {
            Err(format!("taken back, and its version is there: {original}"))
        }
        _ => Ok(()),
    }
}

/// Whether the policy that was asked about still has the version that was asked about.
fn still_has(setting: &Setting, account: &Account, proposal: &Proposal) -> bool {
    let is_it = setting.identity(account) == Some(&proposal.contained.identity.id);
    let policy = account.policy(ARN).filter(|_| is_it);
    let version = proposal.version.as_ref();
    policy
        .zip(version)
        .is_some_and(|(policy, version)| policy.version(number(version)).is_some())
}

/// Whether a document is in force that is only asked about, and `execution` asks about it, or the
/// answer or the end of the wait left it in force.
pub(crate) fn is_known(
    setting: &Setting,
    account: &Account,
    in_force: &str,
    execution: &Execution,
) -> bool {
    let Some(proposal) = execution.asked.as_ref().map(|asked| &asked.0) else {
        return false;
    };
    let stays = matches!(
        execution.stage,
        Stage::Proposing | Stage::Ended("kept" | "expired", _)
    );
    stays
        && setting.is_only_asked(in_force)
        && setting.identity(account) == Some(&proposal.contained.identity.id)
        && setting.same(in_force, proposal.contained.original.as_str())
}
