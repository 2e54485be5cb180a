//! What counts as an earlier incident.

use std::time::{Duration, SystemTime};

use aws_sdk_sfn::types::HistoryEventType;
use fixtures::{MACHINE, block_on, restricted};
use iam_model::{Execution, StepFunctions, claim_of};
use iam_policy::Quota;
use incident::memory::{ForgetBefore, MemoryRules, Standing, Wanted};
use incident::message::Response;
use incident::{Analysis, DecideBy, LinkKey};
use lambda_kit::claims::{Claim, ContainedBy};
use lambda_kit::{Claims, Executions};
use serde_json::{Value, json};

use crate::{Case, arn, asking, broken, ended};

/// What the incident `one`, which holds the first claim, means for the execution `two`.
fn standing(execution: impl Fn(&Case) -> Execution) -> Option<Standing> {
    let case = Case::new();
    case.take("one");
    case.put(execution(&case));
    match case.take("two") {
        Claim::Earlier(before) => Some(before.standing),
        Claim::Mine(name) => {
            assert_eq!(name, case.name(2));
            None
        }
        Claim::Unnamed => panic!("no name left"),
    }
}

fn decided(case: &Case, action: &str, result: &str) -> Execution {
    ended("one", &case.data(1), action, &json!({"result": result}))
}

#[test]
fn decisions_count_as_they_were_carried_out() {
    for (action, result, expected) in [
        ("allow", "allowed", Some(Standing::Allowed)),
        ("allow", "kept", Some(Standing::Allowed)),
        ("deny", "denied", Some(Standing::Denied)),
        ("deny", "takenBack", Some(Standing::Denied)),
        ("expire", "expired", None),
        ("expire", "lapsed", None),
        ("allow", "superseded", None),
        ("deny", "gone", None),
        ("deny", "unconfirmed", None),
        ("deny", "deniedBefore", None),
        // No state carries out the one and writes the other.
        ("deny", "allowed", None),
    ] {
        let found = standing(|case| decided(case, action, result));
        assert_eq!(found, expected, "{action} {result}");
    }
}

#[test]
fn what_runs_is_pending_until_its_outcome() {
    let running = |state: &'static str, change: fn(&mut Value)| {
        standing(move |case| {
            let mut data = case.data(1);
            change(&mut data);
            Execution::running("one").then(state, data)
        })
    };
    let pending = Some(Standing::Pending);
    assert_eq!(running("AskUser", |_| {}), pending);
    // Anyone may have sent an allow that is not carried out yet.
    let clicked = |data: &mut Value| data["decision"] = json!({"action": "allow"});
    assert_eq!(running("Approved", clicked), pending);
    let mailed = |data: &mut Value| {
        data["decision"] = json!({"action": "allow"});
        data["outcome"] = json!({"result": "allowed"});
    };
    assert_eq!(running("ReportOutcome", mailed), Some(Standing::Allowed));
    let gone = |data: &mut Value| data["quarantine"] = json!({"status": "gone"});
    assert_eq!(running("ReportOutcome", gone), None);
    for end in ["PublishFailed", "Failed"] {
        assert_eq!(running(end, |_| {}), None);
    }
}

#[test]
fn an_allow_for_a_time_counts_until_then() {
    let allowed = |until: &'static str| {
        standing(move |case| {
            let mut data = case.data(1);
            data["decision"] = json!({"action": "allow", "minutes": 60});
            data["outcome"] = json!({"result": "allowed", "until": until});
            Execution::running("one").then("AllowedUntil", data)
        })
    };
    assert_eq!(allowed("2999-01-01T00:00:00Z"), Some(Standing::Allowed));
    assert_eq!(allowed("2026-01-01T00:00:00Z"), None);
}

#[test]
fn what_failed_was_stopped_or_was_redriven_counts_for_nothing() {
    for kind in [
        HistoryEventType::ExecutionAborted,
        HistoryEventType::ExecutionFailed,
    ] {
        let found = standing(|case| broken("one", &case.data(1), kind.clone()));
        assert_eq!(found, None, "{kind:?}");
    }
    let redriven = |case: &Case| Execution {
        redriven: true,
        ..decided(case, "allow", "allowed")
    };
    assert_eq!(standing(redriven), None);
    let version = |case: &Case| Execution {
        version: Some(format!("{MACHINE}:1")),
        ..decided(case, "allow", "allowed")
    };
    assert_eq!(standing(version), None);
}

/// Each change of one member of an incident that was allowed.
#[test]
fn it_must_be_about_the_same_and_name_the_claim() {
    let changed = |pointer: &'static str, value: Value| {
        standing(move |case| {
            let mut data = case.data(1);
            *data.pointer_mut(pointer).unwrap() = value.clone();
            ended("one", &data, "allow", &json!({"result": "allowed"}))
        })
    };
    let document = r#"{"Statement":{"Effect":"Allow","Action":"s3:DeleteBucket","Resource":"*"}}"#;
    let same = Case::new().data(1);
    assert_eq!(
        changed("/verdict/notify", json!(true)),
        Some(Standing::Allowed)
    );
    for (pointer, value) in [
        ("/verdict/memory/claim", json!(Case::new().name(2))),
        ("/verdict/memory/claim", Value::Null),
        (
            "/verdict/change/subject/arn",
            json!("arn:aws:iam::111122223333:policy/other"),
        ),
        ("/quarantine/identity/id", json!("ANPAOTHER")),
        (
            "/quarantine/identity/created",
            json!("2026-01-01T00:00:00Z"),
        ),
        ("/quarantine/original", json!(document)),
        ("/quarantine/restricted", json!(["s3:DeleteObject"])),
        ("/quarantine", json!({"status": "superseded"})),
    ] {
        assert!(same.pointer(pointer).is_some(), "{pointer}");
        assert_eq!(changed(pointer, value), None, "{pointer}");
    }
    // A claim for what it contained instead of what was judged.
    let other = |case: &Case| {
        let mut data = case.data(1);
        data["quarantine"]["claim"] = json!(case.name(2));
        ended("one", &data, "allow", &json!({"result": "allowed"}))
    };
    assert_eq!(standing(other), None);
}

#[test]
fn a_claim_that_names_another_incident_proves_nothing() {
    let case = Case::new();
    case.take("one");
    case.put(decided(&case, "deny", "denied"));
    // An old allow of the same document.
    let allowed = json!({"result": "allowed"});
    case.put(ended("old", &case.data(3), "allow", &allowed));
    for (generation, incident) in [
        (2, claim_of(arn("old").as_str())),
        (
            3,
            claim_of("arn:aws:states:us-east-1:111122223333:execution:other:old"),
        ),
        (4, json!({"incident": 4})),
        (5, json!("text")),
    ] {
        let name = case.name(generation).to_string();
        case.step_functions.claim(&name, &incident);
    }
    assert_eq!(case.take("two"), Claim::Mine(case.name(6)));
}

fn with_rules(case: &Case, rules: MemoryRules, decide_by: DecideBy) -> Claim {
    let restricted = restricted();
    let analysis = Analysis::new(&restricted, Quota::MANAGED);
    let wanted = Wanted::document(
        &case.change.subject,
        &case.observed,
        Response::Contain,
        &analysis,
    )
    .unwrap();
    let executions = Executions::new(case.step_functions.client(), MACHINE.to_owned());
    let claims = Claims::new(
        executions,
        StepFunctions::CLAIMS.to_owned(),
        rules,
        decide_by,
    );
    block_on(claims.take(&wanted, &analysis, &arn("two"))).unwrap()
}

#[test]
fn a_decision_counts_for_its_days_and_until_it_is_forgotten() {
    const DAY: u64 = 24 * 60 * 60;
    let taken = |age: u64, days: &str, forget: Option<&str>| {
        let case = Case::new();
        case.take("one");
        let started = SystemTime::now() - Duration::from_secs(age);
        case.put(Execution {
            started,
            ..decided(&case, "allow", "allowed")
        });
        let forget_before = forget.map(|text| text.parse::<ForgetBefore>().unwrap());
        let rules = MemoryRules {
            days: days.parse().unwrap(),
            forget_before,
        };
        matches!(with_rules(&case, rules, DecideBy::Token), Claim::Earlier(_))
    };
    assert!(taken(89 * DAY, "90", None));
    assert!(!taken(90 * DAY, "90", None));
    assert!(!taken(2 * DAY, "2", None));
    assert!(!taken(0, "0", None));
    assert!(taken(0, "90", Some("2026-01-01")));
    assert!(!taken(0, "90", Some("2999-01-01T10:00:00Z")));
}

/// If `DecideBy` is `Mail`, a reader of executions can answer but cannot allow.
#[test]
fn an_allow_needs_the_key_of_the_mail() {
    let key = |number| LinkKey::from_random([number; LinkKey::BYTES]);
    let counts = |answered: Option<u8>, action: &str, result: &str| {
        let case = Case::new();
        case.take("one");
        let mut data = case.data(1);
        data["decision"] = json!({"action": action});
        if let Some(number) = answered {
            data["decision"]["key"] = json!(key(number).expose());
        }
        data["outcome"] = json!({"result": result});
        let execution = asking("one", &case.data(1))
            .with_submitted(vec![json!({"keySha256": key(1).digest()})])
            .then("Approved", data.clone())
            .then("ReportOutcome", data.clone());
        case.put(execution.succeeded(data));
        let taken = with_rules(&case, MemoryRules::default(), DecideBy::Mail);
        matches!(taken, Claim::Earlier(_))
    };
    assert!(counts(Some(1), "allow", "allowed"));
    assert!(!counts(Some(2), "allow", "allowed"));
    assert!(!counts(None, "allow", "allowed"));
    assert!(!counts(None, "allow", "kept"));
    // A deny never needs it.
    assert!(counts(None, "deny", "denied"));
}

/// Who remediated a document whose remediation is in force.
#[test]
fn a_containment_is_proved_by_an_incident_of_the_guard() {
    let by = |execution: Option<fn(&Case) -> Execution>, written: &str| {
        let case = Case::new();
        if let Some(execution) = execution {
            case.take("one");
            case.put(execution(&case));
        }
        case.with(async |claims, wanted, analysis| {
            let written = written.parse().unwrap();
            claims
                .contained_by(wanted, analysis, written)
                .await
                .unwrap()
        })
    };
    let (before, after) = ("2026-01-01T00:00:00Z", "2999-01-01T00:00:00Z");
    assert_eq!(by(None, before), ContainedBy::Unknown);
    let pending = |case: &Case| asking("one", &case.data(1));
    assert_eq!(by(Some(pending), before), ContainedBy::Guard);
    assert_eq!(by(Some(pending), after), ContainedBy::Guard);
    let denied = |case: &Case| decided(case, "deny", "denied");
    assert_eq!(by(Some(denied), before), ContainedBy::Guard);
    let later = by(Some(denied), after);
    assert!(matches!(later, ContainedBy::Decided(_)), "{later:?}");
    let expired = |case: &Case| decided(case, "expire", "expired");
    assert_eq!(by(Some(expired), before), ContainedBy::Guard);
    assert_eq!(by(Some(expired), after), ContainedBy::Unknown);
    // It asked first, and was told to keep it: it contained nothing.
    let other = |case: &Case| {
        let mut data = case.data(1);
        data["quarantine"] = json!({"status": "superseded"});
        ended("one", &data, "deny", &json!({"result": "superseded"}))
    };
    assert_eq!(by(Some(other), before), ContainedBy::Unknown);
}
