//! What a sweep learns of a grant that a remediation left, because it is only reported.

use std::time::Duration;

use aws_sdk_sfn::types::HistoryEventType;
use fixtures::{MACHINE, block_on, claims};
use iam_model::{Execution, StepFunctions, claim_of};
use iam_policy::{Quota, RestrictedActions};
use incident::memory::{KnownName, MemoryRules};
use incident::message::{Contained, Left, Quarantine, Response};
use incident::survey::{Accounted, GrantId};
use incident::{Analysis, DecideBy, Snapshot, Timestamp};
use lambda_kit::{Claims, Executions};
use serde_json::{Value, json};

use crate::{Case, arn, asking, broken, ended};

fn lists() -> RestrictedActions {
    let lists = RestrictedActions::of_lists(|response| match response {
        iam_policy::Response::Contain => "s3:DeleteBucket",
        iam_policy::Response::Report => "s3:GetObject",
        _ => "",
    });
    lists.unwrap()
}

/// What is contained, with a remediation that grants this.
fn leaving(case: &Case, action: &str) -> Contained {
    let document = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"*"}}}}"#
    );
    let document = Snapshot::new(&document);
    let lists = lists();
    let analysis = Analysis::new(&lists, Quota::MANAGED);
    Contained {
        left: Left::from(analysis.restricted(&document)),
        document,
        ..case.contained.clone()
    }
}

fn id(case: &Case) -> GrantId {
    let lists = lists();
    let analysis = Analysis::new(&lists, Quota::MANAGED);
    let contained = leaving(case, "s3:GetObject");
    GrantId::of_left(&case.change.subject, &contained, &analysis).unwrap()
}

fn make_known_of(case: &Case, me: &str, mut contained: Contained) -> Contained {
    let claims = claims(&case.step_functions);
    let (subject, me) = (&case.change.subject, arn(me));
    block_on(claims.make_left_known(&lists(), subject, &mut contained, &me));
    contained
}

fn make_known(case: &Case, me: &str) -> Option<KnownName> {
    make_known_of(case, me, leaving(case, "s3:GetObject")).known
}

fn left_by(case: &Case) -> Accounted {
    let claims = claims(&case.step_functions);
    block_on(claims.left_by(&id(case), None, Timestamp::now())).unwrap()
}

/// An incident that contained a document, and has this name of what it left.
fn containing(case: &Case, name: &KnownName) -> Value {
    let mut data = case.data(1);
    data["quarantine"]["known"] = json!(name);
    data
}

/// What a sweep learns of the incident `one`, which made itself known.
fn learns(execution: impl Fn(&Case, &KnownName) -> Execution) -> Accounted {
    let case = Case::new();
    let name = make_known(&case, "one").unwrap();
    case.put(execution(&case, &name));
    left_by(&case)
}

#[test]
fn what_is_left_costs_one_call_and_has_a_name_of_its_own() {
    let case = Case::new();
    let name = make_known(&case, "one").unwrap();
    assert_eq!(case.step_functions.calls(), ["StartExecution"]);
    let [_, this] = KnownName::left_around(&id(&case), Timestamp::now());
    assert_eq!(name, this);
    // The answer was lost, and the function runs again.
    assert_eq!(make_known(&case, "one").as_ref(), Some(&name));
    // Nothing proves so far that the first one left it.
    assert_eq!(make_known(&case, "two"), this.generations().nth(1));
    case.put(asking("one", &containing(&case, &name)));
    assert_eq!(make_known(&case, "three"), None);
    // Whoever reports the grant can still make it known.
    let claims = claims(&case.step_functions);
    let (id, two) = (id(&case), arn("two"));
    let reported = block_on(claims.make_known(&id, Response::Report, &case.change.subject, &two));
    assert!(reported.unwrap().is_some());
}

#[test]
fn nothing_is_called_where_nothing_is_left_or_more_than_what_is_reported() {
    let case = Case::new();
    let mut more = leaving(&case, "s3:*");
    assert!(!more.left.is_empty());
    more = make_known_of(&case, "one", more);
    let nothing = make_known_of(&case, "one", leaving(&case, "ec2:DescribeVpcs"));
    assert_eq!((more.known, nothing.known), (None, None));
    let removed = Contained {
        removed: true,
        ..leaving(&case, "s3:GetObject")
    };
    assert_eq!(make_known_of(&case, "one", removed).known, None);
    assert_eq!(case.step_functions.calls(), [""; 0]);
}

/// The containment is done, and goes on without a name.
#[test]
fn a_memory_that_refuses_or_is_silent_holds_nothing_up() {
    let case = Case::new();
    case.step_functions.delete_claims();
    assert_eq!(make_known(&case, "one"), None);

    let claims = Claims::new(
        Executions::new(StepFunctions::silent_client(), MACHINE.to_owned()),
        StepFunctions::CLAIMS.to_owned(),
        MemoryRules::default(),
        DecideBy::Token,
    );
    let mut contained = leaving(&case, "s3:GetObject");
    let (subject, me) = (&case.change.subject, arn("one"));
    let waited = block_on(async {
        let begun = tokio::time::Instant::now();
        claims
            .make_left_known(&lists(), subject, &mut contained, &me)
            .await;
        begun.elapsed()
    });
    assert_eq!(contained.known, None);
    assert!(waited <= Duration::from_secs(3), "{waited:?}");
}

#[test]
fn what_is_left_is_known_whatever_is_decided() {
    let asks = |case: &Case, name: &KnownName| asking("one", &containing(case, name));
    assert_eq!(learns(asks), Accounted::Known);
    for (action, result) in [
        ("allow", "allowed"),
        ("deny", "denied"),
        ("deny", "deniedBefore"),
        ("deny", "takenBack"),
        ("deny", "joined"),
        ("expire", "expired"),
        ("expire", "lapsed"),
        ("deny", "superseded"),
    ] {
        let outcome = json!({"result": result});
        let found = learns(|case, name| ended("one", &containing(case, name), action, &outcome));
        assert_eq!(found, Accounted::Known, "{result}");
    }
}

/// A name of what a remediation leaves does not account for what a verdict leaves, nor the reverse.
#[test]
fn each_name_counts_where_it_belongs() {
    let case = Case::new();
    let name = make_known(&case, "one").unwrap();
    case.put(asking("one", &containing(&case, &name)));
    assert_eq!(left_by(&case), Accounted::Known);
    let claims = claims(&case.step_functions);
    let id = id(&case);
    let by_verdict = block_on(claims.known_by(&id, Response::Report, None, Timestamp::now()));
    assert_eq!(by_verdict.unwrap(), Accounted::No);

    // What is only proposed left nothing.
    let proposed = learns(|case, name| {
        let mut data = containing(case, name);
        data["quarantine"] = json!(Quarantine::Proposed(incident::message::Proposal {
            version: None,
            contained: Contained {
                known: Some(name.clone()),
                ..case.contained.clone()
            },
        }));
        asking("one", &data)
    });
    assert_eq!(proposed, Accounted::No);
    let superseded = learns(|case, name| {
        let mut data = containing(case, name);
        data["quarantine"] = json!({"status": "superseded", "known": name});
        Execution::running("one").succeeded(data)
    });
    assert_eq!(superseded, Accounted::No);
}

/// Anyone may take a name, start executions, and stop or redrive them.
#[test]
fn a_name_that_proves_nothing_leaves_nothing() {
    let forged = |input: &Value, execution: Option<Execution>| {
        let case = Case::new();
        let [_, this] = KnownName::left_around(&id(&case), Timestamp::now());
        case.step_functions.claim(&this.to_string(), input);
        if let Some(execution) = execution {
            case.put(execution);
        }
        left_by(&case)
    };
    let case = Case::new();
    let [before, this] = KnownName::left_around(&id(&case), Timestamp::now());
    let one = || claim_of(arn("one").as_str());
    let proved = || asking("one", &containing(&case, &this));
    assert_eq!(forged(&one(), Some(proved())), Accounted::Known);

    assert_eq!(forged(&json!("no claim"), None), Accounted::No);
    assert_eq!(forged(&one(), None), Accounted::No);
    // An incident that names nothing back, or another name.
    let unnamed = asking("one", &case.data(1));
    assert_eq!(forged(&one(), Some(unnamed)), Accounted::No);
    let other = asking("one", &containing(&case, &before));
    assert_eq!(forged(&one(), Some(other)), Accounted::No);
    // One whose input says so: it has come to no judgement, and hides nothing for long.
    let input = Execution::running("one").then("ValidatePolicy", containing(&case, &this));
    assert_eq!(forged(&one(), Some(input)), Accounted::Pending);
    // One that has not come to its end.
    let mut data = containing(&case, &this);
    data.as_object_mut().unwrap().remove("quarantine");
    let containing_yet = Execution::running("one").then("TempRemove", data);
    assert_eq!(forged(&one(), Some(containing_yet)), Accounted::No);
    // An execution of another state machine, of a version, one that was redriven, or that failed.
    let stranger = Execution {
        arn: arn("one").as_str().replace(":guard:", ":attacker:"),
        machine: MACHINE.replace("guard", "attacker"),
        ..proved()
    };
    let of_stranger = claim_of(&stranger.arn);
    assert_eq!(forged(&of_stranger, Some(stranger)), Accounted::No);
    let version = Execution {
        version: Some(format!("{MACHINE}:1")),
        ..proved()
    };
    assert_eq!(forged(&one(), Some(version)), Accounted::No);
    let redriven = Execution {
        redriven: true,
        ..proved()
    };
    assert_eq!(forged(&one(), Some(redriven)), Accounted::No);
    for kind in [
        HistoryEventType::ExecutionFailed,
        HistoryEventType::ExecutionAborted,
    ] {
        let failed = broken("one", &containing(&case, &this), kind);
        assert_eq!(forged(&one(), Some(failed)), Accounted::No);
    }
    let failing = Execution::running("one").then("Failed", containing(&case, &this));
    assert_eq!(forged(&one(), Some(failing)), Accounted::No);
}

/// The last sweep would know it if it had stayed in force.
#[test]
fn what_was_left_before_the_last_sweep_and_is_new_to_it_came_back() {
    let case = Case::new();
    let name = make_known(&case, "one").unwrap();
    case.put(asking("one", &containing(&case, &name)));
    let claims = claims(&case.step_functions);
    let now = Timestamp::now();
    let since = |sweep| block_on(claims.left_by(&id(&case), Some(sweep), now)).unwrap();
    assert_eq!(since(now - Duration::from_secs(3600)), Accounted::Known);
    assert_eq!(since(now + Duration::from_secs(60)), Accounted::No);
}
