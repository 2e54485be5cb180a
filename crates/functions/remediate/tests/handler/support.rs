use iam_model::{Execution, Iam, StepFunctions};
use incident::Snapshot;
use incident::message::{ContainRequest, Contained, Quarantine, ReadRequest, WorkRequest};
use lambda_kit::{FailureName, HandlerError};
use policy_store::PolicyStore;
use serde_json::{Value, json};

pub(crate) use fixtures::documents::*;
pub(crate) use fixtures::{
    ARN, create_version as version, fail_at_each_call, inline, inline_without_room, managed,
    put_inline as put, recreate_owner, set_default, throttled, waited,
};
use fixtures::{
    EXECUTION, block_on, claims, guard_config, judge_request, restricted, run_task, sweeps,
};
use validate_policy::SweepConfig;

/// The answer of `ValidatePolicy` to this event now.
pub(crate) fn judged(iam: &Iam, event: &Value) -> Value {
    let execution = Execution::running("one").with_input(event);
    let step_functions = StepFunctions::of([execution]);
    let answer = block_on(validate_policy::handle(
        &guard_config(),
        &claims(&step_functions),
        &SweepConfig::new(sweeps(&step_functions)),
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

/// What `TempRemove` sends with this data.
pub(crate) fn payload(data: &Value) -> Value {
    json!({
        "execution": EXECUTION,
        "verdict": data["verdict"],
        "work": data["work"],
        "done": null,
        "failedTries": 0,
    })
}

/// One invocation of `remediate`, in an account where `execution` is the only one.
pub(crate) fn invoke(
    iam: &Iam,
    execution: &Execution,
    payload: &Value,
) -> Result<Value, HandlerError> {
    let text = serde_json::value::to_raw_value(payload).unwrap();
    let request: WorkRequest<ContainRequest> = lambda_kit::read_payload(&text)?;
    let reply = block_on(remediate::handle(
        &restricted(),
        &claims(&StepFunctions::of([execution.clone()])),
        &PolicyStore::from_client(iam.client()),
        request,
    ));
    reply.map(|reply| serde_json::to_value(reply).unwrap())
}

/// `TempRemove` with this data, until it ends or waits.
pub(crate) fn remediate(iam: &Iam, data: &Value) -> Result<Quarantine, HandlerError> {
    run(iam, data, false)
}

fn run(iam: &Iam, data: &Value, is_patient: bool) -> Result<Quarantine, HandlerError> {
    let change = serde_json::from_value(data["verdict"]["change"].clone()).unwrap();
    let execution = Execution::running("other");
    let end = run_task(iam, &change, payload(data), is_patient, |payload| {
        invoke(iam, &execution, payload)
    })?;
    Ok(serde_json::from_value(end["quarantine"].clone()).unwrap())
}

pub(crate) fn assert_fails(iam: &Iam, data: &Value, name: FailureName) {
    assert_eq!(remediate(iam, data).unwrap_err().name(), name);
}

pub(crate) fn in_place(quarantine: Quarantine) -> Contained {
    match quarantine {
        Quarantine::InPlace(contained) => contained,
        other => panic!("not in place: {other:?}"),
    }
}

/// `TempRemove` with this data and all its waits.
pub(crate) fn contain(iam: &Iam, data: &Value) -> Contained {
    in_place(run(iam, data, true).unwrap())
}

pub(crate) fn same(one: &str, other: &str) -> bool {
    Snapshot::new(one).is_equivalent(other)
}

/// The document of the managed policy that is in force.
pub(crate) fn in_force(iam: &Iam) -> String {
    iam.account().policy(ARN).unwrap().in_force().to_owned()
}
