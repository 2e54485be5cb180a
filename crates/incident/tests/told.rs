//! What a call that is not undone comes to, for every state in which IAM can be.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what goes wrong in a helper fails the test that called it"
)]

use incident::judgement::{Mode, Rules};
use incident::message::{Reason, Verdict, VerdictAction, VerdictResult};
use incident::target::{HeldPolicy, ManagedPolicy, Told, ToldLook};
use incident::{PolicyArn, Record, Target};
use serde_json::{Value, json};

const GRANTS: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:*","iam:PassRole"],"Resource":"*"}}"#;
const HARMLESS: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}}"#;
const DENIES: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;

fn rules() -> Rules {
    Rules {
        restricted: "iam:PassRole,s3:DeleteBucket,kms:*".parse().unwrap(),
        mode: Mode::Enforce,
        exempt: "arn:aws:iam::111122223333:user/carol".parse().unwrap(),
        account: "111122223333".to_owned(),
        trusted: "999999999999".parse().unwrap(),
    }
}

fn record(name: &str) -> Record {
    let path = format!("{}/../../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let event: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    Record::parse(&event).unwrap()
}

fn told_by(record: &Record) -> &Told {
    match &record.change.target {
        Target::Told(told) => told,
        other => panic!("{other} is not told of"),
    }
}

fn held(documents: &[&str]) -> Vec<HeldPolicy> {
    let arn = |number| format!("arn:aws:iam::aws:policy/Held{number}");
    let documents = documents.iter().enumerate();
    let held = documents.map(|(number, document)| HeldPolicy {
        policy: Target::Managed(ManagedPolicy {
            arn: PolicyArn::parse(&arn(number)).unwrap(),
        }),
        document: (*document).to_owned(),
    });
    held.collect()
}

fn look(is_so: bool, documents: &[&str]) -> ToldLook {
    ToldLook {
        is_so,
        policies: held(documents),
        ..ToldLook::default()
    }
}

fn judge(record: &Record, look: Option<&ToldLook>, waited: bool) -> Option<Verdict> {
    rules().judge_told(record, told_by(record), look, waited)
}

#[track_caller]
fn result(record: &Record, look: &ToldLook, waited: bool) -> VerdictResult {
    let verdict = judge(record, Some(look), waited).unwrap();
    assert_eq!(verdict.action, VerdictAction::Alert);
    assert_eq!(
        verdict.told.is_some(),
        verdict.result != VerdictResult::Clean
    );
    verdict.result
}

#[test]
fn each_record_names_what_it_is_about() {
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
        ("create-access-key", "access key of user `dave`"),
        ("create-access-key-own", "access key of user `alice`"),
        ("create-login-profile", "password of user `dave`"),
        ("update-login-profile", "password of user `dave`"),
        ("update-user", "user `david`, until now `dave`"),
        ("update-group", "group `engineers`, until now `developers`"),
    ] {
        let target = record(name).change.target.to_string();
        assert!(target.contains(expected), "{name}: {target}");
    }
}

#[test]
fn what_grants_something_restricted_is_told_of_and_nothing_else() {
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
        let verdict = judge(&record, Some(&look(true, &[HARMLESS, GRANTS])), false).unwrap();
        assert_eq!(verdict.result, VerdictResult::Told, "{name}");
        let patterns: Vec<&str> = verdict
            .restricted
            .patterns
            .iter()
            .map(|it| it.as_str())
            .collect();
        assert_eq!(patterns, ["iam:PassRole", "s3:DeleteBucket"], "{name}");
        let told = verdict.told.unwrap();
        let [Reason::Grants { policy, .. }] = told.reasons.as_slice() else {
            panic!("{:?}", told.reasons);
        };
        assert_eq!(policy.name(), "Held1");
        for documents in [&[][..], &[HARMLESS], &[DENIES]] {
            assert_eq!(
                result(&record, &look(true, documents), false),
                VerdictResult::Clean,
                "{name}"
            );
        }
        // What cannot be read may grant anything, and so may what is not read.
        assert_eq!(
            result(&record, &look(true, &["{"]), false),
            VerdictResult::Told
        );
        let more = ToldLook {
            has_more: true,
            ..look(true, &[HARMLESS])
        };
        assert_eq!(result(&record, &more, false), VerdictResult::Told);
    }
}

#[test]
fn what_iam_does_not_show_yet_is_waited_for_and_then_believed() {
    for name in ["attach-user-policy", "add-user-to-group"] {
        let record = record(name);
        let gone = look(false, &[GRANTS]);
        assert_eq!(judge(&record, Some(&gone), false), None, "{name}");
        assert_eq!(
            result(&record, &gone, true),
            VerdictResult::Withdrawn,
            "{name}"
        );
        let harmless = look(false, &[HARMLESS]);
        assert_eq!(
            result(&record, &harmless, true),
            VerdictResult::Clean,
            "{name}"
        );
    }
    for name in [
        "attach-user-policy",
        "create-role",
        "create-access-key",
        "update-user",
    ] {
        let record = record(name);
        assert_eq!(judge(&record, None, false), None, "{name}");
        let verdict = judge(&record, None, true).unwrap();
        assert_eq!(verdict.result, VerdictResult::Clean, "{name}");
    }
}

#[test]
fn everybody_renews_their_own_credentials() {
    let own = record("create-access-key-own");
    assert_eq!(
        result(&own, &look(true, &[GRANTS]), false),
        VerdictResult::Clean
    );
    let mut event: Value =
        serde_json::from_str(include_str!("../../../events/create-access-key.json")).unwrap();
    for (user, expected) in [
        ("ALICE", VerdictResult::Clean),
        ("dave", VerdictResult::Told),
    ] {
        event["detail"]["requestParameters"] = json!({"userName": user});
        let record = Record::parse(&event).unwrap();
        assert_eq!(
            result(&record, &look(true, &[GRANTS]), false),
            expected,
            "{user}"
        );
    }
    // Whoever assumes a role makes keys for somebody else, whatever the session is called.
    event["detail"]["userIdentity"] = json!({
        "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/dave/dave",
        "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/dave"}}
    });
    let record = Record::parse(&event).unwrap();
    assert_eq!(
        result(&record, &look(true, &[GRANTS]), false),
        VerdictResult::Told
    );
}

#[test]
fn what_goes_is_told_of_where_it_denied_something() {
    for name in [
        "detach-user-policy",
        "detach-role-policy",
        "detach-group-policy",
        "remove-user-from-group",
    ] {
        let record = record(name);
        assert_eq!(
            result(&record, &look(true, &[GRANTS, HARMLESS]), false),
            VerdictResult::Clean,
            "{name}"
        );
        let verdict = judge(&record, Some(&look(true, &[GRANTS, DENIES])), false).unwrap();
        assert_eq!(verdict.result, VerdictResult::Told, "{name}");
        assert!(matches!(
            verdict.told.unwrap().reasons.as_slice(),
            [Reason::Denied { policy }] if policy.name() == "Held1"
        ));
        // Of what cannot be read, nobody knows.
        assert_eq!(
            result(&record, &look(true, &["{"]), false),
            VerdictResult::Told,
            "{name}"
        );
        // It is still there, or there again.
        let there = look(false, &[DENIES]);
        assert_eq!(judge(&record, Some(&there), false), None, "{name}");
        assert_eq!(
            result(&record, &there, true),
            VerdictResult::Clean,
            "{name}"
        );
    }
}

#[test]
fn a_boundary_is_told_of_where_it_goes_or_allows_something_restricted() {
    let boundary = |arn: &str, documents: &[&str]| ToldLook {
        boundary: Some(PolicyArn::parse(arn).unwrap()),
        ..look(true, documents)
    };
    let put = record("put-user-permissions-boundary");
    let named = "arn:aws:iam::111122223333:policy/boundaries/developer";
    assert_eq!(
        result(&put, &boundary(named, &[HARMLESS]), false),
        VerdictResult::Clean
    );
    assert_eq!(
        result(&put, &boundary(named, &[GRANTS]), false),
        VerdictResult::Told
    );
    let other = boundary("arn:aws:iam::aws:policy/PowerUserAccess", &[GRANTS]);
    assert_eq!(judge(&put, Some(&other), false), None);
    assert_eq!(result(&put, &other, true), VerdictResult::Told);
    for name in [
        "delete-user-permissions-boundary",
        "delete-role-permissions-boundary",
    ] {
        let delete = record(name);
        let verdict = judge(&delete, Some(&look(true, &[])), false).unwrap();
        assert_eq!(verdict.result, VerdictResult::Told, "{name}");
        assert_eq!(verdict.told.unwrap().reasons, [Reason::NoBoundary]);
        let there = boundary(named, &[HARMLESS]);
        assert_eq!(judge(&delete, Some(&there), false), None, "{name}");
        assert_eq!(
            result(&delete, &there, true),
            VerdictResult::Clean,
            "{name}"
        );
    }
}

#[test]
fn the_mode_and_an_exemption_are_named_and_change_nothing() {
    let mut event: Value =
        serde_json::from_str(include_str!("../../../events/attach-user-policy.json")).unwrap();
    event["detail"]["userIdentity"]["arn"] = json!("arn:aws:iam::111122223333:user/carol");
    let record = Record::parse(&event).unwrap();
    let rules = Rules {
        mode: Mode::Monitor,
        ..rules()
    };
    let verdict = rules
        .judge_told(
            &record,
            told_by(&record),
            Some(&look(true, &[GRANTS])),
            false,
        )
        .unwrap();
    assert_eq!(verdict.result, VerdictResult::Told);
    assert_eq!(
        verdict.exemption.as_deref(),
        Some("arn:aws:iam::111122223333:user/carol")
    );
    assert!(verdict.told.unwrap().monitored);
}

#[test]
fn a_rename_without_a_new_name_is_none() {
    let mut event: Value =
        serde_json::from_str(include_str!("../../../events/update-user.json")).unwrap();
    event["detail"]["requestParameters"] = json!({"userName": "dave", "newPath": "/leavers/"});
    assert!(Record::parse(&event).is_err());
}

#[test]
fn a_trust_policy_is_told_of_where_it_lets_in_somebody_from_outside() {
    let trusting = |principal: &str| ToldLook {
        trust: Some(format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}]}}"#
        )),
        ..look(true, &[])
    };
    // The role that the record makes lets in Lambda.
    let record = record("create-role");
    let service = trusting(r#"{"Service":"lambda.amazonaws.com"}"#);
    assert_eq!(result(&record, &service, false), VerdictResult::Clean);
    let other = trusting(r#"{"Service":"ec2.amazonaws.com"}"#);
    assert_eq!(judge(&record, Some(&other), false), None);
    assert_eq!(result(&record, &other, true), VerdictResult::Clean);
    for account in ["111122223333", "999999999999"] {
        let trusted = trusting(&format!(r#"{{"AWS":"{account}"}}"#));
        assert_eq!(result(&record, &trusted, true), VerdictResult::Clean);
    }
    // Whoever is let in is told of at once, whichever write did it.
    for principal in [r#""*""#, r#"{"AWS":"arn:aws:iam::444455556666:root"}"#] {
        let verdict = judge(&record, Some(&trusting(principal)), false).unwrap();
        assert_eq!(verdict.result, VerdictResult::Told);
        assert!(matches!(
            verdict.told.unwrap().reasons.as_slice(),
            [Reason::Outsider { .. }]
        ));
    }
}

/// A record can say of any account that it is the guard's own.
#[test]
fn the_own_account_is_not_taken_from_the_record() {
    let mut event: Value = serde_json::from_str(include_str!(
        "../../../events/update-assume-role-policy.json"
    ))
    .unwrap();
    event["account"] = json!("444455556666");
    event["detail"]["recipientAccountId"] = json!("444455556666");
    let record = Record::parse(&event).unwrap();
    let look = ToldLook {
        trust: record.document.clone(),
        ..look(true, &[])
    };
    assert_eq!(result(&record, &look, false), VerdictResult::Told);
}
