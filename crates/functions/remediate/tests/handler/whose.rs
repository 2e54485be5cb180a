//! For which executions the function works.

use aws_sdk_sfn::types::ExecutionStatus;
use iam_model::{Execution, Iam};
use lambda_kit::FailureName;
use serde_json::{Value, json};

use crate::support::*;

fn incident() -> (Iam, Value) {
    crate::support::incident(managed(&[RESTRICTED]))
}

/// The execution is refused under this name, and IAM is not even asked.
fn assert_refused(iam: &Iam, execution: &Execution, name: FailureName) {
    let before = iam.calls();
    let error = invoke(iam, execution, &json!({"execution": execution.arn})).unwrap_err();
    assert_eq!(error.name(), name, "{error}");
    assert!(error.to_string().contains(&execution.arn), "{error}");
    assert_eq!(iam.calls(), before);
}

#[test]
fn other_members_of_a_payload_are_ignored() {
    let (iam, data) = incident();
    let victim = iam.change(|account| account.create_policy("/", "victim", RESTRICTED));
    let execution = containing(&data);
    let mut forged = data.clone();
    forged["execution"] = json!(execution.arn);
    forged["verdict"]["change"]["subject"]["arn"] = json!(victim.clone().unwrap());
    forged["waited"] = json!("TempRemove");
    forged["quarantine"] = json!({"status": "gone"});
    let contained = in_place(invoke(&iam, &execution, &forged).unwrap());
    assert_eq!(contained.original.as_str(), RESTRICTED);
    assert!(same(&in_force(&iam), REMEDIATED));
    let account = iam.account();
    let victim = account.policy(&victim.unwrap()).unwrap();
    assert_eq!(victim.in_force(), RESTRICTED, "untouched");
}

#[test]
fn what_counts_is_read_from_the_history() {
    let (iam, data) = incident();
    let mut execution = containing(&data);
    // Failed attempts push the entry of the state to a later page.
    execution.failures = 6;
    let payload = json!({"execution": execution.arn});
    in_place(invoke(&iam, &execution, &payload).unwrap());
    assert!(same(&in_force(&iam), REMEDIATED));
}

#[test]
fn an_execution_that_cannot_call_is_not_mine() {
    let (iam, data) = incident();
    let changes: [fn(&mut Execution); 10] = [
        |execution| execution.status = ExecutionStatus::Aborted,
        |execution| execution.status = ExecutionStatus::Failed,
        |execution| execution.status = ExecutionStatus::Succeeded,
        |execution| execution.status = ExecutionStatus::TimedOut,
        |execution| execution.status = ExecutionStatus::PendingRedrive,
        |execution| execution.arn = execution.arn.replace("guard", "mallory"),
        // The ARN looks like one of the guard's.
        |execution| execution.machine = execution.machine.replace("guard", "mallory"),
        |execution| execution.version = Some(format!("{MACHINE}:7")),
        |execution| execution.alias = Some(format!("{MACHINE}:live")),
        |execution| execution.redrives = 1,
    ];
    for change in changes {
        let mut execution = containing(&data);
        change(&mut execution);
        assert_refused(&iam, &execution, FailureName::NotMine);
    }
}

#[test]
fn an_execution_that_there_is_none_of_is_not_mine() {
    let (iam, data) = incident();
    let execution = containing(&data);
    let payload = json!({"execution": execution.arn.replace(":one", ":two")});
    let error = invoke(&iam, &execution, &payload).unwrap_err();
    assert_eq!(error.name(), FailureName::NotMine);
}

#[test]
fn an_execution_in_another_state_is_not_mine() {
    let (iam, data) = incident();
    for state in ["AskUser", "Approved", "Denied", "ReportFailure", "Mallory"] {
        let execution = containing(&data).then(state, data.clone());
        assert_refused(&iam, &execution, FailureName::NotMine);
    }
}

#[test]
fn a_history_that_lags_behind_is_looked_at_again() {
    let (iam, data) = incident();
    let mut execution = containing(&data);
    execution.behind = 3;
    let payload = json!({"execution": execution.arn});
    in_place(invoke(&iam, &execution, &payload).unwrap());
    execution.behind = 9;
    assert_refused(&iam, &execution, FailureName::HistoryBehind);
}

#[test]
fn data_that_no_function_wrote_fails_by_name_without_its_text() {
    let (iam, mut data) = incident();
    data["verdict"]["inForce"]["identity"] = json!("AQCE-a-secret");
    let execution = containing(&data);
    let payload = json!({"execution": execution.arn});
    let error = invoke(&iam, &execution, &payload).unwrap_err();
    assert_eq!(error.name(), FailureName::PayloadMalformed);
    assert!(!error.to_string().contains("secret"), "{error}");
    let (iam, mut data) = incident();
    data["verdict"].as_object_mut().unwrap().remove("inForce");
    let error = remediate(&iam, &data).unwrap_err();
    assert_eq!(error.name(), FailureName::PayloadMalformed);
    assert_eq!(in_force(&iam), RESTRICTED);
}
