//! More in force than a sweep can remember, or than it looks up.

use incident::OwnerKind;
use incident::survey::{Accounted, Collector, Comparison, GrantId, RulesDigest, SweepOutput};

use crate::world::{World, own};
use crate::{GRANTS, Guard, Swept, at};

/// An account with so many restricted inline policies more.
fn and_more(mut world: World, count: usize) -> World {
    for number in 0..count {
        let role = format!("more{}", number / 60);
        if number % 60 == 0 {
            world.create(OwnerKind::Role, &role);
        }
        world.put(OwnerKind::Role, &role, &format!("p{number}"), GRANTS);
    }
    world
}

fn too_wide() -> World {
    and_more(World::old(), SweepOutput::MAX_GRANTS)
}

fn ids(swept: &Swept) -> Vec<&GrantId> {
    swept.output.memory.iter().collect()
}

/// Whoever makes an account too wide for an hour hides nothing: what was new before it is new after
/// it, and what was known is still known.
#[test]
fn too_wide_starts_nothing_and_makes_nothing_known() {
    let mut guard = Guard::default();
    let first = guard.sweep(&World::old(), None);
    let known = |_: &_| Accounted::Known;
    let wide = guard.sweep_with(&too_wide(), Some(&first.output), known);
    assert!(wide.output.too_wide && wide.reports_over && !wide.is_baseline);
    assert_eq!(wide.started(), 0);
    assert_eq!(ids(&wide), ids(&first));
    // A day of it is one e-mail.
    let mut previous = wide.output;
    let mut reports = 0;
    for _ in 0..24 {
        let swept = guard.sweep_with(&too_wide(), Some(&previous), known);
        assert!(swept.output.too_wide && swept.started() == 0);
        reports += usize::from(swept.reports_over);
        previous = swept.output;
    }
    assert_eq!(reports, 1);
    let fits = guard.sweep(&and_more(World::old(), 7), Some(&previous));
    assert!(!fits.is_baseline && !fits.output.too_wide);
    assert_eq!(fits.started(), 7);
}

/// Before anything can be remembered, there is nothing to compare with. Whoever judges an event
/// still asks CloudTrail first about a document that stands there.
#[test]
fn a_first_sweep_that_is_too_wide_knows_the_documents_and_is_no_baseline() {
    let mut guard = Guard::default();
    let first = guard.sweep(&too_wide(), None);
    assert!(first.output.too_wide && first.reports_over);
    assert_eq!((first.started(), first.output.memory.len()), (0, 0));
    assert_eq!(first.output.lost.len(), SweepOutput::MAX_GRANTS);
    let text = serde_json::to_string(&first.output).unwrap();
    assert!(text.len() < 200_000, "{}", text.len());
    let second = guard.sweep(&too_wide(), Some(&first.output));
    assert!(second.is_baseline && second.started() == 0 && !second.reports_over);
    let fits = guard.sweep(&World::old(), Some(&second.output));
    assert!(fits.is_baseline && fits.started() == 0);
    assert!(!guard.sweep(&World::old(), Some(&fits.output)).is_baseline);
}

/// What is attached is not contained, so nobody asks whether it was known.
#[test]
fn of_attachments_too_many_leave_room_for_the_documents() {
    let mut world = World::default();
    world.policy(&own("only"), GRANTS);
    for number in 0..SweepOutput::MAX_GRANTS {
        let name = format!("role{number}");
        world.create(OwnerKind::Role, &name);
        world.attach(OwnerKind::Role, &name, &own("only"));
    }
    let output = Guard::default().sweep(&world, None).output;
    assert!(output.too_wide);
    assert_eq!(output.lost.len(), 1);
}

/// What was not looked up may be what an administrator allowed.
#[test]
fn nothing_starts_until_every_grant_was_looked_up() {
    let mut guard = Guard::default();
    let empty = guard.sweep(&World::default(), None).output;
    let mut world = World::default();
    for number in 0..10 {
        world.policy(&own(&format!("p{number}")), GRANTS);
    }
    let digest = RulesDigest::new(&guard.rules, "");
    let mut collector = Collector::new(&guard.rules, Some(&empty), None);
    world.each(&mut collector, Collector::principal, Collector::policy);
    let comparison = Comparison::new(collector.finish(), Some(&empty), digest, at(guard.now));
    assert_eq!(comparison.fresh.len(), 10);
    let (resolved, _) = comparison.resolve(vec![Accounted::Known; 9], 50);
    assert_eq!((resolved.started.len(), resolved.left.len()), (0, 1));
    assert_eq!(resolved.output.counts.started, 0);
    assert!(resolved.reports_over);
    // The next sweep knows nine of them.
    assert_eq!(guard.sweep(&world, Some(&resolved.output)).started(), 1);
}

/// Whoever has many questions asked must not keep in force what is contained.
#[test]
fn questions_that_were_not_looked_up_hold_up_no_containment() {
    let guard = Guard::default();
    let mut world = World::default();
    world.policy(&own("old"), GRANTS);
    for number in 0..10 {
        world.create(OwnerKind::Role, &format!("role{number}"));
    }
    let previous = Guard::default().sweep(&world, None).output;
    world.policy(&own("new"), GRANTS);
    for number in 0..10 {
        world.attach(OwnerKind::Role, &format!("role{number}"), &own("old"));
    }
    let digest = RulesDigest::new(&guard.rules, "");
    let mut collector = Collector::new(&guard.rules, Some(&previous), None);
    world.each(&mut collector, Collector::principal, Collector::policy);
    let comparison = Comparison::new(collector.finish(), Some(&previous), digest, at(guard.now));
    assert_eq!(comparison.fresh.len(), 11);
    let accounted = vec![Accounted::No, Accounted::No, Accounted::Pending];
    let (resolved, _) = comparison.resolve(accounted, 50);
    let started: Vec<_> = resolved
        .started
        .iter()
        .map(|it| it.subject.to_string())
        .collect();
    assert_eq!(started.len(), 1, "{started:?}");
    assert!(started.concat().contains("new"), "{started:?}");
    assert_eq!(resolved.left.len(), 9);
    assert!(resolved.reports_over);
}
