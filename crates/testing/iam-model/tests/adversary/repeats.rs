//! The same document, written again and again.

use fastrand::Rng;

use incident::message::DecisionAction;

use crate::attack::Attack;
use crate::memory::{CONTAINED, settings};
use crate::memory_moves::{Move, Settings, World};
use crate::setting::{ARN, HARMLESS, Kind, RESTRICTED};
use crate::situation::Stage;
use crate::steps::Sight;
use crate::{first, start};

/// Base, original, and what the guard puts in its place.
const VERSIONS: usize = 3;

struct Repeats {
    settings: Settings,
    world: World,
    random: Rng,
}

impl Repeats {
    fn new(kind: Kind, tick: i64, seed: u64) -> Self {
        let settings = settings(kind, &[RESTRICTED], CONTAINED, tick);
        let situation = match kind {
            Kind::Managed => first(&settings.0[0], HARMLESS),
            Kind::Inline => start(&settings.0[0]),
        };
        Self {
            settings,
            world: World::new(situation),
            random: Rng::with_seed(seed),
        }
    }

    fn go(&mut self, next: &Move) -> bool {
        let after = self.world.after(&self.settings, next).unwrap();
        let has_moved = after.is_some();
        self.world = after.unwrap_or_else(|| self.world.clone());
        has_moved
    }

    /// A write, whose event arrives; `None` where IAM has no room for a version.
    fn write(&mut self) -> bool {
        let document = RESTRICTED.into();
        let is_written = self.go(&Move::Attack(match self.settings.0[0].kind {
            Kind::Managed => Attack::CreateVersion(document, true),
            Kind::Inline => Attack::Put(document),
        }));
        if is_written {
            let newest = self.world.situation.hints.len() - 1;
            self.go(&Move::Deliver(newest));
        }
        is_written
    }

    /// Each execution that runs takes a step, in any order.
    fn step_all(&mut self) -> bool {
        let executions = &self.world.situation.executions;
        let mut running: Vec<usize> = (0..executions.len())
            .filter(|index| !executions[*index].stage.is_at_rest())
            .collect();
        self.random.shuffle(&mut running);
        for index in &running {
            self.go(&Move::Step(*index, 0, Sight::Clear));
        }
        !running.is_empty()
    }

    /// A hundred writes, of which so many are on their way at once.
    fn write_often(&mut self, together: usize, most: usize) {
        let mut left: usize = 100;
        while left > 0 {
            let before = left;
            for _ in 0..together.min(left) {
                if self.write() {
                    left -= 1;
                }
                for _ in 0..self.random.usize(..4) {
                    self.step_all();
                }
            }
            assert!(left < before, "IAM has no room for a version");
            while self.step_all() {}
            self.world.situation.settle_down();
            let versions = self.versions();
            assert!(versions <= most, "{versions} versions, {left} writes left");
            let setting = &self.settings.0[0];
            let in_force = setting.in_force(self.world.situation.iam.account());
            assert!(in_force.is_none_or(|it| !setting.is_restricted(it)));
        }
    }

    fn versions(&self) -> usize {
        let policy = self.world.situation.iam.account().policy(ARN);
        policy.map_or(0, |policy| policy.versions.len())
    }

    /// The administrator denies the one request.
    fn deny(&mut self) {
        let asking = self.asking();
        assert_eq!(asking.len(), 1, "requests");
        self.go(&Move::Decide(asking[0], DecisionAction::Deny, false));
        while self.step_all() {}
    }

    fn asking(&self) -> Vec<usize> {
        let executions = self.world.situation.executions.iter().enumerate();
        executions
            .filter(|(_, it)| matches!(it.stage, Stage::Asking(_)))
            .map(|(index, _)| index)
            .collect()
    }
}

/// What the administrator is asked about is asked once, and after a deny not again.
#[test]
fn a_hundred_writes_are_asked_once() {
    for kind in [Kind::Managed, Kind::Inline] {
        for tick in [0, 1] {
            let mut repeats = Repeats::new(kind, tick, 0);
            repeats.write_often(1, VERSIONS);
            repeats.deny();
            repeats.write_often(1, VERSIONS);
            assert_eq!(repeats.asking().len(), 0, "requests after a deny");
        }
    }
}

#[test]
fn a_hundred_writes_two_at_once_are_asked_once() {
    for kind in [Kind::Managed, Kind::Inline] {
        for tick in [0, 1] {
            let mut repeats = Repeats::new(kind, tick, 1);
            // A write that is judged after the containment leaves its version there.
            repeats.write_often(2, VERSIONS + 1);
            // The next execution that joins deletes it.
            repeats.write_often(1, VERSIONS);
            repeats.deny();
        }
    }
}

/// Of writes before the containment, those that are judged after it end as `alreadyContained`. The
/// containment has deleted their versions.
#[test]
fn writes_before_the_containment_leave_no_versions() {
    let mut repeats = Repeats::new(Kind::Managed, 1, 0);
    for _ in 0..3 {
        assert!(repeats.write());
    }
    for index in 0..3 {
        while !repeats.world.situation.executions[index].stage.is_at_rest() {
            repeats.go(&Move::Step(index, 0, Sight::Clear));
        }
    }
    assert_eq!((repeats.versions(), repeats.asking().len()), (VERSIONS, 1));
    assert!(repeats.write());
}

/// After a deny, all versions go that were written at once.
#[test]
fn writes_after_a_deny_leave_no_versions() {
    let mut repeats = Repeats::new(Kind::Managed, 1, 0);
    repeats.write_often(1, VERSIONS);
    repeats.deny();
    let mut versions = vec![repeats.versions()];
    for _ in 0..2 {
        assert!(repeats.write() && repeats.write());
        while repeats.step_all() {}
        versions.push(repeats.versions());
    }
    assert_eq!(versions, [2, 2, 2]);
}
