//! For each gap, the shortest history in which the guard breaks an invariant because of it, and
//! which breaks none without.

use incident::message::DecisionAction;
use incident::message::DecisionAction::{Allow, Deny};

use crate::gaps::Gap;
use crate::memory::{ASKED, CONTAINED, settings};
use crate::memory_moves::Move;
use crate::player::Player;
use crate::setting::{HARMLESS, Kind, RESTRICTED, RESTRICTED_TOO, WIDE};
use crate::steps::Sight;

#[track_caller]
fn breaks(gap: Gap, kind: Kind, lists: [[&'static str; 2]; 2], history: impl Fn(&mut Player)) {
    let documents = match lists == ASKED {
        true => [RESTRICTED_TOO, RESTRICTED, HARMLESS],
        false => [RESTRICTED, WIDE, HARMLESS],
    };
    let play = |tick, gaps: &[Gap]| {
        let mut settings = settings(kind, &documents, lists, tick);
        for setting in &mut settings.0 {
            setting.gaps = gaps.to_vec();
        }
        let mut player = Player::new(settings);
        history(&mut player);
        player.problem
    };
    let is_broken = [0, 1].into_iter().any(|tick| play(tick, &[gap]).is_some());
    assert!(is_broken, "{gap:?} breaks nothing");
    for tick in [0, 1] {
        assert_eq!(play(tick, &[]), None, "without {gap:?}");
    }
}

#[test]
fn a_claim_after_a_containment_is_overlooked() {
    breaks(Gap::LateClaim, Kind::Managed, CONTAINED, |player| {
        player.go(&Move::Deliver(0));
        player.step(0);
        player.step(0);
        player.write(WIDE);
        player.step(0);
        player.step(0);
        player.go(&Move::Deliver(1));
        // The first one claims what it has contained, and the second one judges it at that moment.
        player.step(0);
        player.step_stale(1);
        player.go(&Move::Rest(0, false));
    });
}

#[test]
fn two_join_each_other() {
    breaks(Gap::JoinsJudged, Kind::Managed, CONTAINED, |player| {
        player.write(WIDE);
        player.go(&Move::Deliver(0));
        player.go(&Move::Deliver(1));
        player.step_stale(1);
        player.step(1);
        player.write(RESTRICTED);
        player.step_stale(0);
        // Each one has judged what the other one contains.
        player.step(1);
        player.step(1);
        player.step(0);
        player.step(0);
        player.step(0);
        player.write(WIDE);
        player.go(&Move::Rest(3, true));
    });
}

#[test]
fn a_claim_under_other_lists_counts() {
    breaks(Gap::OtherLists, Kind::Inline, CONTAINED, |player| {
        player.write(WIDE);
        player.go(&Move::Deliver(1));
        player.step(0);
        player.step(0);
        player.go(&Move::Deploy);
        player.run(0);
    });
}

/// The first write gets one answer. After a failure of the memory, the guard asks about the second
/// one without a claim, and gets another answer. Then comes a third one.
fn answer_without_a_claim(player: &mut Player, first: DecisionAction, second: &Move) {
    let one = player.arrive(0);
    player.decide(one, first);
    player.write(RESTRICTED);
    player.go(&Move::Deliver(1));
    for _ in 0..6 {
        player.step_as(1, Sight::Blind);
    }
    player.run(1);
    player.go(second);
    player.run(1);
    player.go(&Move::Pass);
    player.write(RESTRICTED);
    player.rest();
}

#[test]
fn an_allow_outlives_a_deny_without_a_claim() {
    breaks(Gap::LeavesOlder, Kind::Managed, CONTAINED, |player| {
        answer_without_a_claim(player, Allow, &Move::Decide(1, Deny, false));
    });
}

#[test]
fn an_allow_outlives_the_end_of_another_one() {
    breaks(Gap::LeavesOlder, Kind::Managed, CONTAINED, |player| {
        answer_without_a_claim(player, Allow, &Move::Decide(1, Allow, true));
    });
}

#[test]
fn a_deny_outlives_an_allow_without_a_claim() {
    breaks(Gap::LeavesOlder, Kind::Managed, CONTAINED, |player| {
        answer_without_a_claim(player, Deny, &Move::Decide(1, Allow, false));
    });
}

/// Someone makes a claim while an execution contains, the next one is asked about and allowed, and
/// the answer to the first one is a deny.
#[test]
fn an_allow_outlives_a_deny_with_an_older_claim() {
    breaks(Gap::LeavesOlder, Kind::Managed, CONTAINED, |player| {
        player.go(&Move::Deliver(0));
        player.step(0);
        player.step(0);
        player.squat();
        let second = player.arrive(0);
        player.decide(second, Allow);
        player.run(0);
        player.decide(0, Deny);
        player.write(RESTRICTED);
        player.rest();
    });
}

/// What was denied is forgotten while an execution contains it again, and is allowed. It is taken
/// away, and no one is asked.
#[test]
fn a_deny_outlives_an_allow() {
    breaks(Gap::OldDeny, Kind::Managed, CONTAINED, |player| {
        let first = player.arrive(0);
        player.decide(first, Deny);
        player.write(RESTRICTED);
        player.go(&Move::Deliver(1));
        player.step(1);
        player.step(1);
        player.squat();
        let third = player.arrive(1);
        player.decide(third, Allow);
        player.run(1);
        player.rest();
    });
}

/// An allow that took the last free name cannot be forgotten, and a later deny has no claim.
fn deny_without_a_name(player: &mut Player) {
    player.write(RESTRICTED);
    let second = player.arrive_newest();
    player.decide(second, Allow);
    player.write(RESTRICTED);
    player.go(&Move::Deliver(2));
    // Before the containment, the memory does not answer in time.
    player.step_as(2, Sight::Blind);
    player.run(2);
    player.decide(2, Deny);
    player.write(RESTRICTED);
    player.rest();
}

#[test]
fn an_allow_by_the_ninth_name_outlives_a_deny() {
    breaks(Gap::LastName, Kind::Managed, CONTAINED, |player| {
        let first = player.arrive(0);
        player.decide(first, Deny);
        for _ in 0..7 {
            player.squat();
        }
        deny_without_a_name(player);
    });
}

/// Someone takes the ninth name first, and leaves the eighth one free.
#[test]
fn an_allow_by_the_last_free_name_outlives_a_deny() {
    breaks(Gap::LastName, Kind::Managed, CONTAINED, |player| {
        let first = player.arrive(0);
        player.decide(first, Deny);
        player.squat_free(7);
        for _ in 0..6 {
            player.squat();
        }
        deny_without_a_name(player);
    });
}

/// What was written while an allow was good for a time has an event of its own, which comes late.
#[test]
fn another_document_lapses() {
    breaks(Gap::LapsesOther, Kind::Managed, CONTAINED, |player| {
        let first = player.arrive(0);
        player.go(&Move::Decide(first, Allow, true));
        player.run(first);
        player.write(WIDE);
        player.go(&Move::Pass);
        player.go(&Move::Lapse(first));
        // The task takes a claim, and its answer gets lost.
        player.step(first);
        player.go(&Move::Crash(first));
        player.run(first);
        player.rest();
    });
}
