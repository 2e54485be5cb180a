//! The moves where the guard remembers: those of the attacker on Step Functions, too.

use std::collections::BTreeMap;
use std::rc::Rc;

use fastrand::Rng;
use incident::WatchedCall;
use incident::memory::{ClaimName, MemoryKey, Wanted};
use incident::message::{DecisionAction, Response};

use crate::attack::{Attack, attack, attacks};
use crate::guard::{crash, decide, deliver, step};
use crate::history::HOUR;
use crate::memory_check::{self, Threat};
use crate::setting::{Kind, Setting};
use crate::situation::{Execution, Hint, Situation, Stage};
use crate::steps::{Decided, History, Sight, Status};

/// A situation, with what it needs to know of the past.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) situation: Situation,
    /// The lists that are deployed.
    pub(crate) deployed: usize,
    /// What the attacker put in force last, if it has to be contained.
    pub(crate) threat: Option<Threat>,
    /// Where an execution was stopped.
    stopped: BTreeMap<usize, Stage>,
}

#[derive(Clone, Debug)]
pub(crate) enum Move {
    Attack(Attack),
    Deliver(usize),
    /// An execution begins with a record that someone made up.
    Start(Rc<Hint>),
    Step(usize, usize, Sight),
    Crash(usize),
    /// The administrator decides; an allow can be for a time.
    Decide(usize, DecisionAction, bool),
    /// Someone takes a name, and names an incident or none, which is how one forgets.
    Squat(ClaimName, Option<usize>),
    Stop(usize),
    Redrive(usize),
    /// Other lists are deployed.
    Deploy,
    /// An hour passes.
    Pass,
    /// The time of an allow is over.
    Lapse(usize),
    /// The attacker stops, and this event arrives.
    Rest(usize, bool),
}

/// The lists that can be deployed, and the same subject under each.
pub(crate) struct Settings(pub(crate) [Setting; 2]);

impl Settings {
    pub(crate) fn of(&self, world: &World) -> &Setting {
        &self.0[world.deployed]
    }

    /// The keys of all documents on what has the subject's name now.
    fn keys(&self, world: &World) -> Vec<MemoryKey> {
        let mut keys = Vec::new();
        for setting in &self.0 {
            let look = setting.look(&world.situation.iam);
            let Some(in_force) = look.and_then(|look| look.in_force()) else {
                continue;
            };
            for document in &setting.documents {
                let mut observed = in_force.clone();
                observed.document = incident::Snapshot::new(document);
                let (subject, response) = (&setting.subject, Response::Contain);
                let wanted = Wanted::document(subject, &observed, response, &setting.analysis);
                keys.extend(wanted.map(|wanted| wanted.key));
            }
        }
        keys.extend(
            world
                .situation
                .steps
                .claims
                .iter()
                .map(|it| it.name.key().clone()),
        );
        keys
    }
}

impl World {
    pub(crate) fn new(situation: Situation) -> Self {
        Self {
            situation,
            deployed: 0,
            threat: None,
            stopped: BTreeMap::new(),
        }
    }

    /// The world after a move; `None` where there is nothing to do.
    ///
    /// # Errors
    ///
    /// The sentence of the invariant that the move broke.
    pub(crate) fn after(&self, settings: &Settings, move_: &Move) -> Result<Option<Self>, String> {
        let setting = settings.of(self);
        let mut next = self.clone();
        let situation = &mut next.situation;
        match move_ {
            // What comes between a look and a write is the one gap that the design names.
            Move::Attack(
                Attack::MakePolicyAgain(_)
                | Attack::MakeOwnerAgain(_)
                | Attack::CreatePolicy(_)
                | Attack::CreateOwner,
            ) if situation.executions.iter().any(|it| it.pending.is_some()) => {
                return Ok(None);
            }
            Move::Attack(call) => {
                let Some(attacked) = attack(setting, situation, call) else {
                    return Ok(None);
                };
                next.situation = attacked;
                next.situation.steps.clock += 1;
                next.threat = Threat::after(settings, self, &next);
            }
            Move::Deliver(hint) => match situation.hints.get(*hint) {
                Some(hint) => *situation = deliver(situation, &Rc::clone(hint)),
                None => return Ok(None),
            },
            Move::Start(hint) => *situation = deliver(situation, hint),
            Move::Step(index, stale, _) if self.is_about_another(setting, *index, *stale) => {
                return Ok(None);
            }
            Move::Step(index, stale, sight) => {
                let Some(execution) = situation.executions.get_mut(*index) else {
                    return Ok(None);
                };
                execution.sight = *sight;
                let Some(mut stepped) = step(setting, situation, *index, *stale)? else {
                    return Ok(None);
                };
                stepped.executions[*index].sight = Sight::Clear;
                *situation = stepped;
            }
            Move::Crash(index) => match situation.executions.get(*index) {
                Some(_) => match crash(situation, *index) {
                    Some(crashed) => *situation = crashed,
                    None => return Ok(None),
                },
                None => return Ok(None),
            },
            Move::Decide(index, action, ends) => {
                return Ok(self.decided(*index, *action, *ends));
            }
            Move::Squat(name, incident) => {
                if !situation.squat(name, *incident) {
                    return Ok(None);
                }
            }
            Move::Stop(index) => {
                let execution = situation.executions.get_mut(*index);
                let Some(execution) = execution.filter(|it| it.history.status == Status::Running)
                else {
                    return Ok(None);
                };
                let stage = std::mem::replace(&mut execution.stage, Stage::Ended("stopped", None));
                (execution.pending, execution.answer) = (None, None);
                let history = History::clone(&execution.history);
                next.stopped.insert(*index, stage);
                let status = Status::Aborted;
                situation.show(*index, History { status, ..history });
            }
            Move::Redrive(index) => {
                let Some(stage) = next.stopped.remove(index) else {
                    return Ok(None);
                };
                let execution = &mut situation.executions[*index];
                execution.stage = stage;
                let history = History::clone(&execution.history);
                let history = History {
                    status: Status::Running,
                    redriven: true,
                    ..history
                };
                situation.show(*index, history);
            }
            // What a look asked for, and a decision, is checked by the lists of that moment.
            Move::Deploy if situation.executions.iter().any(is_carrying_out) => {
                return Ok(None);
            }
            Move::Deploy => {
                next.deployed = 1 - next.deployed;
                situation.steps.clock += 1;
                situation.steps.redeployed = Some(situation.steps.clock);
            }
            Move::Pass => situation.steps.now += HOUR,
            Move::Lapse(index) => {
                if !situation.lapse(*index) {
                    return Ok(None);
                }
            }
            Move::Rest(hint, is_new_first) => {
                return memory_check::comes_to_rest(settings, self, *hint, *is_new_first)
                    .map(|()| None);
            }
        }
        memory_check::one_asks(&next)?;
        if let Move::Step(index, ..) = move_ {
            memory_check::believes(setting, &next, *index)?;
        }
        Ok(Some(next))
    }

    /// Whether IAM would show another subject of this name, of its past, to an execution that
    /// writes. It has no conditional writes, so that is the same gap.
    fn is_about_another(&self, setting: &Setting, index: usize, stale: usize) -> bool {
        let situation = &self.situation;
        let execution = situation.executions.get(index);
        let is_judging = execution.is_some_and(|it| it.stage.judging().is_some());
        let seen = situation
            .seen(stale)
            .map(|seen| setting.identity(seen.account()));
        !is_judging && seen.is_some_and(|it| it != setting.identity(situation.iam.account()))
    }

    /// An answer, which is the administrator's if the guard sent the question.
    fn decided(&self, index: usize, action: DecisionAction, ends: bool) -> Option<Self> {
        let mut next = self.clone();
        let before = next.situation.executions.get(index)?;
        let (history, asked) = (Rc::clone(&before.history), before.asked.clone());
        // The page takes no time for what is still in force.
        let is_contained = matches!(before.stage, Stage::Asking(_));
        let held = match &before.stage {
            Stage::Asking(held) => held.0.clone(),
            Stage::Proposing => asked?.0.contained.clone(),
            _ => return None,
        };
        next.situation = decide(&next.situation, index, action)?;
        let steps = &mut next.situation.steps;
        let ends = ends && is_contained && action == DecisionAction::Allow;
        let ends = ends.then_some(steps.now + HOUR);
        if history.redriven {
            // `notify` sends no question of such an execution: this answer is someone else's.
            if action == DecisionAction::Allow {
                next.situation.allowed.pop();
            }
        } else if action != DecisionAction::Expire {
            steps.clock += 1;
            let decided = Decided {
                execution: index,
                action,
                until: ends,
                clock: steps.clock,
                carried_out: None,
                id: held.identity.id.clone(),
                document: held.original.as_str().to_owned(),
                met: history.met.clone(),
            };
            steps.decisions.push(Rc::new(decided));
        }
        let state = match action {
            DecisionAction::Allow => "Approved",
            _ => "Denied",
        };
        let history = History {
            decision: Some(action),
            ends,
            state,
            ..History::clone(&history)
        };
        next.situation.show(index, history);
        Some(next)
    }

    /// A move that might be possible.
    pub(crate) fn any(&self, settings: &Settings, random: &mut Rng) -> Move {
        let situation = &self.situation;
        let executions = situation.executions.len();
        let index = random.usize(..executions.max(1));
        let setting = settings.of(self);
        match random.usize(..100) {
            0..10 => any_attack(setting, situation, random),
            10..24 if executions < 6 && !situation.hints.is_empty() => {
                Move::Deliver(random.usize(..situation.hints.len()))
            }
            24..26 if executions < 6 => Move::Start(Rc::new(any_hint(setting, situation, random))),
            26..36 => {
                let action = [DecisionAction::Allow, DecisionAction::Deny];
                Move::Decide(index, action[random.usize(..2)], random.u8(..3) == 0)
            }
            36 => Move::Decide(index, DecisionAction::Expire, false),
            37..41 => {
                let keys = settings.keys(self);
                let Some(key) = random.choice(keys) else {
                    return Move::Pass;
                };
                // Mostly the first free name, as the one that counts from now on.
                let claims = &situation.steps.claims;
                let is_free = |name: &ClaimName| claims.iter().all(|claim| claim.name != *name);
                let free = ClaimName::generations(&key).find(is_free);
                let mut names = ClaimName::generations(&key);
                let Some(name) = free.filter(|_| random.u8(..4) > 0).or_else(|| names.nth(2))
                else {
                    return Move::Pass;
                };
                let incident = (random.u8(..3) > 0).then(|| random.usize(..=executions));
                Move::Squat(name, incident)
            }
            41 => Move::Stop(index),
            42 => Move::Redrive(index),
            43 => Move::Deploy,
            44..46 => Move::Pass,
            46..49 => Move::Lapse(index),
            49..51 => Move::Crash(index),
            _ => {
                let sights = [Sight::Clear, Sight::Clear, Sight::Late, Sight::Blind];
                let stale = random.usize(..4).saturating_sub(2);
                Move::Step(index, stale, sights[random.usize(..4)])
            }
        }
    }
}

impl Situation {
    /// The time of an allow is over: the guard looks at IAM.
    pub(crate) fn lapse(&mut self, index: usize) -> bool {
        let now = self.steps.now;
        let Some(execution) = self.executions.get_mut(index) else {
            return false;
        };
        let is_over = execution.history.until.is_some_and(|until| until <= now);
        if !is_over || execution.history.status != Status::Running {
            return false;
        }
        execution.stage = Stage::Judging { waited: false };
        let history = &execution.history;
        let history = History {
            redriven: history.redriven,
            lapsed: true,
            lapsed_claim: history.claim(),
            state: "ValidateOnceMore",
            ..History::default()
        };
        self.show(index, history);
        true
    }
}

/// Whether an action is pending, or a decision is on its way.
fn is_carrying_out(execution: &Execution) -> bool {
    execution.pending.is_some()
        || matches!(
            execution.stage,
            Stage::Reverting { .. } | Stage::Answering { .. }
        )
}

fn any_attack(setting: &Setting, situation: &Situation, random: &mut Rng) -> Move {
    let mut calls = attacks(setting, situation);
    let document = random.choice(&setting.documents).unwrap();
    if setting.kind == Kind::Managed && random.u8(..6) == 0 {
        calls = vec![Attack::MakePolicyAgain(document.clone())];
    }
    match random.choice(calls) {
        Some(call) => Move::Attack(call),
        None => Move::Pass,
    }
}

fn any_hint(setting: &Setting, situation: &Situation, random: &mut Rng) -> Hint {
    let (call, version) = match setting.kind {
        Kind::Managed => (WatchedCall::CreatePolicyVersion, Some(random.u32(1..6))),
        Kind::Inline => (WatchedCall::PutUserPolicy, None),
    };
    let now = situation.iam.account().now();
    Hint {
        write: 0,
        call,
        second: [0, now, now + 1_000][random.usize(..3)],
        version,
        in_force: random.u8(..4) > 0,
        document: random.choice(&setting.documents).cloned(),
    }
}
