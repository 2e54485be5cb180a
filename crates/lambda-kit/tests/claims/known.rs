//! What a sweep learns of incidents about a grant in force.

use aws_sdk_sfn::types::HistoryEventType;
use fixtures::{MACHINE, block_on, claims};
use iam_model::{Execution, StepFunctions, claim_of};
use incident::memory::{KnownName, MemoryRules};
use incident::message::Response;
use incident::survey::{Accounted, GrantId};
use incident::{DecideBy, LinkKey, Timestamp};
use lambda_kit::{Claims, Executions};
use serde_json::{Value, json};

use crate::accounted::accounts_at;
use crate::{Case, arn, asking, broken, ended};

pub(crate) fn id(case: &Case) -> GrantId {
    GrantId::of_document(case.name(1).key())
}

pub(crate) fn make_known(case: &Case, me: &str) -> Option<KnownName> {
    let claims = claims(&case.step_functions);
    block_on(claims.make_known(&id(case), Response::Report, &case.change.subject, &arn(me)))
        .unwrap()
}

fn known_by(case: &Case) -> Accounted {
    known_at(case, Timestamp::now())
}

fn known_at(case: &Case, now: Timestamp) -> Accounted {
    let claims = claims(&case.step_functions);
    block_on(claims.known_by(&id(case), Response::Report, None, now)).unwrap()
}

fn reported_since(case: &Case, sweep: Option<Timestamp>) -> bool {
    let claims = claims(&case.step_functions);
    block_on(claims.reported_since(&id(case), sweep)).unwrap()
}

/// An incident about an exempt write, which has this name.
pub(crate) fn exempt(case: &Case, name: &KnownName) -> Value {
    let mut data = case.data(1);
    data["quarantine"] = Value::Null;
    data["verdict"]["response"] = json!("report");
    data["verdict"]["result"] = json!("exempt");
    data["verdict"]["memory"] = json!({"known": name});
    data
}

/// One that asks about what a call added.
fn asked(case: &Case, name: &KnownName) -> Value {
    let mut data = exempt(case, name);
    data["verdict"]["response"] = json!("ask");
    data["verdict"]["result"] = json!("reported");
    data
}

/// What a sweep learns of the incident `one`, which made itself known.
fn learns(execution: impl Fn(&Case, &KnownName) -> Execution) -> Accounted {
    let case = Case::new();
    let name = make_known(&case, "one").unwrap();
    case.put(execution(&case, &name));
    known_by(&case)
}

#[test]
fn what_nobody_made_known_is_not_accounted_for() {
    let case = Case::new();
    assert_eq!(known_by(&case), Accounted::No);
    // A name of this month, and that of the month before: no more calls than that.
    assert_eq!(case.step_functions.calls(), ["DescribeExecution"; 2]);
}

#[test]
fn the_first_execution_has_the_name_and_finds_it_again() {
    let case = Case::new();
    let name = make_known(&case, "one").unwrap();
    assert_eq!(case.step_functions.calls(), ["StartExecution"]);
    // The function runs again, in the next month too.
    assert_eq!(make_known(&case, "one"), Some(name.clone()));
    let [before, this] = KnownName::around(&id(&case), Timestamp::now());
    assert_eq!(name, this);
    case.step_functions.change_claims(|claims| {
        let claim = claims.remove(&this.to_string()).unwrap();
        claims.insert(before.to_string(), claim);
        let other = claims.values().next().unwrap().clone();
        claims.insert(
            this.to_string(),
            iam_model::Claim {
                input: claim_of(arn("other").as_str()).to_string(),
                ..other
            },
        );
    });
    case.put(Execution::running("other").succeeded(exempt(&case, &this)));
    assert_eq!(make_known(&case, "one"), Some(before.clone()));
    assert_eq!(make_known(&case, "two"), None);
    case.put(Execution::running("one").succeeded(exempt(&case, &before)));
    assert_eq!(known_by(&case), Accounted::Known);
}

/// After a denial, whoever adds the same once more is asked about, and the new answer counts.
#[test]
fn a_later_execution_of_the_month_has_a_later_name() {
    let case = Case::new();
    let denied = json!({"result": "takenBack"});
    let mut names = vec![make_known(&case, "1").unwrap()];
    case.put(ended("1", &asked(&case, &names[0]), "deny", &denied));
    for number in 2..=9 {
        let me = number.to_string();
        let name = make_known(&case, &me).unwrap();
        assert!(!names.contains(&name), "{name}");
        // The function runs again.
        assert_eq!(make_known(&case, &me), Some(name.clone()));
        case.put(asking(&me, &asked(&case, &name)));
        assert_eq!(known_by(&case), Accounted::Pending, "{name}");
        case.put(ended(&me, &asked(&case, &name), "deny", &denied));
        assert_eq!(known_by(&case), Accounted::No, "{name}");
        names.push(name);
    }
    assert_eq!(make_known(&case, "10"), None);
    let last = names.last().unwrap();
    case.put(ended(
        "9",
        &asked(&case, last),
        "allow",
        &json!({"result": "kept"}),
    ));
    assert_eq!(known_by(&case), Accounted::Known);
}

#[test]
fn what_stays_in_force_by_a_verdict_is_known() {
    for (result, response, expected) in [
        ("exempt", "report", Accounted::Known),
        ("monitored", "report", Accounted::Known),
        ("reported", "report", Accounted::Known),
        ("unconfirmed", "report", Accounted::No),
        ("withdrawn", "report", Accounted::No),
        ("clean", "none", Accounted::No),
        ("restricted", "contain", Accounted::No),
        // Nobody was asked in the end.
        ("reported", "ask", Accounted::No),
    ] {
        let found = learns(|case, name| {
            let mut data = exempt(case, name);
            data["verdict"]["result"] = json!(result);
            data["verdict"]["response"] = json!(response);
            Execution::running("one").succeeded(data)
        });
        assert_eq!(found, expected, "{result} {response}");
    }
}

#[test]
fn what_is_asked_about_is_pending_and_known_when_it_is_kept() {
    let pending = learns(|case, name| asking("one", &asked(case, name)));
    assert_eq!(pending, Accounted::Pending);
    let begun = |_: &Case, _: &KnownName| {
        Execution::running("one").then("ValidatePolicy", json!({"detail": {}}))
    };
    assert_eq!(learns(begun), Accounted::Pending);
    for (action, result, expected) in [
        ("allow", "kept", Accounted::Known),
        ("deny", "takenBack", Accounted::No),
        ("expire", "expired", Accounted::Pending),
        // The sweep asks, and confirms what it asks.
        ("deny", "unconfirmed", Accounted::No),
        ("allow", "superseded", Accounted::No),
        ("allow", "lapsed", Accounted::No),
    ] {
        let outcome = json!({"result": result});
        let found = learns(|case, name| ended("one", &asked(case, name), action, &outcome));
        assert_eq!(found, expected, "{result}");
    }
    let until = json!({"result": "kept", "until": "2999-01-01T00:00:00Z"});
    let for_a_time = learns(|case, name| ended("one", &asked(case, name), "allow", &until));
    assert_ne!(for_a_time, Accounted::Known);
}

/// Anyone may take a name, and choose what it says.
#[test]
fn a_name_that_proves_nothing_accounts_for_nothing() {
    let forged = |input: &Value, execution: Option<Execution>| {
        let case = Case::new();
        let [_, this] = KnownName::around(&id(&case), Timestamp::now());
        case.step_functions.claim(&this.to_string(), input);
        if let Some(execution) = execution {
            case.put(execution);
        }
        known_by(&case)
    };
    let case = Case::new();
    let [before, this] = KnownName::around(&id(&case), Timestamp::now());
    let one = || claim_of(arn("one").as_str());
    let proved = || Execution::running("one").succeeded(exempt(&case, &this));
    assert_eq!(forged(&one(), Some(proved())), Accounted::Known);

    assert_eq!(forged(&json!("no claim"), None), Accounted::No);
    assert_eq!(forged(&json!({"incident": "no ARN"}), None), Accounted::No);
    assert_eq!(forged(&one(), None), Accounted::No);
    // An incident that does not name it back, or another name.
    let mut unnamed = exempt(&case, &this);
    unnamed["verdict"]["memory"] = json!({});
    let unnamed = Execution::running("one").succeeded(unnamed);
    assert_eq!(forged(&one(), Some(unnamed)), Accounted::No);
    let other = Execution::running("one").succeeded(exempt(&case, &before));
    assert_eq!(forged(&one(), Some(other)), Accounted::No);
    // An execution of another state machine, of a version, one that was redriven, or that failed.
    let machine = MACHINE.replace("guard", "attacker");
    let stranger = Execution {
        arn: arn("one").as_str().replace(":guard:", ":attacker:"),
        machine,
        ..proved()
    };
    assert_eq!(
        forged(&claim_of(&stranger.arn), Some(stranger.clone())),
        Accounted::No
    );
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
        let failed = broken("one", &exempt(&case, &this), kind);
        assert_eq!(forged(&one(), Some(failed)), Accounted::No);
    }
    let failing = Execution::running("one").then("Failed", asked(&case, &this));
    assert_eq!(forged(&one(), Some(failing)), Accounted::No);
}

/// What denied may come back, and go again: a report of the first time is none of the second.
#[test]
fn a_report_of_before_the_sweep_is_none() {
    let case = Case::new();
    assert!(!reported_since(&case, None));
    let name = make_known(&case, "one").unwrap();
    // Anyone can start an execution that has come to nothing yet.
    case.put(Execution::running("one").then("ValidatePolicy", json!({"detail": {}})));
    assert!(!reported_since(&case, None));
    case.put(Execution::running("one").succeeded(exempt(&case, &name)));
    let now = Timestamp::now();
    let ago = |seconds| Some(Timestamp::from_second(now.as_second() - seconds).unwrap());
    assert!(reported_since(&case, ago(60)) && reported_since(&case, None));
    assert!(!reported_since(&case, ago(-60)));
}

/// An execution that comes to no judgement hides nothing for longer than an hour.
#[test]
fn what_was_not_judged_in_an_hour_is_not_pending() {
    let case = Case::new();
    make_known(&case, "one").unwrap();
    case.take("one");
    case.put(Execution::running("one").then("ValidatePolicy", json!({"detail": {}})));
    let now = Timestamp::now();
    let later = |minutes: u64| now + std::time::Duration::from_secs(minutes * 60);
    for (minutes, expected) in [(59, Accounted::Pending), (61, Accounted::No)] {
        assert_eq!(known_at(&case, later(minutes)), expected, "{minutes}");
        let by_claim = accounts_at(&case, MemoryRules::default(), later(minutes));
        assert_eq!(by_claim, expected, "{minutes}");
    }
}

/// Nobody answered: the same question is not asked at once.
#[test]
fn nobody_is_asked_the_same_within_two_weeks() {
    let case = Case::new();
    let name = make_known(&case, "one").unwrap();
    let outcome = json!({"result": "expired"});
    case.put(ended("one", &asked(&case, &name), "expire", &outcome));
    let now = Timestamp::now();
    let later = |days: u64| now + std::time::Duration::from_secs(days * 24 * 60 * 60);
    assert_eq!(known_at(&case, later(13)), Accounted::Pending);
    assert_eq!(known_at(&case, later(15)), Accounted::Unanswered);
    // An answer that did not count is no silence.
    let unproven = |case: &Case, name: &KnownName| {
        let mut execution = asked(case, name);
        execution["decision"] = json!({"action": "expire", "unproven": true});
        execution["outcome"] = json!({"result": "expired"});
        asking("one", &execution).succeeded(execution)
    };
    assert_eq!(learns(unproven), Accounted::No);
    // A later answer counts, whenever the first question was.
    for (action, result, expected) in [
        ("deny", "takenBack", Accounted::No),
        ("allow", "kept", Accounted::Known),
    ] {
        let name = make_known(&case, result).unwrap();
        let outcome = json!({"result": result});
        case.put(ended(result, &asked(&case, &name), action, &outcome));
        for days in [1, 15] {
            assert_eq!(known_at(&case, later(days)), expected, "{days} {result}");
        }
    }
}

/// The settings of a deployment.
pub(crate) fn deployed(case: &Case, rules: MemoryRules, decide_by: DecideBy) -> Claims {
    Claims::new(
        Executions::new(case.step_functions.client(), MACHINE.to_owned()),
        StepFunctions::CLAIMS.to_owned(),
        rules,
        decide_by,
    )
}

#[test]
fn with_decisions_by_mail_only_the_key_of_the_mail_keeps() {
    let key = |number| LinkKey::from_random([number; LinkKey::BYTES]);
    let known = |with: Option<&LinkKey>| {
        let case = Case::new();
        let name = make_known(&case, "one").unwrap();
        let mut data = asked(&case, &name);
        data["decision"] = json!({"action": "allow", "key": with.map(LinkKey::expose)});
        data["outcome"] = json!({"result": "kept"});
        let submitted = json!({"keySha256": key(1).digest()});
        let execution = asking("one", &data).with_submitted(vec![submitted]);
        case.put(execution.succeeded(data));
        let claims = deployed(&case, MemoryRules::default(), DecideBy::Mail);
        block_on(claims.known_by(&id(&case), Response::Report, None, Timestamp::now())).unwrap()
    };
    assert_eq!(known(Some(&key(1))), Accounted::Known);
    assert_eq!(known(Some(&key(2))), Accounted::No);
    assert_eq!(known(None), Accounted::No);
}

/// An older report or allow does not outlive a denial, and a later one does.
#[test]
fn the_newest_decision_counts() {
    let case = Case::new();
    let one = make_known(&case, "one").unwrap();
    case.put(asking("one", &asked(&case, &one)));
    let two = make_known(&case, "two").unwrap();
    let kept = json!({"result": "kept"});
    case.put(ended("one", &asked(&case, &one), "allow", &kept));
    assert_eq!(known_by(&case), Accounted::Known);
    let denied = json!({"result": "takenBack"});
    case.put(ended("two", &asked(&case, &two), "deny", &denied));
    assert_eq!(known_by(&case), Accounted::No);
    let three = make_known(&case, "three").unwrap();
    case.put(ended("three", &asked(&case, &three), "allow", &kept));
    assert_eq!(known_by(&case), Accounted::Known);
    assert_eq!(make_known(&case, "four"), None);
    // The document was denied after all of them.
    let claims = claims(&case.step_functions);
    let now = Timestamp::now();
    let by = |denied| {
        let id = id(&case);
        block_on(claims.known_by(&id, Response::Report, Some(denied), now)).unwrap()
    };
    assert_eq!(by(now), Accounted::No);
    let long_ago = now - std::time::Duration::from_secs(3600);
    assert_eq!(by(long_ago), Accounted::Known);
}

/// A policy that was attached grants more by now.
#[test]
fn what_was_reported_says_nothing_about_more() {
    let case = Case::new();
    let name = make_known(&case, "one").unwrap();
    let mut data = exempt(&case, &name);
    data["verdict"]["listed"] = json!("report");
    case.put(Execution::running("one").succeeded(data));
    let claims = claims(&case.step_functions);
    let by = |response| {
        let id = id(&case);
        block_on(claims.known_by(&id, response, None, Timestamp::now())).unwrap()
    };
    assert_eq!(by(Response::Report), Accounted::Known);
    assert_eq!(by(Response::Ask), Accounted::No);
    assert_eq!(by(Response::Contain), Accounted::No);
}
