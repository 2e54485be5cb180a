//! Backtests of logs.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Ran, allow, folder, run};

const ARN: &str = "arn:aws:iam::111122223333:policy/app";

/// A record of a call at a time such as `02T10`, in March 2026.
pub(crate) fn record(id: &str, time: &str, name: &str, request: Value, response: Value) -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice", "accountId": "111122223333", "userName": "alice"},
        "eventTime": format!("2026-03-{time}:00:00Z"), "eventSource": "iam.amazonaws.com", "eventName": name, "awsRegion": "us-east-1",
        "sourceIPAddress": "203.0.113.21", "requestParameters": request, "responseElements": response,
        "eventID": id, "recipientAccountId": "111122223333",
    })
}

fn by_role(mut record: Value, role: &str) -> Value {
    record["userIdentity"] = json!({
        "type": "AssumedRole", "arn": format!("arn:aws:sts::111122223333:assumed-role/{role}/session"),
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": format!("arn:aws:iam::111122223333:role/{role}")}},
    });
    record
}

pub(crate) fn create(id: &str, time: &str, action: &str) -> Value {
    let request = json!({"policyName": "app", "policyDocument": allow(action)});
    let response = json!({"policy": {"arn": ARN, "defaultVersionId": "v1"}});
    record(id, time, "CreatePolicy", request, response)
}

fn version(id: &str, time: &str, number: &str, action: &str, default: bool) -> Value {
    let request =
        json!({"policyArn": ARN, "policyDocument": allow(action), "setAsDefault": default});
    let response = json!({"policyVersion": {"versionId": number, "isDefaultVersion": default}});
    record(id, time, "CreatePolicyVersion", request, response)
}

pub(crate) fn set_default(id: &str, time: &str, number: &str) -> Value {
    let request = json!({"policyArn": ARN, "versionId": number});
    record(id, time, "SetDefaultPolicyVersion", request, Value::Null)
}

pub(crate) fn put(id: &str, time: &str, action: &str) -> Value {
    let request =
        json!({"roleName": "app", "policyName": "inline", "policyDocument": allow(action)});
    record(id, time, "PutRolePolicy", request, Value::Null)
}

pub(crate) fn log(records: &[Value]) -> String {
    json!({"Records": records}).to_string()
}

/// Runs the command on a folder, with more arguments that begin with a space.
pub(crate) fn backtest(folder: &TempDir, more: &str) -> (Ran, Value) {
    let list = "s3:DeleteBucket,s3:DeleteObject";
    let arguments = format!("backtest . --restricted {list} --format json{more}");
    let ran = run(folder, &arguments);
    let report = serde_json::from_str(&ran.out).unwrap_or(Value::Null);
    (ran, report)
}

pub(crate) fn sums(report: &Value) -> [u64; 4] {
    ["records", "changes", "restricted", "unknown"].map(|name| report[name].as_u64().unwrap())
}

pub(crate) fn incidents(report: &Value) -> Vec<&str> {
    let incidents = report["incidents"].as_array().unwrap().iter();
    incidents
        .map(|it| it["eventId"].as_str().unwrap())
        .collect()
}

#[test]
fn changes_are_judged_and_all_records_are_counted() {
    const TIME: &str = "02T10";
    let mut failed = put("failed", TIME, "*");
    failed["errorCode"] = json!("AccessDenied");
    let request = json!({"roleName": "PutRolePolicy"});
    let other = record("other", TIME, "GetRole", request, Value::Null);
    let mut organizations = create("o", TIME, "*");
    organizations["eventSource"] = json!("organizations.amazonaws.com");
    let folder = folder(&[(
        "a.json",
        &log(&[
            put("late", "02T10", "s3:*"),
            create("early", "01T10", "s3:DeleteBucket"),
            put("clean", "02T10", "s3:GetObject"),
            failed,
            other,
            organizations,
        ]),
    )]);
    let (ran, report) = backtest(&folder, "");
    assert_eq!(ran.code, 1, "{}", ran.diagnostics);
    assert_eq!(sums(&report), [6, 3, 2, 0]);
    assert_eq!(
        report["incidents"],
        json!([
            {"eventId": "early", "time": "2026-03-01T10:00:00Z", "actor": "arn:aws:iam::111122223333:user/alice", "target": ARN, "patterns": ["s3:DeleteBucket"]},
            {"eventId": "late", "time": "2026-03-02T10:00:00Z", "actor": "arn:aws:iam::111122223333:user/alice", "target": "inline policy inline of role app", "patterns": ["s3:DeleteBucket", "s3:DeleteObject"]},
        ])
    );
}

#[test]
fn a_record_without_a_document_is_judged_by_an_earlier_one() {
    let omitted =
        json!({"reason": "requestParameters too large", "omitted": true, "originalSize": 120_000});
    // The files are not in the order of the times.
    let folder = folder(&[
        (
            "a.json",
            &log(&[
                set_default("back", "03T10", "v2"),
                set_default("clean", "03T11", "v1"),
                set_default("unheard-of", "03T12", "v7"),
                set_default("too-early", "01T09", "v2"),
                set_default("made-again", "05T12", "v1"),
            ]),
        ),
        (
            "b.json",
            &log(&[
                create("first", "01T10", "s3:GetObject"),
                version("kept", "02T10", "v2", "s3:DeleteBucket", false),
                create("again", "05T10", "s3:*"),
                record(
                    "omitted",
                    "02T10",
                    "PutUserPolicy",
                    omitted.clone(),
                    Value::Null,
                ),
                record(
                    "no-version",
                    "02T10",
                    "CreatePolicyVersion",
                    omitted,
                    json!({"policyVersion": {"versionId": "v5"}}),
                ),
            ]),
        ),
    ]);
    let (_, report) = backtest(&folder, "");
    assert_eq!(incidents(&report), ["back", "again", "made-again"]);
    assert_eq!(sums(&report), [10, 10, 3, 4]);
}

#[test]
fn changes_by_exempt_principals_are_not_incidents() {
    let folder = folder(&[
        (
            "a.json",
            &log(&[
                by_role(put("deploy", "02T10", "s3:*"), "ci/deploy"),
                put("alice", "02T10", "s3:*"),
            ]),
        ),
        (
            "iam-guard.toml",
            "restricted = \"s3:DeleteBucket\"\nexempt = [\"arn:aws:iam::111122223333:user/alice\"]\n",
        ),
    ]);
    let (_, report) = backtest(&folder, " --exempt arn:aws:iam::111122223333:role/ci/*");
    assert_eq!(
        (incidents(&report), sums(&report)),
        (vec!["alice"], [2, 2, 2, 0])
    );
    let (_, report) = backtest(&folder, "");
    assert_eq!(incidents(&report), ["deploy"]);
    let (ran, _) = backtest(&folder, " --exempt *");
    assert_eq!(ran.code, 2);
}

#[test]
fn records_are_found_in_every_form_of_log() {
    let make = |id: &str| put(id, "02T10", "s3:*");
    let delivered =
        json!({"account": "111122223333", "region": "us-east-1", "detail": make("delivered")});
    let looked_up = json!({"Events": [{"EventId": "x", "EventName": "PutRolePolicy", "CloudTrailEvent": make("looked-up").to_string()}]});
    let folder = folder(&[
        (
            "1/lines.json",
            &format!("{}\n{}\n", make("line-1"), make("line-2")),
        ),
        ("1/array.json", &json!([make("array")]).to_string()),
        ("2/event.json", &delivered.to_string()),
        (
            "2/lookup.json",
            &serde_json::to_string_pretty(&looked_up).unwrap(),
        ),
        ("2/again.json", &log(&[make("array")])),
        (
            "2/CloudTrail-Digest.json",
            r#"{"digestStartTime": "2026-03-02T10:00:00Z", "logFiles": [{"s3Object": "a"}]}"#,
        ),
        ("2/notes.txt", "no log"),
    ]);
    // Two members, as `cat a.gz b.gz` makes them.
    let mut file = std::fs::File::create(folder.path().join("3.json.gz")).unwrap();
    let text = log(&[make("gzip")]);
    for part in [text.split_at(20).0, text.split_at(20).1] {
        let mut member = GzEncoder::new(Vec::new(), Compression::fast());
        member.write_all(part.as_bytes()).unwrap();
        file.write_all(&member.finish().unwrap()).unwrap();
    }
    let (ran, report) = backtest(&folder, "");
    let mut found = incidents(&report);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "array",
            "delivered",
            "gzip",
            "line-1",
            "line-2",
            "looked-up"
        ]
    );
    assert_eq!((ran.code, ran.diagnostics.as_str()), (1, ""));
}

#[test]
fn a_file_that_cannot_be_read_is_reported() {
    let whole = log(&[put("whole", "02T10", "s3:GetObject")]);
    let folder = folder(&[
        ("a.json", whole.trim_end_matches("]}")),
        ("b.json.gz", "\u{1f}no gzip"),
        ("c.json", &whole),
    ]);
    std::fs::write(folder.path().join("d.json.gz"), [0x1f, 0x8b, 8, 0, 0]).unwrap();
    let (ran, report) = backtest(&folder, " nothing-there.json");
    assert_eq!(ran.code, 2);
    for name in [
        "a.json: it ends in the middle",
        "d.json.gz",
        "nothing-there.json",
    ] {
        ran.has_diagnostic(name);
    }
    assert_eq!(sums(&report), [2, 1, 0, 0]);
    let broken = r#"{"Records": [{"eventSource": "iam.amazonaws.com", "eventName": "PutRolePolicy", "eventID": "x", "awsRegion": 5}]}"#;
    let folder = self::folder(&[("a.json", broken)]);
    let (ran, report) = backtest(&folder, "");
    assert_eq!((ran.code, sums(&report)), (2, [1, 1, 0, 1]));
}

#[test]
fn text_and_page_have_the_sums() {
    let mut records = vec![
        put("alice", "01T10", "s3:DeleteBucket"),
        set_default("unknown", "01T10", "v9"),
    ];
    records.extend((0..3).map(|n| by_role(put(&format!("r{n}"), "02T10", "s3:Del*"), "<deploy>")));
    let folder = folder(&[("a.json", &log(&records))]);
    let ran = run(
        &folder,
        "backtest a.json --restricted s3:DeleteBucket --html report.html",
    );
    for part in [
        "5 records, 5 of them changes of policies\n4 restricted, 1 not known, because no record has the document\n4 incidents; 0 changes by exempt principals\n",
        "Incidents by day\n  2026-03-01  1  #########\n  2026-03-02  3  ##############################\n",
        "Incidents by restricted pattern\n  s3:DeleteBucket  4  ####",
        "What would have been taken out\n  s3:Del*          3  ####",
        "Exempt first, if these may do what they did\n  arn:aws:iam::111122223333:role/<deploy> (1 incidents left)\n",
    ] {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    let page = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(page.contains("4 changes are restricted."), "{page}");
    assert!(
        page.contains("role/&#60;deploy&#62;") && !page.contains("<deploy>"),
        "{page}"
    );
    assert!(!page.contains("http"), "the page loads something");
}
