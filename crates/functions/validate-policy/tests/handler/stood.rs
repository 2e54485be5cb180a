//! What stood before the last sweep, and does not stand any more.

use incident::Timestamp;
use incident::message::{Response, VerdictResult};
use serde_json::json;

use crate::known::{CONTAINED, as_hint, dated, event_about_old, swept};
use crate::support::*;
use fixtures::call;

/// Whoever puts back what was denied must not wait for CloudTrail, or hide behind a padded record.
#[test]
fn what_was_denied_since_the_last_sweep_is_contained_at_once() {
    let world = swept();
    let data = world.judge("one", &event_about_old(&world, "e1", 5)).asks();
    let denied = json!({"result": "denied"});
    world.end_at("one", &data, ("deny", Timestamp::now()), &denied);
    let again = event_about_old(&world, "e2", 5);
    assert_eq!(world.judge("two", &again).ends(None), CONTAINED);
    // A sweep found it, because the event was lost.
    let hint = as_hint(event_about_old(&world, "e3", 5));
    assert_eq!(world.judge("three", &hint).ends(None), CONTAINED);
}

/// The last sweep found it in force after the deny, and did not start an incident.
#[test]
fn what_was_denied_before_the_last_sweep_stood_there_again() {
    let world = swept();
    let data = world.judge("one", &event_about_old(&world, "e1", 5)).asks();
    world.end("one", &data, "deny", &json!({"result": "denied"}));
    let again = event_about_old(&world, "e2", 5);
    assert!(world.judge("two", &again).waits(None));
    let hint = as_hint(event_about_old(&world, "e3", 5));
    assert_eq!(
        world.judge("three", &hint).verdict().response,
        Response::Ask
    );
}

/// A sweep between the two did not find it. What IAM left out would look the same.
#[test]
fn what_was_denied_and_went_for_a_sweep_is_contained_at_once() {
    let mut world = swept();
    let data = world.judge("one", &event_about_old(&world, "e1", 5)).asks();
    world.end("one", &data, "deny", &json!({"result": "denied"}));
    world.iam.change(|account| {
        let kind = iam_model::OwnerKind::Role;
        account.put_inline(kind, "app", "old", HARMLESS).unwrap();
    });
    world.sweep();
    let back = event_about_old(&world, "e2", 5);
    assert_eq!(world.judge("two", &back).ends(None), CONTAINED);
}

/// A draft puts nothing in force: nobody wrote what stands there.
#[test]
fn a_version_that_is_not_the_default_takes_nothing_old_away() {
    let world = swept();
    for (number, document) in [HARMLESS, RESTRICTED].into_iter().enumerate() {
        let parameters = [("PolicyArn", ARN), ("PolicyDocument", document)];
        let draft = call(&world.iam, "CreatePolicyVersion", &parameters);
        let name = format!("e{number}");
        let verdict = world.judge(&name, &dated(draft, &name, 5)).verdict();
        assert_eq!(verdict.result, VerdictResult::NotInForce, "{document}");
    }
    // What no sweep knew is contained, whatever the event is about.
    version(&world.iam, &fixtures::documents::other_restricted());
    let parameters = [("PolicyArn", ARN), ("PolicyDocument", HARMLESS)];
    let draft = call(&world.iam, "CreatePolicyVersion", &parameters);
    let draft = dated(draft, "new", 5);
    assert_eq!(world.judge("new", &draft).ends(None), CONTAINED);
}
