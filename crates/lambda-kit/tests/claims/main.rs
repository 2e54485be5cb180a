//! The protocol of the claims, and what proves an earlier incident.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what goes wrong in a helper fails the test that called it"
)]

mod accounted;
mod known;
mod left;
mod proof;
mod reports;
mod sweeps;

use aws_sdk_sfn::types::{ExecutionStatus, HistoryEventType};
use fixtures::{block_on, claims, contained, event, restricted};
use iam_model::{Execution, StepFunctions, claim_of};
use iam_policy::Quota;
use incident::memory::{ClaimName, Standing, Wanted};
use incident::message::{Contained, ObservedPolicy, Quarantine, Response};
use incident::{Analysis, ExecutionArn, PolicyChange, Record, Snapshot};
use lambda_kit::claims::Claim;
use serde_json::{Value, json};

/// What all tests here are about.
struct Case {
    change: PolicyChange,
    observed: ObservedPolicy,
    contained: Contained,
    step_functions: StepFunctions,
}

impl Case {
    fn new() -> Self {
        let record = Record::parse(&event("create-policy")).unwrap();
        let document = record
            .document
            .unwrap()
            .replace("DeleteObject", "DeleteBucket");
        let contained = contained(&record.change, &document);
        Self {
            observed: ObservedPolicy {
                identity: contained.identity.clone(),
                version: record.change.version.clone(),
                document: Snapshot::new(&document),
            },
            change: record.change,
            contained,
            step_functions: StepFunctions::default(),
        }
    }

    /// Asks the memory about the document as the execution `me`.
    fn with<T>(
        &self,
        ask: impl AsyncFnOnce(&lambda_kit::Claims, &Wanted, &Analysis<'_>) -> T,
    ) -> T {
        let restricted = restricted();
        let analysis = Analysis::new(&restricted, Quota::MANAGED);
        let wanted = Wanted::document(
            &self.change.subject,
            &self.observed,
            Response::Contain,
            &analysis,
        )
        .unwrap();
        let claims = claims(&self.step_functions);
        block_on(ask(&claims, &wanted, &analysis))
    }

    fn take(&self, me: &str) -> Claim {
        self.with(async |claims, wanted, analysis| {
            claims.take(wanted, analysis, &arn(me)).await.unwrap()
        })
    }

    fn take_quickly(&self, me: &str) -> Option<Claim> {
        self.with(async |claims, wanted, analysis| {
            claims.take_quickly(wanted, analysis, &arn(me)).await
        })
    }

    fn replace(&self, me: &str) {
        self.with(async |claims, wanted, _| claims.replace(wanted, &arn(me)).await.unwrap());
    }

    fn name(&self, generation: usize) -> ClaimName {
        self.with(async |_, wanted, _| {
            ClaimName::generations(&wanted.key)
                .nth(generation - 1)
                .unwrap()
        })
    }

    /// The data of an incident that claimed the document and contained it.
    fn data(&self, generation: usize) -> Value {
        let restricted = restricted();
        let analysis = Analysis::new(&restricted, Quota::MANAGED);
        let mut contained = self.contained.clone();
        contained.restricted = analysis.restricted(&self.observed.document);
        json!({
            "verdict": {
                "response": "contain", "notify": true, "result": "restricted",
                "change": self.change,
                "findings": [],
                "memory": {"claim": self.name(generation)},
            },
            "quarantine": Quarantine::InPlace(contained),
        })
    }

    /// Puts an incident that asks, or an earlier state of it.
    fn put(&self, execution: Execution) {
        self.step_functions.put(execution);
    }
}

fn arn(name: &str) -> ExecutionArn {
    ExecutionArn::parse(&Execution::running(name).arn).unwrap()
}

fn asking(name: &str, data: &Value) -> Execution {
    Execution::running(name).then("AskUser", data.clone())
}

/// An incident that was decided, and ended so.
fn ended(name: &str, data: &Value, action: &str, outcome: &Value) -> Execution {
    let mut data = data.clone();
    data["decision"] = json!({"action": action, "time": "2026-11-01T10:00:00Z", "reason": "why"});
    data["outcome"] = outcome.clone();
    asking(name, &data).succeeded(data)
}

#[test]
fn a_new_document_costs_one_call() {
    let case = Case::new();
    assert_eq!(case.take_quickly("one"), Some(Claim::Mine(case.name(1))));
    assert_eq!(case.step_functions.calls(), ["StartExecution"]);
    // The answer was lost, and the function runs again.
    assert_eq!(case.take_quickly("one"), Some(Claim::Mine(case.name(1))));
    assert_eq!(case.take("one"), Claim::Mine(case.name(1)));
    let claims = case.step_functions.claims();
    assert_eq!(claims.len(), 1);
    assert!(
        claims[&case.name(1).to_string()]
            .input
            .contains("policy/app-storage")
    );
}

#[test]
fn an_incident_that_asks_is_joined() {
    let case = Case::new();
    case.take("one");
    case.put(asking("one", &case.data(1)));
    let Claim::Earlier(before) = case.take("two") else {
        panic!("not joined");
    };
    assert_eq!(before.standing, Standing::Pending);
    assert_eq!(before.execution, arn("one"));
    assert_eq!(before.original.unwrap().to_string(), "v1");
    // Nothing is claimed for it.
    assert_eq!(case.step_functions.claims().len(), 1);
}

/// Its judgement is not in its history yet: a containment does not wait for that.
#[test]
fn an_incident_that_judges_is_waited_for_after_the_containment_only() {
    let case = Case::new();
    case.take("one");
    case.put(Execution::running("one").then("ValidatePolicy", json!({"detail": {}})));
    assert_eq!(case.take_quickly("two"), None);
    assert_eq!(case.step_functions.claims().len(), 1);
    assert_eq!(case.take("two"), Claim::Mine(case.name(2)));
    // The one that was slow finds the newer claim.
    case.put(asking("two", &case.data(2)));
    let Claim::Earlier(before) = case.take("one") else {
        panic!("two ask");
    };
    assert_eq!(before.execution, arn("two"));
}

#[test]
fn the_newest_claim_counts_and_not_the_highest() {
    let case = Case::new();
    case.take("one");
    case.put(ended(
        "one",
        &case.data(1),
        "deny",
        &json!({"result": "denied"}),
    ));
    case.step_functions
        .claim(&case.name(2).to_string(), &json!({}));
    assert_eq!(case.take("three"), Claim::Mine(case.name(3)));
    case.put(ended(
        "three",
        &case.data(3),
        "allow",
        &json!({"result": "allowed"}),
    ));
    // Step Functions forgets the first names, and one of them is taken again.
    case.step_functions.change_claims(|claims| {
        claims.remove(&case.name(1).to_string());
        claims.remove(&case.name(2).to_string());
    });
    assert_eq!(case.take("four"), Claim::Mine(case.name(1)));
    case.put(asking("four", &case.data(1)));
    let Claim::Earlier(before) = case.take("five") else {
        panic!("two ask");
    };
    assert_eq!(before.execution, arn("four"));
}

#[test]
fn without_the_state_machine_of_the_claims_there_is_no_memory() {
    let case = Case::new();
    case.step_functions.delete_claims();
    assert_eq!(case.take_quickly("one"), None);
    let error = case.with(async |claims, wanted, analysis| {
        claims
            .take(wanted, analysis, &arn("one"))
            .await
            .unwrap_err()
    });
    assert!(!error.is_passing(), "{error}");
}

#[test]
fn when_all_names_are_taken_each_write_is_asked_about() {
    let case = Case::new();
    for generation in 1..=usize::from(ClaimName::GENERATIONS) {
        let name = case.name(generation).to_string();
        case.step_functions
            .claim(&name, &claim_of(arn("not-there").as_str()));
    }
    assert_eq!(case.take("one"), Claim::Unnamed);
    assert_eq!(case.take_quickly("one"), Some(Claim::Unnamed));
}

/// A claim that no newer one can replace would let an allow outlive a newer deny.
#[test]
fn when_all_names_are_taken_no_claim_counts() {
    let last = usize::from(ClaimName::GENERATIONS);
    let nobody = claim_of(arn("not-there").as_str());
    for (action, result) in [("allow", "allowed"), ("deny", "denied"), ("", "")] {
        let case = Case::new();
        for generation in 1..last {
            let name = case.name(generation).to_string();
            case.step_functions.claim(&name, &nobody);
        }
        assert_eq!(case.take("one"), Claim::Mine(case.name(last)));
        let data = case.data(last);
        case.put(match action {
            "" => asking("one", &data),
            _ => ended("one", &data, action, &json!({"result": result})),
        });
        assert_eq!(case.take("two"), Claim::Unnamed, "{result}");
        assert_eq!(case.take_quickly("two"), Some(Claim::Unnamed), "{result}");
        // A lost answer: it asks in any case.
        assert_eq!(case.take("one"), Claim::Mine(case.name(last)));
    }
    // Someone took the last name before, and the newest claim has another one.
    let case = Case::new();
    for generation in (1..=last).filter(|generation| *generation != last - 1) {
        let name = case.name(generation).to_string();
        case.step_functions.claim(&name, &nobody);
    }
    assert_eq!(case.take("one"), Claim::Mine(case.name(last - 1)));
    let allowed = json!({"result": "allowed"});
    case.put(ended("one", &case.data(last - 1), "allow", &allowed));
    assert_eq!(case.take("two"), Claim::Unnamed);
}

#[test]
fn a_claim_that_another_execution_holds_is_replaced_once() {
    let case = Case::new();
    case.take("one");
    let allowed = json!({"result": "allowed"});
    case.put(ended("one", &case.data(1), "allow", &allowed));
    // This one asked without a claim, and was denied.
    let mut data = case.data(1);
    data["verdict"].as_object_mut().unwrap().remove("memory");
    let denied = json!({"result": "denied"});
    case.put(ended("two", &data, "deny", &denied));
    for _ in 0..2 {
        case.replace("two");
        assert_eq!(case.step_functions.claims().len(), 2);
    }
    assert_eq!(case.take("three"), Claim::Mine(case.name(3)));
}

#[test]
fn whoever_holds_the_newest_claim_keeps_it() {
    let case = Case::new();
    case.take("one");
    case.put(ended(
        "one",
        &case.data(1),
        "deny",
        &json!({"result": "denied"}),
    ));
    case.replace("one");
    assert_eq!(case.step_functions.claims().len(), 1);
    let Claim::Earlier(before) = case.take("two") else {
        panic!("forgotten");
    };
    assert_eq!(before.standing, Standing::Denied);
    // Someone made a claim between its question and its answer.
    let name = case.name(2).to_string();
    case.step_functions.claim(&name, &json!({}));
    case.replace("one");
    assert_eq!(case.take("two"), Claim::Mine(case.name(4)));
}

#[test]
fn without_a_claim_the_first_name_is_taken_and_after_the_last_none() {
    let case = Case::new();
    case.replace("one");
    let claims = case.step_functions.claims();
    assert!(claims.contains_key(&case.name(1).to_string()) && claims.len() == 1);
    for generation in 2..=usize::from(ClaimName::GENERATIONS) {
        let name = case.name(generation).to_string();
        case.step_functions.claim(&name, &json!({}));
    }
    case.replace("one");
    assert_eq!(case.take("two"), Claim::Unnamed);
    // No state machine of the claims.
    case.step_functions.delete_claims();
    let error =
        case.with(async |claims, wanted, _| claims.replace(wanted, &arn("one")).await.unwrap_err());
    assert!(!error.is_passing(), "{error}");
}

/// An execution that ended badly, with its last data.
fn broken(name: &str, data: &Value, kind: HistoryEventType) -> Execution {
    Execution {
        status: match kind {
            HistoryEventType::ExecutionAborted => ExecutionStatus::Aborted,
            _ => ExecutionStatus::Failed,
        },
        end: Some((kind, Value::Null)),
        ..asking(name, data)
    }
}
