//! The guard remembers, and an adversary tries to be remembered as allowed.

use iam_policy::{Response, RestrictedActions};
use incident::message::DecisionAction::{Allow, Deny};

use crate::memory_check::Threat;
use crate::memory_moves::{Move, Settings, World};
use crate::player::Player;
use crate::setting::{
    Bounds, HARMLESS, Kind, REMEDIATED, RESTRICTED, RESTRICTED_TOO, Setting, WIDE,
};
use crate::walk::walk;
use crate::{first, start};

/// The guard with two pairs of lists, of which the first is deployed.
pub(crate) fn settings(
    kind: Kind,
    documents: &[&str],
    lists: [[&'static str; 2]; 2],
    tick: i64,
) -> Settings {
    let bounds = Bounds {
        moves: 0,
        attacks: 6,
        executions: 6,
        stale: 3,
        stale_judgement: 3,
        tick,
    };
    let setting = |[contain, ask]: [&'static str; 2]| {
        let lists = RestrictedActions::of_lists(|response| match response {
            Response::Contain => contain,
            Response::Ask => ask,
            _ => "",
        });
        Setting::with_lists(kind, documents, bounds, lists.unwrap()).remembering()
    };
    Settings(lists.map(setting))
}

/// What is contained, and what is only asked about.
pub(crate) const CONTAINED: [[&str; 2]; 2] = [
    ["s3:DeleteBucket", ""],
    ["s3:DeleteBucket,s3:DeleteObject", ""],
];
pub(crate) const ASKED: [[&str; 2]; 2] = [
    ["s3:DeleteBucket", "s3:DeleteObject"],
    ["s3:DeleteBucket", "s3:DeleteObject,s3:DeleteObj*"],
];

/// The attacker has written the first document.
pub(crate) fn begun(settings: &Settings) -> World {
    let setting = &settings.0[0];
    let before = World::new(start(setting));
    let mut world = World::new(first(setting, &setting.documents[0]));
    world.threat = Threat::after(settings, &before, &world);
    world
}

/// How many walks there are of each kind. More of them find rarer orders: `WALKS=100000`.
fn walks() -> usize {
    std::env::var("WALKS").map_or(150, |it| it.parse().unwrap())
}

fn run(name: &str, kind: Kind, documents: &[&str], lists: [[&'static str; 2]; 2]) {
    for tick in [0, 1] {
        for start in STARTS {
            let mut player = Player::new(settings(kind, documents, lists, tick));
            start(&mut player);
            assert_eq!(player.problem, None);
            walk(name, &player.settings, &player.world, walks());
        }
    }
}

/// What was decided before the walk begins.
const STARTS: [fn(&mut Player); 4] = [
    |_| {},
    |player| {
        let first = player.arrive(0);
        player.decide(first, Allow);
    },
    |player| {
        let first = player.arrive(0);
        player.go(&Move::Decide(first, Allow, true));
        player.run(first);
    },
    // What was allowed is forgotten, asked about again, and denied.
    |player| {
        let first = player.arrive(0);
        player.decide(first, Allow);
        player.squat();
        let again = player.settings.0[0].documents[0].clone();
        player.write(&again);
        let second = player.arrive(1);
        player.decide(second, Deny);
    },
];

#[test]
fn remembered_managed() {
    let documents = [RESTRICTED, WIDE, REMEDIATED, HARMLESS];
    run("remembered, managed", Kind::Managed, &documents, CONTAINED);
}

#[test]
fn remembered_inline() {
    let documents = [RESTRICTED, WIDE, REMEDIATED, HARMLESS];
    run("remembered, inline", Kind::Inline, &documents, CONTAINED);
}

#[test]
fn remembered_asked_managed() {
    let documents = [RESTRICTED_TOO, RESTRICTED, HARMLESS];
    run(
        "remembered, asked, managed",
        Kind::Managed,
        &documents,
        ASKED,
    );
}

#[test]
fn remembered_asked_inline() {
    let documents = [RESTRICTED_TOO, RESTRICTED, HARMLESS];
    run("remembered, asked, inline", Kind::Inline, &documents, ASKED);
}
