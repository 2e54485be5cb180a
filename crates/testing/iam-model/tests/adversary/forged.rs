//! What whoever may start, stop or redrive executions tries first, and what comes of it.

use std::rc::Rc;

use incident::WatchedCall;
use incident::memory::ClaimName;
use incident::message::DecisionAction::{Allow, Deny};

use crate::memory::{CONTAINED, settings};
use crate::memory_moves::Move;
use crate::player::Player;
use crate::setting::{HARMLESS, Kind, RESTRICTED, WIDE};
use crate::situation::{Hint, Stage};

fn player(kind: Kind) -> Player {
    let documents = [RESTRICTED, WIDE, HARMLESS];
    Player::new(settings(kind, &documents, CONTAINED, 1))
}

impl Player {
    fn end(&self, execution: usize) -> &Stage {
        &self.world.situation.executions[execution].stage
    }

    fn claim(&self, generation: usize) -> ClaimName {
        let key = self.world.situation.steps.claims[0].name.key();
        ClaimName::generations(key).nth(generation - 1).unwrap()
    }
}

fn has_ended(stage: &Stage, word: &str) -> bool {
    matches!(stage, Stage::Ended(end, _) if *end == word)
}

/// The execution asks, and nothing is broken when all are at rest.
#[track_caller]
fn asks(player: &mut Player, execution: usize) {
    let end = player.end(execution);
    assert!(matches!(end, Stage::Asking(_)), "{end:?}");
    player.rest();
    assert_eq!(player.problem, None);
}

/// Whoever has the token of a request answers an execution that was stopped and redriven, and puts
/// in force himself what it allows.
#[test]
fn an_allow_of_a_redriven_execution_counts_for_nothing() {
    let mut player = player(Kind::Inline);
    let first = player.arrive(0);
    player.go(&Move::Stop(first));
    player.go(&Move::Redrive(first));
    player.go(&Move::Decide(first, Allow, false));
    player.write(RESTRICTED);
    player.run(first);
    assert!(
        has_ended(player.end(first), "decided"),
        "{:?}",
        player.end(first)
    );
    let second = player.arrive_newest();
    asks(&mut player, second);
}

/// An old allow is named by a new claim, after a deny.
#[test]
fn an_old_allow_that_a_new_claim_names_counts_for_nothing() {
    let mut player = player(Kind::Managed);
    let first = player.arrive(0);
    player.decide(first, Allow);
    player.squat();
    player.write(RESTRICTED);
    let second = player.arrive_newest();
    player.decide(second, Deny);
    assert!(player.go(&Move::Squat(player.claim(4), Some(first))));
    player.write(RESTRICTED);
    let third = player.arrive_newest();
    asks(&mut player, third);
}

/// The incident that asks is stopped: the next write is asked about.
#[test]
fn a_stopped_question_is_asked_again() {
    let mut player = player(Kind::Managed);
    let first = player.arrive(0);
    player.go(&Move::Stop(first));
    player.write(RESTRICTED);
    let second = player.arrive_newest();
    asks(&mut player, second);
}

/// A made-up record about what was allowed takes nothing away, and one about what was denied gives
/// nothing.
#[test]
fn a_made_up_record_changes_nothing() {
    for (action, word) in [(Allow, "allowedBefore"), (Deny, "withdrawn")] {
        let mut player = player(Kind::Managed);
        let first = player.arrive(0);
        player.decide(first, action);
        let account = player.world.situation.iam.clone();
        for second in [0, 1_900_000_000] {
            let execution = player.world.situation.executions.len();
            player.go(&Move::Start(Rc::new(Hint {
                write: 0,
                call: WatchedCall::CreatePolicyVersion,
                second,
                version: Some(1),
                in_force: true,
                document: Some(RESTRICTED.into()),
            })));
            player.run(execution);
            let end = player.end(execution);
            let is_silent = action == Deny && has_ended(end, "alreadyContained");
            assert!(has_ended(end, word) || is_silent, "{end:?}");
        }
        assert_eq!(player.world.situation.iam.digest(), account.digest());
        assert_eq!(player.problem, None);
    }
}
