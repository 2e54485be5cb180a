use iam_model::{Account, Execution, Iam, OwnerKind};
use iam_policy::RestrictedActions;
use incident::judgement::{ExemptPrincipals, GuardConfig, Mode};
use incident::message::{JudgeRequest, Outcome, Quarantine, ReadRequest, WorkRequest};
use incident::{DecideBy, ExecutionArn};
use lambda_kit::{Executions, HandlerError};
use policy_store::PolicyStore;
use serde_json::{Value, json};

const MACHINE: &str = "arn:aws:states:us-east-1:111122223333:stateMachine:guard";
pub(crate) const ARN: &str = "arn:aws:iam::111122223333:policy/app";
pub(crate) const RESTRICTED: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:Get*","s3:DeleteBucket"],"Resource":"*"}}"#;
pub(crate) const REMEDIATED: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:Get*"],"Resource":"*"}}"#;
pub(crate) const HARMLESS: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}}"#;

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

/// An incident whose restricted grants are out: IAM, and the data of its execution.
#[derive(Clone, Debug)]
pub(crate) struct Incident {
    pub(crate) iam: Iam,
    pub(crate) data: Value,
}

impl Incident {
    /// A managed policy of these documents; the last is in force.
    pub(crate) fn managed(documents: &[&str]) -> Self {
        let iam = Iam::new(Account::default());
        let client = iam.client();
        for (index, document) in documents.iter().enumerate() {
            iam.change(|account| account.pass(100));
            block_on(async {
                if index == 0 {
                    let call = client.create_policy().policy_name("app");
                    call.policy_document(*document).send().await.unwrap();
                } else {
                    let call = client.create_policy_version().policy_arn(ARN);
                    let call = call.policy_document(*document).set_as_default(true);
                    call.send().await.unwrap();
                }
            });
        }
        Self::contained(iam)
    }

    /// An inline policy of a role.
    pub(crate) fn inline() -> Self {
        let iam = Iam::new(Account::default());
        iam.change(|account| account.create_owner(OwnerKind::Role, "app"))
            .unwrap();
        let client = iam.client();
        block_on(async {
            let call = client.put_role_policy().role_name("app");
            let call = call.policy_name("inline").policy_document(RESTRICTED);
            call.send().await.unwrap();
        });
        Self::contained(iam)
    }

    /// An inline policy that allows everything, and another that leaves no room for less.
    pub(crate) fn removed() -> Self {
        const ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        let iam = Iam::new(Account::default());
        let kind = OwnerKind::Role;
        let room = kind.quota().limit() - iam_policy::quota_size(ALL);
        let padding = room - iam_policy::quota_size(HARMLESS) + "Describe*".len();
        let filler = HARMLESS.replace("Describe*", &"x".repeat(padding));
        iam.change(|account| {
            account.create_owner(kind, "app").unwrap();
            account.put_inline(kind, "app", "filler", filler).unwrap();
        });
        let client = iam.client();
        block_on(async {
            let call = client.put_role_policy().role_name("app");
            let call = call.policy_name("inline").policy_document(ALL);
            call.send().await.unwrap();
        });
        Self::contained(iam)
    }

    fn contained(iam: Iam) -> Self {
        iam.change(|account| account.pass(2));
        let rules = GuardConfig {
            restricted: restricted(),
            mode: Mode::Enforce,
            exempt: ExemptPrincipals::default(),
            account: "111122223333".to_owned(),
            trusted: iam_policy::TrustedAccounts::default(),
            notify_on_allowed: true,
        };
        let execution = Execution::running("one").with_input(&iam.trail().pop().unwrap());
        let executions = Executions::new(execution.client(), execution.machine);
        let request = ReadRequest::Judge(JudgeRequest {
            execution: ExecutionArn::parse(&execution.arn).unwrap(),
            waited: false,
        });
        let store = PolicyStore::from_client(iam.client());
        let judged = block_on(validate_policy::handle(
            &rules,
            &executions,
            &store,
            request,
        ))
        .unwrap();
        let mut data = serde_json::to_value(judged).unwrap();
        for _ in 0..3 {
            let execution = Execution::running("one").then("TempRemove", data.clone());
            let executions = Executions::new(execution.client(), MACHINE.to_owned());
            let request: WorkRequest =
                serde_json::from_value(json!({"execution": execution.arn})).unwrap();
            let list = restricted();
            let work = remediate::handle(&list, &executions, &store, request);
            let quarantine = block_on(work).unwrap();
            data["quarantine"] = json!(quarantine);
            if matches!(quarantine, Quarantine::InPlace(_)) {
                return Self { iam, data };
            }
        }
        panic!("not contained: {data}");
    }

    /// The execution after this answer, in the state that carries it out.
    pub(crate) fn decided(&self, decision: &Value) -> Execution {
        let mut data = self.data.clone();
        let asked = data.clone();
        data["decision"] = decision.clone();
        let state = if decision["action"] == "allow" {
            "Approved"
        } else {
            "Denied"
        };
        Execution::running("one")
            .then("TempRemove", asked.clone())
            .then("AskUser", asked)
            .then("UsersChoice", data.clone())
            .then(state, data)
    }

    pub(crate) fn revert(&self, action: &str) -> Result<Outcome, HandlerError> {
        self.invoke(&self.decided(&json!({"action": action})))
    }

    /// After IAM had its time.
    pub(crate) fn revert_after_waiting(&self, action: &str) -> Result<Outcome, HandlerError> {
        let mut execution = self.decided(&json!({"action": action}));
        let (state, mut data) = execution.entered.pop().unwrap();
        data["waited"] = json!(state);
        self.invoke(&execution.then(&state, data))
    }

    pub(crate) fn invoke(&self, execution: &Execution) -> Result<Outcome, HandlerError> {
        self.invoke_with(execution, &json!({"execution": execution.arn}))
    }

    /// Where an allow needs the key of the link.
    pub(crate) fn invoke_by_mail(&self, execution: &Execution) -> Result<Outcome, HandlerError> {
        self.invoke_as(
            DecideBy::Mail,
            execution,
            &json!({"execution": execution.arn}),
        )
    }

    pub(crate) fn invoke_with(
        &self,
        execution: &Execution,
        payload: &Value,
    ) -> Result<Outcome, HandlerError> {
        self.invoke_as(DecideBy::Token, execution, payload)
    }

    fn invoke_as(
        &self,
        decide_by: DecideBy,
        execution: &Execution,
        payload: &Value,
    ) -> Result<Outcome, HandlerError> {
        let request: WorkRequest = serde_json::from_value(payload.clone()).unwrap();
        let executions = Executions::new(execution.client(), MACHINE.to_owned());
        let store = PolicyStore::from_client(self.iam.client());
        block_on(revert::handle(
            &restricted(),
            decide_by,
            &executions,
            &store,
            request,
        ))
    }

    /// The numbers of the versions, and the one in force.
    pub(crate) fn versions(&self) -> (Vec<u32>, u32) {
        let account = self.iam.account();
        let policy = account.policy(ARN).unwrap();
        let numbers = policy.versions.iter().map(|version| version.number);
        (numbers.collect(), policy.default)
    }

    /// The inline document.
    pub(crate) fn document(&self) -> String {
        let account = self.iam.account();
        let document = account.inline(OwnerKind::Role, "app", "inline");
        document.unwrap().to_owned()
    }
}
