//! No older decision outlives a newer one.

use std::collections::BTreeSet;

use fixtures::EXECUTION;
use iam_model::{StepFunctions, claim_of};
use incident::DecideBy;
use lambda_kit::FailureName;
use serde_json::{Value, json};

use crate::support::*;

/// The execution whose decision must not count any more.
const OTHER: &str = "arn:aws:states:us-east-1:111122223333:execution:guard:other";

/// The claim that the incident names: it is the first one.
fn claim(incident: &Incident) -> String {
    let claim = &incident.data["verdict"]["memory"]["claim"];
    claim.as_str().unwrap().to_owned()
}

fn generation(incident: &Incident, number: usize) -> String {
    let first = claim(incident);
    format!("{}-{number}", first.strip_suffix("-1").unwrap())
}

/// The generations that are taken, and the incident that the newest claim names.
fn claims(step_functions: &StepFunctions) -> (BTreeSet<String>, Option<Value>) {
    let claims = step_functions.claims();
    let newest = claims.values().max_by_key(|claim| claim.started);
    let input = newest.map(|claim| serde_json::from_str::<Value>(&claim.input).unwrap());
    let generation = |name: &String| name.rsplit_once('-').unwrap().1.to_owned();
    let named = input.map(|input| input["incident"].clone());
    (claims.keys().map(generation).collect(), named)
}

fn generations(numbers: impl IntoIterator<Item = usize>) -> BTreeSet<String> {
    numbers.into_iter().map(|it| it.to_string()).collect()
}

/// An incident that asked without a claim, and another one with the first claim.
fn without_a_claim(incident: Incident) -> Incident {
    let first = claim(&incident);
    incident.step_functions.claim(&first, &claim_of(OTHER));
    incident
}

/// The same where the policy is still as it was when the administrator was asked.
fn proposed(documents: &[&str]) -> Incident {
    let mut incident = Incident::managed(documents);
    let (iam, _) = fixtures::managed(documents);
    incident.iam = iam;
    let contained = &incident.data["quarantine"];
    let mut proposal = contained.clone();
    let members = proposal.as_object_mut().unwrap();
    members.insert("status".to_owned(), json!("proposed"));
    members.insert(
        "version".to_owned(),
        contained["versions"]["original"].clone(),
    );
    members.insert("asked".to_owned(), json!(true));
    members.remove("versions");
    incident.data["quarantine"] = proposal;
    incident
}

#[test]
fn a_deny_takes_the_place_of_the_claim_of_another_execution() {
    for incident in [
        Incident::managed(&[HARMLESS, RESTRICTED]),
        Incident::inline(),
    ] {
        let incident = without_a_claim(incident);
        assert_result(incident.revert("deny"), "denied");
        let (taken, named) = claims(&incident.step_functions);
        assert_eq!(taken, generations(1..=2));
        assert_eq!(named, Some(json!(EXECUTION)));
        // The answer got lost, and the task runs again.
        incident.revert_after_waiting("deny").unwrap();
        let (taken, _) = claims(&incident.step_functions);
        assert_eq!(taken, generations(1..=2));
    }
}

#[test]
fn it_also_does_so_where_nothing_is_left_to_deny() {
    for incident in [Incident::managed(&[RESTRICTED]), proposed(&[RESTRICTED])] {
        let incident = without_a_claim(incident);
        incident.change(|account| account.create_policy_version(ARN, HARMLESS, true));
        assert_result(incident.revert_patiently("deny"), "superseded");
        let (taken, _) = claims(&incident.step_functions);
        assert_eq!(taken, generations(1..=2));
    }
}

#[test]
fn an_older_claim_of_its_own_counts_no_more() {
    let incident = Incident::managed(&[HARMLESS, RESTRICTED]);
    let first = claim(&incident);
    incident.step_functions.claim(&first, &claim_of(EXECUTION));
    let second = generation(&incident, 2);
    incident.step_functions.claim(&second, &claim_of(OTHER));
    assert_result(incident.revert("deny"), "denied");
    let (taken, named) = claims(&incident.step_functions);
    assert_eq!(taken, generations(1..=3));
    assert_eq!(named, Some(json!(EXECUTION)));
}

#[test]
fn whoever_holds_the_newest_claim_starts_none() {
    let incident = Incident::managed(&[HARMLESS, RESTRICTED]);
    let first = claim(&incident);
    incident.step_functions.claim(&first, &claim_of(EXECUTION));
    assert_result(incident.revert("deny"), "denied");
    let (taken, _) = claims(&incident.step_functions);
    assert_eq!(taken, generations([1]));
    assert_eq!(
        incident.step_functions.calls()[..2],
        ["DescribeExecution", "DescribeExecution"]
    );
}

/// Neither the end of the wait nor an earlier deny that is found is a decision.
#[test]
fn other_ends_leave_the_claims_alone() {
    let mut found = Incident::managed(&[HARMLESS, RESTRICTED]);
    found.data["quarantine"]["settled"] = json!({"result": "deniedBefore", "notify": true});
    for (incident, action, result) in [
        (Incident::managed(&[RESTRICTED]), "expire", "expired"),
        (found, "deny", "deniedBefore"),
    ] {
        let incident = without_a_claim(incident);
        assert_result(incident.revert(action), result);
        let (taken, named) = claims(&incident.step_functions);
        assert_eq!((taken, named), (generations([1]), Some(json!(OTHER))));
    }
}

/// It may be for a time only, or come after a deny.
#[test]
fn an_allow_takes_the_place_of_the_claim_of_another_execution() {
    let incident = without_a_claim(Incident::managed(&[HARMLESS, RESTRICTED]));
    assert_result(incident.revert("allow"), "allowed");
    let (taken, named) = claims(&incident.step_functions);
    assert_eq!((taken, named), (generations(1..=2), Some(json!(EXECUTION))));
}

#[test]
fn a_memory_that_may_answer_later_is_waited_for() {
    let incident = without_a_claim(Incident::managed(&[RESTRICTED]));
    incident.change(|account| account.create_policy_version(ARN, HARMLESS, true));
    let execution = incident.decided(&json!({"action": "deny"}));
    incident.step_functions.throttle_claims(1);
    let look = || incident.look(DecideBy::Token, &execution, &payload(&execution));
    assert_eq!(look().unwrap_err().name(), FailureName::Throttled);
    assert_eq!(look().unwrap()["outcome"]["result"], "superseded");
    let (taken, _) = claims(&incident.step_functions);
    assert_eq!(taken, generations(1..=2));
}

#[test]
fn without_the_state_machine_of_the_claims_a_deny_is_carried_out() {
    let incident = Incident::managed(&[HARMLESS, RESTRICTED]);
    incident.step_functions.delete_claims();
    assert_result(incident.revert("deny"), "denied");
    assert_eq!(incident.versions(), (vec![1, 3], 3));
}
