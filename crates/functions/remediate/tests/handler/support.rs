use iam_model::{Execution, Iam};
use incident::Snapshot;
use incident::message::{Contained, Kept, Quarantine, ReadRequest, WorkRequest};
use lambda_kit::{FailureName, HandlerError};
use policy_store::PolicyStore;
use serde_json::{Value, json};

pub(crate) use fixtures::documents::*;
pub(crate) use fixtures::{
    ARN, MACHINE, create_version as version, fail_at_each_call, inline, inline_without_room,
    managed, put_inline as put, recreate_owner, set_default, throttled,
};
use fixtures::{block_on, executions, guard_config, judge_request, restricted};

/// The answer of `ValidatePolicy` to this event now.
pub(crate) fn judged(iam: &Iam, event: &Value) -> Value {
    let execution = Execution::running("one").with_input(event);
    let answer = block_on(validate_policy::handle(
        &guard_config(),
        &executions(&execution),
        &PolicyStore::from_client(iam.client()),
        ReadRequest::Judge(judge_request(false)),
    ));
    serde_json::to_value(answer.unwrap()).unwrap()
}

/// A policy with the event of its change, and the answer of `ValidatePolicy` to it.
pub(crate) fn incident((iam, event): (Iam, Value)) -> (Iam, Value) {
    let data = judged(&iam, &event);
    (iam, data)
}

/// An execution that is in `TempRemove` with this data.
pub(crate) fn containing(data: &Value) -> Execution {
    Execution::running("one")
        .then("ValidatePolicy", json!({}))
        .then("ChooseAction", data.clone())
        .then("TempRemove", data.clone())
}

/// `remediate` with this payload, for an execution that Step Functions knows.
pub(crate) fn invoke(
    iam: &Iam,
    execution: &Execution,
    payload: &Value,
) -> Result<Quarantine, HandlerError> {
    let request: WorkRequest = serde_json::from_value(payload.clone()).unwrap();
    block_on(remediate::handle(
        &restricted(),
        &executions(execution),
        &PolicyStore::from_client(iam.client()),
        request,
    ))
}

pub(crate) fn remediate(iam: &Iam, data: &Value) -> Result<Quarantine, HandlerError> {
    let execution = containing(data);
    invoke(iam, &execution, &json!({"execution": execution.arn}))
}

pub(crate) fn assert_fails(iam: &Iam, data: &Value, name: FailureName) {
    assert_eq!(remediate(iam, data).unwrap_err().name(), name);
}

/// The data with what the state machine adds after this answer of `remediate`.
pub(crate) fn with(data: &Value, quarantine: &Quarantine) -> Value {
    let mut data = data.clone();
    data["quarantine"] = json!(quarantine);
    data
}

/// The data after the state machine has waited for IAM.
pub(crate) fn waited(data: &Value) -> Value {
    let mut data = data.clone();
    data["waited"] = json!("TempRemove");
    data
}

pub(crate) fn in_place(quarantine: Quarantine) -> Contained {
    match quarantine {
        Quarantine::InPlace(contained) => contained,
        other => panic!("not in place: {other:?}"),
    }
}

pub(crate) fn keep_first(quarantine: Quarantine) -> Kept {
    match quarantine {
        Quarantine::KeepFirst(kept) => kept,
        other => panic!("nothing to keep: {other:?}"),
    }
}

/// Runs the task as the state machine does: again with what must be kept, and again after an error
/// that passes.
pub(crate) fn contain(iam: &Iam, data: &Value) -> Contained {
    let mut data = data.clone();
    for _ in 0..8 {
        match remediate(iam, &data) {
            Ok(Quarantine::InPlace(contained)) => return contained,
            Ok(quarantine @ Quarantine::KeepFirst(_)) => data = with(&data, &quarantine),
            Ok(other) => panic!("not contained: {other:?}"),
            Err(error) if error.name() == FailureName::ChangeNotVisible => data = waited(&data),
            Err(error) => assert!(error.name().is_transient(), "{error}"),
        }
    }
    panic!("not contained after 8 runs: {:?}", iam.account());
}

pub(crate) fn same(one: &str, other: &str) -> bool {
    Snapshot::new(one).is_equivalent(other)
}

/// The document of the managed policy that is in force.
pub(crate) fn in_force(iam: &Iam) -> String {
    iam.account().policy(ARN).unwrap().in_force().to_owned()
}
