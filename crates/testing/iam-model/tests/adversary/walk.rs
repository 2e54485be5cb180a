//! Random orders of many moves.

use std::time::Instant;

use fastrand::Rng;

use crate::memory_moves::{Move, Settings, World};
use crate::shrink::Broken;

/// How far a walk goes.
const MOVES: usize = 60;
/// After so many moves, the attacker stops.
const REST: usize = 15;

/// Walks so often from a start.
pub(crate) fn walk(name: &str, settings: &Settings, start: &World, walks: usize) {
    let began = Instant::now();
    let mut moves = 0;
    for seed in 0..walks {
        let mut random = Rng::with_seed(u64::try_from(seed).unwrap());
        let mut path = Vec::new();
        let mut world = start.clone();
        for number in 1..=MOVES {
            let is_rest = number % REST == 0 && !world.situation.hints.is_empty();
            let next = match is_rest {
                true => Move::Rest(random.usize(..world.situation.hints.len()), random.bool()),
                false => world.any(settings, &mut random),
            };
            match world.after(settings, &next) {
                Ok(None) => {}
                Ok(Some(after)) => {
                    moves += 1;
                    path.push(next);
                    world = after;
                }
                Err(problem) => {
                    path.push(next);
                    let mut broken = Broken {
                        settings,
                        start,
                        path,
                        problem,
                    };
                    broken.shorten();
                    panic!("{name}, seed {seed}: {broken}");
                }
            }
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("{name}: {walks} walks, {moves} moves in {seconds:.1} s");
}
