//! An allow counts only with the key of the newest request, where the deployment says so, whichever
//! way it came.

use incident::LinkKey;
use incident::message::OutcomeResult;
use lambda_kit::FailureName;
use serde_json::{Value, json};

use crate::support::*;

fn key(number: u8) -> LinkKey {
    LinkKey::from_random([number; LinkKey::BYTES])
}

/// What `notify` answered when it asked with this key.
fn submitted(key: &LinkKey) -> Value {
    json!({"token": "AQCE", "keySha256": key.digest()})
}

#[test]
fn an_allow_with_the_key_is_carried_out() {
    let incident = Incident::managed(&[HARMLESS, RESTRICTED]);
    let decision = json!({"action": "allow", "key": key(1)});
    let execution = incident.decided(&decision);
    let execution = execution.with_submitted(vec![submitted(&key(1))]);
    let outcome = incident.invoke_by_mail(&execution).unwrap();
    assert_eq!(outcome.result, OutcomeResult::Allowed);
    assert_eq!(incident.versions(), (vec![1, 2], 2));
}

#[test]
fn any_other_allow_is_not() {
    let right = json!({"action": "allow", "key": key(1)});
    let cases = [
        (
            "no key, as an answer by the API has",
            json!({"action": "allow"}),
            vec![submitted(&key(1))],
        ),
        (
            "the digest instead of the key",
            json!({"action": "allow", "key": key(1).digest()}),
            vec![submitted(&key(1))],
        ),
        (
            "a key that is not a string",
            json!({"action": "allow", "key": [key(1)]}),
            vec![submitted(&key(1))],
        ),
        (
            "another key",
            json!({"action": "allow", "key": key(2)}),
            vec![submitted(&key(1))],
        ),
        ("no request in the history", right.clone(), vec![]),
        (
            "a request without a key",
            right.clone(),
            vec![json!({"token": "AQCE"})],
        ),
    ];
    for (what, decision, requests) in cases {
        for incident in [
            Incident::managed(&[HARMLESS, RESTRICTED]),
            Incident::inline(),
        ] {
            let before = incident.iam.account();
            let execution = incident.decided(&decision).with_submitted(requests.clone());
            let error = incident.invoke_by_mail(&execution).unwrap_err();
            assert_eq!(error.name(), FailureName::DecisionUnproven, "{what}");
            assert!(error.to_string().contains(&execution.arn), "{what}");
            assert_eq!(incident.iam.account(), before, "{what}");
            // Where the token decides, the same answer counts.
            let outcome = incident.invoke(&execution).unwrap();
            assert_eq!(outcome.result, OutcomeResult::Allowed, "{what}");
        }
    }
}

#[test]
fn the_key_of_an_earlier_request_does_not_count() {
    let incident = Incident::managed(&[HARMLESS, RESTRICTED]);
    let decision = json!({"action": "allow", "key": key(1)});
    let mut execution = incident.decided(&decision);
    let asked = execution.entered[1].clone();
    execution.entered.insert(1, asked);
    let both = vec![submitted(&key(1)), submitted(&key(2))];
    let execution = execution.with_submitted(both);
    let error = incident.invoke_by_mail(&execution).unwrap_err();
    assert_eq!(error.name(), FailureName::DecisionUnproven);
}

#[test]
fn a_deny_and_an_expiry_need_no_key() {
    for (action, result) in [
        ("deny", OutcomeResult::Denied),
        ("expire", OutcomeResult::Expired),
    ] {
        let incident = Incident::managed(&[HARMLESS, RESTRICTED]);
        let execution = incident.decided(&json!({"action": action}));
        let outcome = incident.invoke_by_mail(&execution).unwrap();
        assert_eq!(outcome.result, result);
    }
}

/// The request stands behind the failed attempts of the state, and behind an earlier run of it.
#[test]
fn the_request_is_found_behind_failed_attempts() {
    let incident = Incident::managed(&[HARMLESS, RESTRICTED]);
    let decision = json!({"action": "allow", "key": key(1)});
    let mut execution = incident.decided(&decision);
    execution.failures = 20;
    let execution = execution.with_submitted(vec![submitted(&key(1))]);
    let outcome = incident.invoke_by_mail(&execution).unwrap();
    assert_eq!(outcome.result, OutcomeResult::Allowed);
}
