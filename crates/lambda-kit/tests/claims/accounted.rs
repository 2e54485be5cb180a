//! What a sweep learns of the claim of a restricted document in force.

use std::time::{Duration, SystemTime};

use fixtures::{MACHINE, block_on, claims};
use iam_model::{Execution, StepFunctions, Sweep, claim_of};
use incident::memory::{ForgetBefore, MemoryRules, Standing};
use incident::message::Response;
use incident::survey::Accounted;
use incident::{DecideBy, ExecutionArn, Timestamp};
use lambda_kit::claims::Claim;
use lambda_kit::{Claims, Executions};
use serde_json::{Value, json};

use crate::known::{deployed, exempt, id, make_known};
use crate::{Case, arn, asking, ended};

const DAY: u64 = 24 * 60 * 60;

/// What a sweep learns about the restricted document in force.
fn accounts(case: &Case, rules: MemoryRules) -> Accounted {
    // Long after what was contained has settled.
    let now = Timestamp::now() + Duration::from_secs(10 * 60);
    accounts_at(case, rules, now)
}

pub(crate) fn accounts_at(case: &Case, rules: MemoryRules, now: Timestamp) -> Accounted {
    learnt_at(case, rules, true, now)
}

fn learnt_at(
    case: &Case,
    rules: MemoryRules,
    is_contained_first: bool,
    now: Timestamp,
) -> Accounted {
    let step_functions = case.step_functions.clone();
    case.with(async |_, wanted, analysis| {
        let claims = Claims::new(
            Executions::new(step_functions.client(), MACHINE.to_owned()),
            StepFunctions::CLAIMS.to_owned(),
            rules,
            DecideBy::Token,
        );
        let accounted = claims.account_for(wanted, analysis, is_contained_first, now);
        accounted.await.unwrap().0
    })
}

/// What a sweep learns of the incident `one`, which claimed the document.
fn of_claim(execution: impl Fn(&Case) -> Execution) -> Accounted {
    let case = Case::new();
    case.take("one");
    case.put(execution(&case));
    accounts(&case, MemoryRules::default())
}

fn allowed(case: &Case, outcome: &Value) -> Execution {
    ended("one", &case.data(1), "allow", outcome)
}

#[test]
fn an_allow_accounts_for_a_document_and_a_deny_does_not() {
    assert_eq!(
        accounts(&Case::new(), MemoryRules::default()),
        Accounted::No
    );
    let allow = |outcome: Value| of_claim(move |case| allowed(case, &outcome));
    assert_eq!(allow(json!({"result": "allowed"})), Accounted::Known);
    // It ends, so the sweep looks again each time.
    let until = json!({"result": "allowed", "until": "2999-01-01T00:00:00Z"});
    assert_eq!(allow(until), Accounted::Pending);
    let over = json!({"result": "allowed", "until": "2026-01-01T00:00:00Z"});
    assert_eq!(allow(over), Accounted::No);
    let denied = json!({"result": "denied"});
    let deny = of_claim(|case| ended("one", &case.data(1), "deny", &denied));
    assert_eq!(deny, Accounted::No);
    for result in ["expired", "superseded", "gone", "lapsed"] {
        assert_eq!(allow(json!({"result": result})), Accounted::No, "{result}");
    }
}

/// The document stays in force, and the sweep does not repeat the question at once.
#[test]
fn a_question_about_a_document_that_nobody_answered_is_not_repeated_at_once() {
    let rules = MemoryRules::default;
    let now = Timestamp::now();
    let later = |days: u64| now + Duration::from_secs(days * DAY);
    let expired = |generation: usize, status: &str, decision: Value| {
        let case = Case::new();
        for number in 1..=generation {
            case.take(&number.to_string());
            if number < generation {
                let outcome = json!({"result": "superseded"});
                case.put(ended(
                    &number.to_string(),
                    &case.data(number),
                    "deny",
                    &outcome,
                ));
            }
        }
        let mut data = case.data(generation);
        data["verdict"]["response"] = json!("ask");
        data["quarantine"]["status"] = json!(status);
        data["decision"] = decision;
        data["outcome"] = json!({"result": "expired"});
        case.put(asking(&generation.to_string(), &data).succeeded(data));
        case
    };
    let silent = || json!({"action": "expire"});
    let case = expired(1, "proposed", silent());
    for (days, expected) in [(13, Accounted::Pending), (15, Accounted::Unanswered)] {
        assert_eq!(learnt_at(&case, rules(), false, later(days)), expected);
        // What must be contained does not wait.
        assert_eq!(learnt_at(&case, rules(), true, later(days)), Accounted::No);
    }
    for case in [
        // What was contained is not in force by that question.
        expired(1, "inPlace", silent()),
        // Answers came, and did not count.
        expired(1, "proposed", json!({"action": "expire", "unproven": true})),
        // All names are taken, so no claim counts.
        expired(9, "proposed", silent()),
    ] {
        assert_eq!(learnt_at(&case, rules(), false, later(1)), Accounted::No);
    }
}

/// It was contained, and is in force again.
#[test]
fn what_was_contained_and_waits_for_a_decision_is_not_accounted_for() {
    assert_eq!(of_claim(|case| asking("one", &case.data(1))), Accounted::No);
    // One that has contained nothing yet is about to.
    let judged = |case: &Case| {
        let mut data = case.data(1);
        data["quarantine"] = Value::Null;
        data["verdict"]["inForce"] = json!(case.observed);
        data["verdict"]["restricted"] = json!(["s3:DeleteBucket"]);
        Execution::running("one").then("TempRemove", data)
    };
    assert_eq!(of_claim(judged), Accounted::Pending);
    let begun = |_: &Case| Execution::running("one").then("ValidatePolicy", json!({}));
    assert_eq!(of_claim(begun), Accounted::Pending);
}

#[test]
fn forged_claims_of_documents_account_for_nothing() {
    let forged = |change: fn(&mut Execution)| {
        of_claim(move |case| {
            let mut execution = allowed(case, &json!({"result": "allowed"}));
            change(&mut execution);
            execution
        })
    };
    assert_eq!(forged(|_| {}), Accounted::Known);
    assert_eq!(forged(|it| it.redriven = true), Accounted::No);
    assert_eq!(
        forged(|it| it.version = Some(format!("{MACHINE}:1"))),
        Accounted::No
    );
    // The incident has another claim, or none.
    let other =
        of_claim(|case| ended("one", &case.data(2), "allow", &json!({"result": "allowed"})));
    assert_eq!(other, Accounted::No);
    let case = Case::new();
    case.step_functions.claim(
        &case.name(1).to_string(),
        &claim_of(&arn("one").as_str().replace(":guard:", ":attacker:")),
    );
    assert_eq!(accounts(&case, MemoryRules::default()), Accounted::No);
}

/// An old allow counts for as long as it can be proved, unless a deployment forgets it.
#[test]
fn only_forgetting_ends_an_allow_for_the_sweep() {
    let case = Case::new();
    case.take("one");
    let week_ago = SystemTime::now() - Duration::from_secs(7 * DAY);
    case.put(Execution {
        started: week_ago,
        ..allowed(&case, &json!({"result": "allowed"}))
    });
    let off = MemoryRules {
        days: "0".parse().unwrap(),
        ..MemoryRules::default()
    };
    assert_eq!(accounts(&case, off), Accounted::Known);
    let forget = |date: Timestamp| MemoryRules {
        forget_before: Some(date.to_string().parse::<ForgetBefore>().unwrap()),
        ..MemoryRules::default()
    };
    let now = Timestamp::now();
    let month_ago = now - std::time::Duration::from_secs(30 * DAY);
    assert_eq!(accounts(&case, forget(month_ago)), Accounted::Known);
    assert_eq!(accounts(&case, forget(now)), Accounted::No);

    let name = make_known(&case, "one").unwrap();
    case.put(Execution {
        started: week_ago,
        ..Execution::running("one").succeeded(exempt(&case, &name))
    });
    let known = |rules| {
        let claims = deployed(&case, rules, DecideBy::Token);
        block_on(claims.known_by(&id(&case), Response::Report, None, Timestamp::now())).unwrap()
    };
    assert_eq!(known(off), Accounted::Known);
    assert_eq!(known(forget(month_ago)), Accounted::Known);
    assert_eq!(known(forget(now)), Accounted::No);
}

/// A mark says that something stood there before, and nothing else.
#[test]
fn a_mark_only_takes_the_first_name() {
    let case = Case::new();
    let mark = || {
        let sweep = ExecutionArn::parse(&Sweep::running("sweep", 0).arn()).unwrap();
        let claims = claims(&case.step_functions);
        let key = case.name(1).key().clone();
        block_on(claims.mark(&key, &case.change.subject, &sweep)).unwrap();
    };
    mark();
    assert_eq!(case.step_functions.calls(), ["StartExecution"]);
    mark();
    assert_eq!(case.step_functions.claims().len(), 1);
    assert_eq!(accounts(&case, MemoryRules::default()), Accounted::No);
    // Whoever contains asks the last sweep first, and takes a claim after that.
    assert_eq!(case.take_quickly("one"), None);
    let Claim::Mine(name) = case.take("one") else {
        panic!("not claimed");
    };
    assert_eq!(name, case.name(2));
    assert!(!name.is_first());
    // A decision that stands is not marked away.
    case.put(ended(
        "one",
        &case.data(2),
        "allow",
        &json!({"result": "allowed"}),
    ));
    mark();
    let Claim::Earlier(before) = case.take("two") else {
        panic!("forgotten");
    };
    assert_eq!(before.standing, Standing::Allowed);
    assert_eq!(accounts(&case, MemoryRules::default()), Accounted::Known);
}
