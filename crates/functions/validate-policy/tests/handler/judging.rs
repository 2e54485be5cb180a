use incident::judgement::Mode;
use incident::message::{Response, VerdictResult};
use serde_json::json;

use crate::support::*;

#[test]
fn what_is_judged_is_what_iam_shows() {
    let (iam, event) = created(RESTRICTED);
    let verdict = judge(&iam, &event, false).unwrap();
    assert_verdict(&verdict, Response::Contain, VerdictResult::Restricted);
    let seen = verdict.in_force.unwrap();
    let policy = iam.account().policy(ARN).unwrap().clone();
    assert_eq!(seen.identity.id, policy.id);
    assert_eq!(seen.identity.created.as_second(), policy.created);
    assert_eq!(seen.version.unwrap().as_str(), "v1");
    assert_eq!(seen.document.as_str(), RESTRICTED, "byte for byte");
    assert_eq!(verdict.restricted.findings.len(), 1);

    let (iam, event) = created(HARMLESS);
    let verdict = judge(&iam, &event, false).unwrap();
    assert_verdict(&verdict, Response::None, VerdictResult::Clean);
    assert!(iam.writes().iter().all(|call| call == "CreatePolicy"));
}

#[test]
fn the_document_of_a_record_does_not_decide() {
    let (iam, mut event) = created(RESTRICTED);
    event["detail"]["requestParameters"]["policyDocument"] = json!(HARMLESS);
    let verdict = judge(&iam, &event, false).unwrap();
    assert_eq!(verdict.result, VerdictResult::Restricted);

    // It only says what to wait for.
    let (iam, mut event) = created(HARMLESS);
    event["detail"]["requestParameters"]["policyDocument"] = json!(RESTRICTED);
    assert_not_visible(&iam, &event);
    let verdict = judge(&iam, &event, true).unwrap();
    assert_eq!(verdict.result, VerdictResult::Clean);
}

#[test]
fn a_policy_that_was_created_again_is_another_policy() {
    let (iam, _) = created(HARMLESS);
    iam.change(|account| account.delete_policy(ARN)).unwrap();
    let parameters = [("PolicyName", "app"), ("PolicyDocument", RESTRICTED)];
    let event = call(&iam, "CreatePolicy", &parameters);
    // IAM still shows the first, whose version in force is `v1` too.
    iam.fail(0, iam_model::Fault::Stale(2));
    iam.fail(1, iam_model::Fault::Stale(2));
    assert_not_visible(&iam, &event);
    let verdict = judge(&iam, &event, false).unwrap();
    assert_eq!(verdict.result, VerdictResult::Restricted);
}

#[test]
fn a_restricted_grant_that_iam_shows_is_contained_at_once_after_any_write() {
    // The event names a harmless write, old or new. Another write put the grant in force.
    let (iam, first) = created(HARMLESS);
    version(&iam, RESTRICTED);
    let mut future = first.clone();
    future["detail"]["eventTime"] = json!("2031-01-01T00:00:00Z");
    for event in [first, future] {
        let verdict = judge(&iam, &event, false).unwrap();
        assert_eq!(verdict.response, Response::Contain);
        assert_eq!(verdict.in_force.unwrap().version.unwrap().as_str(), "v2");
    }
    // The same if IAM shows an older version than the event names.
    let (iam, _) = created(RESTRICTED);
    let newer = version(&iam, HARMLESS);
    set_default(&iam, "v1");
    let verdict = judge(&iam, &newer, false).unwrap();
    assert_eq!(verdict.response, Response::Contain);

    let (iam, _) = created(HARMLESS);
    let event = put(&iam, HARMLESS);
    put(&iam, RESTRICTED);
    let verdict = judge(&iam, &event, false).unwrap();
    assert_eq!(verdict.response, Response::Contain);
}

#[test]
fn only_what_looks_clean_or_absent_is_waited_for() {
    // IAM shows the policy as it was before the event's version.
    let (iam, _) = created(HARMLESS);
    let event = version(&iam, RESTRICTED);
    iam.fail_all(Some(iam_model::Fault::Stale(1)));
    assert_not_visible(&iam, &event);
    let verdict = judge(&iam, &event, true).unwrap();
    assert_eq!(
        verdict.result,
        VerdictResult::Withdrawn,
        "reported with the record's text, because IAM does not hold the version"
    );

    let (iam, event) = created(RESTRICTED);
    iam.change(|account| account.delete_policy(ARN)).unwrap();
    assert_not_visible(&iam, &event);
    let verdict = judge(&iam, &event, true).unwrap();
    assert_verdict(&verdict, Response::Report, VerdictResult::Gone);
    assert_eq!(
        verdict.restricted.findings.len(),
        1,
        "what it granted is reported"
    );
}

#[test]
fn a_newer_version_in_force_shows_that_the_read_is_current() {
    let (iam, event) = created(RESTRICTED);
    version(&iam, HARMLESS);
    let verdict = judge(&iam, &event, false).unwrap();
    assert_eq!(verdict.result, VerdictResult::Withdrawn);
    // A version that was made before the event proves nothing, whatever its number.
    let (iam, mut event) = created(RESTRICTED);
    version(&iam, HARMLESS);
    event["detail"]["eventTime"] = json!("2031-01-01T00:00:00Z");
    assert_not_visible(&iam, &event);
    // Nor does an older version, however early the time of the event is.
    let (iam, mut event) = created(HARMLESS);
    event["detail"]["eventTime"] = json!("2020-01-01T00:00:00Z");
    event["detail"]["responseElements"]["policy"]["defaultVersionId"] = json!("v9");
    assert_not_visible(&iam, &event);
}

#[test]
fn a_named_version_that_is_no_longer_in_force_is_judged_as_iam_holds_it() {
    let (iam, mut event) = created(RESTRICTED);
    version(&iam, HARMLESS);
    event["detail"]["requestParameters"]["policyDocument"] = json!(HARMLESS);
    let verdict = judge(&iam, &event, false).unwrap();
    assert_verdict(&verdict, Response::Report, VerdictResult::Withdrawn);
    assert_eq!(verdict.named.unwrap().as_str(), RESTRICTED);
    assert_eq!(verdict.restricted.findings.len(), 1);
    assert_eq!(verdict.in_force.unwrap().document.as_str(), HARMLESS);

    let (iam, event) = created(HARMLESS);
    version(&iam, &HARMLESS.replace("ec2", "sqs"));
    let verdict = judge(&iam, &event, false).unwrap();
    assert_eq!(verdict.result, VerdictResult::Clean);
}

#[test]
fn the_text_of_the_record_is_judged_for_an_inline_policy() {
    let (iam, _) = created(HARMLESS);
    let event = put(&iam, RESTRICTED);
    let other = put(&iam, HARMLESS);
    put(&iam, &HARMLESS.replace("ec2", "sqs"));
    assert_not_visible(&iam, &event);
    let verdict = judge(&iam, &event, true).unwrap();
    assert_eq!(verdict.result, VerdictResult::Withdrawn);
    assert_eq!(verdict.named.unwrap().as_str(), RESTRICTED);
    let verdict = judge(&iam, &other, true).unwrap();
    assert_eq!(verdict.result, VerdictResult::Overwritten);
    assert_eq!(verdict.named.unwrap().as_str(), HARMLESS);
}

#[test]
fn who_remediates_his_own_grant_had_it() {
    let (iam, event) = created(RESTRICTED);
    version(&iam, REMEDIATED);
    let verdict = judge(&iam, &event, false).unwrap();
    // No incident contained it.
    assert_verdict(&verdict, Response::Report, VerdictResult::Withdrawn);
    let (iam, _) = created(HARMLESS);
    let event = put(&iam, RESTRICTED);
    put(&iam, REMEDIATED);
    let verdict = judge(&iam, &event, true).unwrap();
    assert_eq!(verdict.result, VerdictResult::Withdrawn);
}

#[test]
fn a_record_whose_version_is_not_the_default_is_not_in_force() {
    // It is a hint all the same: what is in force counts.
    for (in_force, response, result) in [
        (HARMLESS, Response::None, VerdictResult::NotInForce),
        (RESTRICTED, Response::Contain, VerdictResult::Restricted),
    ] {
        let (iam, _) = created(in_force);
        let event = call(
            &iam,
            "CreatePolicyVersion",
            &[("PolicyArn", ARN), ("PolicyDocument", RESTRICTED)],
        );
        let verdict = judge(&iam, &event, false).unwrap();
        assert_verdict(&verdict, response, result);
    }
}

#[test]
fn a_duplicate_that_comes_after_an_allow_is_a_new_incident() {
    let (iam, event) = created(RESTRICTED);
    version(&iam, REMEDIATED);
    set_default(&iam, "v1");
    let verdict = judge(&iam, &event, false).unwrap();
    assert_eq!(verdict.response, Response::Contain);
}

#[test]
fn exempt_principals_are_read_from_the_record() {
    let (iam, event) = created(RESTRICTED);
    let mut rules = rules();
    rules.exempt = "arn:aws:iam::111122223333:user/mallory".parse().unwrap();
    let verdict = verdict_of(judged(&rules, &iam, &event, false).unwrap());
    assert_verdict(&verdict, Response::Report, VerdictResult::Exempt);
    rules.exempt = "arn:aws:iam::111122223333:user/alice".parse().unwrap();
    let verdict = verdict_of(judged(&rules, &iam, &event, false).unwrap());
    assert_eq!(verdict.response, Response::Contain);
}

#[test]
fn a_guard_that_monitors_leaves_restricted_grants_in_force() {
    let (iam, event) = created(RESTRICTED);
    let mut rules = rules();
    rules.mode = Mode::Monitor;
    let verdict = verdict_of(judged(&rules, &iam, &event, false).unwrap());
    assert_verdict(&verdict, Response::Report, VerdictResult::Monitored);
}

#[test]
fn no_other_member_of_an_executions_input_survives() {
    let (iam, mut event) = created(RESTRICTED);
    event["verdict"] = json!({"response": "none", "action": "alert"});
    event["quarantine"] = json!({"status": "inPlace"});
    event["waited"] = json!("TempRemove");
    event["detail"]["quarantine"] = json!("forged");
    let judged = judged(&rules(), &iam, &event, false).unwrap();
    let judged = serde_json::to_value(judged).unwrap();
    let mut names: Vec<_> = judged.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["event", "verdict"]);
    assert_eq!(judged["verdict"]["response"], "contain");
    let event = judged["event"].to_string();
    for lost in ["quarantine", "waited", "Statement"] {
        assert!(!event.contains(lost), "{lost}: {event}");
    }
}

#[test]
fn an_email_reports_a_harmless_change_where_the_setting_says_so() {
    let (iam, event) = created(HARMLESS);
    let mut rules = rules();
    for notify in [true, false] {
        rules.notify_on_allowed = notify;
        let verdict = verdict_of(judged(&rules, &iam, &event, false).unwrap());
        assert_eq!((verdict.response, verdict.notify), (Response::None, notify));
    }
}
