use iam_model::{Account, Execution, Iam, StepFunctions};
use incident::ExecutionArn;
use incident::message::{AssessRequest, JudgeRequest, ReadRequest};
use lambda_kit::FailureName;
use policy_store::PolicyStore;
use serde_json::{Value, json};
use validate_policy::{SweepConfig, handle};

use crate::support::{RESTRICTED, created, execution, judge, rules};

/// The error of an invocation for `arn`, if Step Functions knows `known`, a running execution.
fn failure(iam: &Iam, known: &Execution, arn: &str) -> Option<FailureName> {
    let step_functions = StepFunctions::of([known.clone()]);
    let claims = fixtures::claims(&step_functions);
    let sweep = SweepConfig::new(fixtures::sweeps(&step_functions));
    let store = PolicyStore::from_client(iam.client());
    let arn = ExecutionArn::parse(arn).unwrap();
    let judging = ReadRequest::Judge(JudgeRequest {
        execution: arn.clone(),
        event: None,
        look: None,
        done: None,
        failed_tries: 0,
        waited: None,
        lapsed: None,
    });
    let assess = ReadRequest::Assess(AssessRequest {
        execution: arn,
        event: None,
        change: None,
    });
    let rules = rules();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let answers = [judging, assess].map(|request| {
        let answer = handle(&rules, &claims, &sweep, &store, request);
        runtime.block_on(answer).err().map(|error| error.name())
    });
    assert_eq!(answers[0], answers[1]);
    answers[0]
}

#[test]
fn the_record_is_read_from_an_execution_of_the_guard_only() {
    let (iam, event) = created(RESTRICTED);
    let known = Execution::running("one").with_input(&event);
    let own = execution();
    assert_eq!(failure(&iam, &known, own.as_str()), None);
    let calls = iam.calls().len();

    let other = own.as_str().replace(":guard:", ":look-alike:");
    assert_eq!(
        failure(&iam, &known, &other),
        Some(FailureName::PayloadMalformed)
    );
    let unknown = own.as_str().replace(":one", ":two");
    assert_eq!(
        failure(&iam, &known, &unknown),
        Some(FailureName::TransientAwsError)
    );
    assert_eq!(iam.calls().len(), calls, "IAM was asked");
}

#[test]
fn an_input_that_is_not_a_record_is_refused_by_name() {
    let iam = Iam::new(Account::default());
    for input in [Value::Null, json!([]), json!("text"), json!({"detail": 1})] {
        let error = judge(&iam, &input, false).unwrap_err();
        assert_eq!(error.name(), FailureName::RecordMalformed, "{input}");
    }
}
