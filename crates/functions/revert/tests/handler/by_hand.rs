//! Payloads that the state machine does not send, and those of the version before.

use incident::DecideBy;
use lambda_kit::FailureName;
use serde_json::{Value, json};

use crate::support::*;

/// An answer to a caller other than the state machine has no effect.
#[test]
fn an_invocation_by_hand_reads_and_changes_nothing() {
    let incident = Incident::managed(&[RESTRICTED]);
    let execution = incident.decided(&json!({"action": "allow"}));
    let before = incident.iam.account();
    let answer = incident.look(DecideBy::Token, &execution, &payload(&execution));
    let answer = answer.unwrap();
    assert_eq!(answer["action"]["call"], "SetDefaultPolicyVersion");
    let named = serde_json::to_string(&answer["action"]).unwrap();
    assert!(!named.contains(ARN), "an answer names no target: {named}");
    assert_eq!(incident.iam.account(), before);
}

#[test]
fn a_decision_that_is_no_allow_of_this_execution_puts_nothing_back() {
    let incident = Incident::managed(&[RESTRICTED]);
    let execution = incident.decided(&json!({"action": "allow"}));
    for decision in [
        json!({"action": "deny"}),
        json!({"action": "expire"}),
        json!({"action": "Allow"}),
        json!("allow"),
        Value::Null,
        json!({"action": "allow", "execution": "arn:aws:states:us-east-1:111122223333:execution:guard:two"}),
    ] {
        let mut payload = payload(&execution);
        payload["decision"] = decision;
        let calls = incident.iam.calls();
        let error = incident
            .look(DecideBy::Token, &execution, &payload)
            .unwrap_err();
        assert_eq!(error.name(), FailureName::PayloadMalformed, "{error}");
        assert_eq!(incident.iam.calls(), calls);
    }
}

#[test]
fn in_the_state_denied_nothing_is_allowed() {
    for decision in [
        json!({"action": "allow"}),
        json!("allow"),
        Value::Null,
        json!({}),
    ] {
        let incident = Incident::managed(&[RESTRICTED]);
        let mut execution = incident.decided(&json!({"action": "deny"}));
        let (state, mut data) = execution.entered.pop().unwrap();
        assert_eq!(state, "Denied");
        data["decision"] = decision;
        let outcome = incident.invoke(&execution.then(&state, data)).unwrap();
        assert_eq!(outcome.result.as_str(), "denied");
        assert_eq!(incident.versions(), (vec![2], 2));
    }
}

#[test]
fn a_payload_without_a_quarantine_in_place_fails_by_name() {
    let mut incident = Incident::managed(&[RESTRICTED]);
    for quarantine in [json!({"status": "superseded"}), Value::Null] {
        incident.data["quarantine"] = quarantine;
        let error = incident.revert("allow").unwrap_err();
        assert_eq!(error.name(), FailureName::PayloadMalformed);
    }
}

/// Their definition carries nothing out, so a person must: the e-mail has the command.
#[test]
fn an_execution_of_the_version_before_is_told_where_a_person_must_act() {
    let incident = Incident::managed(&[RESTRICTED]);
    let former = json!({ "execution": fixtures::EXECUTION });
    for (action, command) in [
        ("allow", "set-default-policy-version"),
        ("deny", "delete-policy-version"),
    ] {
        let execution = incident.decided(&json!({"action": action}));
        let before = incident.iam.account();
        let error = incident
            .look(DecideBy::Token, &execution, &former)
            .unwrap_err();
        assert_eq!(error.name(), FailureName::AwsRefused);
        let command = format!("aws iam {command} --policy-arn {ARN} --version-id v1");
        assert!(error.to_string().contains(&command), "{error}");
        assert_eq!(incident.iam.account(), before);
    }
    let execution = incident.decided(&json!({"action": "expire"}));
    let outcome = incident.look(DecideBy::Token, &execution, &former).unwrap();
    assert_eq!(outcome["result"], "expired");
}
