//! Credentials of the root user, and those that a key makes for its own user.

use incident::Record;
use incident::judgement::GuardConfig;
use incident::message::{Reason, VerdictResult};
use incident::subject::ReportedState;
use serde_json::{Value, json};

use super::*;

#[test]
fn credentials_of_the_root_user_are_reported_at_once_and_always() {
    let mut answered = event("create-access-key-root");
    answered["detail"]["responseElements"]["accessKey"]["userName"] = json!("Root");
    let mut other_type = event("create-login-profile-assume-root");
    other_type["detail"]["userIdentity"]["type"] = json!("AssumedRoot");
    other_type["detail"]["requestParameters"] = Value::Null;
    let mut set = event("create-login-profile-assume-root");
    set["detail"]["eventName"] = json!("UpdateLoginProfile");
    for event in [
        event("create-access-key-root"),
        event("create-login-profile-assume-root"),
        answered,
        other_type,
        set,
    ] {
        let record = Record::parse(&event).unwrap();
        let config = GuardConfig {
            notify_on_allowed: false,
            exempt: "arn:aws:iam::111122223333:user/ro*".parse().unwrap(),
            ..config()
        };
        let shown = state(true, &[]);
        let call = reported_call(&record);
        let verdict = config.judge_reported(&record, call, &shown, false).unwrap();
        assert_eq!(verdict.result, VerdictResult::Reported);
        assert!(config.notifies(&verdict));
        assert_eq!(verdict.report.unwrap().reasons, [Reason::RootUser]);
    }
}

#[test]
fn the_root_user_can_make_credentials_for_others() {
    let mut event = event("create-access-key-root");
    event["detail"]["requestParameters"] = json!({"userName": "dave"});
    let record = Record::parse(&event).unwrap();
    assert_eq!(
        record.change.subject.to_string(),
        "access key of user `dave`"
    );
    let shown = state(true, &[HARMLESS]);
    assert_eq!(result(&record, &shown, false), VerdictResult::Clean);
    // A user of that name is not the root user.
    let mut event = super::event("create-access-key");
    event["detail"]["requestParameters"] = json!({"userName": "Root"});
    let record = Record::parse(&event).unwrap();
    assert_eq!(
        record.change.subject.to_string(),
        "access key of user `Root`"
    );
}

/// A user and one more key, or the only one.
fn keys(has_second_key: bool) -> ReportedState {
    ReportedState {
        has_second_key,
        ..state(true, &[GRANTS])
    }
}

#[test]
fn another_key_that_a_key_makes_for_its_own_user_is_reported() {
    let second = record("create-access-key-own");
    assert_eq!(result(&second, &keys(true), false), VerdictResult::Reported);
    // It replaced the other one.
    assert_eq!(result(&second, &keys(false), false), VerdictResult::Clean);
    // The user holds nothing restricted.
    let harmless = ReportedState {
        has_second_key: true,
        ..state(true, &[HARMLESS])
    };
    assert_eq!(result(&second, &harmless, false), VerdictResult::Clean);
    // IAM does not list the new key yet.
    let stale = state(false, &[]);
    assert_eq!(judge(&second, &stale, false), None);
    assert_eq!(result(&second, &stale, true), VerdictResult::Clean);
}

#[test]
fn a_first_password_that_a_key_makes_for_its_own_user_is_reported() {
    let own = |call: &str| {
        let mut event = event("create-access-key-own");
        event["detail"]["eventName"] = json!(call);
        event
    };
    let first = Record::parse(&own("CreateLoginProfile")).unwrap();
    assert_eq!(result(&first, &keys(false), false), VerdictResult::Reported);
    let harmless = state(true, &[HARMLESS]);
    assert_eq!(result(&first, &harmless, false), VerdictResult::Clean);
    // Users renew their passwords.
    let renewed = Record::parse(&own("UpdateLoginProfile")).unwrap();
    assert_eq!(result(&renewed, &keys(true), false), VerdictResult::Clean);
    for said in [json!(true), json!("true")] {
        for call in ["CreateLoginProfile", "CreateAccessKey"] {
            let mut event = own(call);
            event["detail"]["sessionCredentialFromConsole"] = said.clone();
            let record = Record::parse(&event).unwrap();
            assert_eq!(result(&record, &keys(true), false), VerdictResult::Clean);
        }
    }
}
