//! What is only reported stays in a remediation, and a sweep must not take it for new.

use fixtures::{EXECUTION, block_on, claims, guard_config, judge_request, run_task, sweeps};
use iam_model::{Account, Execution, Iam, OwnerKind, StepFunctions, Sweep};
use iam_policy::RestrictedActions;
use incident::judgement::GuardConfig;
use incident::message::{Contained, ReadRequest, SurveyRequest, Surveyed};
use incident::{ExecutionArn, Timestamp};
use policy_store::PolicyStore;
use serde_json::Value;
use validate_policy::{Reading, SweepConfig};

use crate::support::*;

/// Grants what is contained, and what is only reported.
const BOTH: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:GetObject","s3:DeleteBucket"],"Resource":"*"}}"#;

fn lists() -> RestrictedActions {
    let lists = RestrictedActions::of_lists(|response| match response {
        iam_policy::Response::Contain => "s3:DeleteBucket",
        iam_policy::Response::Report => "s3:GetObject",
        _ => "",
    });
    lists.unwrap()
}

/// An account with the guard, whose first sweep knows what is there.
struct World {
    iam: Iam,
    step_functions: StepFunctions,
    sweeps: i64,
}

impl World {
    fn new(iam: Iam) -> Self {
        let mut world = Self {
            iam,
            step_functions: StepFunctions::default(),
            sweeps: 0,
        };
        assert_eq!(world.sweep().hints.len(), 0);
        world
    }

    fn read(&self, request: ReadRequest) -> Reading {
        let rules = GuardConfig {
            restricted: lists(),
            ..guard_config()
        };
        let reading = block_on(validate_policy::handle(
            &rules,
            &claims(&self.step_functions),
            &SweepConfig::new(sweeps(&self.step_functions)),
            &PolicyStore::from_client(self.iam.client()),
            request,
        ));
        reading.unwrap()
    }

    fn sweep(&mut self) -> Surveyed {
        self.sweeps += 1;
        let name = format!("sweep{}", self.sweeps);
        let started = Timestamp::now().as_second() - 3600 + self.sweeps;
        let sweep = Sweep::running(&name, started);
        let execution = ExecutionArn::parse(&sweep.arn()).unwrap();
        self.step_functions.sweep(sweep);
        let reading = self.read(ReadRequest::Survey(SurveyRequest {
            execution,
            started_at: Timestamp::from_second(started).unwrap(),
            report: false,
        }));
        let survey = serde_json::to_value(reading).unwrap();
        let surveyed: Surveyed = serde_json::from_value(survey).unwrap();
        let output = serde_json::to_string(&surveyed.sweep).unwrap();
        self.step_functions.end_sweep(&name, Some(&output));
        surveyed
    }

    /// The incident of this event, until it asks.
    fn contain(&self, event: &Value) -> Contained {
        let incident = Execution::running("one").with_input(event);
        self.step_functions.put(incident.clone());
        let judged = self.read(ReadRequest::Judge(judge_request(false)));
        let mut data = serde_json::to_value(judged).unwrap();
        assert_eq!(data["verdict"]["response"], "contain");
        let change = serde_json::from_value(data["verdict"]["change"].clone()).unwrap();
        let end = run_task(&self.iam, &change, payload(&data), true, |payload| {
            let reply = block_on(remediate::handle(
                &lists(),
                &claims(&self.step_functions),
                &PolicyStore::from_client(self.iam.client()),
                serde_json::from_value(payload.clone()).unwrap(),
            ));
            reply.map(|reply| serde_json::to_value(reply).unwrap())
        });
        data["quarantine"] = end.unwrap()["quarantine"].clone();
        let contained = in_place(serde_json::from_value(data["quarantine"].clone()).unwrap());
        self.step_functions.put(incident.then("AskUser", data));
        contained
    }

    /// The claims that are names of what is left.
    fn names(&self) -> Vec<String> {
        let names = self.step_functions.claims().into_keys();
        names.filter(|name| name.starts_with("left-")).collect()
    }
}

type Write = fn(&Iam, &str) -> Value;

fn writes() -> [(Iam, Write); 2] {
    let (managed, _) = managed(&[HARMLESS]);
    let mut account = Account::default();
    account.create_owner(OwnerKind::Role, "app").unwrap();
    let put_inline: Write = |iam, document| put(iam, OwnerKind::Role, document);
    [(managed, version), (Iam::new(account), put_inline)]
}

#[test]
fn the_next_sweep_starts_nothing_about_what_a_remediation_left() {
    for (iam, write) in writes() {
        let mut world = World::new(iam);
        let contained = world.contain(&write(&world.iam, BOTH));
        assert!(!contained.left.is_empty());
        let name = serde_json::to_value(contained.known).unwrap();
        assert_eq!(world.names(), [name.as_str().unwrap()]);
        let claim = world.step_functions.claims().remove(&world.names()[0]);
        assert!(claim.unwrap().input.contains(EXECUTION));

        let swept = world.sweep();
        assert_eq!((swept.hints.len(), swept.sweep.counts.accounted), (0, 1));
        assert_eq!(world.sweep().sweep.counts.new, 0);
    }
}

/// Whoever made the claim, the incident must name it.
#[test]
fn a_sweep_reports_what_no_incident_says_it_left() {
    for (iam, write) in writes() {
        let mut world = World::new(iam);
        world.contain(&write(&world.iam, BOTH));
        world.step_functions.change_claims(|claims| {
            for claim in claims.values_mut() {
                claim.input = claim.input.replace(":one", ":two");
            }
        });
        let swept = world.sweep();
        assert_eq!((swept.hints.len(), swept.sweep.counts.accounted), (1, 0));
    }
}

#[test]
fn a_remediation_that_leaves_nothing_makes_no_call_for_it() {
    let document = BOTH.replace("GetObject", "PutObject");
    for (iam, write) in writes() {
        let mut world = World::new(iam);
        let before = world.step_functions.calls().len();
        let contained = world.contain(&write(&world.iam, &document));
        assert_eq!(contained.known, None);
        let calls = world.step_functions.calls().split_off(before);
        // That of `ValidatePolicy`, about the document.
        let claims = calls.iter().filter(|call| *call == "StartExecution");
        assert_eq!(claims.count(), 1, "{calls:?}");
        assert_eq!(world.sweep().hints.len(), 0);
    }
}

/// Without the claims, the guard contains and asks, and the sweep reports what is left.
#[test]
fn without_a_memory_it_is_contained_all_the_same() {
    for (iam, write) in writes() {
        let mut world = World::new(iam);
        world.step_functions.delete_claims();
        let contained = world.contain(&write(&world.iam, BOTH));
        assert!(!contained.left.is_empty());
        assert_eq!((contained.known, contained.settled), (None, None));
        assert!(!contained.document.as_str().contains("DeleteBucket"));
        assert_eq!(world.sweep().hints.len(), 1);
    }
}
