//! Calls that are in force when the guard reads IAM.

use incident::judgement::{GuardConfig, Mode};
use incident::message::{Reason, VerdictResult};
use incident::subject::ReportedState;
use incident::{PolicyArn, Record};
use serde_json::{Value, json};

use super::*;

#[test]
fn each_record_names_its_subject() {
    for (name, expected) in [
        (
            "attach-role-policy-aws-managed",
            "policy `arn:aws:iam::aws:policy/AmazonS3FullAccess` on role `app-task`",
        ),
        (
            "attach-user-policy",
            "policy `arn:aws:iam::111122223333:policy/teams/data/data-full` on user `dave`",
        ),
        ("attach-group-policy", "on group"),
        (
            "detach-role-policy",
            "policy `arn:aws:iam::111122223333:policy/teams/data/data-full`, no longer on role `app`",
        ),
        ("detach-user-policy", "no longer on user `dave`"),
        ("detach-group-policy", "no longer on group `developers`"),
        ("add-user-to-group", "user `dave` in group `developers`"),
        (
            "remove-user-from-group",
            "user `dave`, no longer in group `developers`",
        ),
        (
            "put-role-permissions-boundary",
            "permissions boundary of role",
        ),
        (
            "put-user-permissions-boundary",
            "permissions boundary of user `dave`",
        ),
        (
            "delete-role-permissions-boundary",
            "permissions boundary of role `app`",
        ),
        (
            "delete-user-permissions-boundary",
            "permissions boundary of user `dave`",
        ),
        ("update-assume-role-policy", "trust policy of role `app`"),
        ("create-role", "trust policy of role `app-task`"),
        (
            "create-access-key-root",
            "access key `AKIAI44QH8DHBEXAMPLE` of the root user",
        ),
        (
            "create-login-profile-assume-root",
            "password of the root user",
        ),
        ("create-access-key", "access key of user `dave`"),
        ("create-access-key-own", "access key of user `alice`"),
        ("create-login-profile", "password of user `dave`"),
        ("update-login-profile", "password of user `dave`"),
        ("update-user", "user `david`, until now `dave`"),
        ("update-group", "group `engineers`, until now `developers`"),
    ] {
        let subject = record(name).change.subject.to_string();
        assert!(subject.contains(expected), "{name}: {subject}");
    }
}

#[test]
fn restricted_grants_are_reported_and_others_are_not() {
    for name in [
        "attach-user-policy",
        "attach-role-policy-aws-managed",
        "attach-group-policy",
        "add-user-to-group",
        "create-access-key",
        "create-login-profile",
        "update-login-profile",
        "update-user",
        "update-group",
    ] {
        let record = record(name);
        let verdict = judge(&record, &state(true, &[HARMLESS, GRANTS]), false).unwrap();
        assert_eq!(verdict.result, VerdictResult::Reported, "{name}");
        let patterns: Vec<&str> = verdict
            .restricted
            .patterns
            .iter()
            .map(|it| it.as_str())
            .collect();
        assert_eq!(patterns, ["iam:PassRole", "s3:DeleteBucket"], "{name}");
        let report = verdict.report.unwrap();
        let [Reason::Grants { policy, .. }] = report.reasons.as_slice() else {
            panic!("{:?}", report.reasons);
        };
        assert_eq!(policy.name(), "Held1");
        for documents in [&[HARMLESS][..], &[DENIES], &[HARMLESS, DENIES]] {
            assert_eq!(
                result(&record, &state(true, documents), false),
                VerdictResult::Clean,
                "{name}"
            );
        }
        // What cannot be read may grant anything, and so may what is not read.
        assert_eq!(
            result(&record, &state(true, &["{"]), false),
            VerdictResult::Reported
        );
        let more = ReportedState {
            has_more: true,
            ..state(true, &[HARMLESS])
        };
        assert_eq!(result(&record, &more, false), VerdictResult::Reported);
    }
}

/// Terraform repeats the current name when it changes the path.
#[test]
fn a_rename_to_the_same_name_is_clean() {
    let mut event = event("update-user");
    for (name, expected) in [
        ("dave", VerdictResult::Clean),
        ("Dave", VerdictResult::Reported),
    ] {
        event["detail"]["requestParameters"] =
            json!({"userName": "dave", "newUserName": name, "newPath": "/leavers/"});
        let record = Record::parse(&event).unwrap();
        let shown = state(true, &[GRANTS]);
        assert_eq!(result(&record, &shown, false), expected, "{name}");
    }
}

#[test]
fn everybody_renews_their_own_credentials() {
    let own = record("create-access-key-own");
    assert_eq!(
        result(&own, &state(true, &[GRANTS]), false),
        VerdictResult::Clean
    );
    let mut event = event("create-access-key");
    for (user, expected) in [
        ("ALICE", VerdictResult::Clean),
        ("dave", VerdictResult::Reported),
    ] {
        event["detail"]["requestParameters"] = json!({"userName": user});
        let record = Record::parse(&event).unwrap();
        assert_eq!(
            result(&record, &state(true, &[GRANTS]), false),
            expected,
            "{user}"
        );
    }
    // Without a name, the user creates them for itself. A record of any other caller is malformed.
    event["detail"]["requestParameters"] = Value::Null;
    let record = Record::parse(&event).unwrap();
    assert_eq!(
        result(&record, &state(true, &[GRANTS]), false),
        VerdictResult::Clean
    );
    let mut role = event.clone();
    role["detail"]["userIdentity"] = json!({"type": "AssumedRole"});
    assert!(Record::parse(&role).is_err());
    event["detail"]["requestParameters"] = json!({"userName": "dave"});
    // A role session creates keys for another principal, whatever the name of the session.
    event["detail"]["userIdentity"] = json!({
        "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/dave/dave",
        "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/dave"}}
    });
    let record = Record::parse(&event).unwrap();
    assert_eq!(
        result(&record, &state(true, &[GRANTS]), false),
        VerdictResult::Reported
    );
}

#[test]
fn a_removed_policy_is_reported_if_it_denied_something() {
    for name in [
        "detach-user-policy",
        "detach-role-policy",
        "detach-group-policy",
        "remove-user-from-group",
    ] {
        let record = record(name);
        assert_eq!(
            result(&record, &state(true, &[GRANTS, HARMLESS]), false),
            VerdictResult::Clean,
            "{name}"
        );
        let verdict = judge(&record, &state(true, &[GRANTS, DENIES]), false).unwrap();
        assert_eq!(verdict.result, VerdictResult::Reported, "{name}");
        assert!(matches!(
            verdict.report.unwrap().reasons.as_slice(),
            [Reason::Denied { policy, .. }] if policy.name() == "Held1"
        ));
        // A policy that cannot be read may deny something.
        assert_eq!(
            result(&record, &state(true, &["{"]), false),
            VerdictResult::Reported,
            "{name}"
        );
        // The policy was deleted, so nothing is left to read.
        assert_eq!(
            result(&record, &state(true, &[]), false),
            VerdictResult::Clean,
            "{name}"
        );
    }
}

#[test]
fn a_boundary_is_reported_if_it_was_deleted_or_allows_something_restricted() {
    let boundary = |arn: &str, documents: &[&str]| ReportedState {
        boundary: Some(PolicyArn::parse(arn).unwrap()),
        ..state(true, documents)
    };
    let put = record("put-user-permissions-boundary");
    let named = "arn:aws:iam::111122223333:policy/boundaries/developer";
    assert_eq!(
        result(&put, &boundary(named, &[HARMLESS]), false),
        VerdictResult::Clean
    );
    assert_eq!(
        result(&put, &boundary(named, &[GRANTS]), false),
        VerdictResult::Reported
    );
    let other = ReportedState {
        is_in_effect: false,
        ..boundary("arn:aws:iam::aws:policy/PowerUserAccess", &[GRANTS])
    };
    let verdict = judge(&put, &other, false).unwrap();
    assert_eq!(verdict.result, VerdictResult::Reported);
    let reasons = verdict.report.unwrap().reasons;
    assert_eq!(reasons.last(), Some(&Reason::OtherCall));
    for name in [
        "delete-user-permissions-boundary",
        "delete-role-permissions-boundary",
    ] {
        let delete = record(name);
        let verdict = judge(&delete, &state(true, &[]), false).unwrap();
        assert_eq!(verdict.result, VerdictResult::Reported, "{name}");
        assert_eq!(verdict.report.unwrap().reasons, [Reason::NoBoundary]);
        let there = ReportedState {
            is_in_effect: false,
            ..boundary(named, &[HARMLESS])
        };
        assert_eq!(judge(&delete, &there, false), None, "{name}");
        let verdict = judge(&delete, &there, true).unwrap();
        assert_eq!(verdict.result, VerdictResult::Withdrawn, "{name}");
        assert_eq!(verdict.report.unwrap().reasons, [Reason::NoBoundary]);
    }
    // Another boundary is in force by now. The one in the record was in force for a while.
    for (documents, expected) in [
        (&[GRANTS][..], VerdictResult::Withdrawn),
        (&[HARMLESS], VerdictResult::Clean),
        // It was deleted.
        (&[], VerdictResult::Clean),
    ] {
        let former = ReportedState {
            is_in_effect: false,
            recorded_boundary: held(documents),
            ..boundary("arn:aws:iam::aws:policy/ReadOnlyAccess", &[HARMLESS])
        };
        assert_eq!(judge(&put, &former, false), None);
        let verdict = judge(&put, &former, true).unwrap();
        assert_eq!(verdict.result, expected, "{documents:?}");
        let patterns = verdict.restricted.patterns.len();
        assert_eq!(patterns, if documents == [GRANTS] { 2 } else { 0 });
    }
}

#[test]
fn the_report_names_mode_and_exemption() {
    let mut event = event("attach-user-policy");
    event["detail"]["userIdentity"]["arn"] = json!("arn:aws:iam::111122223333:user/carol");
    let record = Record::parse(&event).unwrap();
    let config = GuardConfig {
        mode: Mode::Monitor,
        ..config()
    };
    let verdict = config
        .judge_reported(
            &record,
            reported_call(&record),
            &state(true, &[GRANTS]),
            false,
        )
        .unwrap();
    assert_eq!(verdict.result, VerdictResult::Reported);
    assert_eq!(
        verdict.exemption.as_deref(),
        Some("arn:aws:iam::111122223333:user/carol")
    );
    assert!(verdict.report.unwrap().monitored);
}

#[test]
fn a_change_of_the_path_is_no_rename() {
    let mut event = event("update-user");
    event["detail"]["requestParameters"] = json!({"userName": "dave", "newPath": "/leavers/"});
    assert!(Record::parse(&event).is_err());
}

#[test]
fn a_trust_policy_is_reported_if_it_lets_in_an_external_principal() {
    let trusting = |principal: &str| ReportedState {
        trust: Some(format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}]}}"#
        )),
        ..state(true, &[])
    };
    // The role in the record trusts Lambda.
    let record = record("create-role");
    let service = trusting(r#"{"Service":"lambda.amazonaws.com"}"#);
    assert_eq!(result(&record, &service, false), VerdictResult::Clean);
    let other = trusting(r#"{"Service":"ec2.amazonaws.com"}"#);
    assert_eq!(judge(&record, &other, false), None);
    assert_eq!(result(&record, &other, true), VerdictResult::Clean);
    for account in ["111122223333", "999999999999"] {
        let trusted = trusting(&format!(r#"{{"AWS":"{account}"}}"#));
        assert_eq!(result(&record, &trusted, true), VerdictResult::Clean);
    }
    // An external principal is reported at once, whichever write let it in.
    for principal in [r#""*""#, r#"{"AWS":"arn:aws:iam::444455556666:root"}"#] {
        let verdict = judge(&record, &trusting(principal), false).unwrap();
        assert_eq!(verdict.result, VerdictResult::Reported);
        assert!(matches!(
            verdict.report.unwrap().reasons.as_slice(),
            [Reason::ExternalPrincipal { .. }, Reason::OtherCall]
        ));
    }
}

/// A record can name any account.
#[test]
fn the_own_account_is_not_taken_from_the_record() {
    let mut event = event("update-assume-role-policy");
    event["account"] = json!("444455556666");
    event["detail"]["recipientAccountId"] = json!("444455556666");
    let record = Record::parse(&event).unwrap();
    let state = ReportedState {
        trust: record.document.clone(),
        ..state(true, &[])
    };
    assert_eq!(result(&record, &state, false), VerdictResult::Reported);
}
