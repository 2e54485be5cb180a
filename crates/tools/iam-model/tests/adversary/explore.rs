//! Every order of moves, up to a number of them.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use incident::message::DecisionAction;

use crate::attack::{Attack, attack, attacks};
use crate::check;
use crate::guard::{crash, decide, deliver, step};
use crate::setting::Setting;
use crate::world::{World, digest};

#[derive(Clone, Debug)]
pub(crate) enum Move {
    Attack(Attack),
    /// The event with this number arrives.
    Deliver(usize),
    /// This execution looks at IAM as of that many writes ago, and takes its step.
    Step(usize, usize),
    /// The run of this execution is interrupted.
    Crash(usize),
    Decide(usize, DecisionAction),
}

/// What an exploration came to.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) states: usize,
    pub(crate) moves: usize,
    pub(crate) rests: usize,
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
    pub(crate) fn explore(mut self, name: &str, starts: &[World]) -> Found {
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

    fn from(&mut self, world: &World, left: usize) -> Result<(), String> {
        let state = digest(world);
        match self.known.insert(state, left) {
            Some(before) if before >= left => {
                self.known.insert(state, before);
                return Ok(());
            }
            Some(_) => {}
            None => self.check(world)?,
        }
        if left == 0 {
            return Ok(());
        }
        for step in self.moves(world) {
            self.path.push(step.clone());
            if let Some(next) = self.after(world, &step)? {
                self.found.moves += 1;
                self.from(&next, left - 1)?;
            }
            self.path.pop();
        }
        Ok(())
    }

    fn check(&mut self, world: &World) -> Result<(), String> {
        let key = digest(&(&world.iam, &world.hints, &world.executions, &world.allowed));
        if self.checked.insert(key) {
            self.found.rests += 1;
            check::comes_to_rest(self.setting, world, &mut self.resting)?;
        }
        Ok(())
    }

    fn moves(&self, world: &World) -> Vec<Move> {
        let bounds = self.setting.bounds;
        let mut moves: Vec<Move> = attacks(self.setting, world)
            .into_iter()
            .map(Move::Attack)
            .collect();
        if world.executions.len() < bounds.executions {
            moves.extend((0..world.hints.len()).map(Move::Deliver));
        }
        for (index, execution) in world.executions.iter().enumerate() {
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

    fn after(&self, world: &World, step_: &Move) -> Result<Option<World>, String> {
        Ok(match step_ {
            Move::Attack(call) => attack(self.setting, world, call),
            Move::Deliver(hint) => Some(deliver(world, &world.hints[*hint])),
            Move::Step(index, stale) => step(self.setting, world, *index, *stale)?,
            Move::Crash(index) => crash(world, *index),
            Move::Decide(index, action) => decide(world, *index, *action),
        })
    }
}
