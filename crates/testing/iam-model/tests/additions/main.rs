//! What calls add to roles, users and groups, and an adversary that repeats it, removes it, makes
//! it again and forges its event: against the pure functions that take it back.
//!
//! IAM cannot tell a repeated call from a first one, nor something that was taken away and added
//! again from what was there all the time. So a deny takes away what the event names, as long as it
//! joins the same two things: that is why the page asks whether it was there before.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "in a test a panic is the report"
)]

mod check;
mod guard;
mod look;
mod moves;
mod world;

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use iam_model::{HoldingCall as To, OwnerKind};
use incident::message::DecisionAction;

use moves::{Move, anything, around, forgeries};
use world::{ADMIN, APP, Stage, World};

/// The seconds that pass with each write.
const TICKS: [i64; 2] = [0, 90];

const ANSWERS: [DecisionAction; 3] = [
    DecisionAction::Allow,
    DecisionAction::Deny,
    DecisionAction::Expire,
];

/// One call of each kind that the guard takes back.
fn first_calls(world: &World) -> Vec<To> {
    let a = || "a".to_owned();
    let key = world.iam.holder(OwnerKind::User, "a").unwrap().keys.keys();
    let mut calls = vec![
        To::Join("b".to_owned(), a()),
        To::CreateAccessKey(a()),
        To::CreateCredential(a()),
        To::CreateLoginProfile(a()),
        // It was there before.
        To::Attach(OwnerKind::User, a(), ADMIN.to_owned()),
    ];
    calls.extend(key.map(|id| To::UpdateAccessKey(a(), id.clone(), true)));
    calls.extend(OwnerKind::ALL.map(|kind| To::Attach(kind, a(), APP.to_owned())));
    calls
}

/// A random history of this seed. Returns how its executions ended.
fn play(seed: u64) -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut world = World::new(TICKS[any(&mut random, 2)]);
    let mut path = Vec::new();
    for _ in 0..random.usize(20..100) {
        let step = chosen(&world, &mut random);
        path.push(step.clone());
        match step.after(&world) {
            Ok(Some(next)) => world = next,
            Ok(None) => drop(path.pop()),
            Err(problem) => panic!("seed {seed}: {problem}\nafter {path:#?}"),
        }
    }
    let ends = world.runs.into_iter().map(|run| match run.stage {
        Stage::Ended(word) => word,
        _ => "open".to_owned(),
    });
    ends.collect()
}

fn any(random: &mut fastrand::Rng, count: usize) -> usize {
    random.usize(..count.max(1))
}

fn chosen(world: &World, random: &mut fastrand::Rng) -> Move {
    if world.events.is_empty() {
        let calls = first_calls(world);
        return Move::Attack(vec![calls[any(random, calls.len())].clone()]);
    }
    let at = any(random, world.events.len());
    let event = &world.events[at];
    let open: Vec<usize> = (0..world.runs.len())
        .filter(|run| !matches!(world.runs[*run].stage, Stage::Ended(_)))
        .collect();
    if open.is_empty() {
        return match random.u8(..4) {
            0 => Move::Attack(vec![anything(&world.iam, random)]),
            1 => {
                let forged = forgeries(event);
                Move::Forge(forged[any(random, forged.len())].clone())
            }
            _ => Move::Deliver(at, [0, 0, 1, 40][any(random, 4)]),
        };
    }
    let run = open[any(random, open.len())];
    if matches!(world.runs[run].stage, Stage::Asking) && random.bool() {
        return Move::Decide(run, ANSWERS[[0, 1, 1, 1, 2][any(random, 5)]]);
    }
    match random.u8(..24) {
        0 => Move::Attack(vec![anything(&world.iam, random)]),
        1..=3 => {
            let attacks = around(&world.iam, event);
            Move::Attack(attacks[any(random, attacks.len())].clone())
        }
        4 => Move::Deliver(at, 0),
        5 => Move::Lose(run),
        6..=8 => Move::Step(run, random.usize(..=world::STALE)),
        _ => Move::Step(run, 0),
    }
}

#[test]
fn random_histories() {
    let mut ends = BTreeMap::<String, usize>::new();
    for seed in 0..1_500 {
        for end in play(seed) {
            *ends.entry(end).or_default() += 1;
        }
    }
    println!("{ends:?}");
    for end in [
        "takenBack",
        "kept",
        "expired",
        "superseded",
        "gone",
        "unconfirmed",
    ] {
        assert!(
            ends.get(end).is_some_and(|count| *count > 20),
            "{end}: {ends:?}"
        );
    }
}

/// Every order of a few moves after one event of each kind.
#[test]
fn short_histories() {
    for tick in TICKS {
        let world = World::new(tick);
        for call in first_calls(&world) {
            let mut known = HashMap::new();
            let mut path = Vec::new();
            let start = world.attack(&[call]).unwrap();
            let then = |world: &World, step: Move| step.after(world).unwrap();
            let forged = forgeries(&start.events[0]).into_iter().map(Move::Forge);
            let mut starts = vec![(start.clone(), 2)];
            let deliveries = [Move::Deliver(0, 0), Move::Deliver(0, 1)].into_iter();
            for begin in deliveries.chain(forged) {
                let begun = then(&start, begin).unwrap();
                let asked = then(&begun, Move::Step(0, 0)).unwrap();
                let deny = Move::Decide(0, DecisionAction::Deny);
                let Some(mut denied) = then(&asked, deny) else {
                    continue;
                };
                starts.push((asked, 2));
                while !denied.runs[0].looked_up
                    && let Some(next) = then(&denied, Move::Step(0, 0))
                {
                    denied = next;
                }
                let looked = then(&denied, Move::Step(0, 0));
                let left = if denied.runs[0].truth.is_some() { 4 } else { 2 };
                starts.push((denied, left - 1));
                starts.extend(looked.map(|looked| (looked, left)));
            }
            for (start, left) in starts {
                if let Err(problem) = explore(&start, left, &mut known, &mut path) {
                    panic!("{problem}\nafter {path:#?}");
                }
            }
        }
    }
}

fn explore(
    world: &World,
    left: usize,
    known: &mut HashMap<u64, usize>,
    path: &mut Vec<Move>,
) -> Result<(), String> {
    let mut hasher = DefaultHasher::new();
    world.hash(&mut hasher);
    let state = hasher.finish();
    if left == 0 || known.get(&state).is_some_and(|before| *before >= left) {
        return Ok(());
    }
    known.insert(state, left);
    for step in few(world) {
        path.push(step.clone());
        if let Some(next) = step.after(world)? {
            explore(&next, left - 1, known, path)?;
        }
        path.pop();
    }
    Ok(())
}

fn few(world: &World) -> Vec<Move> {
    let mut moves = Vec::new();
    if world.events.len() < 3 {
        let attacks = around(&world.iam, &world.events[0]);
        moves.extend(attacks.into_iter().map(Move::Attack));
    }
    if world.runs.len() < 2 {
        moves.push(Move::Deliver(0, 0));
        let forged = forgeries(&world.events[0]);
        moves.extend(forged.into_iter().map(Move::Forge));
    }
    for run in 0..world.runs.len() {
        moves.extend([Move::Step(run, 0), Move::Step(run, 1), Move::Lose(run)]);
        moves.push(Move::Decide(run, DecisionAction::Deny));
        moves.push(Move::Decide(run, DecisionAction::Allow));
    }
    moves
}
