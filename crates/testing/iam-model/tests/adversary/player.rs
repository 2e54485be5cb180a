//! A history that is played move by move.

use incident::memory::ClaimName;
use incident::message::DecisionAction;

use crate::attack::Attack;
use crate::memory::begun;
use crate::memory_moves::{Move, Settings, World};
use crate::setting::Kind;
use crate::steps::Sight;

pub(crate) struct Player {
    pub(crate) settings: Settings,
    pub(crate) world: World,
    pub(crate) problem: Option<String>,
}

impl Player {
    pub(crate) fn new(settings: Settings) -> Self {
        let world = begun(&settings);
        Self {
            settings,
            world,
            problem: None,
        }
    }

    pub(crate) fn go(&mut self, next: &Move) -> bool {
        if self.problem.is_some() {
            return false;
        }
        match self.world.after(&self.settings, next) {
            Ok(Some(after)) => {
                self.world = after;
                true
            }
            Ok(None) => false,
            Err(problem) => {
                self.problem = Some(problem);
                false
            }
        }
    }

    pub(crate) fn step(&mut self, execution: usize) -> bool {
        self.go(&Move::Step(execution, 0, Sight::Clear))
    }

    /// IAM shows what was before the last write.
    pub(crate) fn step_stale(&mut self, execution: usize) {
        self.go(&Move::Step(execution, 1, Sight::Clear));
    }

    pub(crate) fn step_as(&mut self, execution: usize, sight: Sight) {
        self.go(&Move::Step(execution, 0, sight));
    }

    /// Until the execution is at rest.
    pub(crate) fn run(&mut self, execution: usize) {
        for _ in 0..40 {
            if !self.step(execution) {
                return;
            }
        }
    }

    /// An event arrives, and its execution runs.
    pub(crate) fn arrive(&mut self, hint: usize) -> usize {
        let execution = self.world.situation.executions.len();
        self.go(&Move::Deliver(hint));
        self.run(execution);
        execution
    }

    /// The same about the newest event.
    pub(crate) fn arrive_newest(&mut self) -> usize {
        self.arrive(self.world.situation.hints.len() - 1)
    }

    pub(crate) fn write(&mut self, document: &str) {
        self.go(&Move::Attack(match self.settings.0[0].kind {
            Kind::Managed => Attack::CreateVersion(document.into(), true),
            Kind::Inline => Attack::Put(document.into()),
        }));
    }

    pub(crate) fn decide(&mut self, execution: usize, action: DecisionAction) {
        self.go(&Move::Decide(execution, action, false));
        self.run(execution);
    }

    /// Someone takes the first free name of the first key.
    pub(crate) fn squat(&mut self) {
        self.squat_free(0);
    }

    /// Someone takes this one of the free names of the first key.
    pub(crate) fn squat_free(&mut self, nth: usize) {
        let claims = &self.world.situation.steps.claims;
        let key = claims[0].name.key().clone();
        let is_free = |name: &ClaimName| claims.iter().all(|claim| claim.name != *name);
        let mut free = ClaimName::generations(&key).filter(is_free);
        let name = free.nth(nth).unwrap();
        self.go(&Move::Squat(name, None));
    }

    pub(crate) fn rest(&mut self) {
        let newest = self.world.situation.hints.len() - 1;
        self.go(&Move::Rest(newest, false));
    }
}
