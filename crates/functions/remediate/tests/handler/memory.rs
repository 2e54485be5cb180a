//! Who is asked about what was contained, where another execution knows the same document.

use fixtures::{block_on, claims, restricted};
use iam_model::{Account, Execution, Iam, StepFunctions};
use incident::message::{Contained, OutcomeResult, Quarantine};
use policy_store::PolicyStore;
use serde_json::{Value, json};

use crate::support::*;

/// A policy that is contained already, the verdict on it, and an incident that holds the claim.
struct Case {
    iam: Iam,
    /// What the execution `two` knows. It had no memory before the containment.
    data: Value,
    /// What the execution `one` knows.
    claimed: Value,
}

impl Case {
    fn new() -> Self {
        let (iam, claimed) = incident(managed(&[HARMLESS, RESTRICTED]));
        contain(&iam, &claimed);
        let mut data = claimed.clone();
        data["verdict"].as_object_mut().unwrap().remove("memory");
        Self { iam, data, claimed }
    }

    /// What `TempRemove` of `two` ends with, if Step Functions shows `one` so.
    fn settle(&self, one: impl FnOnce(Execution, Value) -> Execution) -> Contained {
        let mut data = self.claimed.clone();
        data["quarantine"] = json!(Quarantine::InPlace(self.contained()));
        let step_functions = StepFunctions::of([one(Execution::running("one"), data)]);
        let claim = self.claimed["verdict"]["memory"]["claim"].as_str().unwrap();
        step_functions.claim(claim, &iam_model::claim_of(&Execution::running("one").arn));
        let mut payload = payload(&self.data);
        payload["execution"] = json!(Execution::running("two").arn);
        let reply = block_on(remediate::handle(
            &restricted(),
            &claims(&step_functions),
            &PolicyStore::from_client(self.iam.client()),
            serde_json::from_value(payload).unwrap(),
        ));
        let answer = serde_json::to_value(reply.unwrap()).unwrap();
        in_place(serde_json::from_value(answer["quarantine"].clone()).unwrap())
    }

    fn contained(&self) -> Contained {
        contain(&self.iam, &self.data)
    }
}

fn decided(execution: Execution, mut data: Value, action: &str, outcome: &str) -> Execution {
    data["decision"] = json!({"action": action});
    data["outcome"] = json!({"result": outcome});
    execution
        .then("ReportOutcome", data.clone())
        .succeeded(data)
}

fn result(contained: &Contained) -> Option<OutcomeResult> {
    contained.settled.as_ref().map(|settled| settled.result)
}

#[test]
fn an_open_request_is_joined() {
    let case = Case::new();
    let contained = case.settle(|one, data| one.then("AskUser", data));
    assert_eq!(result(&contained), Some(OutcomeResult::Joined));
    assert!(!contained.settled.unwrap().notify);
}

#[test]
fn a_deny_counts_and_is_reported_the_first_time() {
    let case = Case::new();
    let contained = case.settle(|one, data| decided(one, data, "deny", "denied"));
    assert_eq!(result(&contained), Some(OutcomeResult::DeniedBefore));
    let settled = contained.settled.unwrap();
    assert!(settled.notify && settled.report.is_some());
}

/// The allow came while this execution contained the same document.
#[test]
fn an_allow_that_is_in_force_again_is_not_asked_about() {
    let allowed = |one, data| decided(one, data, "allow", "allowed");
    // It is still contained: someone should know.
    let case = Case::new();
    let contained = case.settle(allowed);
    assert_eq!(result(&contained), None);
    let claim = contained.claim.unwrap().to_string();
    assert!(claim.ends_with("-2"), "{claim}");

    let case = Case::new();
    let calls = case.iam.calls().len();
    case.contained();
    // The next look but one finds the original in force.
    let one_look = (case.iam.calls().len() - calls) * 2;
    case.iam.before(one_look, |account: &mut Account| {
        account.set_default_policy_version(ARN, 2).unwrap();
    });
    let contained = case.settle(allowed);
    assert_eq!(result(&contained), Some(OutcomeResult::Joined));
}
