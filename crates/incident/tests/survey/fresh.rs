//! What is new since the last sweep.

use incident::OwnerKind;
use incident::message::Response;
use incident::survey::{Accounted, Baseline, Grant};

use crate::world::{World, aws, own};
use crate::{GRANTS, Guard, HARMLESS, KINDS, START, documents};

/// Fifty restricted writes of every kind, and nothing else.
fn write_fifty(world: &mut World) {
    for number in 0..5 {
        // A new managed policy, and a new version of one that granted nothing.
        world.policy(&own(&format!("new{number}")), GRANTS);
        let rewritten = own(&format!("rewritten{number}"));
        world.version(&rewritten, GRANTS, START);
        // An inline policy of each kind of owner, and one that is written over.
        for kind in KINDS {
            world.put(
                kind,
                &format!("{kind}{}", number % 3),
                &format!("new{number}"),
                GRANTS,
            );
        }
        world.put(OwnerKind::Role, &format!("fresh{number}"), "plain", GRANTS);
        // Attachments of a policy of AWS and of one of the account, which nobody changed.
        world.attach(OwnerKind::Role, &format!("fresh{number}"), &aws("Admin"));
        world.attach(OwnerKind::Role, &format!("fresh{number}"), &own("old"));
        world.attach(OwnerKind::User, &format!("member{number}"), &aws("Admin"));
        world.join(&format!("member{number}"), "group0");
    }
}

/// An account where these writes can happen.
fn before() -> World {
    let mut world = World::old();
    for number in 0..5 {
        world.policy(&own(&format!("rewritten{number}")), HARMLESS);
        world.create(OwnerKind::Role, &format!("fresh{number}"));
        world.put(
            OwnerKind::Role,
            &format!("fresh{number}"),
            "plain",
            HARMLESS,
        );
        world.create(OwnerKind::User, &format!("member{number}"));
    }
    world
}

#[test]
fn fifty_lost_writes_of_every_kind_start_fifty_incidents() {
    let mut world = before();
    let mut guard = Guard::default();
    let previous = guard.sweep(&world, None).output;
    write_fifty(&mut world);
    let swept = guard.sweep(&world, Some(&previous));
    assert_eq!(swept.fresh.len(), 50);
    assert_eq!(documents(&swept.fresh), 30);
    assert_eq!(swept.started(), 50);
    assert!(swept.left.is_empty() && !swept.reports_over);
    for grant in &swept.started {
        let expected = if grant.is_document() {
            Response::Contain
        } else {
            Response::Ask
        };
        assert_eq!(grant.response, expected, "{}", grant.subject);
        assert!(!swept.output.knows(&grant.id), "{}", grant.subject);
    }
    // What comes to nothing is new again.
    assert_eq!(guard.sweep(&world, Some(&swept.output)).started(), 50);
}

#[test]
fn one_more_than_the_most_starts_none_and_is_reported_once_a_day() {
    let mut world = before();
    let mut guard = Guard {
        most: 49,
        ..Guard::default()
    };
    let mut previous = guard.sweep(&world, None).output;
    write_fifty(&mut world);
    let mut reports = 0;
    for _ in 0..48 {
        let swept = guard.sweep(&world, Some(&previous));
        assert_eq!((swept.left.len(), swept.started()), (50, 0));
        reports += usize::from(swept.reports_over);
        previous = swept.output;
    }
    assert_eq!(reports, 2);
    // A person deals with one of them, and the rest starts.
    world.delete_policy(&own("new0"));
    let swept = guard.sweep(&world, Some(&previous));
    assert_eq!(swept.started(), 49);
    assert!(!swept.reports_over && swept.left.is_empty());
    // The next time is reported at once.
    assert_eq!(swept.output.over_reported_at, None);
}

/// Questions count like containments.
#[test]
fn fifty_and_one_question_are_over_the_most() {
    let mut world = before();
    let mut guard = Guard::default();
    let previous = guard.sweep(&world, None).output;
    write_fifty(&mut world);
    world.create(OwnerKind::Role, "one-more");
    world.attach(OwnerKind::Role, "one-more", &aws("Admin"));
    let swept = guard.sweep(&world, Some(&previous));
    assert_eq!((swept.started(), swept.left.len()), (0, 51));
    assert!(swept.reports_over);
}

/// Whoever never answers must not keep the guard from what is new.
#[test]
fn what_nobody_answered_takes_the_room_that_is_left() {
    let mut world = before();
    let mut guard = Guard {
        most: 32,
        ..Guard::default()
    };
    let previous = guard.sweep(&world, None).output;
    write_fifty(&mut world);
    // Twenty questions, and thirty documents.
    let unanswered = |grant: &Grant| match grant.is_document() {
        true => Accounted::No,
        false => Accounted::Unanswered,
    };
    let swept = guard.sweep_with(&world, Some(&previous), unanswered);
    assert_eq!((swept.started(), swept.left.len()), (32, 0));
    assert_eq!(documents(&swept.started), 30);
    assert_eq!(swept.output.counts.pending, 18);
    assert!(!swept.reports_over);
    // Too many of them start what there is room for.
    guard.most = 5;
    let all = guard.sweep_with(&world, Some(&previous), |_| Accounted::Unanswered);
    assert_eq!((all.started(), all.left.len()), (5, 0));
    // Where what is new is too much, none starts.
    let swept = guard.sweep_with(&world, Some(&previous), unanswered);
    assert_eq!((swept.started(), swept.left.len()), (0, 30));
    assert_eq!(swept.output.counts.pending, 20);
}

/// The most counts what no incident accounts for.
#[test]
fn what_is_accounted_for_leaves_room_for_the_rest() {
    let mut world = before();
    let mut guard = Guard {
        most: 30,
        ..Guard::default()
    };
    let previous = guard.sweep(&world, None).output;
    write_fifty(&mut world);
    let swept = guard.sweep_with(&world, Some(&previous), |grant| match grant.is_document() {
        true => Accounted::No,
        false => Accounted::Known,
    });
    assert_eq!(swept.started(), 30);
    assert_eq!(swept.output.counts.accounted, 20);
}

#[test]
fn what_aws_changes_is_a_baseline_and_what_someone_attaches_is_new() {
    let mut world = World::old();
    let mut guard = Guard::default();
    let previous = guard.sweep(&world, None).output;
    // AWS restricts nothing: its policy grants more from now on.
    world.version(&aws("Reader"), GRANTS, guard.now);
    let swept = guard.sweep(&world, Some(&previous));
    assert_eq!(swept.fresh.len(), 0);
    let more = swept.output.memory.len() - previous.memory.len();
    assert_eq!(more, 10, "each holder, and the policy");
    // The same in a sweep that reads it an hour after the change.
    world.create(OwnerKind::Role, "late");
    world.attach(OwnerKind::Role, "late", &aws("Reader"));
    let swept = guard.sweep(&world, Some(&swept.output));
    let [grant] = &*swept.started else {
        panic!("{:?}", swept.subjects());
    };
    assert!(grant.subject.to_string().contains("late"));
    assert_eq!(grant.baseline, None);
}

/// IAM shows a policy of AWS only while someone holds it, so the sweep before knew nothing of it.
#[test]
fn the_first_attachment_of_a_policy_of_aws_is_new() {
    let mut world = World::old();
    world.policy(&aws("Unused"), GRANTS);
    let mut guard = Guard::default();
    let previous = guard.sweep(&world, None).output;
    world.attach(OwnerKind::Role, "role0", &aws("Unused"));
    let swept = guard.sweep(&world, Some(&previous));
    assert_eq!(swept.started(), 1);
    // Nobody decided yet, and someone else attaches it too.
    world.attach(OwnerKind::Role, "role1", &aws("Unused"));
    assert_eq!(guard.sweep(&world, Some(&swept.output)).started(), 2);
}

/// What is attached comes into force with its policy, and the policy is asked about.
#[test]
fn a_policy_that_becomes_restricted_is_one_incident_for_all_its_holders() {
    let mut world = World::old();
    for kind in KINDS {
        world.attach(kind, &format!("{kind}0"), &own("plain"));
    }
    let mut guard = Guard::default();
    let previous = guard.sweep(&world, None).output;
    world.version(&own("plain"), GRANTS, START);
    let swept = guard.sweep(&world, Some(&previous));
    assert_eq!(swept.started(), 1, "{:?}", swept.subjects());
    assert!(swept.started[0].is_document());
}

#[test]
fn what_is_made_again_under_the_same_name_is_new() {
    let mut world = World::old();
    let mut guard = Guard::default();
    let previous = guard.sweep(&world, None).output;
    world.delete_policy(&own("old"));
    world.policy(&own("old"), GRANTS);
    world.delete(OwnerKind::Role, "role0");
    world.create(OwnerKind::Role, "role0");
    world.put(OwnerKind::Role, "role0", "inline", GRANTS);
    world.attach(OwnerKind::Role, "role0", &aws("Admin"));
    let swept = guard.sweep(&world, Some(&previous));
    assert_eq!(swept.started(), 3, "{:?}", swept.subjects());
    // An attachment of the new policy is new, although the policy is asked about itself.
    world.attach(OwnerKind::Role, "role1", &own("old"));
    let known = guard.sweep_with(&world, Some(&swept.output), |_| Accounted::Known);
    assert_eq!(known.fresh.len(), 4);
    world.attach(OwnerKind::Role, "role2", &own("old"));
    assert_eq!(guard.sweep(&world, Some(&known.output)).started(), 1);
}

#[test]
fn a_group_that_is_made_again_has_new_grants() {
    let mut world = World::old();
    let mut guard = Guard::default();
    let previous = guard.sweep(&world, None).output;
    world.delete(OwnerKind::Group, "group0");
    world.create(OwnerKind::Group, "group0");
    world.put(OwnerKind::Group, "group0", "inline", GRANTS);
    let swept = guard.sweep(&world, Some(&previous));
    assert_eq!(swept.started(), 1, "the members come with the policy");
    world.join("user2", "group0");
    let swept = guard.sweep(&world, Some(&swept.output));
    assert_eq!(swept.started(), 2, "{:?}", swept.subjects());
}

#[test]
fn a_grant_that_goes_and_comes_back_is_new_again() {
    let mut world = World::old();
    let mut guard = Guard::default();
    let first = guard.sweep(&world, None).output;
    let without = {
        let mut world = world.clone();
        world.take(OwnerKind::User, "user0", "inline");
        world.detach(OwnerKind::User, "user1", &aws("Admin"));
        world.version(&own("old"), HARMLESS, START);
        world
    };
    let second = guard.sweep(&without, Some(&first));
    assert_eq!(second.fresh.len(), 0);
    // The policy, an inline policy and an attachment. Those of the policy are still there.
    assert_eq!(first.memory.len() - second.output.memory.len(), 3);
    assert_eq!(second.output.lost.len(), 3);
    world.version(&own("old"), HARMLESS, START);
    world.version(&own("old"), GRANTS, START);
    let third = guard.sweep(&world, Some(&second.output));
    assert_eq!(third.started(), 3, "{:?}", third.subjects());
    // Their incidents ask, also after this sweep has ended.
    assert_eq!(third.output.lost.len(), 3);
}

/// Nobody but its service can change a service-linked role. A permission set, somebody wrote.
#[test]
fn what_belongs_to_a_service_starts_nothing() {
    let mut world = World::old();
    let mut guard = Guard::default();
    let previous = guard.sweep(&world, None).output;
    let role = "AWSServiceRoleFor_Other";
    world.create(OwnerKind::Role, role);
    world.put(OwnerKind::Role, role, "inline", GRANTS);
    world.attach(OwnerKind::Role, role, &aws("Admin"));
    world.policy(&own("aws-service-role/other"), GRANTS);
    let swept = guard.sweep(&world, Some(&previous));
    assert_eq!(swept.fresh.len(), 0);
    let reserved = swept.output.counts.restricted.reserved;
    assert_eq!(reserved, previous.counts.restricted.reserved + 3);
    let role = "AWSReservedSSO_Other_2";
    world.create(OwnerKind::Role, role);
    world.put(OwnerKind::Role, role, "inline", GRANTS);
    let swept = guard.sweep(&world, Some(&swept.output));
    assert_eq!(swept.started(), 1);
}

/// A document that says the same in other words is the same grant; one that grants more is not.
#[test]
fn the_meaning_of_a_document_counts() {
    let mut world = World::old();
    let mut guard = Guard::default();
    let previous = guard.sweep(&world, None).output;
    let again = GRANTS.replace("\"s3:*\",\"iam:PassRole\"", "\"iam:passrole\",\"S3:*\"");
    world.put(OwnerKind::Role, "role0", "inline", &again);
    world.version(&own("old"), &again, START);
    let swept = guard.sweep(&world, Some(&previous));
    assert_eq!(swept.fresh.len(), 0, "{:?}", swept.subjects());
    world.put(
        OwnerKind::Role,
        "role0",
        "inline",
        &again.replace("S3:*", "*"),
    );
    assert_eq!(guard.sweep(&world, Some(&swept.output)).started(), 1);
}

/// A document that the guard cannot read may grant everything.
#[test]
fn what_cannot_be_read_is_restricted() {
    let mut world = World::old();
    let mut guard = Guard::default();
    let previous = guard.sweep(&world, None).output;
    world.put(OwnerKind::Role, "role0", "broken", "{\"Statement\":");
    world.put(
        OwnerKind::Role,
        "role1",
        "long",
        &format!("[{}]", "1,".repeat(40_000)),
    );
    let swept = guard.sweep(&world, Some(&previous));
    assert_eq!(swept.started(), 2);
    assert!(
        swept
            .started
            .iter()
            .all(|it| it.baseline != Some(Baseline::Reserved))
    );
    // It is known by what IAM shows of it.
    let known = guard.sweep_with(&world, Some(&swept.output), |_| Accounted::Known);
    assert_eq!(guard.sweep(&world, Some(&known.output)).started(), 0);
}

/// In `Monitor`, nothing is contained or asked about. Another mode is a baseline: what was only
/// reported must not be contained at once.
#[test]
fn the_mode_is_the_ceiling_of_a_hint() {
    let mut world = before();
    let mut guard = Guard::default();
    guard.rules.mode = incident::judgement::Mode::Monitor;
    let previous = guard.sweep(&world, None).output;
    write_fifty(&mut world);
    let swept = guard.sweep(&world, Some(&previous));
    assert_eq!(swept.started(), 50);
    let is_report = |it: &incident::survey::Grant| it.response == Response::Report;
    assert!(swept.started.iter().all(is_report));
    guard.rules.mode = incident::judgement::Mode::Enforce;
    let swept = guard.sweep(&world, Some(&swept.output));
    assert!(swept.is_baseline && swept.started() == 0);
}
