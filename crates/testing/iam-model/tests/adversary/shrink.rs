//! The shortest history that breaks the same invariant.

use std::time::{Duration, Instant};

use crate::memory_moves::{Move, Settings, World};
use crate::setting::{HARMLESS, REMEDIATED, RESTRICTED, RESTRICTED_TOO, WIDE};
use crate::steps::Sight;

/// How long a history is made shorter.
const PATIENCE: Duration = Duration::from_secs(60);

/// A history that breaks an invariant.
pub(crate) struct Broken<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) start: &'a World,
    pub(crate) path: Vec<Move>,
    pub(crate) problem: String,
}

/// The beginning of a sentence, without the numbers of executions.
fn kind(problem: &str) -> String {
    let letters = problem.chars().filter(|letter| !letter.is_ascii_digit());
    letters.take(24).collect()
}

impl Broken<'_> {
    /// Leaves out moves, and makes others simpler, as long as the same invariant breaks.
    pub(crate) fn shorten(&mut self) {
        let until = Instant::now() + PATIENCE;
        loop {
            let before = format!("{:?}", self.path);
            for together in [6, 3, 2, 1] {
                let mut at = self.path.len();
                while at > 0 && Instant::now() < until {
                    at = (at - 1).min(self.path.len().saturating_sub(1));
                    let shorter = self.without(at, together);
                    self.keep(shorter);
                }
            }
            for at in 0..self.path.len() {
                let mut simpler = self.path.clone();
                if let Some(Move::Step(_, stale, sight)) = simpler.get_mut(at) {
                    (*stale, *sight) = (0, Sight::Clear);
                    self.keep(simpler);
                }
            }
            if format!("{:?}", self.path) == before || Instant::now() > until {
                return;
            }
        }
    }

    fn keep(&mut self, path: Vec<Move>) {
        let mut world = self.start.clone();
        for next in &path {
            match world.after(self.settings, next) {
                Ok(Some(after)) => world = after,
                Ok(None) => {}
                Err(problem) if kind(&problem) == kind(&self.problem) => {
                    self.path = path;
                    self.problem = problem;
                    return;
                }
                Err(_) => return,
            }
        }
    }

    /// The moves without some of them. Executions and events that are not there any more take
    /// their moves with them, and later ones get the numbers that they have then.
    fn without(&self, at: usize, together: usize) -> Vec<Move> {
        let mut world = self.start.clone();
        let counts = |world: &World| {
            let situation = &world.situation;
            (situation.executions.len(), situation.hints.len())
        };
        let mut left = Vec::new();
        let mut gone: (Vec<usize>, Vec<usize>) = Default::default();
        for (number, next) in self.path.iter().enumerate() {
            let before = counts(&world);
            if let Ok(Some(after)) = world.after(self.settings, next) {
                world = after;
            }
            let is_out = (at..at + together).contains(&number);
            let moved = renumbered(next, &gone).filter(|_| !is_out);
            if moved.is_none() {
                let after = counts(&world);
                gone.0.extend(before.0..after.0);
                gone.1.extend(before.1..after.1);
            }
            left.extend(moved);
        }
        left
    }
}

/// A move with the numbers that executions and events have without those that are gone.
fn renumbered(next: &Move, gone: &(Vec<usize>, Vec<usize>)) -> Option<Move> {
    let number = |gone: &[usize], of: usize| {
        let below = gone.iter().filter(|it| **it < of).count();
        (!gone.contains(&of)).then(|| of - below)
    };
    let mut next = next.clone();
    match &mut next {
        Move::Step(it, ..)
        | Move::Crash(it)
        | Move::Decide(it, ..)
        | Move::Stop(it)
        | Move::Redrive(it)
        | Move::Lapse(it)
        | Move::Squat(_, Some(it)) => *it = number(&gone.0, *it)?,
        Move::Deliver(it) | Move::Rest(it, _) => *it = number(&gone.1, *it)?,
        Move::Attack(_) | Move::Start(_) | Move::Squat(_, None) | Move::Deploy | Move::Pass => {}
    }
    Some(next)
}

impl std::fmt::Display for Broken<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = self.problem.clone();
        for next in &self.path {
            text = format!("{text}\n  {next:?}");
        }
        let names = [
            (WIDE, "WIDE"),
            (RESTRICTED, "RESTRICTED"),
            (RESTRICTED_TOO, "RESTRICTED_TOO"),
            (HARMLESS, "HARMLESS"),
            (REMEDIATED, "REMEDIATED"),
        ];
        for (document, name) in names {
            text = text.replace(&format!("{document:?}"), name);
            text = text.replace(document, name);
        }
        f.write_str(&text)
    }
}
