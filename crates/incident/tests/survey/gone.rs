//! What denied something, and went.

use incident::OwnerKind;
use incident::message::{GoneDenial, GoneThing};
use incident::subject::Owner;

use crate::world::{World, aws, own};
use crate::{DENIES, Guard, HARMLESS, START};

fn gone(kind: OwnerKind, name: &str, what: GoneThing) -> GoneDenial {
    GoneDenial {
        owner: Owner {
            kind,
            name: name.to_owned(),
        },
        what,
    }
}

#[test]
fn what_denied_and_went_is_reported_once() {
    let mut world = World::old();
    world.put(OwnerKind::Group, "group1", "deny", DENIES);
    let mut guard = Guard::default();
    let first = guard.sweep(&world, None);
    assert_eq!(first.gone, []);
    world.detach(OwnerKind::Role, "role0", &own("denies"));
    world.take(OwnerKind::Group, "group1", "deny");
    world.bound(OwnerKind::User, "user0", None);
    let second = guard.sweep(&world, Some(&first.output));
    let mut found = second.gone.clone();
    found.sort_by_key(|it| it.owner.name.clone());
    let policy = own("denies");
    assert_eq!(
        found,
        [
            gone(
                OwnerKind::Group,
                "group1",
                GoneThing::Inline {
                    name: "deny".to_owned()
                }
            ),
            gone(OwnerKind::Role, "role0", GoneThing::Attached { policy }),
            gone(
                OwnerKind::User,
                "user0",
                GoneThing::Boundary {
                    policy: own("plain")
                }
            ),
        ]
    );
    assert_eq!(second.output.counts.gone, 3);
    let third = guard.sweep(&world, Some(&second.output));
    assert_eq!(third.gone, []);
    // It comes back, and goes again.
    world.bound(OwnerKind::User, "user0", Some(&own("plain")));
    let fourth = guard.sweep(&world, Some(&third.output));
    world.bound(OwnerKind::User, "user0", None);
    assert_eq!(guard.sweep(&world, Some(&fourth.output)).gone.len(), 1);
}

#[test]
fn a_deleted_policy_that_denied_went_from_each_holder() {
    let mut world = World::old();
    let mut guard = Guard::default();
    let first = guard.sweep(&world, None).output;
    world.delete_policy(&own("denies"));
    assert_eq!(guard.sweep(&world, Some(&first)).gone.len(), 9);
}

#[test]
fn an_owner_that_went_or_has_another_name_lost_nothing() {
    let mut world = World::old();
    let mut guard = Guard::default();
    let first = guard.sweep(&world, None).output;
    world.rename(OwnerKind::User, "user0", "renamed");
    world.delete(OwnerKind::Role, "role0");
    world.delete(OwnerKind::Role, "role1");
    world.create(OwnerKind::Role, "role1");
    let second = guard.sweep(&world, Some(&first));
    assert_eq!(second.gone, []);
    // What a renamed owner loses is reported under the name that it has now.
    world.detach(OwnerKind::User, "renamed", &own("denies"));
    let third = guard.sweep(&world, Some(&second.output));
    let policy = own("denies");
    assert_eq!(
        third.gone,
        [gone(
            OwnerKind::User,
            "renamed",
            GoneThing::Attached { policy }
        )]
    );
}

/// Its members are denied nothing any more.
#[test]
fn a_deleted_group_lost_what_it_denied() {
    let mut world = World::old();
    world.put(OwnerKind::Group, "group1", "deny", DENIES);
    let mut guard = Guard::default();
    let first = guard.sweep(&world, None).output;
    world.rename(OwnerKind::Group, "group1", "renamed");
    let second = guard.sweep(&world, Some(&first));
    assert_eq!(second.gone, []);
    world.delete(OwnerKind::Group, "renamed");
    world.create(OwnerKind::Group, "renamed");
    let third = guard.sweep(&world, Some(&second.output));
    let policy = own("denies");
    let name = "deny".to_owned();
    assert_eq!(
        third.gone,
        [
            gone(OwnerKind::Group, "renamed", GoneThing::Attached { policy }),
            gone(OwnerKind::Group, "renamed", GoneThing::Inline { name }),
        ]
    );
    let fourth = guard.sweep(&world, Some(&third.output));
    assert_eq!(fourth.gone, []);
}

#[test]
fn a_boundary_that_was_replaced_is_not_gone() {
    let mut world = World::old();
    let mut guard = Guard::default();
    let first = guard.sweep(&world, None).output;
    world.bound(OwnerKind::User, "user0", Some(&aws("Reader")));
    assert_eq!(guard.sweep(&world, Some(&first)).gone, []);
}

/// A version without the `Deny` is an event's matter: the policy is attached as before.
#[test]
fn a_denial_that_was_rewritten_is_not_gone() {
    let mut world = World::old();
    let mut guard = Guard::default();
    let first = guard.sweep(&world, None).output;
    world.version(&own("denies"), HARMLESS, START);
    let second = guard.sweep(&world, Some(&first));
    assert_eq!(second.gone, []);
    assert!(second.output.denials.len() < first.denials.len());
}

/// What denied something does not depend on the lists.
#[test]
fn a_denial_that_went_before_the_lists_changed_is_gone() {
    let mut world = World::old();
    let mut guard = Guard::default();
    let first = guard.sweep(&world, None).output;
    world.delete_policy(&own("denies"));
    guard.baseline = "reviewed";
    let second = guard.sweep(&world, Some(&first));
    assert!(second.is_baseline);
    assert_eq!(second.gone.len(), 9);
}
