//! `events/invoke/`: for each function one payload as the state machine or API Gateway sends it.
//!
//! The code of an incident makes the payloads from `events/create-policy.json`.
//! `UPDATE_EVENTS=1 cargo test --package end-to-end --test agreement` writes them anew.

use std::collections::BTreeSet;
use std::fs;

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use incident::Record;
use incident::memory::Memory;
use incident::message::{
    ContainRequest, NotifyRequest, ObservedPolicy, Quarantine, ReadRequest, Response,
    RestoreRequest, Restricted, Verdict, VerdictResult,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{definition, path, read_json};

const EXECUTION: &str = "arn:aws:states:us-east-1:111122223333:execution:automated-iam-policy-alerts-and-approvals-incidents:5c1f2c3e-0d53-4a4e-8c1b-2f6f0f8f7a11";
const ENTERED: &str = "2026-03-02T09:15:31.482Z";
const TOKEN: &str = "AQCsAAAAKgAAAAMAAAAAAAAAAQExample+token/that/opens/nothing==";

fn payloads() -> Vec<(&'static str, Value)> {
    let event = read_json("events/create-policy.json");
    let Record { change, document } = Record::parse(&event).unwrap();
    let contained = fixtures::contained(&change, &document.unwrap());
    let verdict = Verdict {
        response: Response::Contain,
        notify: true,
        result: VerdictResult::Restricted,
        change: change.clone(),
        in_force: Some(ObservedPolicy {
            identity: contained.identity.clone(),
            version: contained.versions.as_ref().map(|it| it.original.clone()),
            document: contained.original.clone(),
        }),
        named: None,
        restricted: Restricted::clone(&contained.restricted),
        exemption: None,
        report: None,
        memory: Memory::default(),
    };
    let quarantine = Quarantine::InPlace(contained);
    vec![
        (
            "validate-policy",
            json!({"task": "judge", "execution": EXECUTION, "entered": ENTERED, "event": event, "look": null, "failedTries": 0, "lapsed": null}),
        ),
        (
            "remediate",
            json!({"execution": EXECUTION, "entered": ENTERED, "verdict": verdict, "work": null, "done": null, "failedTries": 0}),
        ),
        (
            "notify",
            json!({
                "task": "ask", "token": TOKEN, "execution": EXECUTION, "entered": ENTERED, "change": change, "quarantine": quarantine,
                "takesMinutes": true, "askedAt": "2026-03-02T09:15:31.482Z", "timeoutSeconds": 604_800, "failedTries": 0, "asked": {"times": 1}
            }),
        ),
        (
            "revert",
            json!({
                "execution": EXECUTION, "entered": ENTERED, "state": "Approved", "change": change, "quarantine": quarantine,
                "decision": {"action": "allow", "time": "2026-03-02T10:15:31Z"}, "work": null, "done": null
            }),
        ),
    ]
}

/// The payload's members are those that the definition sends, and the function can read them.
fn check<Request: DeserializeOwned>(state: &str, payload: &Value) {
    let sent = definition()["States"][state]["Arguments"]["Payload"].clone();
    let keys = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(keys(payload), keys(&sent), "{state}");
    let read: Result<Request, _> = serde_json::from_value(payload.clone());
    assert!(read.is_ok(), "{state}: {:?}", read.err());
}

#[test]
fn the_payloads_of_the_state_machine_are_as_it_sends_them() {
    for (binary, payload) in payloads() {
        let file = format!("events/invoke/{binary}.json");
        if std::env::var_os("UPDATE_EVENTS").is_some() {
            let text = serde_json::to_string_pretty(&payload).unwrap() + "\n";
            fs::write(path(&file), text).unwrap();
        }
        assert_eq!(
            read_json(&file),
            payload,
            "{file} is out of date; see the head of this test's file"
        );
        match binary {
            "validate-policy" => check::<ReadRequest>("ValidatePolicy", &payload),
            "remediate" => check::<ContainRequest>("TempRemove", &payload),
            "notify" => check::<NotifyRequest>("AskUser", &payload),
            _ => ["Approved", "Denied"]
                .into_iter()
                .for_each(|state| check::<RestoreRequest>(state, &payload)),
        }
    }
}

#[test]
fn the_payload_of_api_gateway_is_a_request_for_the_page() {
    let request: ApiGatewayProxyRequest =
        serde_json::from_value(read_json("events/invoke/approve-callback.json")).unwrap();
    assert_eq!(request.http_method.as_str(), "GET");
    assert_eq!(request.query_string_parameters.first("token"), Some(TOKEN));
    assert_eq!(
        request.query_string_parameters.first("execution"),
        Some(EXECUTION)
    );
}
