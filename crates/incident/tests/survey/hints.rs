//! The records that nobody wrote.

use std::collections::BTreeSet;

use incident::message::Response;
use incident::survey::{Grant, hint, hint_name};
use incident::{ExecutionArn, OwnerKind, Record, Subject};

use crate::world::{World, aws, own};
use crate::{GRANTS, Guard, KINDS, START, at, sweep};

/// A grant of each kind that a sweep finds.
fn grants() -> Vec<Grant> {
    let mut world = World::old();
    let mut guard = Guard::default();
    let empty = guard.sweep(&World::default(), None).output;
    world.policy(&own("path/to/one"), GRANTS);
    world.attach(OwnerKind::Group, "group2", &own("path/to/one"));
    let fresh = guard.sweep(&world, Some(&empty)).fresh;
    // In a first sweep after an empty account, attachments come with their policies.
    let before = guard.sweep(&world, None).output;
    for kind in KINDS {
        world.create(kind, "new");
        world.attach(kind, "new", &aws("Admin"));
    }
    world.join("new", "group0");
    let later = guard.sweep(&world, Some(&before)).fresh;
    let mut all = fresh;
    all.extend(later);
    all
}

#[test]
fn a_hint_is_a_record_about_the_same_subject() {
    let grants = grants();
    let mut calls = BTreeSet::new();
    for grant in &grants {
        let now = at(START);
        let record = hint(grant, "111122223333", "eu-west-1", &sweep("one"), now).unwrap();
        let name = record["detail"]["eventName"].as_str().unwrap().to_owned();
        let change = Record::parse(&record).unwrap().change;
        assert_eq!(change.subject, grant.subject);
        assert_eq!(change.event_time, now);
        assert_eq!(change.event_id, hint_name(&grant.id, &sweep("one")));
        assert_eq!(
            (&*change.account, &*change.region),
            ("111122223333", "eu-west-1")
        );
        assert_eq!(change.version, grant.version);
        assert!(change.in_force && change.actor.is_sweep());
        assert!(change.actor.to_string().contains("found by the sweep"));
        assert!(!change.actor.is_root() && change.actor.user().is_none());
        calls.insert(name);
    }
    let expected = [
        "AddUserToGroup",
        "AttachGroupPolicy",
        "AttachRolePolicy",
        "AttachUserPolicy",
        "PutGroupPolicy",
        "PutRolePolicy",
        "PutUserPolicy",
        "SetDefaultPolicyVersion",
    ];
    assert_eq!(calls, expected.map(str::to_owned).into());
}

/// Step Functions takes names of 80 characters, of these (API Reference, "StartExecution").
#[test]
fn the_names_are_those_of_executions() {
    let grants = grants();
    let mut names = BTreeSet::new();
    for grant in &grants {
        let name = hint_name(&grant.id, &sweep("one"));
        assert!((1..=80).contains(&name.len()), "{name}");
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(name.chars().all(is_allowed), "{name}");
        assert_eq!(name, hint_name(&grant.id.clone(), &sweep("one")));
        names.insert(name);
    }
    assert_eq!(names.len(), grants.len());
}

/// Whoever knows the grant and the hour must not be able to take the name before.
#[test]
fn the_names_are_those_of_one_sweep() {
    for grant in grants() {
        let name = |sweep: &ExecutionArn| hint_name(&grant.id, sweep);
        assert_eq!(name(&sweep("one")), name(&sweep("one")));
        assert_ne!(name(&sweep("one")), name(&sweep("two")));
        let is_question = grant.response == Response::Ask;
        assert_eq!(matches!(grant.subject, Subject::Reported(_)), is_question);
    }
}
