use iam_model::{Account, Execution, Iam, IamError, OwnerKind, StepFunctions};
use incident::DecideBy;
use incident::message::{Outcome, ReadRequest, RestoreRequest, WorkRequest};
use lambda_kit::{FailureName, HandlerError};
use policy_store::PolicyStore;
use serde_json::{Value, json};
use validate_policy::SweepConfig;

pub(crate) use fixtures::documents::*;
pub(crate) use fixtures::{ARN, recreate_owner, throttled};
use fixtures::{
    EXECUTION, block_on, claims, guard_config, judge_request, restricted, run_task, waited,
};

/// An incident whose restricted grants are out: IAM, and the data of its execution.
#[derive(Clone, Debug)]
pub(crate) struct Incident {
    pub(crate) iam: Iam,
    pub(crate) data: Value,
    /// What else Step Functions has.
    pub(crate) step_functions: StepFunctions,
}

impl Incident {
    /// A managed policy of these documents; the last is in force.
    pub(crate) fn managed(documents: &[&str]) -> Self {
        Self::contained(fixtures::managed(documents))
    }

    /// An inline policy of a role.
    pub(crate) fn inline() -> Self {
        Self::contained(fixtures::inline(OwnerKind::Role, RESTRICTED))
    }

    /// An inline policy that the guard deleted because a smaller document had no room.
    pub(crate) fn removed() -> Self {
        Self::contained(fixtures::inline_without_room(OwnerKind::Role))
    }

    fn contained((iam, event): (Iam, Value)) -> Self {
        let store = PolicyStore::from_client(iam.client());
        let execution = Execution::running("one").with_input(&event);
        let step_functions = StepFunctions::of([execution.clone()]);
        let judged = block_on(validate_policy::handle(
            &guard_config(),
            &claims(&step_functions),
            &SweepConfig::new(fixtures::sweeps(&step_functions)),
            &store,
            ReadRequest::Judge(judge_request(false)),
        ));
        let mut data = serde_json::to_value(judged.unwrap()).unwrap();
        let change = serde_json::from_value(data["verdict"]["change"].clone()).unwrap();
        let payload = json!({"execution": EXECUTION, "verdict": data["verdict"]});
        let end = run_task(&iam, &change, payload, true, |payload| {
            let request = serde_json::from_value(payload.clone()).unwrap();
            let reply = block_on(remediate::handle(
                &restricted(),
                &claims(&StepFunctions::of([execution.clone()])),
                &store,
                request,
            ));
            reply.map(|reply| serde_json::to_value(reply).unwrap())
        });
        data["quarantine"] = end.unwrap()["quarantine"].clone();
        assert_eq!(data["quarantine"]["status"], "inPlace");
        Self {
            iam,
            data,
            step_functions: StepFunctions::default(),
        }
    }

    /// Changes the account as another principal does.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Account) -> Result<T, IamError>) {
        self.iam.change(change).unwrap();
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

    /// [`Self::revert`] after the state machine has waited for IAM.
    pub(crate) fn revert_after_waiting(&self, action: &str) -> Result<Outcome, HandlerError> {
        let execution = self.decided(&json!({"action": action}));
        let payload = waited(&payload(&execution));
        self.run(DecideBy::Token, &execution, payload, false)
    }

    /// [`Self::revert`] with all its waits.
    pub(crate) fn revert_patiently(&self, action: &str) -> Result<Outcome, HandlerError> {
        let execution = self.decided(&json!({"action": action}));
        self.run(DecideBy::Token, &execution, payload(&execution), true)
    }

    pub(crate) fn invoke(&self, execution: &Execution) -> Result<Outcome, HandlerError> {
        self.run(DecideBy::Token, execution, payload(execution), false)
    }

    /// [`Self::invoke`] where an allow needs the key of the link.
    pub(crate) fn invoke_by_mail(&self, execution: &Execution) -> Result<Outcome, HandlerError> {
        self.run(DecideBy::Mail, execution, payload(execution), false)
    }

    /// The task until it ends or waits.
    fn run(
        &self,
        decide_by: DecideBy,
        execution: &Execution,
        payload: Value,
        is_patient: bool,
    ) -> Result<Outcome, HandlerError> {
        let change = serde_json::from_value(payload["change"].clone()).unwrap();
        let end = run_task(&self.iam, &change, payload, is_patient, |payload| {
            self.look(decide_by, execution, payload)
        })?;
        Ok(serde_json::from_value(end["outcome"].clone()).unwrap())
    }

    /// One invocation.
    pub(crate) fn look(
        &self,
        decide_by: DecideBy,
        execution: &Execution,
        payload: &Value,
    ) -> Result<Value, HandlerError> {
        let text = serde_json::value::to_raw_value(payload).unwrap();
        let request: WorkRequest<RestoreRequest> = lambda_kit::read_payload(&text)?;
        // The state machine sent this payload to the task that runs.
        let shown = Execution {
            scheduled: vec![json!({ "Payload": payload })],
            in_flight: true,
            ..execution.clone()
        };
        self.step_functions.put(shown);
        let reply = block_on(revert::handle(
            &restricted(),
            decide_by,
            &claims(&self.step_functions),
            &PolicyStore::from_client(self.iam.client()),
            request,
        ));
        reply.map(|reply| serde_json::to_value(reply).unwrap())
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

/// What the last state of the execution sends.
pub(crate) fn payload(execution: &Execution) -> Value {
    let (state, data) = execution.entered.last().unwrap();
    json!({
        "execution": execution.arn,
        "state": state,
        "change": data["verdict"]["change"],
        "quarantine": data["quarantine"],
        "decision": data["decision"],
        "work": null,
        "done": null,
    })
}

pub(crate) fn assert_result(outcome: Result<Outcome, HandlerError>, result: &str) {
    assert_eq!(outcome.unwrap().result.as_str(), result);
}

pub(crate) fn assert_fails(outcome: Result<Outcome, HandlerError>, name: FailureName) {
    assert_eq!(outcome.unwrap_err().name(), name);
}
