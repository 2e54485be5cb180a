//! E-mails about documents that the guard asks about before it changes anything, and about what it
//! only reports.

use incident::message::{Reason, Report};

use super::*;

/// The request about a document that is in force.
fn asked() -> Value {
    let mut request = request();
    let proposal = &mut request["quarantine"];
    proposal["status"] = json!("proposed");
    proposal["asked"] = json!(true);
    proposal["version"] = json!("v1");
    proposal["versions"] = Value::Null;
    proposal["left"] = json!({"patterns": ["s3:DeleteObjectVersion"]});
    request
}

/// The same after it was taken back.
fn taken_back() -> Value {
    let mut request = request();
    request["quarantine"]["asked"] = json!(true);
    request
}

fn ended_as(request: Value, action: DecisionAction, result: OutcomeResult) -> String {
    let request = read(request);
    let contained = request.quarantine.contained().unwrap().clone();
    shown(&outcome(&ended(
        &request,
        Quarantine::InPlace(contained),
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
fn the_request_says_that_the_grant_is_in_force() {
    let mail = decision_request(&read(asked()), &links(LinkConfirmation::Required));
    expect_file!["../../testdata/mail/decision-request-asked.txt"].assert_eq(&shown(&mail));
    // A reader of the first line knows it, too.
    let first = mail.message().lines().next().unwrap();
    assert!(first.contains("ARE IN FORCE"), "{first}");
}

#[test]
fn each_end_says_what_is_in_force() {
    use {DecisionAction as Action, OutcomeResult as End};
    expect_file!["../../testdata/mail/kept.txt"].assert_eq(&ended_as(
        asked(),
        Action::Allow,
        End::Kept,
    ));
    expect_file!["../../testdata/mail/taken-back.txt"].assert_eq(&ended_as(
        taken_back(),
        Action::Deny,
        End::TakenBack,
    ));
    expect_file!["../../testdata/mail/expired-asked.txt"].assert_eq(&ended_as(
        asked(),
        Action::Expire,
        End::Expired,
    ));
    expect_file!["../../testdata/mail/asked-but-superseded.txt"].assert_eq(&ended_as(
        asked(),
        Action::Deny,
        End::Superseded,
    ));
}

#[test]
fn what_is_only_reported_is_said_to_stay() {
    let managed = read(request());
    let reported = verdict_with(&managed, VerdictResult::Reported, true, |verdict| {
        verdict.report = Some(Report::new(&[Reason::OnlyReported], false));
        verdict.restricted.response = iam_policy::Response::Report;
    });
    expect_file!["../../testdata/mail/reported-only.txt"].assert_eq(&shown(&reported));

    let monitored = verdict_with(&managed, VerdictResult::Monitored, true, |verdict| {
        verdict.restricted.response = iam_policy::Response::Ask;
    });
    let asks = "it would have asked you whether the restricted permissions stay";
    assert!(
        monitored.message().contains(asks),
        "{}",
        monitored.message()
    );
}
