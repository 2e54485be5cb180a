//! Backtests of the calls that the guard reports and does not revert.

use std::slice::from_ref;

use incident::WatchedCall;
use serde_json::{Value, json};

use crate::support::{allow, folder, run, run_args};

const POLICY: &str = "arn:aws:iam::111122223333:policy/App";
const RESTRICTED: &str = "s3:DeleteBucket";

/// A record of a call at a time such as `02T10`, in March 2026.
fn call(time: &str, name: &str, request: Value) -> Value {
    json!({
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice", "userName": "alice"},
        "eventTime": format!("2026-03-{time}:00:00Z"), "eventSource": "iam.amazonaws.com", "eventName": name,
        "awsRegion": "us-east-1", "requestParameters": request, "recipientAccountId": "111122223333",
    })
}

fn with(mut record: Value, member: &str, value: Value) -> Value {
    record[member] = value;
    record
}

fn version(time: &str, number: &str, document: &str, is_default: bool) -> Value {
    let request = json!({"policyArn": POLICY, "policyDocument": document});
    let response = json!({"policyVersion": {"versionId": number, "isDefaultVersion": is_default}});
    let record = call(time, "CreatePolicyVersion", request);
    with(record, "responseElements", response)
}

fn set_default(time: &str, number: &str) -> Value {
    let request = json!({"policyArn": POLICY, "versionId": number});
    call(time, "SetDefaultPolicyVersion", request)
}

fn on_policy(time: &str, name: &str, kind: &str, owner: &str) -> Value {
    // IAM takes names and ARNs in any letter case.
    let arn = POLICY.to_ascii_lowercase();
    call(time, name, json!({kind: owner, "policyArn": arn}))
}

fn of_user(time: &str, name: &str) -> Value {
    call(time, name, json!({"userName": "bob"}))
}

fn put(time: &str, action: &str) -> Value {
    let request =
        json!({"userName": "Bob", "policyName": "inline", "policyDocument": allow(action)});
    call(time, "PutUserPolicy", request)
}

fn trust(time: &str, name: &str, principal: &str) -> Value {
    let statement =
        json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"});
    let document = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
    let member = match name {
        "CreateRole" => "assumeRolePolicyDocument",
        _ => "policyDocument",
    };
    call(time, name, json!({"roleName": "app", member: document}))
}

fn log(records: &[Value]) -> String {
    let records = records.iter().enumerate();
    let records =
        records.map(|(id, record)| with(record.clone(), "eventID", json!(id.to_string())));
    json!({"Records": records.collect::<Vec<_>>()}).to_string()
}

const REPORTED: [u64; 3] = [1, 0, 0];
const SILENT: [u64; 3] = [0, 1, 0];
const NOT_KNOWN: [u64; 3] = [0, 0, 1];

/// Checks what became of the calls with the name of the last record.
#[track_caller]
fn check(records: &[Value], expected: [u64; 3]) {
    let folder = folder(&[("a.json", &log(records))]);
    let arguments = format!("backtest . --restricted {RESTRICTED} --format json");
    let ran = run(&folder, &arguments);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let name = records.last().unwrap()["eventName"].as_str().unwrap();
    let sums = &report["calls"][name];
    let sums = ["reported", "silent", "unknown"].map(|sum| sums[sum].as_u64().unwrap_or(0));
    assert_eq!(sums, expected, "{name}: {}", ran.out);
}

#[test]
fn an_attachment_is_judged_by_the_default_version_of_that_moment() {
    let attach = |time| on_policy(time, "AttachRolePolicy", "roleName", "app");
    let wide = allow("s3:Del*");
    let history = [
        version("01T10", "v2", &allow("s3:GetObject"), true),
        version("02T10", "v3", &wide, false),
        set_default("03T10", "v3"),
    ];
    for (time, expected) in [
        ("01T09", NOT_KNOWN),
        ("01T11", SILENT),
        ("02T11", SILENT),
        ("03T11", REPORTED),
    ] {
        check(&[&history[..], &[attach(time)]].concat(), expected);
    }
    check(
        &[version("01T10", "v2", "{", true), attach("01T11")],
        REPORTED,
    );
    let failed = with(attach("03T11"), "errorCode", json!("AccessDenied"));
    check(&[&history[..], &[failed]].concat(), [0; 3]);
    let other = with(attach("03T11"), "eventSource", json!("sso.amazonaws.com"));
    check(&[&history[..], &[other]].concat(), [0; 3]);
    let boundary = json!({"userName": "bob", "permissionsBoundary": POLICY});
    let boundary = |time| call(time, "PutUserPermissionsBoundary", boundary.clone());
    check(&[&history[..], &[boundary("03T11")]].concat(), REPORTED);
    check(&[&history[..], &[boundary("01T11")]].concat(), SILENT);
    check(&[boundary("01T11")], NOT_KNOWN);
}

#[test]
fn what_is_taken_away_counts_if_it_denies() {
    let detach = |time| on_policy(time, "DetachUserPolicy", "userName", "bob");
    let deny = allow("s3:GetObject").replace("Allow", "Deny");
    check(
        &[version("01T10", "v2", &deny, true), detach("01T11")],
        REPORTED,
    );
    let grants = version("01T10", "v2", &allow("s3:*"), true);
    check(&[grants, detach("01T11")], SILENT);
    check(
        &[version("01T10", "v2", "{", true), detach("01T11")],
        REPORTED,
    );
    check(&[detach("01T11")], NOT_KNOWN);
    let members = json!({"userName": "bob", "groupName": "ops"});
    let leave = call("03T10", "RemoveUserFromGroup", members);
    let made = call("01T10", "CreateGroup", json!({"groupName": "ops"}));
    let attached = on_policy("02T10", "AttachGroupPolicy", "groupName", "Ops");
    let denied = version("01T10", "v2", &deny, true);
    check(&[denied, attached, leave.clone()], REPORTED);
    check(&[made, leave], SILENT);
    check(
        &[of_user("01T10", "DeleteUserPermissionsBoundary")],
        REPORTED,
    );
}

#[test]
fn credentials_are_judged_by_what_the_user_holds() {
    let key = of_user("05T10", "CreateAccessKey");
    let made = of_user("01T10", "CreateUser");
    check(from_ref(&key), NOT_KNOWN);
    check(&[made.clone(), key.clone()], SILENT);
    let wide = put("02T10", "s3:*");
    check(&[wide.clone(), key.clone()], REPORTED);
    check(
        &[made.clone(), put("02T10", "s3:Get*"), key.clone()],
        SILENT,
    );
    let request = json!({"userName": "bob", "policyName": "Inline"});
    let deleted = call("03T10", "DeleteUserPolicy", request);
    check(
        &[made.clone(), wide.clone(), deleted.clone(), key.clone()],
        SILENT,
    );
    check(&[wide.clone(), deleted, key.clone()], NOT_KNOWN);
    check(
        &[wide.clone(), of_user("03T10", "DeleteUser"), key.clone()],
        NOT_KNOWN,
    );
    let failed = |record| with(record, "errorCode", json!("AccessDenied"));
    check(&[failed(made.clone()), key.clone()], NOT_KNOWN);
    let no_document = json!({"userName": "bob", "policyName": "inline"});
    let no_document = call("02T10", "PutUserPolicy", no_document);
    check(&[made.clone(), no_document, key.clone()], NOT_KNOWN);
    let attached = json!({"userName": "bob", "policyArn": POLICY});
    let attached = call("02T10", "AttachUserPolicy", attached);
    let detached = on_policy("03T10", "DetachUserPolicy", "userName", "bob");
    check(&[made.clone(), attached, detached, key.clone()], SILENT);
    // Somebody else's.
    let elsewhere = with(wide.clone(), "recipientAccountId", json!("444455556666"));
    check(&[made.clone(), elsewhere, key.clone()], SILENT);
    // The order of a pipeline, in a file in another order.
    check(&[put("01T10", "s3:*"), made.clone(), key.clone()], REPORTED);

    let in_group =
        |time, name, group| call(time, name, json!({"userName": "bob", "groupName": group}));
    let joined = in_group("03T10", "AddUserToGroup", "ops");
    let group = call("01T10", "CreateGroup", json!({"groupName": "Ops"}));
    let attached = on_policy("02T10", "AttachGroupPolicy", "groupName", "ops");
    let policy = version("01T10", "v2", &allow("s3:*"), true);
    let history = [policy, made.clone(), group, attached, joined.clone()];
    check(&history, REPORTED);
    check(&[&history[..], from_ref(&key)].concat(), REPORTED);
    check(&[made.clone(), joined, key.clone()], NOT_KNOWN);
    let left = in_group("04T10", "RemoveUserFromGroup", "OPS");
    check(&[&history[..], &[left, key.clone()]].concat(), SILENT);

    let renamed = |time, name| {
        call(
            time,
            "UpdateUser",
            json!({"userName": "bob", "newUserName": name}),
        )
    };
    check(&[made.clone(), renamed("05T10", "carol")], SILENT);
    check(&[wide, renamed("05T10", "carol")], REPORTED);
    check(
        &[made.clone(), renamed("04T10", "carol"), key.clone()],
        NOT_KNOWN,
    );
    check(&[made, renamed("04T10", "Bob"), key], SILENT);
    check(&[renamed("04T10", "bob")], SILENT);
    let moved = json!({"userName": "bob", "newPath": "/ops/"});
    check(&[call("05T10", "UpdateUser", moved)], [0; 3]);
}

#[test]
fn the_callers_own_credentials_are_silent_and_those_of_root_are_not() {
    let status = |user, status| {
        let request = json!({"userName": user, "accessKeyId": "AKIAEXAMPLE", "status": status});
        call("05T10", "UpdateAccessKey", request)
    };
    check(&[status("Alice", "Active")], SILENT);
    check(&[status("bob", "Active")], NOT_KNOWN);
    check(&[status("bob", "Inactive")], [0; 3]);
    let key = call("05T10", "CreateAccessKey", json!({}));
    // The guard looks for a second key.
    check(from_ref(&key), NOT_KNOWN);
    let root = json!({"type": "Root", "arn": "arn:aws:iam::111122223333:root"});
    check(&[with(key, "userIdentity", root)], REPORTED);
}

#[test]
fn a_trust_policy_is_judged_by_whom_it_lets_in_and_what_the_role_holds() {
    let (own, external) = ("111122223333", "444455556666");
    let new = |principal| trust("01T10", "CreateRole", principal);
    let changed = |principal| trust("03T10", "UpdateAssumeRolePolicy", principal);
    check(&[new(own)], SILENT);
    check(&[new(external)], REPORTED);
    check(&[changed(external)], REPORTED);
    check(&[changed(own)], NOT_KNOWN);
    check(&[new(own), changed(own)], SILENT);
    let attached = on_policy("02T10", "AttachRolePolicy", "roleName", "App");
    let policy = version("01T10", "v2", &allow("s3:*"), true);
    check(&[policy.clone(), attached.clone(), changed(own)], REPORTED);
    check(&[new(own), attached.clone(), changed(own)], NOT_KNOWN);
    let request = json!({"roleName": "app", "instanceProfileName": "web"});
    let instances = call("03T10", "AddRoleToInstanceProfile", request);
    check(&[policy, attached, instances.clone()], REPORTED);
    check(&[new(own), instances], SILENT);
    let omitted = json!({"omitted": true});
    for name in ["CreateRole", "UpdateAssumeRolePolicy"] {
        check(&[call("03T10", name, omitted.clone())], NOT_KNOWN);
    }
    let answered = json!({"role": {"roleName": "app"}});
    let omitted = call("03T10", "CreateRole", omitted);
    check(&[with(omitted, "responseElements", answered)], NOT_KNOWN);
}

#[test]
fn aws_managed_policies_are_judged_by_the_file() {
    let attach = |name: &str| {
        let arn = format!("arn:aws:iam::aws:policy/{name}");
        call(
            "01T10",
            "AttachUserPolicy",
            json!({"userName": "bob", "policyArn": arn}),
        )
    };
    let records = ["Wide", "Narrow", "Missing"].map(attach);
    let managed = json!({
        "Wide": {"Document": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}},
        "Narrow": {"Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}},
    });
    let folder = folder(&[
        ("a.json", &log(&records)),
        ("managed", &managed.to_string()),
    ]);
    let arguments = "backtest a.json --managed-policies managed --format json --restricted";
    let ran = run(&folder, &format!("{arguments} {RESTRICTED}"));
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let sums = json!({"AttachUserPolicy": {"reported": 1, "silent": 1, "unknown": 1}});
    assert_eq!(report["calls"], sums);
}

#[test]
fn every_call_that_the_guard_reports_is_counted() {
    let events = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
    let files = std::fs::read_dir(events)
        .unwrap()
        .map(|file| file.unwrap().path());
    let files = files.filter(|path| path.is_file());
    let files: Vec<String> = files.map(|path| path.display().to_string()).collect();
    let options = ["backtest", "--restricted", RESTRICTED, "--format", "json"];
    let files = files.iter().map(String::as_str);
    let arguments: Vec<&str> = options.into_iter().chain(files).collect();
    let ran = run_args(events, &arguments, b"");
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let mut missing = WatchedCall::ALL.to_vec();
    missing.retain(|call| !WatchedCall::DOCUMENT_WRITES.contains(call));
    missing.retain(|call| report["calls"][call.as_str()].is_null());
    assert!(missing.is_empty(), "{missing:?} {}", ran.out);
    for rare in ["CreateSAMLProvider", "EnableOrganizationsRootSessions"] {
        let sums = json!({"reported": 1, "silent": 0, "unknown": 0});
        assert_eq!(report["calls"][rare], sums);
    }
}

#[test]
fn the_calls_stand_apart_and_change_no_exit_status() {
    let records = [
        of_user("01T10", "DeleteUserPermissionsBoundary"),
        of_user("01T10", "CreateAccessKey"),
        of_user("02T10", "CreateUser"),
        of_user("03T10", "CreateAccessKey"),
    ];
    let folder = folder(&[("a.json", &log(&records)), ("b.json", &log(&records))]);
    let ran = run(&folder, &format!("backtest . --restricted {RESTRICTED}"));
    assert_eq!(ran.code, 0, "{}", ran.diagnostics);
    assert!(
        ran.out.starts_with("8 records, 0 of them changes"),
        "{}",
        ran.out
    );
    let table = "
Calls that the guard reports or asks about
                                 reported  silent  not known
  CreateAccessKey                       0       1          1
  DeleteUserPermissionsBoundary         1       0          0
  all                                   1       1          1
";
    assert!(ran.out.ends_with(table), "{}", ran.out);
}
