use iam_model::{Account, Execution, Iam, OwnerKind};
use iam_policy::RestrictedActions;
use incident::ExecutionArn;
use incident::judgement::{ExemptPrincipals, GuardConfig, Mode};
use incident::message::{AssessRequest, JudgeRequest, Judged, ReadRequest, Verdict};
use lambda_kit::{Executions, HandlerError};
use policy_store::PolicyStore;
use serde_json::Value;
use validate_policy::{Reading, handle};

pub(crate) const ARN: &str = "arn:aws:iam::111122223333:policy/app";
pub(crate) const RESTRICTED: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:Get*","s3:DeleteBucket"],"Resource":"*"}}"#;
/// [`RESTRICTED`] without what is restricted, as IAM may restructure it.
pub(crate) const REMEDIATED: &str = r#"{"Statement":[{"Action":"s3:get*","Effect":"Allow","Resource":["*"]}],"Version":"2012-10-17"}"#;
pub(crate) const HARMLESS: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}}"#;

pub(crate) fn rules() -> GuardConfig {
    GuardConfig {
        restricted: "s3:DeleteBucket".parse::<RestrictedActions>().unwrap(),
        mode: Mode::Enforce,
        exempt: ExemptPrincipals::default(),
        account: "111122223333".to_owned(),
        trusted: iam_policy::TrustedAccounts::default(),
        notify_on_allowed: true,
    }
}

pub(crate) fn execution() -> ExecutionArn {
    ExecutionArn::parse(&Execution::running("one").arn).unwrap()
}

/// One invocation for the execution that was started with this event.
fn run(
    rules: &GuardConfig,
    iam: &Iam,
    event: &Value,
    request: ReadRequest,
) -> Result<Reading, HandlerError> {
    let execution = Execution::running("one").with_input(event);
    let executions = Executions::new(execution.client(), execution.machine);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let store = PolicyStore::from_client(iam.client());
    runtime.block_on(handle(rules, &executions, &store, request))
}

pub(crate) fn judged(
    rules: &GuardConfig,
    iam: &Iam,
    event: &Value,
    waited: bool,
) -> Result<Judged, HandlerError> {
    let request = ReadRequest::Judge(JudgeRequest {
        execution: execution(),
        waited,
    });
    match run(rules, iam, event, request)? {
        Reading::Judged(judged) => Ok(judged),
        Reading::Assessment(_) => panic!("a verdict was asked for"),
    }
}

pub(crate) fn judge(iam: &Iam, event: &Value, waited: bool) -> Result<Verdict, HandlerError> {
    judged(&rules(), iam, event, waited).map(|judged| judged.verdict)
}

pub(crate) fn assess(iam: &Iam, event: &Value) -> Result<Value, HandlerError> {
    let request = ReadRequest::Assess(AssessRequest {
        execution: execution(),
    });
    let answer = run(&rules(), iam, event, request)?;
    Ok(serde_json::to_value(answer).unwrap())
}

/// Somebody's calls through the front of IAM, so that each has a record.
pub(crate) fn call(iam: &Iam, action: &str, parameters: &[(&str, &str)]) -> Value {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", action);
    for (name, value) in parameters {
        form.append_pair(name, value);
    }
    let (status, body) = iam.answer(form.finish().as_bytes());
    assert_eq!(status, 200, "{action}: {body}");
    iam.trail().pop().unwrap()
}

/// An account with the policy, and the event of its creation.
pub(crate) fn created(document: &str) -> (Iam, Value) {
    let iam = Iam::new(Account::default());
    let event = call(
        &iam,
        "CreatePolicy",
        &[("PolicyName", "app"), ("PolicyDocument", document)],
    );
    (iam, event)
}

/// A further version, in force a second later, and its event.
pub(crate) fn version(iam: &Iam, document: &str) -> Value {
    iam.change(|account| account.pass(1));
    call(
        iam,
        "CreatePolicyVersion",
        &[
            ("PolicyArn", ARN),
            ("PolicyDocument", document),
            ("SetAsDefault", "true"),
        ],
    )
}

pub(crate) fn set_default(iam: &Iam, version: &str) -> Value {
    call(
        iam,
        "SetDefaultPolicyVersion",
        &[("PolicyArn", ARN), ("VersionId", version)],
    )
}

/// An inline policy of the role `app`, which is made where it is missing, and the event.
pub(crate) fn put(iam: &Iam, document: &str) -> Value {
    if iam.account().owner(OwnerKind::Role, "app").is_none() {
        iam.change(|account| account.create_owner(OwnerKind::Role, "app"))
            .unwrap();
    }
    call(
        iam,
        "PutRolePolicy",
        &[
            ("RoleName", "app"),
            ("PolicyName", "inline"),
            ("PolicyDocument", document),
        ],
    )
}
