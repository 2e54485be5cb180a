//! A deny of what the guard asked about first leaves what is only reported, for the sweeps to know.

use fixtures::{EXECUTION, block_on, claims, guard_config, judge_request, run_task, sweeps};
use iam_model::{Execution, StepFunctions};
use iam_policy::RestrictedActions;
use incident::DecideBy;
use incident::judgement::GuardConfig;
use incident::message::ReadRequest;
use policy_store::PolicyStore;
use serde_json::{Value, json};
use validate_policy::SweepConfig;

use crate::support::*;

fn lists(report: &str) -> RestrictedActions {
    let lists = RestrictedActions::of_lists(|response| match response {
        iam_policy::Response::Ask => "s3:DeleteBucket",
        iam_policy::Response::Report => report,
        _ => "",
    });
    lists.unwrap()
}

/// The names of what is left, once a deny has taken the document back.
fn names_after_a_deny(report: &str) -> Vec<String> {
    let rules = GuardConfig {
        restricted: lists(report),
        ..guard_config()
    };
    let (iam, event) = fixtures::managed(&[HARMLESS, RESTRICTED]);
    let store = PolicyStore::from_client(iam.client());
    let execution = Execution::running("one").with_input(&event);
    let step_functions = StepFunctions::of([execution.clone()]);
    let claims = claims(&step_functions);
    let judged = block_on(validate_policy::handle(
        &rules,
        &claims,
        &SweepConfig::new(sweeps(&step_functions)),
        &store,
        ReadRequest::Judge(judge_request(false)),
    ));
    let data = serde_json::to_value(judged.unwrap()).unwrap();
    let change = serde_json::from_value(data["verdict"]["change"].clone()).unwrap();
    let payload = json!({
        "execution": EXECUTION,
        "state": "Denied",
        "change": data["verdict"]["change"],
        "quarantine": data["proposal"],
        "decision": {"action": "deny"},
        "work": null,
        "done": null,
    });
    let mut contained = Value::Null;
    let end = run_task(&iam, &change, payload, true, |payload| {
        let mut payload = payload.clone();
        // The definition puts it in the place of the proposal.
        if !contained.is_null() {
            payload["quarantine"] = contained.clone();
        }
        step_functions.put(Execution {
            scheduled: vec![json!({ "Payload": &payload })],
            in_flight: true,
            ..execution.clone().then("Denied", data.clone())
        });
        let reply = block_on(revert::handle(
            &rules.restricted,
            DecideBy::Token,
            &claims,
            &store,
            serde_json::from_value(payload).unwrap(),
        ));
        let answer = reply.map(|reply| serde_json::to_value(reply).unwrap())?;
        if !answer["quarantine"].is_null() {
            contained = answer["quarantine"].clone();
        }
        Ok(answer)
    });
    assert_eq!(end.unwrap()["outcome"]["result"], "takenBack");
    let names = step_functions.claims().into_keys();
    let names: Vec<String> = names.filter(|name| name.starts_with("left-")).collect();
    let known = contained["known"].as_str();
    assert_eq!(known, names.first().map(String::as_str));
    names
}

#[test]
fn what_a_deny_leaves_has_a_name() {
    assert_eq!(names_after_a_deny("s3:GetObject").len(), 1);
    // The remediation grants nothing of this list.
    assert_eq!(names_after_a_deny("s3:PutObject"), [""; 0]);
}
