//! The steps on a model of IAM: from every starting point, interrupted after every step, and with two executions side by side.

use super::*;
use crate::message::DecisionAction;
use crate::restore::{RestoreStep, Restoring};

const ORIGINAL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:Get*","s3:DeleteBucket"],"Resource":"*"}}"#;
const REMEDIATED: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:Get*"],"Resource":"*"}}"#;
/// The same meaning as [`REMEDIATED`], as IAM may restructure it.
const RESTRUCTURED: &str = r#"{"Statement":[{"Action":"s3:get*","Effect":"Allow","Resource":["*"]}],"Version":"2012-10-17"}"#;
const HARMLESS: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}}"#;
const EVENT_SECOND: i64 = 1_000;

fn is_clean(document: &str) -> bool {
    !document.contains("DeleteBucket")
}

fn id(number: u64) -> VersionId {
    VersionId::parse(&format!("v{number}")).unwrap()
}

/// A managed policy as IAM keeps it: five versions, numbers never used again, one default that cannot be deleted.
#[derive(Clone, Debug)]
struct Iam {
    versions: Vec<Version>,
    last: u64,
}

impl Iam {
    /// Versions by document, made long before the event; the one at `default` is in force, and the last is as old as the event if `fresh`.
    fn new(documents: &[&str], default: usize) -> Self {
        let versions = documents
            .iter()
            .enumerate()
            .map(|(index, document)| Version {
                id: id(index as u64 + 1),
                is_default: index == default,
                created: Timestamp::from_second(100 + index as i64).unwrap(),
                document: (*document).to_owned(),
            });
        Self {
            versions: versions.collect(),
            last: documents.len() as u64,
        }
    }

    fn with_change(documents: &[&str]) -> Self {
        let mut iam = Self::new(documents, documents.len() - 1);
        iam.versions.last_mut().unwrap().created = Timestamp::from_second(EVENT_SECOND).unwrap();
        iam
    }

    fn create(&mut self, document: &str) -> VersionId {
        assert!(self.versions.len() < 5, "a sixth version");
        self.last += 1;
        for version in &mut self.versions {
            version.is_default = false;
        }
        self.versions.push(Version {
            id: id(self.last),
            is_default: true,
            created: Timestamp::from_second(EVENT_SECOND + 5).unwrap(),
            document: document.to_owned(),
        });
        id(self.last)
    }

    fn activate(&mut self, wanted: &VersionId) {
        assert!(self.versions.iter().any(|version| version.id == *wanted));
        for version in &mut self.versions {
            version.is_default = version.id == *wanted;
        }
    }

    fn delete(&mut self, unwanted: &VersionId) {
        assert_ne!(
            *unwanted,
            self.default().id,
            "the default cannot be deleted"
        );
        self.versions.retain(|version| version.id != *unwanted);
    }

    fn default(&self) -> &Version {
        self.versions
            .iter()
            .find(|version| version.is_default)
            .unwrap()
    }

    fn document(&self, wanted: u64) -> Option<&str> {
        let found = self
            .versions
            .iter()
            .find(|version| version.id == id(wanted));
        found.map(|version| version.document.as_str())
    }

    fn look(&self) -> ManagedSnapshot {
        ManagedSnapshot::new(self.versions.clone())
    }
}

/// One run of `remediate`: what it remembers between its steps.
#[derive(Clone, Debug)]
struct Run {
    judged: VersionId,
    evicted: Vec<EvictedVersion>,
    first_seen: Option<Vec<VersionId>>,
    made: Vec<VersionId>,
    waited: bool,
}

impl Run {
    fn of(judged: u64) -> Self {
        Self {
            judged: id(judged),
            evicted: Vec::new(),
            first_seen: None,
            made: Vec::new(),
            waited: false,
        }
    }

    /// What is left of the run after an interruption: only what the execution holds.
    fn again(&self) -> Self {
        Self {
            first_seen: None,
            made: Vec::new(),
            ..self.clone()
        }
    }

    fn decide(&mut self, snapshot: &ManagedSnapshot) -> QuarantineStep {
        let ids = || {
            snapshot
                .versions
                .iter()
                .map(|version| version.id.clone())
                .collect()
        };
        let first_seen = self.first_seen.get_or_insert_with(ids);
        Quarantining {
            judged: &self.judged,
            event_time: Timestamp::from_second(EVENT_SECOND).unwrap(),
            remediated: &[REMEDIATED.to_owned()],
            evicted: &self.evicted,
            first_seen: first_seen.as_slice(),
            made: &self.made,
            waited: self.waited,
        }
        .next_step(snapshot, is_clean)
    }

    /// Takes a step; `None` where the run is at rest.
    fn act(&mut self, iam: &mut Iam, step: QuarantineStep) -> Option<QuarantineStep> {
        match step {
            QuarantineStep::Create => {
                let made = iam.create(REMEDIATED);
                self.made.push(made);
            }
            QuarantineStep::Activate(version) => iam.activate(&version),
            // Somebody may have made it the default since the look; IAM refuses then, and the function looks again.
            QuarantineStep::Delete(version) if iam.default().id == version => {}
            QuarantineStep::Delete(version) => iam.delete(&version),
            QuarantineStep::KeepFirst(evicted) => {
                *self = self.again();
                self.evicted.push(evicted);
            }
            rest => return Some(rest),
        }
        None
    }

    fn finish(&mut self, iam: &mut Iam) -> QuarantineStep {
        for _ in 0..16 {
            let step = self.decide(&iam.look());
            if let Some(rest) = self.act(iam, step) {
                return rest;
            }
        }
        panic!("no rest: {iam:?}");
    }
}

/// The default is the remediated document, the original is there, and there is one quarantine version.
fn assert_contained(iam: &Iam, judged: u64) {
    assert!(same_meaning(&iam.default().document, REMEDIATED), "{iam:?}");
    assert_eq!(iam.document(judged), Some(ORIGINAL), "{iam:?}");
    let quarantines = iam.versions.iter().filter(|version| {
        version.created.as_second() >= EVENT_SECOND && same_meaning(&version.document, REMEDIATED)
    });
    assert!(quarantines.count() <= 1, "{iam:?}");
}

fn starts() -> Vec<(Iam, u64)> {
    let filler = |n: usize| HARMLESS.replace("Describe", &format!("Get{n}"));
    let (a, b, c, d) = (filler(1), filler(2), filler(3), filler(4));
    vec![
        (Iam::with_change(&[ORIGINAL]), 1),
        (Iam::with_change(&[HARMLESS, ORIGINAL]), 2),
        (Iam::with_change(&[RESTRUCTURED, ORIGINAL]), 2),
        (Iam::with_change(&[&a, &b, &c, ORIGINAL]), 4),
        (Iam::with_change(&[&a, &b, &c, &d, ORIGINAL]), 5),
        (Iam::with_change(&[&a, RESTRUCTURED, &c, &d, ORIGINAL]), 5),
        (Iam::new(&[&a, ORIGINAL, &c, RESTRUCTURED, &d], 1), 2),
        (Iam::new(&[ORIGINAL, &a, &b, &c, &d], 0), 1),
    ]
}

#[test]
fn every_start_is_contained() {
    for (start, judged) in starts() {
        let mut iam = start.clone();
        let rest = Run::of(judged).finish(&mut iam);
        assert!(
            matches!(rest, QuarantineStep::InPlace { .. }),
            "{start:?}: {rest:?}"
        );
        assert_contained(&iam, judged);
        let before = iam.clone();
        assert_eq!(
            Run::of(judged).finish(&mut iam),
            rest,
            "a second run says the same"
        );
        assert_eq!(iam.versions, before.versions, "and touches nothing");
    }
}

#[test]
fn a_run_can_be_interrupted_after_any_step() {
    for (start, judged) in starts() {
        for interrupted_after in 0..8 {
            let mut iam = start.clone();
            let mut run = Run::of(judged);
            for _ in 0..interrupted_after {
                let step = run.decide(&iam.look());
                if run.act(&mut iam, step).is_some() {
                    break;
                }
            }
            let rest = run.again().finish(&mut iam);
            assert!(matches!(rest, QuarantineStep::InPlace { .. }), "{rest:?}");
            assert_contained(&iam, judged);
        }
    }
}

/// Every order in which two executions for the same change can look and write.
#[test]
fn two_executions_for_one_change_come_to_the_same_end() {
    fn explore(
        iam: &Iam,
        runs: &[Run; 2],
        pending: &[Option<QuarantineStep>; 2],
        rested: [bool; 2],
        judged: u64,
        depth: usize,
    ) {
        if rested == [true, true] {
            // Whoever rested first may have rested on what the other then tidied up; each execution's next task looks again.
            let mut iam = iam.clone();
            Run::of(judged).finish(&mut iam);
            assert_contained(&iam, judged);
            return;
        }
        assert!(depth < 24, "no rest: {iam:?}");
        for index in 0..2 {
            if rested[index] {
                continue;
            }
            let (mut iam, mut runs, mut pending, mut rested) =
                (iam.clone(), runs.clone(), pending.clone(), rested);
            match pending[index].take() {
                None => pending[index] = Some(runs[index].decide(&iam.look())),
                Some(QuarantineStep::Activate(version))
                    if iam.document(version.number()).is_none() =>
                {
                    // NoSuchEntity: the function fails and is run again.
                    runs[index] = runs[index].again();
                }
                Some(QuarantineStep::Create) if iam.versions.len() == 5 => {}
                Some(step) => rested[index] = runs[index].act(&mut iam, step).is_some(),
            }
            explore(&iam, &runs, &pending, rested, judged, depth + 1);
        }
    }
    for (start, judged) in [
        (Iam::with_change(&[ORIGINAL]), 1),
        (Iam::with_change(&[HARMLESS, ORIGINAL]), 2),
    ] {
        let runs = [Run::of(judged), Run::of(judged)];
        explore(&start, &runs, &[None, None], [false, false], judged, 0);
    }
}

#[test]
fn a_newer_change_is_left_alone() {
    let mut iam = Iam::with_change(&[ORIGINAL]);
    iam.create(HARMLESS);
    let before = iam.clone();
    assert_eq!(Run::of(1).finish(&mut iam), QuarantineStep::Superseded);
    assert_eq!(iam.versions, before.versions);
}

/// A call whose answer is late is made again, and another execution can have been decided by then.
#[test]
fn a_double_that_was_made_after_a_denial_is_removed() {
    let mut iam = contained();
    let mut late = Run::of(1);
    late.first_seen = Some(vec![id(1), id(2)]);
    restore(&mut iam, DecisionAction::Deny, false, None);
    let made = iam.create(REMEDIATED);
    late.made.push(made);
    assert_eq!(late.finish(&mut iam), QuarantineStep::Superseded);
    let ids: Vec<_> = iam.versions.iter().map(|it| it.id.clone()).collect();
    assert_eq!((iam.default().id.clone(), ids), (id(2), vec![id(2)]));
    // What somebody put in force since is not touched.
    iam.create(REMEDIATED);
    iam.create(HARMLESS);
    let before = iam.clone();
    assert_eq!(Run::of(1).finish(&mut iam), QuarantineStep::Superseded);
    assert_eq!(iam.versions, before.versions);
}

#[test]
fn an_older_default_is_believed_only_after_waiting() {
    let mut iam = Iam::with_change(&[HARMLESS, ORIGINAL]);
    iam.activate(&id(1));
    let mut run = Run::of(2);
    assert_eq!(run.finish(&mut iam), QuarantineStep::NotVisible);
    run.waited = true;
    assert_eq!(run.finish(&mut iam), QuarantineStep::Superseded);
}

#[test]
fn a_version_that_iam_does_not_list_yet_is_waited_for() {
    let mut iam = Iam::with_change(&[HARMLESS]);
    assert_eq!(Run::of(2).finish(&mut iam), QuarantineStep::NotVisible);
}

#[test]
fn a_stale_list_after_the_write_makes_no_second_version() {
    let mut iam = Iam::with_change(&[ORIGINAL]);
    let stale = iam.look();
    let mut run = Run::of(1);
    let step = run.decide(&stale);
    run.act(&mut iam, step);
    assert_eq!(run.decide(&stale), QuarantineStep::NotVisible);
}

#[test]
fn a_write_that_overtook_a_newer_harmless_change_gives_way() {
    let mut iam = Iam::with_change(&[ORIGINAL]);
    let mut run = Run::of(1);
    let step = run.decide(&iam.look());
    iam.create(HARMLESS);
    run.act(&mut iam, step);
    assert_eq!(run.finish(&mut iam), QuarantineStep::Superseded);
    assert_eq!(iam.default().document, HARMLESS);
    assert_eq!(iam.versions.len(), 2, "nothing of ours is left: {iam:?}");
}

#[test]
fn a_write_that_overtook_a_newer_restricted_change_never_puts_it_in_force() {
    let mut iam = Iam::with_change(&[ORIGINAL]);
    let mut run = Run::of(1);
    let step = run.decide(&iam.look());
    iam.create(&ORIGINAL.replace("Get", "Put"));
    run.act(&mut iam, step);
    assert!(matches!(
        run.finish(&mut iam),
        QuarantineStep::InPlace { .. }
    ));
    assert!(is_clean(&iam.default().document));
}

#[test]
fn the_oldest_removable_version_makes_room_after_its_document_is_kept() {
    let (start, judged) = starts().remove(4);
    let mut run = Run::of(judged);
    let QuarantineStep::KeepFirst(evicted) = run.decide(&start.look()) else {
        panic!("room is needed");
    };
    assert_eq!(evicted.version, id(1));
    assert_eq!(Some(evicted.document.as_str()), start.document(1));
    run.evicted.push(evicted);
    assert_eq!(run.decide(&start.look()), QuarantineStep::Delete(id(1)));
}

/// One run of `revert` from look to look; interrupted after `steps` if that is given.
fn restore(
    iam: &mut Iam,
    action: DecisionAction,
    waited: bool,
    steps: Option<usize>,
) -> Option<RestoreStep> {
    let mut first_seen = None;
    for _ in 0..steps.unwrap_or(12) {
        let snapshot = iam.look();
        let ids = || {
            snapshot
                .versions
                .iter()
                .map(|version| version.id.clone())
                .collect::<Vec<_>>()
        };
        let first_seen = first_seen.get_or_insert_with(ids);
        let step = Restoring {
            action,
            original: &id(1),
            quarantine: &id(2),
            remediated: &KeptDocument::new(REMEDIATED),
            created: true,
            event_time: Timestamp::from_second(EVENT_SECOND).unwrap(),
            first_seen: first_seen.as_slice(),
            waited,
        }
        .next_step(&snapshot, is_clean);
        match step {
            RestoreStep::Activate(version) => iam.activate(&version),
            RestoreStep::Delete(version) => iam.delete(&version),
            rest => return Some(rest),
        }
    }
    assert!(steps.is_some(), "no rest: {iam:?}");
    None
}

fn contained() -> Iam {
    let mut iam = Iam::with_change(&[ORIGINAL]);
    Run::of(1).finish(&mut iam);
    iam
}

#[test]
fn a_decision_is_carried_out_from_any_interruption() {
    for interrupted_after in 0..4 {
        let mut iam = contained();
        restore(
            &mut iam,
            DecisionAction::Allow,
            false,
            Some(interrupted_after),
        );
        assert_eq!(
            restore(&mut iam, DecisionAction::Allow, false, None),
            Some(RestoreStep::Settled)
        );
        assert_eq!((iam.default().id.clone(), iam.versions.len()), (id(1), 1));

        let mut iam = contained();
        restore(
            &mut iam,
            DecisionAction::Deny,
            false,
            Some(interrupted_after),
        );
        assert_eq!(
            restore(&mut iam, DecisionAction::Deny, false, None),
            Some(RestoreStep::Settled)
        );
        assert_eq!((iam.default().id.clone(), iam.versions.len()), (id(2), 1));

        let mut iam = contained();
        let before = iam.clone();
        assert_eq!(
            restore(&mut iam, DecisionAction::Expire, false, None),
            Some(RestoreStep::Settled)
        );
        assert_eq!(iam.versions, before.versions);
    }
}

#[test]
fn a_decision_after_a_newer_change_touches_nothing() {
    for action in [
        DecisionAction::Allow,
        DecisionAction::Deny,
        DecisionAction::Expire,
    ] {
        let mut iam = contained();
        iam.create(HARMLESS);
        let before = iam.clone();
        assert_eq!(
            restore(&mut iam, action, false, None),
            Some(RestoreStep::Superseded)
        );
        assert_eq!(iam.versions, before.versions);
    }
}

#[test]
fn a_double_that_was_made_late_is_the_quarantine_and_no_newer_change() {
    for (action, in_force, left) in [
        (DecisionAction::Allow, id(1), vec![id(1)]),
        (DecisionAction::Deny, id(3), vec![id(3)]),
        (DecisionAction::Expire, id(3), vec![id(1), id(3)]),
    ] {
        let mut iam = contained();
        iam.create(RESTRUCTURED);
        assert_eq!(
            restore(&mut iam, action, false, None),
            Some(RestoreStep::Settled)
        );
        let ids: Vec<_> = iam.versions.iter().map(|it| it.id.clone()).collect();
        assert_eq!((iam.default().id.clone(), ids), (in_force, left));
    }
}

#[test]
fn an_answer_of_iam_that_may_be_old_is_believed_only_after_waiting() {
    for action in [DecisionAction::Deny, DecisionAction::Expire] {
        let mut iam = contained();
        iam.activate(&id(1));
        let before = iam.clone();
        assert_eq!(
            restore(&mut iam, action, false, None),
            Some(RestoreStep::NotVisible)
        );
        assert_eq!(
            restore(&mut iam, action, true, None),
            Some(RestoreStep::Superseded)
        );
        assert_eq!(iam.versions, before.versions);
    }
}

#[test]
fn an_original_version_that_somebody_deleted_is_not_made_up() {
    let mut iam = contained();
    iam.delete(&id(1));
    assert_eq!(
        restore(&mut iam, DecisionAction::Allow, false, None),
        Some(RestoreStep::NotVisible)
    );
    assert_eq!(
        restore(&mut iam, DecisionAction::Allow, true, None),
        Some(RestoreStep::Superseded)
    );
    assert_eq!(iam.default().id, id(2));
}
