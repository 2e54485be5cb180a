//! Who holds a policy while a request about it is open.

use iam_model::OwnerKind;
use incident::DecideBy;
use serde_json::{Value, json};

use crate::support::*;

fn attach(incident: &Incident, names: impl IntoIterator<Item = String>) {
    incident.iam.change(|account| {
        for name in names {
            account.attach(ARN, OwnerKind::Role, &name);
        }
    });
}

/// The incident as it is asked about, with the holders that the request shows.
fn held_by(names: impl IntoIterator<Item = String>) -> Incident {
    let mut incident = Incident::managed(&[RESTRICTED]);
    attach(&incident, names);
    let asked = asked_again(&incident).expect("the request showed no one");
    incident.data["quarantine"]["attachedTo"] = asked;
    incident
}

/// Who holds it now, if an allow leads to another request.
fn asked_again(incident: &Incident) -> Option<Value> {
    let execution = incident.decided(&json!({"action": "allow"}));
    let answer = incident.look(DecideBy::Token, &execution, &payload(&execution));
    answer.unwrap().get("attachedTo").cloned()
}

fn numbered(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("app-{number:03}"))
}

#[test]
fn an_allow_gives_no_one_a_grant_whom_the_request_did_not_show() {
    for count in [1, 10, 11, 300] {
        let incident = held_by(numbered(count));
        assert_eq!(asked_again(&incident), None, "{count}");
        let before = incident.iam.account();
        attach(&incident, ["late".to_owned()]);
        let now = asked_again(&incident).unwrap();
        assert_eq!(now["total"], count + 1);
        assert_eq!(incident.iam.account().policy(ARN), before.policy(ARN));
        // A denial gives no one anything.
        assert_result(incident.revert("deny"), "denied");
    }
}

#[test]
fn the_outcome_says_who_holds_it() {
    let incident = held_by(numbered(2));
    let outcome = incident.revert("allow").unwrap();
    assert_eq!(outcome.attached_to.unwrap().total, 2);
}

#[test]
fn a_holder_that_went_changes_nothing() {
    let mut incident = held_by(numbered(2));
    let shown = &mut incident.data["quarantine"]["attachedTo"];
    shown["first"]
        .as_array_mut()
        .unwrap()
        .push(json!({"kind": "user", "name": "gone"}));
    shown["total"] = json!(3);
    assert_result(incident.revert("allow"), "allowed");
}
