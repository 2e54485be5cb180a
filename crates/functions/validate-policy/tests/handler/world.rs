//! An account with the guard and its sweeps.

use iam_model::{Account, Execution, Iam, OwnerKind, StepFunctions, Sweep};
use incident::judgement::GuardConfig;
use incident::message::{ReadRequest, Response, Survey, SurveyRequest, Surveyed};
use incident::subject::{Owner, ReportedCall};
use incident::survey::GrantId;
use incident::{ExecutionArn, PolicyArn, PolicyChange, Record, Subject, Timestamp};
use lambda_kit::HandlerError;
use policy_store::PolicyStore;
use serde_json::{Value, json};
use validate_policy::{Reading, SweepConfig, handle};

use crate::known::Judgement;
use crate::support::*;
use fixtures::{block_on, claims, sweeps};

/// An account with the guard beside it.
pub(crate) struct World {
    pub(crate) iam: Iam,
    pub(crate) step_functions: StepFunctions,
    pub(crate) rules: GuardConfig,
    pub(crate) most: usize,
    /// When the last sweep began.
    pub(crate) now: i64,
    sweeps: usize,
}

impl World {
    pub(crate) fn new(account: Account) -> Self {
        Self {
            iam: Iam::new(account),
            step_functions: StepFunctions::default(),
            rules: rules(),
            most: 20,
            now: Timestamp::now().as_second() - 3600,
            sweeps: 0,
        }
    }

    /// Sweeps, and answers without an end of the execution.
    pub(crate) fn survey(&self, name: &str) -> Result<Survey, HandlerError> {
        let execution = ExecutionArn::parse(&Sweep::running(name, 0).arn()).unwrap();
        let request = ReadRequest::Survey(SurveyRequest {
            execution,
            started_at: Timestamp::from_second(self.now).unwrap(),
            report: false,
        });
        let mut config = SweepConfig::new(sweeps(&self.step_functions));
        config.most = self.most;
        let reading = block_on(handle(
            &self.rules,
            &claims(&self.step_functions),
            &config,
            &PolicyStore::from_client(self.iam.client()),
            request,
        ))?;
        match reading {
            Reading::Survey(survey) => Ok(survey),
            _ => panic!("a survey was asked for"),
        }
    }

    pub(crate) fn try_sweep(&mut self) -> Result<Surveyed, HandlerError> {
        self.sweeps += 1;
        self.now += 60;
        let name = format!("sweep{}", self.sweeps);
        self.step_functions.sweep(Sweep::running(&name, self.now));
        match self.survey(&name) {
            Ok(Survey::Done(surveyed)) => {
                let output = serde_json::to_string(&surveyed.sweep).unwrap();
                self.step_functions.end_sweep(&name, Some(&output));
                Ok(*surveyed)
            }
            Ok(Survey::Busy { busy }) => panic!("{busy} runs"),
            Err(error) => {
                self.step_functions.end_sweep(&name, None);
                Err(error)
            }
        }
    }

    pub(crate) fn sweep(&mut self) -> Surveyed {
        self.try_sweep().unwrap()
    }

    /// What the sweep starts, by its subjects.
    pub(crate) fn hints(&mut self) -> Vec<String> {
        let hints = self.sweep().hints;
        let subjects = hints.iter().map(|hint| {
            Record::parse(&hint.input)
                .unwrap()
                .change
                .subject
                .to_string()
        });
        subjects.collect()
    }

    /// Judges this event in an execution of the guard, which ends with its verdict or goes on.
    pub(crate) fn judge(&self, name: &str, event: &Value) -> Judgement<'_> {
        Judgement::new(self, name, event)
    }
}

/// A role with an old restricted inline policy, and an old restricted managed policy.
pub(crate) fn old_account() -> Account {
    let mut account = Account::default();
    account.create_owner(OwnerKind::Role, "app").unwrap();
    account
        .put_inline(OwnerKind::Role, "app", "old", RESTRICTED)
        .unwrap();
    account.create_policy("/", "app", RESTRICTED).unwrap();
    account.create_owner(OwnerKind::User, "ann").unwrap();
    account.create_owner(OwnerKind::Group, "staff").unwrap();
    account.attach(ARN, OwnerKind::Group, "staff");
    account
}

impl World {
    /// An execution that was decided, and ended so.
    pub(crate) fn end(&self, name: &str, data: &Value, action: &str, outcome: &Value) {
        let before = "2026-11-01T10:00:00Z".parse().unwrap();
        self.end_at(name, data, (action, before), outcome);
    }

    /// The same with the time of the decision.
    pub(crate) fn end_at(
        &self,
        name: &str,
        data: &Value,
        (action, time): (&str, Timestamp),
        outcome: &Value,
    ) {
        let mut data = data.clone();
        data["decision"] = json!({"action": action, "time": time});
        data["outcome"] = outcome.clone();
        let execution = Execution::running(name).then("AskUser", data.clone());
        self.step_functions.put(execution.succeeded(data));
    }

    /// An execution that reported that a policy was detached.
    pub(crate) fn report_departure(&self, kind: OwnerKind, owner: &str, policy: &str) {
        assert_eq!(kind, OwnerKind::Role);
        let owner = Owner {
            kind: incident::OwnerKind::Role,
            name: owner.to_owned(),
        };
        let now = Timestamp::now();
        let [_, id] = GrantId::of_departure(&owner, Some(policy), now);
        let policy = PolicyArn::parse(policy).unwrap();
        let subject = Subject::Reported(ReportedCall::Detachment { owner, policy });
        let me = ExecutionArn::parse(&Execution::running("departure").arn).unwrap();
        let claims = claims(&self.step_functions);
        let name = block_on(claims.make_known(&id, Response::Report, &subject, &me)).unwrap();
        let change = Record::parse(&fixtures::event("put-role-policy"))
            .unwrap()
            .change;
        let data = json!({"verdict": {
            "response": "report", "notify": true, "result": "reported",
            "change": PolicyChange { subject, ..change },
            "findings": [], "memory": {"known": name},
        }});
        let execution = Execution::running("departure").then("AllowWithNotification", data.clone());
        self.step_functions.put(execution.succeeded(data));
    }
}
