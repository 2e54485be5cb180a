use iam_model::{Account, Execution, Iam, OwnerKind};
use iam_policy::RestrictedActions;
use incident::judgement::{ExemptPrincipals, GuardConfig, Mode};
use incident::message::{Contained, JudgeRequest, Kept, Quarantine, ReadRequest, WorkRequest};
use incident::{ExecutionArn, Snapshot};
use lambda_kit::{Executions, FailureName, HandlerError};
use policy_store::PolicyStore;
use serde_json::{Value, json};
use validate_policy::Reading;

pub(crate) const MACHINE: &str = "arn:aws:states:us-east-1:111122223333:stateMachine:guard";
pub(crate) const ARN: &str = "arn:aws:iam::111122223333:policy/app";
pub(crate) const RESTRICTED: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:Get*","s3:DeleteBucket"],"Resource":"*"}}"#;
pub(crate) const REMEDIATED: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:Get*"],"Resource":"*"}}"#;
/// The same meaning as [`REMEDIATED`], as IAM may restructure it.
pub(crate) const RESTRUCTURED: &str = r#"{"Statement":[{"Action":"s3:get*","Effect":"Allow","Resource":["*"]}],"Version":"2012-10-17"}"#;
pub(crate) const HARMLESS: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}}"#;

/// Another restricted document, with another remediation.
pub(crate) fn other_restricted() -> String {
    RESTRICTED.replace("Get", "Put")
}

pub(crate) fn harmless(number: usize) -> String {
    HARMLESS.replace("Describe", &format!("Get{number}"))
}

fn restricted() -> RestrictedActions {
    "s3:DeleteBucket".parse::<RestrictedActions>().unwrap()
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(work)
}

/// Somebody's call through the front of IAM, so that it has a record.
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

/// A policy of these documents, made long ago but for the last, which is in force; and its event.
pub(crate) fn managed(documents: &[&str]) -> (Iam, Value) {
    let iam = Iam::new(Account::default());
    let mut event = Value::Null;
    for (index, document) in documents.iter().enumerate() {
        iam.change(|account| account.pass(100));
        event = if index == 0 {
            let parameters = [("PolicyName", "app"), ("PolicyDocument", document)];
            call(&iam, "CreatePolicy", &parameters)
        } else {
            version(&iam, document)
        };
    }
    iam.change(|account| account.pass(2));
    (iam, event)
}

pub(crate) fn version(iam: &Iam, document: &str) -> Value {
    let parameters = [
        ("PolicyArn", ARN),
        ("PolicyDocument", document),
        ("SetAsDefault", "true"),
    ];
    call(iam, "CreatePolicyVersion", &parameters)
}

/// An inline policy `inline` of something that is called `app`, and its event.
pub(crate) fn inline(kind: OwnerKind, document: &str) -> (Iam, Value) {
    let iam = Iam::new(Account::default());
    iam.change(|account| account.create_owner(kind, "app"))
        .unwrap();
    let event = put(&iam, kind, document);
    (iam, event)
}

pub(crate) fn put(iam: &Iam, kind: OwnerKind, document: &str) -> Value {
    let kind = kind.as_str();
    let owner = format!("{kind}Name");
    let parameters = [
        (owner.as_str(), "app"),
        ("PolicyName", "inline"),
        ("PolicyDocument", document),
    ];
    call(iam, &format!("Put{kind}Policy"), &parameters)
}

/// What `ValidatePolicy` answers to this event now.
pub(crate) fn judged(iam: &Iam, event: &Value) -> Value {
    let rules = GuardConfig {
        restricted: restricted(),
        mode: Mode::Enforce,
        exempt: ExemptPrincipals::default(),
        account: "111122223333".to_owned(),
        trusted: iam_policy::TrustedAccounts::default(),
        notify_on_allowed: true,
    };
    let execution = Execution::running("one").with_input(event);
    let executions = Executions::new(execution.client(), execution.machine);
    let request = ReadRequest::Judge(JudgeRequest {
        execution: ExecutionArn::parse(&execution.arn).unwrap(),
        waited: false,
    });
    let store = PolicyStore::from_client(iam.client());
    match block_on(validate_policy::handle(
        &rules,
        &executions,
        &store,
        request,
    ))
    .unwrap()
    {
        Reading::Judged(judged) => serde_json::to_value(judged).unwrap(),
        Reading::Assessment(_) => panic!("a verdict was asked for"),
    }
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
    let executions = Executions::new(execution.client(), MACHINE.to_owned());
    let store = PolicyStore::from_client(iam.client());
    block_on(remediate::handle(
        &restricted(),
        &executions,
        &store,
        request,
    ))
}

pub(crate) fn remediate(iam: &Iam, data: &Value) -> Result<Quarantine, HandlerError> {
    let execution = containing(data);
    invoke(iam, &execution, &json!({"execution": execution.arn}))
}

/// The data with what the state machine adds when `remediate` was answered with `quarantine`.
pub(crate) fn with(data: &Value, quarantine: &Quarantine) -> Value {
    let mut data = data.clone();
    let members = data.as_object_mut().unwrap();
    members.insert("quarantine".to_owned(), json!(quarantine));
    data
}

/// The data after IAM had its time.
pub(crate) fn waited(data: &Value) -> Value {
    let mut data = data.clone();
    let members = data.as_object_mut().unwrap();
    members.insert("waited".to_owned(), json!("TempRemove"));
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

/// As the state machine runs the task: again with what must be kept, and again after what passes by itself.
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

/// What is in force of the managed policy.
pub(crate) fn in_force(iam: &Iam) -> String {
    iam.account().policy(ARN).unwrap().in_force().to_owned()
}
