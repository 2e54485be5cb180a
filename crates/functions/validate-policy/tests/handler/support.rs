use iam_model::{Account, Execution, Iam, OwnerKind, StepFunctions};
use incident::ExecutionArn;
use incident::judgement::GuardConfig;
use incident::message::{
    AssessRequest, Found, Judged, ReadRequest, Response, Verdict, VerdictResult,
};
use lambda_kit::HandlerError;
use policy_store::PolicyStore;
use serde_json::Value;
use validate_policy::{Reading, SweepConfig, handle};

pub(crate) use fixtures::documents::{HARMLESS, RESTRICTED, RESTRUCTURED as REMEDIATED};
pub(crate) use fixtures::{ARN, call, guard_config as rules, set_default};
use fixtures::{block_on, claims, judge_request, sweeps};

pub(crate) fn execution() -> ExecutionArn {
    judge_request(false).execution
}

/// One invocation for the execution that was started with this event.
pub(crate) fn run(
    rules: &GuardConfig,
    iam: &Iam,
    event: &Value,
    request: ReadRequest,
) -> Result<Reading, HandlerError> {
    let execution = Execution::running("one").with_input(event);
    let store = PolicyStore::from_client(iam.client());
    let step_functions = StepFunctions::of([execution]);
    block_on(handle(
        rules,
        &claims(&step_functions),
        &SweepConfig::new(sweeps(&step_functions)),
        &store,
        request,
    ))
}

pub(crate) fn judged(
    rules: &GuardConfig,
    iam: &Iam,
    event: &Value,
    waited: bool,
) -> Result<Judged, HandlerError> {
    match run(rules, iam, event, ReadRequest::Judge(judge_request(waited)))? {
        Reading::Judged(judged) => Ok(judged),
        Reading::Assessment(_) | Reading::Survey(_) => panic!("a verdict was asked for"),
    }
}

pub(crate) fn judge(iam: &Iam, event: &Value, waited: bool) -> Result<Verdict, HandlerError> {
    judged(&rules(), iam, event, waited).map(verdict_of)
}

pub(crate) fn verdict_of(judged: Judged) -> Verdict {
    match judged.found {
        Found::Verdict(verdict) => verdict,
        Found::Look(look) => panic!("it waits: {look:?}"),
    }
}

/// The event waits for IAM to show its change.
pub(crate) fn assert_not_visible(iam: &Iam, event: &Value) {
    let found = judged(&rules(), iam, event, false).unwrap().found;
    assert!(matches!(found, Found::Look(_)), "{found:?}");
}

pub(crate) fn assert_verdict(verdict: &Verdict, response: Response, result: VerdictResult) {
    assert_eq!((verdict.response, verdict.result), (response, result));
}

pub(crate) fn assess(iam: &Iam, event: &Value) -> Result<Value, HandlerError> {
    let request = ReadRequest::Assess(AssessRequest {
        event: None,
        change: None,
        execution: execution(),
    });
    let answer = run(&rules(), iam, event, request)?;
    Ok(serde_json::to_value(answer).unwrap())
}

/// An account with the policy, and the event of its creation.
pub(crate) fn created(document: &str) -> (Iam, Value) {
    let iam = Iam::new(Account::default());
    let event = fixtures::create_policy(&iam, document);
    (iam, event)
}

/// A further version, in force a second later, and its event.
pub(crate) fn version(iam: &Iam, document: &str) -> Value {
    iam.change(|account| account.pass(1));
    fixtures::create_version(iam, document)
}

/// Writes the inline policy of the role `app`, and answers with the event.
pub(crate) fn put(iam: &Iam, document: &str) -> Value {
    fixtures::put_inline(iam, OwnerKind::Role, document)
}
