//! Every order of moves, up to a number of them.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use incident::message::DecisionAction;

use crate::attack::{Attack, attack, attacks};
use crate::check;
use crate::guard::{crash, decide, deliver, step};
use crate::setting::Setting;
use crate::situation::{Situation, digest};

#[derive(Clone, Debug)]
pub(crate) enum Move {
    Attack(Attack),
    /// The event with this number arrives.
    Deliver(usize),
    /// This execution looks at IAM as of that many writes ago, or takes the pending action.
    Step(usize, usize),
    /// The task of this execution fails, and begins a new try.
    Crash(usize),
    Decide(usize, DecisionAction),
}

/// What an exploration came to.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) states: usize,
    pub(crate) moves: usize,
    pub(crate) rests: usize,
    /// States in which an execution has deleted the inline policy for want of room.
    pub(crate) deletions: usize,
}

pub(crate) struct Explorer<'a> {
    setting: &'a Setting,
    /// How many moves were left when a state was met, by its digest.
    known: HashMap<u64, usize>,
    /// States that were checked for coming to rest, and those on the way there.
    checked: HashSet<u64>,
    resting: HashSet<u64>,
    path: Vec<Move>,
    found: Found,
}

impl<'a> Explorer<'a> {
    pub(crate) fn new(setting: &'a Setting) -> Self {
        Self {
            setting,
            known: HashMap::new(),
            checked: HashSet::new(),
            resting: HashSet::new(),
            path: Vec::new(),
            found: Found::default(),
        }
    }

    /// Explores from all starts.
    ///
    /// # Errors
    ///
    /// The moves that break an invariant, and which.
    pub(crate) fn explore(mut self, name: &str, starts: &[Situation]) -> Found {
        let began = Instant::now();
        for start in starts {
            if let Err(problem) = self.from(start, self.setting.bounds.moves) {
                panic!("{name}: {problem}\nafter {:#?}\nfrom {start:?}", self.path);
            }
        }
        self.found.states = self.known.len();
        let seconds = began.elapsed().as_secs_f64();
        let bounds = self.setting.bounds;
        println!("{name}: {:?} in {seconds:.1} s, {bounds:?}", self.found);
        self.found
    }

    fn from(&mut self, situation: &Situation, left: usize) -> Result<(), String> {
        let state = digest(situation);
        match self.known.insert(state, left) {
            Some(before) if before >= left => {
                self.known.insert(state, before);
                return Ok(());
            }
            Some(_) => {}
            None => self.check(situation)?,
        }
        if left == 0 {
            return Ok(());
        }
        for step in self.moves(situation) {
            self.path.push(step.clone());
            if let Some(next) = self.after(situation, &step)? {
                self.found.moves += 1;
                self.from(&next, left - 1)?;
            }
            self.path.pop();
        }
        Ok(())
    }

    fn check(&mut self, situation: &Situation) -> Result<(), String> {
        let mut executions = situation.executions.iter();
        self.found.deletions += usize::from(executions.any(|it| it.stage.has_deleted()));
        let key = digest(&(
            &situation.iam,
            &situation.hints,
            &situation.executions,
            &situation.allowed,
        ));
        if self.checked.insert(key) {
            self.found.rests += 1;
            check::comes_to_rest(self.setting, situation, &mut self.resting)?;
        }
        Ok(())
    }

    fn moves(&self, situation: &Situation) -> Vec<Move> {
        let bounds = self.setting.bounds;
        let mut moves: Vec<Move> = attacks(self.setting, situation)
            .into_iter()
            .map(Move::Attack)
            .collect();
        if situation.executions.len() < bounds.executions {
            moves.extend((0..situation.hints.len()).map(Move::Deliver));
        }
        for (index, execution) in situation.executions.iter().enumerate() {
            if !execution.stage.is_at_rest() {
                moves.extend((0..=bounds.stale).map(|stale| Move::Step(index, stale)));
            }
            moves.push(Move::Crash(index));
            for action in [
                DecisionAction::Allow,
                DecisionAction::Deny,
                DecisionAction::Expire,
            ] {
                moves.push(Move::Decide(index, action));
            }
        }
        moves
    }

    fn after(&self, situation: &Situation, step_: &Move) -> Result<Option<Situation>, String> {
        Ok(match step_ {
            Move::Attack(call) => attack(self.setting, situation, call),
            Move::Deliver(hint) => Some(deliver(situation, &situation.hints[*hint])),
            Move::Step(index, stale) => step(self.setting, situation, *index, *stale)?,
            Move::Crash(index) => crash(situation, *index),
            Move::Decide(index, action) => decide(situation, *index, *action),
        })
    }
}
