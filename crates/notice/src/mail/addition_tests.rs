//! E-mails about what a call added.

use super::*;

/// The request about an attachment.
pub(super) fn added() -> Value {
    let mut request = request();
    request["change"]["eventName"] = json!("AttachRolePolicy");
    request["change"]["version"] = Value::Null;
    request["change"]["subject"] = json!({
        "type": "reported", "what": "attachment",
        "owner": {"kind": "role", "name": "app"},
        "policy": "arn:aws:iam::aws:policy/AdministratorAccess"
    });
    let id = |id: &str| json!({"id": id, "created": "2026-01-01T00:00:00Z"});
    let restricted = json!(["s3:DeleteBucket"]);
    request["quarantine"] = json!({
        "status": "added",
        "identity": {"owner": id("AROAEXAMPLE"), "added": id("ANPAEXAMPLE")},
        "report": {"reasons": [{
            "reason": "grants",
            "policy": {"type": "managed", "arn": "arn:aws:iam::aws:policy/AdministratorAccess"},
            "restricted": restricted
        }]},
        "restricted": restricted,
    });
    request
}

fn end(action: DecisionAction, result: OutcomeResult) -> String {
    end_of(added(), action, result)
}

fn end_of(value: Value, action: DecisionAction, result: OutcomeResult) -> String {
    let quarantine = serde_json::from_value(value["quarantine"].clone()).unwrap();
    shown(&outcome(&ended(
        &read(value),
        quarantine,
        Some(decision(action)),
        Some(Outcome {
            result,
            in_force: None,
            attached_to: None,
            until: None,
        }),
    )))
}

#[test]
fn each_mail_about_an_addition_matches_its_file() {
    use {DecisionAction as Action, OutcomeResult as End};
    let mail = decision_request(&read(added()), &links(LinkConfirmation::Required));
    expect_file!["../../testdata/mail/decision-request-addition.txt"].assert_eq(&shown(&mail));
    expect_file!["../../testdata/mail/addition-kept.txt"].assert_eq(&end(Action::Allow, End::Kept));
    expect_file!["../../testdata/mail/addition-taken-back.txt"]
        .assert_eq(&end(Action::Deny, End::TakenBack));
    expect_file!["../../testdata/mail/addition-not-decided.txt"]
        .assert_eq(&end(Action::Expire, End::Expired));
    expect_file!["../../testdata/mail/addition-not-confirmed.txt"]
        .assert_eq(&end(Action::Deny, End::Unconfirmed));
    let mut found = added();
    let sweep = "arn:aws:states:us-east-1:111122223333:execution:guard-sweep:5c1f2c3e";
    found["change"]["actor"] = json!({"kind": "Sweep", "name": "", "arn": sweep});
    expect_file!["../../testdata/mail/addition-not-confirmed-by-sweep.txt"].assert_eq(&end_of(
        found,
        Action::Deny,
        End::Unconfirmed,
    ));
    expect_file!["../../testdata/mail/addition-superseded.txt"]
        .assert_eq(&end(Action::Deny, End::Superseded));
    expect_file!["../../testdata/mail/addition-gone.txt"].assert_eq(&end(Action::Deny, End::Gone));
}

#[test]
fn what_stays_in_force_is_found_by_the_filter() {
    for (action, result) in [
        (DecisionAction::Expire, OutcomeResult::Expired),
        (DecisionAction::Deny, OutcomeResult::Unconfirmed),
    ] {
        let mail = end(action, result);
        assert!(mail.starts_with("Subject: In force: "), "{mail}");
    }
}
