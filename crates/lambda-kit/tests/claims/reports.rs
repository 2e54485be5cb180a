//! Reports of the same thing, once a week.

use std::time::Duration;

use aws_sdk_sfn::types::HistoryEventType;
use fixtures::{block_on, claims};
use iam_model::{Execution, claim_of};
use incident::memory::ReportName;
use lambda_kit::claims::Reporting;
use serde_json::{Value, json};

use crate::{Case, arn, broken};

const DAY: u64 = 24 * 60 * 60;

fn report(case: &Case, me: &str) -> Reporting {
    let key = case.name(1).key().clone();
    let claims = claims(&case.step_functions);
    block_on(claims.report(&key, &case.change.subject, &arn(me))).unwrap()
}

fn first(case: &Case, me: &str) -> ReportName {
    match report(case, me) {
        Reporting::First(name) => name,
        other => panic!("{other:?}"),
    }
}

/// An incident that reported under this name.
fn data(case: &Case, name: &ReportName) -> Value {
    let mut data = case.data(1);
    data["verdict"]["memory"] = json!({"report": name});
    data["quarantine"] = Value::Null;
    data
}

#[test]
fn a_report_counts_for_a_week() {
    let case = Case::new();
    let name = first(&case, "one");
    // The answer was lost, and the function runs again.
    assert_eq!(report(&case, "one"), Reporting::First(name.clone()));
    let data = data(&case, &name);
    case.put(Execution::running("one").then("AllowWithNotification", data.clone()));
    assert_eq!(report(&case, "two"), Reporting::Reported);
    case.put(Execution::running("one").succeeded(data));
    assert_eq!(report(&case, "two"), Reporting::Reported);
    let pass = |days: u64| {
        case.step_functions.change_claims(|claims| {
            for claim in claims.values_mut() {
                claim.started -= Duration::from_secs(days * DAY);
            }
        });
    };
    pass(6);
    assert_eq!(report(&case, "two"), Reporting::Reported);
    pass(1);
    assert_ne!(report(&case, "two"), Reporting::Reported);
}

#[test]
fn a_report_of_the_week_before_counts_too() {
    let case = Case::new();
    let name = first(&case, "one");
    case.put(Execution::running("one").succeeded(data(&case, &name)));
    // The name of the week before, taken yesterday.
    let [before, this] = ReportName::around(case.name(1).key(), incident::Timestamp::now());
    assert_eq!(this, name);
    case.step_functions.change_claims(|claims| {
        let claim = claims.remove(&this.to_string()).unwrap();
        claims.insert(before.to_string(), claim);
    });
    case.put(Execution::running("one").succeeded(data(&case, &before)));
    assert_eq!(report(&case, "two"), Reporting::Reported);
    assert_eq!(case.step_functions.claims().len(), 1);
}

/// Whoever takes the name first cannot silence the report.
#[test]
fn only_a_report_that_is_proved_silences_another_one() {
    let case = Case::new();
    let name = first(&case, "one");
    let proved = data(&case, &name);
    let silent = |execution: Execution| {
        case.put(execution);
        report(&case, "two") == Reporting::Reported
    };
    let ended = |data: &Value| Execution::running("one").succeeded(data.clone());
    assert!(silent(ended(&proved)));
    let mut other = proved.clone();
    other["verdict"]["notify"] = json!(false);
    assert!(!silent(ended(&other)));
    let mut other = proved.clone();
    other["verdict"]["memory"] = json!({"report": "another"});
    assert!(!silent(ended(&other)));
    // Its e-mail was never sent.
    assert!(!silent(broken(
        "one",
        &proved,
        HistoryEventType::ExecutionFailed
    )));
    assert!(!silent(broken(
        "one",
        &proved,
        HistoryEventType::ExecutionAborted
    )));
    let redriven = Execution {
        redriven: true,
        ..ended(&proved)
    };
    assert!(!silent(redriven));
    assert!(silent(ended(&proved)));

    let squatted = Case::new();
    let [_, this] = ReportName::around(squatted.name(1).key(), incident::Timestamp::now());
    squatted
        .step_functions
        .claim(&this.to_string(), &claim_of(arn("none").as_str()));
    assert_eq!(report(&squatted, "two"), Reporting::Unnamed);
}
