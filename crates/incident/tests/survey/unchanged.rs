//! Sweeps that start nothing.

use incident::survey::{Accounted, SweepOutput};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::world::{World, aws, own};
use crate::{DENIES, GRANTS, Guard, HARMLESS, KINDS, config};
use incident::OwnerKind;

/// An account of any shape.
fn worlds() -> impl Strategy<Value = World> {
    let document = || select(&[GRANTS, HARMLESS, DENIES, "not JSON", "{}"][..]);
    let owner = (
        select(&KINDS[..]),
        vec(document(), 0..3),
        vec(0..6_usize, 0..4),
        vec(0..4_usize, 0..3),
        any::<bool>(),
    );
    (vec(document(), 6), vec(owner, 0..12), any::<bool>()).prop_map(
        |(policies, owners, is_reversed)| {
            let mut world = World::default();
            world.is_reversed = is_reversed;
            let arn = |number: usize| match number {
                0..3 => own(&format!("own{number}")),
                _ => aws(&format!("Aws{number}")),
            };
            for (number, document) in policies.into_iter().enumerate() {
                world.policy(&arn(number), document);
            }
            for (number, (kind, inline, attached, groups, is_bounded)) in
                owners.into_iter().enumerate()
            {
                let name = format!("owner{number}");
                world.create(kind, &name);
                for (number, document) in inline.into_iter().enumerate() {
                    world.put(kind, &name, &format!("inline{number}"), document);
                }
                for number in attached {
                    world.attach(kind, &name, &arn(number));
                }
                if kind == OwnerKind::User {
                    for group in groups {
                        world.join(&name, &format!("owner{group}"));
                    }
                }
                if is_bounded && kind != OwnerKind::Group {
                    world.bound(kind, &name, Some(&arn(0)));
                }
            }
            world
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn ten_sweeps_over_an_unchanged_account_start_nothing(world in worlds()) {
        let mut guard = Guard::default();
        let mut previous: Option<SweepOutput> = None;
        for number in 0..10 {
            let mut world = world.clone();
            world.is_reversed ^= number % 2 == 1;
            let swept = guard.sweep(&world, previous.as_ref());
            prop_assert_eq!(swept.is_baseline, number == 0);
            prop_assert_eq!(swept.fresh.len(), 0);
            prop_assert_eq!(swept.started(), 0);
            prop_assert_eq!(swept.gone.len(), 0);
            prop_assert!(!swept.reports_over);
            if let Some(previous) = &previous {
                prop_assert_eq!(&previous.memory, &swept.output.memory);
                prop_assert_eq!(&previous.denials, &swept.output.denials);
            }
            previous = Some(swept.output);
        }
    }

    /// What is in force and known becomes what the next sweep knows, and nothing else.
    #[test]
    fn a_sweep_knows_what_is_in_force_and_was_accounted_for(
        before in worlds(), after in worlds(), known in any::<bool>(),
    ) {
        let mut guard = Guard { most: 1000, ..Guard::default() };
        let first = guard.sweep(&before, None).output;
        let accounted = if known { Accounted::Known } else { Accounted::No };
        let second = guard.sweep_with(&after, Some(&first), |_| accounted);
        prop_assert_eq!(second.started(), if known { 0 } else { second.fresh.len() });
        for grant in &second.fresh {
            prop_assert!(!first.knows(&grant.id));
            prop_assert_eq!(second.output.knows(&grant.id), known);
        }
        let third = guard.sweep(&after, Some(&second.output));
        prop_assert_eq!(third.fresh.len(), if known { 0 } else { second.fresh.len() });
        prop_assert_eq!(third.gone.len(), 0);
    }
}

#[test]
fn a_baseline_starts_nothing_whatever_is_in_force() {
    let world = World::old();
    let mut guard = Guard::default();
    let first = guard.sweep(&world, None);
    assert!(first.is_baseline && first.started() == 0);
    assert!(first.output.counts.restricted.total() > 30);
    // Other patterns, another response for one of them, another text, and back again.
    let mut previous = first.output;
    let original = "iam:PassRole,s3:DeleteBucket,kms:*";
    for (list, baseline) in [
        ("iam:PassRole,s3:DeleteBucket", ""),
        (original, ""),
        (original, "2026-11"),
        ("ec2:Describe*", "2026-11"),
        (original, ""),
    ] {
        guard.rules = config(list);
        guard.baseline = baseline;
        let swept = guard.sweep(&world, Some(&previous));
        assert!(swept.is_baseline, "{list}");
        assert_eq!((swept.started(), swept.gone.len()), (0, 0), "{list}");
        let again = guard.sweep(&world, Some(&swept.output));
        assert!(!again.is_baseline, "{list}");
        assert_eq!(again.fresh.len(), 0, "{list}");
        previous = again.output;
    }
}

/// What a person has to decide about, or may have allowed for a time, is no memory.
#[test]
fn what_is_pending_starts_nothing_and_is_asked_about_each_time() {
    let world = World::old();
    let mut guard = Guard::default();
    let empty = guard.sweep(&World::default(), None).output;
    let mut previous = empty;
    for _ in 0..3 {
        let swept = guard.sweep_with(&world, Some(&previous), |_| Accounted::Pending);
        assert!(!swept.fresh.is_empty());
        assert_eq!(swept.output.counts.pending, swept.fresh.len());
        assert_eq!(swept.started(), 0);
        assert!(swept.fresh.iter().all(|it| !swept.output.knows(&it.id)));
        previous = swept.output;
    }
}

#[test]
fn the_proof_of_life_is_due_once_a_day() {
    let world = World::default();
    let mut guard = Guard::default();
    let mut previous = guard.sweep(&world, None).output;
    assert!(previous.must_probe());
    let mut probes = 0;
    for _ in 0..72 {
        if previous.must_probe() {
            probes += 1;
            previous.probed_at = Some(previous.started_at);
        }
        previous = guard.sweep(&world, Some(&previous)).output;
    }
    assert_eq!(probes, 3);
}
