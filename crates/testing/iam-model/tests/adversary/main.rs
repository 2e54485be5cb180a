//! An adversary that tries everything, against the pure functions that decide for the guard.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "in a test a panic is the report"
)]

mod asked;
mod attack;
mod check;
mod check_asked;
mod claims;
mod explore;
mod forged;
mod gap_histories;
mod gaps;
mod guard;
mod history;
mod judge;
mod memory;
mod memory_check;
mod memory_moves;
mod play;
mod player;
mod remember;
mod repeats;
mod setting;
mod shrink;
mod situation;
mod steps;
mod void;
mod walk;

use iam_model::{Account, OwnerKind};
use incident::message::DecisionAction;

use attack::{Attack, attack};
use explore::Explorer;
use setting::{
    ALL_RESTRICTED, Bounds, HARMLESS, Kind, OWNER, REMEDIATED, RESTRICTED, RESTRICTED_TOO, Setting,
};
use situation::Situation;

fn bounds(moves: usize, attacks: usize, tick: i64) -> Bounds {
    Bounds {
        moves,
        attacks,
        executions: 2,
        stale: 3,
        stale_judgement: 3,
        tick,
    }
}

/// A user without policies, for inline policies; nothing, for managed ones.
fn start(setting: &Setting) -> Situation {
    let mut account = Account::unchecked();
    if setting.kind == Kind::Inline {
        account.create_owner(OwnerKind::User, OWNER).unwrap();
    }
    Situation::new(account)
}

fn first(setting: &Setting, document: &str) -> Situation {
    let write = match setting.kind {
        Kind::Managed => Attack::CreatePolicy(document.into()),
        Kind::Inline => Attack::Put(document.into()),
    };
    let mut situation = attack(setting, &start(setting), &write).unwrap();
    situation.settle_down();
    situation
}

fn run(name: &str, kind: Kind, documents: &[&str], bounds: Bounds) {
    let setting = Setting::new(kind, documents, bounds);
    let starts = [first(&setting, RESTRICTED)];
    Explorer::new(&setting).explore(name, &starts);
}

#[test]
fn managed_one_second() {
    run(
        "managed, all within a second",
        Kind::Managed,
        &[RESTRICTED, HARMLESS],
        bounds(9, 3, 0),
    );
}

#[test]
fn managed_a_second_each() {
    run(
        "managed, a second each",
        Kind::Managed,
        &[RESTRICTED, RESTRICTED_TOO, REMEDIATED, HARMLESS],
        bounds(9, 3, 1),
    );
}

#[test]
fn inline_one_second() {
    run(
        "inline, all within a second",
        Kind::Inline,
        &[RESTRICTED, ALL_RESTRICTED, HARMLESS],
        bounds(9, 3, 0),
    );
}

#[test]
fn inline_a_second_each() {
    run(
        "inline, a second each",
        Kind::Inline,
        &[RESTRICTED, RESTRICTED_TOO, REMEDIATED, HARMLESS],
        bounds(9, 3, 1),
    );
}

/// From a quota that is filled to the last character, and from the moment before the guard deletes.
#[test]
fn inline_without_room() {
    for tick in [0, 1] {
        // The two writes of the start count.
        let documents = [ALL_RESTRICTED, HARMLESS];
        let setting = Setting::new(Kind::Inline, &documents, bounds(9, 4, tick));
        let written = first(&setting, ALL_RESTRICTED);
        let mut filled = attack(&setting, &written, &Attack::FillQuota).unwrap();
        filled.settle_down();
        let mut refused = guard::deliver(&filled, &filled.hints[0]);
        while let Some(next) = guard::step(&setting, &refused, 0, 0).unwrap() {
            if setting.in_force(next.iam.account()).is_none() {
                break;
            }
            refused = next;
        }
        let starts = [filled, refused];
        let found = Explorer::new(&setting).explore("inline, without room", &starts);
        assert!(found.deletions > 1_000, "{found:?}");
    }
}

/// An asked change, beside another asked one and beside a contained one.
fn run_asked(name: &str, kind: Kind, tick: i64) {
    let documents = [RESTRICTED_TOO, RESTRICTED, HARMLESS];
    // A judgement by IAM's past can ask about a policy or an owner that was made again since, with
    // the same document, and then nobody is asked about the new one.
    let bounds = Bounds {
        stale_judgement: 0,
        ..bounds(8, 3, tick)
    };
    let setting = Setting::asking(kind, &documents, bounds);
    let written = first(&setting, RESTRICTED_TOO);
    let asked = guard::deliver(&written, &written.hints[0]);
    let asked = guard::step(&setting, &asked, 0, 0).unwrap().unwrap();
    let denied = guard::decide(&asked, 0, DecisionAction::Deny).unwrap();
    let starts = [
        beside_contained(&setting),
        beside_denied(&setting, &denied),
        denied,
        written,
    ];
    Explorer::new(&setting).explore(name, &starts);
}

/// One execution has contained what the attacker wrote, and another one asks about what the
/// attacker has put in its place.
fn beside_contained(setting: &Setting) -> Situation {
    let mut situation = first(setting, RESTRICTED);
    situation = guard::deliver(&situation, &situation.hints[0]);
    while let Some(next) = guard::step(setting, &situation, 0, 0).unwrap() {
        situation = next;
    }
    asked_besides(setting, &situation)
}

/// One execution has put a remediation in force after a deny, and another one asks about the same
/// document again.
fn beside_denied(setting: &Setting, denied: &Situation) -> Situation {
    let looked = guard::step(setting, denied, 0, 0).unwrap().unwrap();
    let written = guard::step(setting, &looked, 0, 0).unwrap().unwrap();
    asked_besides(setting, &written)
}

/// The attacker puts in force what is asked about, and a second execution asks.
fn asked_besides(setting: &Setting, situation: &Situation) -> Situation {
    let write = match setting.kind {
        Kind::Managed => Attack::CreateVersion(RESTRICTED_TOO.into(), true),
        Kind::Inline => Attack::Put(RESTRICTED_TOO.into()),
    };
    let mut situation = attack(setting, situation, &write).unwrap();
    situation = guard::deliver(&situation, &situation.hints[1]);
    guard::step(setting, &situation, 1, 0).unwrap().unwrap()
}

#[test]
fn asked_managed_one_second() {
    run_asked("asked, managed, all within a second", Kind::Managed, 0);
}

#[test]
fn asked_managed_a_second_each() {
    run_asked("asked, managed, a second each", Kind::Managed, 1);
}

#[test]
fn asked_inline() {
    for tick in [0, 1] {
        run_asked("asked, inline", Kind::Inline, tick);
    }
}
