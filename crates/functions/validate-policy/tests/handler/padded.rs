//! Records whose parameters CloudTrail left out, because a document is padded.

use iam_model::{Account, Iam, OwnerKind};
use incident::message::{
    AssessRequest, Found, JudgeRequest, Judged, Look, ReadRequest, Response, VerdictResult,
};
use incident::{FailureName, Target};
use lambda_kit::HandlerError;
use serde_json::{Value, json};
use validate_policy::Reading;

use crate::support::*;

/// The document with more white space than CloudTrail records.
fn padded(document: &str) -> String {
    document.replacen('{', &format!("{{{}", " ".repeat(100_000)), 1)
}

/// The event as CloudTrail writes it for a request that is too large.
fn without_parameters(mut event: Value) -> Value {
    event["detail"]["requestParameters"] =
        json!({"reason": "requestParameters too large", "omitted": true, "originalSize": 110_000});
    event
}

/// One look, after `look`.
fn look_at(iam: &Iam, event: &Value, look: Option<Look>) -> Result<Judged, HandlerError> {
    let request = ReadRequest::Judge(JudgeRequest {
        look,
        ..fixtures::judge_request(false)
    });
    match run(&rules(), iam, event, request)? {
        Reading::Judged(judged) => Ok(judged),
        Reading::Assessment(_) | Reading::Survey(_) => panic!("a verdict was asked for"),
    }
}

/// Every look until there is a verdict.
fn judged_patiently(iam: &Iam, event: &Value) -> Result<Judged, HandlerError> {
    let mut judged = look_at(iam, event, None)?;
    for _ in 0..200 {
        let Found::Look(look) = judged.found else {
            return Ok(judged);
        };
        let data = serde_json::to_value(&look).unwrap();
        judged = look_at(iam, event, serde_json::from_value(data).unwrap())?;
    }
    panic!("it goes on for ever");
}

#[test]
fn a_padded_version_is_found_by_its_number_and_time() {
    for (in_force, other) in [(true, HARMLESS), (true, RESTRICTED), (false, HARMLESS)] {
        let (iam, _) = created(other);
        // What changed before is another matter.
        call(
            &iam,
            "CreatePolicy",
            &[("PolicyName", "before"), ("PolicyDocument", RESTRICTED)],
        );
        iam.change(|account| account.pass(100));
        let document = padded(RESTRICTED);
        let parameters = [
            ("PolicyArn", ARN),
            ("PolicyDocument", document.as_str()),
            ("SetAsDefault", if in_force { "true" } else { "false" }),
        ];
        let event = without_parameters(call(&iam, "CreatePolicyVersion", &parameters));
        let judged = judged_patiently(&iam, &event).unwrap();
        assert_eq!(judged.hints, []);
        assert_eq!(
            judged.event["detail"]["requestParameters"]["policyArn"],
            ARN
        );
        let verdict = verdict_of(judged);
        if in_force {
            assert_verdict(&verdict, Response::Contain, VerdictResult::Restricted);
        } else {
            assert_verdict(&verdict, Response::None, VerdictResult::NotInForce);
        }
        assert!(verdict.change.subject.to_string().contains(ARN));
    }
}

#[test]
fn two_padded_versions_of_a_second_are_both_found() {
    let (iam, _) = created(HARMLESS);
    let other = call(
        &iam,
        "CreatePolicy",
        &[("PolicyName", "other"), ("PolicyDocument", HARMLESS)],
    );
    let other = other["detail"]["responseElements"]["policy"]["arn"]
        .as_str()
        .unwrap();
    let document = padded(RESTRICTED);
    let mut event = Value::Null;
    for arn in [ARN, other] {
        let parameters = [
            ("PolicyArn", arn),
            ("PolicyDocument", document.as_str()),
            ("SetAsDefault", "true"),
        ];
        event = without_parameters(call(&iam, "CreatePolicyVersion", &parameters));
    }
    let judged = judged_patiently(&iam, &event).unwrap();
    let [hint] = judged.hints.as_slice() else {
        panic!("{:?}", judged.hints);
    };
    let named = judged.event["detail"]["requestParameters"]["policyArn"].clone();
    let found = [named, json!(hint.parameters.policy_arn)];
    assert!(
        found.contains(&json!(ARN)) && found.contains(&json!(other)),
        "{found:?}"
    );
}

#[test]
fn a_padded_inline_policy_is_found_by_its_length() {
    for kind in OwnerKind::ALL {
        let iam = Iam::new(Account::default());
        iam.change(|account| {
            // More owners than the pages of one invocation.
            for number in 0..3_000 {
                let name = format!("a-{number:04}");
                account.create_owner(kind, &name).unwrap();
                if number % 500 == 0 {
                    account
                        .put_inline(kind, &name, "short", RESTRICTED)
                        .unwrap();
                }
            }
            account.create_owner(kind, "padder").unwrap();
            account
                .put_inline(kind, "padder", "clean", padded(HARMLESS))
                .unwrap();
        });
        let document = padded(RESTRICTED);
        let owner = format!("{}Name", kind.as_str());
        let parameters = [
            (owner.as_str(), "padder"),
            ("PolicyName", "hidden"),
            ("PolicyDocument", document.as_str()),
        ];
        let event = call(&iam, &format!("Put{}Policy", kind.as_str()), &parameters);
        let event = without_parameters(event);
        let first = look_at(&iam, &event, None).unwrap();
        let Found::Look(look) = &first.found else {
            panic!("it read the whole account at once");
        };
        assert!(look.seconds == 1 && look.search.is_some(), "{look:?}");
        let verdict = verdict_of(judged_patiently(&iam, &event).unwrap());
        assert_verdict(&verdict, Response::Contain, VerdictResult::Restricted);
        let subject = verdict.change.subject.to_string();
        assert!(
            subject.contains("hidden") && subject.contains("padder"),
            "{subject}"
        );
    }
}

#[test]
fn what_holds_nothing_restricted_is_believed_after_waiting() {
    let iam = Iam::new(Account::default());
    let event = put(&iam, &padded(HARMLESS));
    let event = without_parameters(event);
    let first = look_at(&iam, &event, None).unwrap();
    assert!(matches!(
        first.found,
        Found::Look(Look {
            seconds: 2,
            waits: 1,
            ..
        })
    ));
    let verdict = verdict_of(judged_patiently(&iam, &event).unwrap());
    assert_verdict(&verdict, Response::None, VerdictResult::Clean);
}

#[test]
fn only_what_cannot_be_found_needs_a_person() {
    let iam = Iam::new(Account::default());
    let event = without_parameters(put(&iam, RESTRICTED));
    let first = look_at(&iam, &event, None).unwrap();
    assert!(
        matches!(first.found, Found::Look(_)),
        "IAM may not show it yet"
    );
    let error = judged_patiently(&iam, &event).unwrap_err();
    assert_eq!(error.name(), FailureName::RecordNamesNoPolicy);
    for words in ["found nothing in IAM", "PutRolePolicy", "2026-"] {
        assert!(error.to_string().contains(words), "{error}");
    }
}

/// The state machine starts the incident of a hint with this event.
#[test]
fn a_hint_about_a_renamed_user_is_judged_by_what_iam_shows() {
    let iam = Iam::new(Account::default());
    iam.change(|account| {
        account.create_owner(OwnerKind::User, "new").unwrap();
        account
            .put_inline(OwnerKind::User, "new", "own", RESTRICTED)
            .unwrap();
    });
    let mut event = fixtures::event("update-user");
    event["detail"]["requestParameters"] = json!({"userName": "old", "newUserName": "new"});
    let named = Target {
        policy_name: Some("own".to_owned()),
        ..Target::default()
    };
    let verdict = judge(&iam, &named.named_in(&event), false).unwrap();
    assert_verdict(&verdict, Response::Contain, VerdictResult::Restricted);
    iam.change(|account| account.put_inline(OwnerKind::User, "new", "own", HARMLESS))
        .unwrap();
    let verdict = judge(&iam, &named.named_in(&event), false).unwrap();
    assert_verdict(&verdict, Response::None, VerdictResult::Clean);
}

/// The failure e-mail about it says what is in force.
#[test]
fn a_failure_after_the_search_is_assessed_by_what_was_found() {
    let iam = Iam::new(Account::default());
    let event = without_parameters(put(&iam, &padded(RESTRICTED)));
    let verdict = verdict_of(judged_patiently(&iam, &event).unwrap());
    for (change, state) in [(Some(verdict.change), "restricted"), (None, "unknown")] {
        let request = ReadRequest::Assess(AssessRequest {
            execution: execution(),
            event: None,
            change,
        });
        let assessed = run(&rules(), &iam, &event, request).unwrap();
        let assessed = serde_json::to_value(assessed).unwrap();
        assert_eq!(assessed["inForce"]["state"], state);
    }
}

#[test]
fn no_policy_hides_behind_many_that_change_at_the_same_time() {
    let (iam, _) = created(HARMLESS);
    iam.change(|account| {
        for number in 0..60 {
            let name = format!("decoy-{number}");
            account.create_policy("/", &name, HARMLESS).unwrap();
        }
    });
    let document = padded(RESTRICTED);
    let parameters = [
        ("PolicyArn", ARN),
        ("PolicyDocument", document.as_str()),
        ("SetAsDefault", "true"),
    ];
    let event = without_parameters(call(&iam, "CreatePolicyVersion", &parameters));
    let error = judged_patiently(&iam, &event).unwrap_err();
    assert_eq!(error.name(), FailureName::RecordNamesNoPolicy);
    assert!(
        error.to_string().contains("policies changed then"),
        "{error}"
    );
}

#[test]
fn no_inline_policy_hides_behind_many_long_ones() {
    let iam = Iam::new(Account::default());
    let document = padded(RESTRICTED);
    iam.change(|account| {
        for number in 0..51 {
            let name = format!("decoy-{number}");
            account.create_owner(OwnerKind::Role, &name).unwrap();
            account
                .put_inline(OwnerKind::Role, &name, "own", document.as_str())
                .unwrap();
        }
    });
    let parameters = [
        ("RoleName", "decoy-50"),
        ("PolicyName", "own"),
        ("PolicyDocument", document.as_str()),
    ];
    let event = without_parameters(call(&iam, "PutRolePolicy", &parameters));
    let error = judged_patiently(&iam, &event).unwrap_err();
    assert_eq!(error.name(), FailureName::RecordNamesNoPolicy);
    assert!(error.to_string().contains("more than 50 roles"), "{error}");
}
