//! The invariants of the memory.

use std::collections::BTreeMap;

use incident::message::{Contained, DecisionAction, OutcomeResult, VerdictResult};
use incident::{Snapshot, UniqueId};

use crate::check_asked;
use crate::guard::{crash, deliver, step};
use crate::memory_moves::{Settings, World};
use crate::setting::{ARN, Setting};
use crate::situation::{Execution, Stage};
use crate::steps::{Decided, History, Status};

/// More than any execution needs.
const ROUNDS: usize = 60;

/// What the attacker put in force last, if it is contained before anyone is asked.
#[derive(Clone, Debug)]
pub(crate) struct Threat {
    id: String,
    document: String,
    /// How many writes the attacker had made with this one.
    write: usize,
    clock: usize,
}

impl Threat {
    /// The threat after a call of the attacker's.
    pub(crate) fn after(settings: &Settings, before: &World, now: &World) -> Option<Self> {
        let setting = settings.of(now);
        let in_force = |world: &World| {
            let account = world.situation.iam.account();
            let document = setting.in_force(account)?.to_owned();
            Some((setting.identity(account)?.to_owned(), document))
        };
        let is_written = now.situation.hints.len() > before.situation.hints.len()
            && now.situation.hints.last().is_some_and(|hint| hint.in_force);
        if !is_written && in_force(before) == in_force(now) {
            // The attacker can delete the version that was contained.
            let has_version = |world: &World, threat: &Self| {
                let policy = world.situation.iam.account().policy(ARN)?;
                let mut versions = policy.versions.iter();
                Some(versions.any(|version| setting.same(&version.document, &threat.document)))
            };
            let threat = before.threat.clone();
            return threat.filter(|it| has_version(before, it) == has_version(now, it));
        }
        let (id, document) = in_force(now)?;
        Some(Self {
            id,
            document,
            write: now.situation.attacks,
            clock: now.situation.steps.clock,
        })
    }
}

/// At most one execution asks about the same thing, and it holds a claim.
///
/// Exceptions are the keys whose claims the attacker made, and those whose incidents did not come
/// to a judgement in time.
pub(crate) fn one_asks(world: &World) -> Result<(), String> {
    let mut asking = BTreeMap::new();
    let steps = &world.situation.steps;
    for (index, execution) in world.situation.executions.iter().enumerate() {
        let history = &execution.history;
        let asks = matches!(execution.stage, Stage::Asking(_) | Stage::Proposing);
        if !asks || history.redriven {
            continue;
        }
        let Some(key) = &history.asks else {
            return Err(format!("{index} asks about what it does not know"));
        };
        let claim = history.claim();
        if steps.loose.contains(key) {
            continue;
        }
        if claim.is_none_or(|claim| claim.key() != key) {
            return Err(format!("{index} asks without a claim"));
        }
        if let Some(other) = asking.insert(key.to_string(), index) {
            return Err(format!("{other} and {index} ask about the same"));
        }
    }
    Ok(())
}

/// What stays because it was allowed is allowed at that moment.
pub(crate) fn believes(setting: &Setting, world: &World, index: usize) -> Result<(), String> {
    let execution = &world.situation.executions[index];
    let verdict = execution.history.verdict.as_ref();
    let believed = verdict.filter(|verdict| verdict.named.is_none());
    let in_force = believed.and_then(|verdict| verdict.in_force.as_ref());
    let (Stage::Ended("allowedBefore", _), Some(in_force)) = (&execution.stage, in_force) else {
        return Ok(());
    };
    let about = About {
        setting,
        world,
        id: &in_force.identity.id,
    };
    let decided = about.decided(in_force.document.as_str());
    match decided {
        Some(decided) if decided.is_allow_at(world.situation.steps.now) => Ok(()),
        _ => Err(format!("believed after {decided:?}: {}", in_force.document)),
    }
}

/// The attacker stops, IAM has become consistent, and one event arrives. What is in force then is
/// what an administrator allowed, or nothing restricted, and then someone knows about it.
pub(crate) fn comes_to_rest(
    settings: &Settings,
    world: &World,
    hint: usize,
    is_new_first: bool,
) -> Result<(), String> {
    let setting = settings.of(world);
    let mut world = world.clone();
    let situation = &mut world.situation;
    let Some(hint) = situation.hints.get(hint).cloned() else {
        return Ok(());
    };
    if !hint.in_force {
        return Ok(());
    }
    *situation = deliver(situation, &hint);
    situation.settle_down();
    situation.attacks = usize::MAX;
    for round in 0..ROUNDS {
        if round == ROUNDS / 2 {
            // A task that comes to no end fails, and tries again.
            for index in 0..world.situation.executions.len() {
                world.situation.executions[index].pending = None;
                if let Some(crashed) = crash(&world.situation, index) {
                    world.situation = crashed;
                }
            }
        }
        let mut has_moved = false;
        let mut order: Vec<usize> = (0..world.situation.executions.len()).collect();
        if is_new_first {
            order.reverse();
        }
        for index in order {
            has_moved |= world.situation.lapse(index);
            for _ in 0..ROUNDS {
                let Some(next) = step(setting, &world.situation, index, 0)? else {
                    break;
                };
                world.situation = next;
                has_moved = true;
                one_asks(&world)?;
                if !is_new_first {
                    break;
                }
            }
        }
        if !has_moved {
            return at_rest(setting, &world);
        }
    }
    Err("no rest".to_owned())
}

fn at_rest(setting: &Setting, world: &World) -> Result<(), String> {
    let situation = &world.situation;
    let account = situation.iam.account();
    let Some(in_force) = setting.in_force(account) else {
        return Ok(());
    };
    let about = About {
        setting,
        world,
        id: setting.identity(account).unwrap_or_default(),
    };
    lapses(setting, world)?;
    if setting.is_only_asked(in_force) {
        return about.is_asked(in_force);
    }
    if setting.is_restricted(in_force) {
        return match about.decided(in_force) {
            Some(decided) if decided.is_allow_at(situation.steps.now) => Ok(()),
            Some(decided) => Err(format!("in force after {decided:?}: {in_force}")),
            None => Err(format!("in force, and no one allowed it: {in_force}")),
        };
    }
    let known = match &world.threat {
        Some(threat) if about.is_contained(threat, in_force) => about.is_known(threat),
        _ => Ok(()),
    };
    known.map_err(|problem| format!("{problem}: {}", ends(world)))
}

/// Only what the same execution had allowed for a time goes without a question when that is over.
fn lapses(setting: &Setting, world: &World) -> Result<(), String> {
    let situation = &world.situation;
    for (index, execution) in situation.executions.iter().enumerate() {
        let history = &execution.history;
        let quarantine = history.quarantine.as_ref();
        let Some(contained) = quarantine.and_then(|it| it.contained()) else {
            continue;
        };
        let is_allowed = |decided: &Decided| {
            decided.execution == index
                && decided.until.is_some()
                && setting.same(&decided.document, contained.original.as_str())
        };
        let decisions = &situation.steps.decisions;
        if history.outcome == Some(OutcomeResult::Lapsed)
            && !decisions.iter().any(|decided| is_allowed(decided))
        {
            return Err(format!("lapsed, and never allowed: {}", contained.original));
        }
    }
    Ok(())
}

/// How the executions ended, or where they are.
fn ends(world: &World) -> String {
    let end = |(index, execution): (usize, &Execution)| {
        let history = &execution.history;
        let stage = format!("{:?}", execution.stage);
        let stage: String = stage.chars().take(24).collect();
        let verdict = history.verdict.as_ref().map(|verdict| verdict.result);
        let outcome = history.outcome;
        format!("{index} {stage} {verdict:?} {outcome:?}")
    };
    let executions = world.situation.executions.iter().enumerate();
    executions.map(end).collect::<Vec<_>>().join("; ")
}

/// What happened about the subject that has the name now.
struct About<'a> {
    setting: &'a Setting,
    world: &'a World,
    id: &'a str,
}

impl Decided {
    fn is_allow_at(&self, now: i64) -> bool {
        self.action == DecisionAction::Allow && self.until.is_none_or(|until| until > now)
    }
}

impl About<'_> {
    fn executions(&self) -> &[Execution] {
        &self.world.situation.executions
    }

    /// The decisions about the same identity, document and patterns. A deny counts that was carried
    /// out, and an allow that is carried out under other lists than those of its question.
    fn decisions(&self, document: &str) -> impl Iterator<Item = &Decided> {
        let met = self.setting.analysis.met(&Snapshot::new(document));
        let steps = &self.world.situation.steps;
        let is_since = |decided: &Decided| {
            let clock = decided.carried_out.unwrap_or(usize::MAX);
            steps.redeployed.is_some_and(|deployed| deployed < clock)
        };
        let decisions = steps.decisions.iter();
        decisions.map(|it| &**it).filter(move |decided| {
            (decided.action == DecisionAction::Allow || decided.carried_out.is_some())
                && decided.id == self.id
                && (decided.met == met || is_since(decided))
                && self.setting.same(&decided.document, document)
        })
    }

    /// The decision that was carried out last.
    fn carried_out(&self, document: &str) -> Option<&Decided> {
        let when = |decided: &&Decided| decided.carried_out.unwrap_or(decided.clock);
        self.decisions(document).max_by_key(when)
    }

    /// The last decision. Of an allow that came while an earlier deny was carried out, the
    /// administrator expects that it counts.
    fn decided(&self, document: &str) -> Option<&Decided> {
        let last = self.decisions(document).last();
        let is_allow = |decided: &&Decided| decided.action == DecisionAction::Allow;
        last.filter(is_allow).or_else(|| self.carried_out(document))
    }

    /// Whether the attacker's grant is out of force, by the guard.
    fn is_contained(&self, threat: &Threat, in_force: &str) -> bool {
        let (analysis, document) = (&self.setting.analysis, Snapshot::new(&threat.document));
        let has_event = |it: &Execution| it.hint.write == threat.write;
        self.executions().iter().any(has_event)
            && threat.id == self.id
            && !self.setting.is_only_asked(&threat.document)
            && self.setting.is_restricted(&threat.document)
            && analysis.is_remediation(&Snapshot::new(in_force), &document)
    }

    fn is_about(&self, history: &History, document: &str) -> bool {
        let is_it = |identity: &UniqueId, original: &Snapshot| {
            identity.id == self.id && self.setting.same(original.as_str(), document)
        };
        let quarantine = history.quarantine.as_ref();
        let verdict = history.verdict.as_ref();
        match quarantine.and_then(|it| it.contained()) {
            Some(contained) => is_it(&contained.identity, &contained.original),
            None => verdict.is_none_or(|verdict| {
                let in_force = verdict.in_force.as_ref();
                in_force.is_none_or(|it| is_it(&it.identity, &it.document))
            }),
        }
    }

    /// What was contained is asked about, was denied, or came to an end that was reported.
    fn is_known(&self, threat: &Threat) -> Result<(), String> {
        let document = &threat.document;
        let decided = self.carried_out(document);
        if decided.is_some_and(|it| it.action == DecisionAction::Deny) {
            return Ok(());
        }
        // A run that met several documents with one remediation asks about one of them.
        let original = Snapshot::new(document);
        let is_like = |contained: &Contained| {
            contained.identity.id == self.id
                && self
                    .setting
                    .analysis
                    .is_remediation(&contained.document, &original)
        };
        let asks = |it: &Execution| matches!(&it.stage, Stage::Asking(held) if is_like(&held.0));
        let has_ended = |it: &Execution| {
            let history = &it.history;
            let is_since = history.clock > threat.clock;
            let is_broken = matches!(history.status, Status::Failed | Status::Aborted);
            let is_reported = matches!(
                history.outcome,
                Some(OutcomeResult::Expired | OutcomeResult::Superseded | OutcomeResult::Gone)
            );
            // Only what was allowed for a time may end without another question.
            let is_lapsed = history.outcome == Some(OutcomeResult::Lapsed)
                && decided.is_some_and(|decided| decided.until.is_some());
            let verdict = history.verdict.as_ref().map(|verdict| verdict.result);
            let is_withdrawn = verdict == Some(VerdictResult::Withdrawn);
            let is_about = self.is_about(history, document);
            let quarantine = history.quarantine.as_ref();
            let is_denied = history.outcome == Some(OutcomeResult::Denied)
                && quarantine
                    .and_then(|it| it.contained())
                    .is_some_and(is_like);
            let is_end = is_broken || is_reported || is_lapsed;
            is_since && (is_withdrawn || is_denied || is_about && is_end)
        };
        if self.executions().iter().any(|it| asks(it) || has_ended(it)) {
            return Ok(());
        }
        Err(format!("contained, and no one is asked: {document}"))
    }

    /// What stays in force while it is asked about is asked about, or its last decision keeps it.
    fn is_asked(&self, in_force: &str) -> Result<(), String> {
        let account = self.world.situation.iam.account();
        let decided = self.decided(in_force);
        let is_kept = decided.is_none_or(|decided| decided.action == DecisionAction::Allow);
        let since = decided.and_then(|decided| decided.carried_out).unwrap_or(0);
        let is_known = |it: &Execution| {
            let asks = matches!(it.stage, Stage::Proposing);
            let is_expired =
                matches!(it.stage, Stage::Ended("expired", _)) && it.history.clock > since;
            (asks || is_kept || is_expired)
                && check_asked::is_known(self.setting, account, in_force, it)
        };
        let is_broken =
            |it: &Execution| matches!(it.history.status, Status::Failed | Status::Aborted);
        if self
            .executions()
            .iter()
            .any(|it| is_known(it) || is_broken(it))
        {
            return Ok(());
        }
        Err(format!("in force, and no one is asked: {in_force}"))
    }
}
