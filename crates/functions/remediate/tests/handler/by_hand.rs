//! Payloads that the state machine does not send, and those of the version before.

use iam_model::Execution;
use lambda_kit::FailureName;
use serde_json::json;

use crate::support::*;

/// An answer to a caller other than the state machine has no effect.
#[test]
fn an_invocation_by_hand_reads_and_changes_nothing() {
    let (iam, data) = incident(managed(&[RESTRICTED]));
    let writes = iam.writes();
    let answer = invoke(&iam, &Execution::running("other"), &payload(&data)).unwrap();
    assert_eq!(answer["action"]["call"], "CreatePolicyVersion");
    let named = serde_json::to_string(&answer["action"]).unwrap();
    assert!(!named.contains(ARN), "an answer names no target: {named}");
    assert_eq!(iam.writes(), writes);
}

#[test]
fn a_payload_that_no_function_wrote_fails_by_name_without_its_text() {
    let (iam, data) = incident(managed(&[RESTRICTED]));
    let execution = Execution::running("other");
    let mut forged = payload(&data);
    forged["verdict"]["inForce"]["identity"] = json!("AQCE-a-secret");
    let error = invoke(&iam, &execution, &forged).unwrap_err();
    assert_eq!(error.name(), FailureName::PayloadMalformed);
    assert!(!error.to_string().contains("secret"), "{error}");
    let mut forged = payload(&data);
    forged["verdict"].as_object_mut().unwrap().remove("inForce");
    let error = invoke(&iam, &execution, &forged).unwrap_err();
    assert_eq!(error.name(), FailureName::PayloadMalformed);
}

#[test]
fn an_execution_of_the_version_before_is_told_where_a_person_must_act() {
    let (iam, data) = incident(managed(&[RESTRICTED]));
    let execution = |data| Execution::running("one").then("TempRemove", data);
    let former = json!({ "execution": fixtures::EXECUTION });
    let writes = iam.writes();
    let error = invoke(&iam, &execution(data.clone()), &former).unwrap_err();
    assert_eq!(error.name(), FailureName::AwsRefused);
    assert!(
        error.to_string().contains("start a new execution"),
        "{error}"
    );
    assert_eq!(iam.writes(), writes);
    // What is contained already ends as it did.
    contain(&iam, &data);
    let mut waited = data.clone();
    waited["waited"] = json!("TempRemove");
    let answer = invoke(&iam, &execution(waited), &former).unwrap();
    assert_eq!(answer["status"], "inPlace");
}
