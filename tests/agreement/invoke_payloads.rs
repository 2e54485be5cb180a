//! `events/invoke/`: for each function one payload as the state machine or API Gateway sends it.
//!
//! The payloads are made here from `events/create-policy.json` by the code that makes them in an incident.
//! `UPDATE_EVENTS=1 cargo test --package end-to-end --test agreement` writes them anew.

use std::collections::BTreeSet;
use std::fs;

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use iam_policy::{Quota, RestrictedActions, remediate};
use incident::judgement::{ExemptPrincipals, Mode, Rules};
use incident::message::{
    Contained, ContainedVersions, Decision, DecisionAction, JudgeRequest, NotifyRequest,
    Quarantine, RemediateRequest, RevertRequest, Verdict,
};
use incident::{ExecutionArn, KeptDocument, VersionId};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{definition, path, read_json};

const EXECUTION: &str = "arn:aws:states:us-east-1:111122223333:execution:automated-iam-policy-alerts-and-approvals-incidents:5c1f2c3e-0d53-4a4e-8c1b-2f6f0f8f7a11";
const TOKEN: &str = "AQCsAAAAKgAAAAMAAAAAAAAAAQExample+token/that/opens/nothing==";

fn restricted() -> RestrictedActions {
    RestrictedActions::parse("s3:DeleteBucket,s3:DeleteObject").unwrap()
}

fn verdict() -> Verdict {
    let rules = Rules {
        restricted: restricted(),
        mode: Mode::Enforce,
        exempt: ExemptPrincipals::default(),
    };
    let request = JudgeRequest {
        execution: ExecutionArn::parse(EXECUTION).unwrap(),
        event: read_json("events/create-policy.json"),
        waited: false,
    };
    validate_policy::handle(&rules, &request).unwrap()
}

fn quarantine(document: &str) -> Quarantine {
    let remediation = remediate(document, &restricted(), Quota::MANAGED);
    Quarantine::InPlace(Contained {
        versions: Some(ContainedVersions {
            original: VersionId::parse("v1").unwrap(),
            quarantine: VersionId::parse("v2").unwrap(),
            created: true,
        }),
        document: KeptDocument::new(&remediation.document),
        edits: remediation.edits,
        losses: remediation.losses,
        evicted: Vec::new(),
        found_done: false,
    })
}

fn payloads() -> Vec<(&'static str, Value)> {
    let event = read_json("events/create-policy.json");
    let document = event["detail"]["requestParameters"]["policyDocument"]
        .as_str()
        .unwrap()
        .to_owned();
    let verdict = verdict();
    let quarantine = quarantine(&document);
    let decision = Decision {
        action: DecisionAction::Allow,
        time: Some("2026-03-02T10:02:11Z".parse().unwrap()),
        source_ip_address: Some("198.51.100.7".to_owned()),
        user_agent: Some("Mozilla/5.0".to_owned()),
        reason: Some("cleaning up the old storage account".to_owned()),
        execution: Some(ExecutionArn::parse(EXECUTION).unwrap()),
    };
    vec![
        (
            "validate-policy",
            json!({"task": "judge", "execution": EXECUTION, "event": event, "waited": false}),
        ),
        (
            "remediate",
            json!({"task": "contain", "execution": EXECUTION, "change": verdict.change, "document": document, "evicted": [], "waited": false}),
        ),
        (
            "notify",
            json!({
                "token": TOKEN, "execution": EXECUTION, "change": verdict.change, "document": document, "quarantine": quarantine,
                "findings": verdict.findings, "askedAt": "2026-03-02T09:15:31.482Z", "timeoutSeconds": 604_800
            }),
        ),
        (
            "revert",
            json!({
                "execution": EXECUTION, "change": verdict.change, "document": document, "quarantine": quarantine,
                "decision": decision, "waited": false
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
            "validate-policy" => {
                // One payload for both functions that the state may call.
                check::<JudgeRequest>("ValidatePolicy", &payload);
                check::<RemediateRequest>("ValidatePolicy", &payload);
            }
            "remediate" => check::<RemediateRequest>("TempRemove", &payload),
            "notify" => check::<NotifyRequest>("AskUser", &payload),
            _ => ["Approved", "Denied"]
                .into_iter()
                .for_each(|state| check::<RevertRequest>(state, &payload)),
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
