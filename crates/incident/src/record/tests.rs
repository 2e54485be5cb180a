//! Every record in `events/`, and malformed ones.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::*;

fn event(name: &str) -> Value {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "events", name]
        .iter()
        .collect();
    serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap()
}

fn with(name: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut event = event(name);
    change(&mut event);
    event
}

/// The policy, whether the change is in force, whether the record has the document, and the actor.
fn summary(event: &Value) -> (String, bool, bool, String) {
    let record = Record::parse(event).unwrap();
    (
        match &record.change.version {
            Some(version) => format!("{}, version {version}", record.change.subject),
            None => record.change.subject.to_string(),
        },
        record.change.in_force,
        record.document.is_some(),
        record.change.actor.to_string(),
    )
}

#[test]
fn watched_records() {
    const DEPLOY: &str = "role DeployRole (session ci-4711)";
    for (file, policy, in_force, document, actor) in [
        (
            "create-policy.json",
            "managed policy `arn:aws:iam::111122223333:policy/app-storage`, version v1",
            true,
            true,
            DEPLOY,
        ),
        (
            "create-policy-6kb.json",
            "managed policy `arn:aws:iam::111122223333:policy/large`, version v1",
            true,
            true,
            DEPLOY,
        ),
        (
            "create-policy-root-console.json",
            "managed policy `arn:aws:iam::111122223333:policy/root-made`, version v1",
            true,
            true,
            "the root user",
        ),
        (
            "create-policy-version.json",
            "managed policy `arn:aws:iam::111122223333:policy/app-storage`, version v2",
            true,
            true,
            "IAM user alice",
        ),
        (
            "create-policy-version-not-default.json",
            "managed policy `arn:aws:iam::111122223333:policy/app-storage`, version v3",
            false,
            true,
            "IAM user bob",
        ),
        (
            "create-policy-version-sso-role.json",
            "managed policy `arn:aws:iam::111122223333:policy/teams/data/data-full`, version v2",
            true,
            true,
            "Identity Center user carol@example.com (permission set PlatformAdmin)",
        ),
        (
            "set-default-policy-version.json",
            "managed policy `arn:aws:iam::111122223333:policy/app-storage`, version v3",
            true,
            false,
            "IAM user alice",
        ),
        (
            "put-role-policy.json",
            "inline policy `inline-policy` of role `app-task`",
            true,
            true,
            "role TerraformRole (session terraform)",
        ),
        (
            "put-role-policy-cloudformation.json",
            "inline policy `FunctionRolePolicy0` of role `stack-FunctionRole-1A2B3C4D5E6F`",
            true,
            true,
            "role DeployRole (session ci-4711) through cloudformation.amazonaws.com",
        ),
        (
            "put-user-policy.json",
            "inline policy `temp+access@2026` of user `dave`",
            true,
            true,
            "IAM user bob",
        ),
        (
            "put-group-policy.json",
            "inline policy `dev` of group `developers`",
            true,
            true,
            "the root user",
        ),
    ] {
        let (policy, actor) = (policy.to_owned(), actor.to_owned());
        assert_eq!(
            summary(&event(file)),
            (policy, in_force, document, actor),
            "{file}"
        );
    }
}

#[test]
fn records_that_cannot_be_judged_fail_by_name() {
    for (file, name) in [
        (
            "create-policy-version-request-omitted.json",
            FailureName::RecordNamesNoPolicy,
        ),
        (
            "failed-create-policy-access-denied.json",
            FailureName::RecordMalformed,
        ),
        (
            "failed-create-policy-version-limit.json",
            FailureName::RecordMalformed,
        ),
        ("update-user-path.json", FailureName::RecordMalformed),
        ("delete-policy-version.json", FailureName::RecordMalformed),
    ] {
        let error = Record::parse(&event(file)).unwrap_err();
        assert_eq!(error.name(), name, "{file}: {error}");
    }
}

#[test]
fn the_response_names_a_created_policy_without_parameters() {
    for omitted in [json!(true), json!("true")] {
        let event = with("create-policy.json", |event| {
            event["detail"]["requestParameters"] = json!({
                "reason": "requestParameters too large", "omitted": omitted, "originalSize": 131_213
            });
        });
        let record = Record::parse(&event).unwrap();
        assert_eq!(record.document, None);
        assert_eq!(record.change.subject.name(), "app-storage");
    }
}

#[test]
fn a_version_counts_as_the_default_unless_the_record_denies_it() {
    for (answer, in_force) in [
        (json!(null), true),
        (json!("false"), false),
        (json!("true"), true),
        (json!(false), false),
    ] {
        let event = with("create-policy-version.json", |event| {
            event["detail"]["responseElements"]["policyVersion"]["isDefaultVersion"] =
                answer.clone();
        });
        assert_eq!(
            Record::parse(&event).unwrap().change.in_force,
            in_force,
            "{answer}"
        );
    }
}

#[test]
fn the_error_names_the_malformed_member() {
    for (event, words) in [
        (json!(null), "not a CloudTrail record"),
        (json!([]), "not a CloudTrail record"),
        (json!({}), "missing field `account`"),
        (
            json!({"account": "1", "region": "r", "detail": 3}),
            "not a CloudTrail record",
        ),
        (
            with("create-policy.json", |e| {
                e["detail"]["eventTime"] = json!("yesterday")
            }),
            "`eventTime`",
        ),
        (
            with("create-policy.json", |e| {
                e["detail"]["eventName"] = json!("CreateUser")
            }),
            "does not write a watched policy document",
        ),
        (
            with("create-policy.json", |e| {
                e["detail"]["eventSource"] = json!("organizations.amazonaws.com")
            }),
            "does not write a watched policy document",
        ),
        (
            with("create-policy.json", |e| {
                e["detail"]["requestParameters"]["policyDocument"] = json!({})
            }),
            "`requestParameters.policyDocument` is not a string",
        ),
        (
            with("create-policy.json", |e| {
                e["detail"]["responseElements"] = json!(null)
            }),
            "`responseElements.policy.arn` is missing",
        ),
        (
            with("create-policy.json", |e| {
                e["detail"]["responseElements"]["policy"]["arn"] =
                    json!("arn:aws:iam::aws:policy/X")
            }),
            "AWS managed policy",
        ),
        (
            with("create-policy-version.json", |e| {
                e["detail"]["responseElements"]["policyVersion"]["versionId"] = json!("2")
            }),
            "is not a policy version",
        ),
        (
            with("put-role-policy.json", |e| {
                e["detail"]["requestParameters"]["roleName"] = json!("a b")
            }),
            "`requestParameters.roleName` is not a valid IAM name",
        ),
        (
            with("put-role-policy.json", |e| {
                e["detail"]["requestParameters"]["policyName"] = json!("")
            }),
            "`requestParameters.policyName` is not a valid IAM name",
        ),
    ] {
        let error = Record::parse(&event).unwrap_err();
        assert_eq!(error.name(), FailureName::RecordMalformed);
        assert!(
            error.to_string().contains(words),
            "{error} should say {words}"
        );
    }
}

#[test]
fn the_error_says_who_called_what_and_when() {
    let who = "CreatePolicy by role DeployRole (session ci-4711) at 2026-";
    let without_account = with("create-policy.json", |e| {
        e.as_object_mut().unwrap().remove("account");
    });
    let without_answer = with("create-policy.json", |e| {
        e["detail"]["responseElements"] = json!(null)
    });
    for event in [without_account, without_answer] {
        let error = Record::parse(&event).unwrap_err().to_string();
        assert!(error.contains(who), "{error}");
    }
    // The rest is said, whatever is missing.
    let event = json!({"detail": {"eventName": "PutRolePolicy", "userIdentity": {"type": 3}}});
    let error = Record::parse(&event).unwrap_err().to_string();
    assert!(
        error.contains("PutRolePolicy by someone unknown at an unknown time"),
        "{error}"
    );
}

#[test]
fn a_delegate_and_the_person_behind_a_session_are_named() {
    let change = Record::parse(&event("create-policy-delegate.json")).unwrap();
    assert_eq!(
        change.change.actor.to_string(),
        "role Partner (session partner), delegated to the account 999988887777"
    );
    let event = with("create-policy-version-sso-role.json", |e| {
        e["detail"]["userIdentity"]["onBehalfOf"] = json!({
            "userId": "94482488-3041-7026-18f3-be45837cd0e4",
            "identityStoreArn": "arn:aws:identitystore::111122223333:identitystore/d-9067642ac7",
        });
    });
    let actor = Record::parse(&event).unwrap().change.actor;
    assert_eq!(
        actor.on_behalf_of.unwrap().to_string(),
        "Identity Center user id 94482488-3041-7026-18f3-be45837cd0e4 of arn:aws:identitystore::111122223333:identitystore/d-9067642ac7"
    );
}

#[test]
fn a_caller_without_a_name_has_a_placeholder() {
    let event = with("create-policy.json", |e| {
        e["detail"]["userIdentity"] = json!({})
    });
    assert_eq!(summary(&event).3, "someone unknown");
    let event = with("create-policy.json", |e| {
        e["detail"]["userIdentity"] =
            json!({"type": "AWSService", "invokedBy": "sso.amazonaws.com"});
    });
    assert_eq!(summary(&event).3, "AWS service sso.amazonaws.com");
}

#[test]
fn a_change_is_the_same_after_json() {
    let change = Record::parse(&event("create-policy-version-sso-role.json"))
        .unwrap()
        .change;
    let json = serde_json::to_string(&change).unwrap();
    assert_eq!(serde_json::from_str::<PolicyChange>(&json).unwrap(), change);
}
