//! For which executions the function works, and on whose word.

use aws_sdk_sfn::types::ExecutionStatus;
use iam_model::Execution;
use lambda_kit::FailureName;
use serde_json::{Value, json};

use crate::support::*;

/// The execution is refused under this name, and IAM is not even asked.
fn assert_refused(incident: &Incident, execution: &Execution, name: FailureName) {
    let before = incident.iam.calls();
    let error = incident.invoke(execution).unwrap_err();
    assert_eq!(error.name(), name, "{error}");
    assert_eq!(incident.iam.calls(), before);
}

fn allowed(incident: &Incident) -> Execution {
    incident.decided(&json!({"action": "allow"}))
}

#[test]
fn other_members_of_a_payload_are_ignored() {
    let incident = Incident::managed(&[RESTRICTED]);
    let execution = incident.decided(&json!({"action": "deny"}));
    let mut forged = incident.data.clone();
    forged["execution"] = json!(execution.arn);
    forged["decision"] = json!({"action": "allow"});
    forged["waited"] = json!("Denied");
    forged["quarantine"]["original"] = json!("{}");
    let outcome = incident.invoke_with(&execution, &forged).unwrap();
    assert_eq!(outcome.result.as_str(), "denied");
    assert_eq!(incident.versions(), (vec![2], 2));
}

#[test]
fn an_execution_that_cannot_call_is_not_mine() {
    let incident = Incident::managed(&[RESTRICTED]);
    let changes: [fn(&mut Execution); 7] = [
        |execution| execution.status = ExecutionStatus::Succeeded,
        |execution| execution.status = ExecutionStatus::Aborted,
        |execution| execution.arn = execution.arn.replace("guard", "mallory"),
        |execution| execution.machine = execution.machine.replace("guard", "mallory"),
        |execution| execution.version = Some(format!("{}:7", execution.machine)),
        |execution| execution.alias = Some(format!("{}:live", execution.machine)),
        |execution| execution.redrives = 1,
    ];
    for change in changes {
        let mut execution = allowed(&incident);
        change(&mut execution);
        assert_refused(&incident, &execution, FailureName::NotMine);
    }
}

#[test]
fn an_execution_in_another_state_is_not_mine() {
    let incident = Incident::managed(&[RESTRICTED]);
    let data = allowed(&incident).entered.pop().unwrap().1;
    for state in ["TempRemove", "ReportOutcome", "AssessFailure", "Mallory"] {
        let execution = allowed(&incident).then(state, data.clone());
        assert_refused(&incident, &execution, FailureName::NotMine);
    }
}

/// A caller that may start executions and invoke the function cannot use an execution that rests
/// until an administrator answers.
#[test]
fn an_execution_that_waits_for_a_decision_is_not_mine() {
    let incident = Incident::managed(&[RESTRICTED]);
    let mut execution = allowed(&incident);
    execution.entered.truncate(2);
    assert_eq!(execution.entered[1].0, "AskUser");
    assert_refused(&incident, &execution, FailureName::NotMine);
}

#[test]
fn a_history_that_lags_behind_is_looked_at_again() {
    let incident = Incident::managed(&[RESTRICTED]);
    let mut execution = allowed(&incident);
    execution.behind = 2;
    let outcome = incident.invoke(&execution).unwrap();
    assert_eq!(outcome.result.as_str(), "allowed");
    let incident = Incident::managed(&[RESTRICTED]);
    let mut execution = allowed(&incident);
    execution.behind = 9;
    assert_refused(&incident, &execution, FailureName::HistoryBehind);
}

#[test]
fn a_decision_that_is_no_allow_of_this_execution_puts_nothing_back() {
    let incident = Incident::managed(&[RESTRICTED]);
    for decision in [
        json!({"action": "deny"}),
        json!({"action": "expire"}),
        json!({"action": "Allow"}),
        json!("allow"),
        Value::Null,
        json!({"action": "allow", "execution": "arn:aws:states:us-east-1:111122223333:execution:guard:two"}),
    ] {
        let mut execution = allowed(&incident);
        let (state, mut data) = execution.entered.pop().unwrap();
        assert_eq!(state, "Approved");
        data["decision"] = decision;
        let execution = execution.then(&state, data);
        assert_refused(&incident, &execution, FailureName::NotMine);
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
fn an_execution_without_a_quarantine_in_place_fails_by_name() {
    let mut incident = Incident::managed(&[RESTRICTED]);
    for quarantine in [json!({"status": "superseded"}), Value::Null] {
        incident.data["quarantine"] = quarantine;
        assert_refused(
            &incident,
            &allowed(&incident),
            FailureName::PayloadMalformed,
        );
    }
}
