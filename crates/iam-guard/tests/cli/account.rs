//! Reports on whole accounts.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Ran, folder, run, run_with};

pub(crate) const LIST: &str = "s3:DeleteBucket,iam:*";

pub(crate) fn document(action: &str, more: &Value) -> Value {
    let mut statement = json!({"Effect": "Allow", "Action": action, "Resource": "*"});
    for (key, value) in more.as_object().unwrap() {
        statement[key] = value.clone();
    }
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

pub(crate) fn managed(name: &str, action: &str) -> Value {
    json!({
        "PolicyName": name, "Arn": format!("arn:aws:iam::111122223333:policy/{name}"),
        "DefaultVersionId": "v2",
        "PolicyVersionList": [
            {"VersionId": "v2", "IsDefaultVersion": true, "Document": document(action, &json!({}))},
            {"VersionId": "v1", "IsDefaultVersion": false, "Document": document("*", &json!({}))},
        ],
    })
}

pub(crate) fn principal(
    kind: &str,
    name: &str,
    inline: &[(&str, Value)],
    attached: &[&str],
) -> Value {
    let inline = inline
        .iter()
        .map(|(name, document)| json!({"PolicyName": name, "PolicyDocument": document}));
    let attached = attached.iter().map(|name| {
        let owner = if name.starts_with("AWS") {
            "aws"
        } else {
            "111122223333"
        };
        json!({"PolicyName": name, "PolicyArn": format!("arn:aws:iam::{owner}:policy/{name}")})
    });
    let lower = kind.to_ascii_lowercase();
    json!({
        format!("{kind}Name"): name, "Arn": format!("arn:aws:iam::111122223333:{lower}/{name}"),
        format!("{kind}PolicyList"): inline.collect::<Vec<_>>(),
        "AttachedManagedPolicies": attached.collect::<Vec<_>>(),
    })
}

pub(crate) fn role(
    name: &str,
    inline: &[(&str, Value)],
    attached: &[&str],
    trusted: Value,
) -> Value {
    let mut role = principal("Role", name, inline, attached);
    role["AssumeRolePolicyDocument"] = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"},
    ]});
    role
}

pub(crate) fn page(users: Value, groups: Value, roles: Value, policies: Value) -> Value {
    json!({
        "UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles,
        "Policies": policies,
    })
}

/// An account in which a user and a role hold something by a group and by a policy.
pub(crate) fn whole() -> Value {
    let mut alice = principal("User", "alice", &[], &[]);
    alice["GroupList"] = json!(["admins"]);
    let groups = json!([principal("Group", "admins", &[], &["admin"])]);
    let narrow = document("s3:Delete*", &json!({"Resource": "arn:aws:s3:::a"}));
    let ec2 = json!({"Service": "ec2.amazonaws.com"});
    let account = json!({"AWS": "arn:aws:iam::111122223333:root"});
    let roles = json!([
        role("cleaner", &[("clean", narrow)], &[], ec2.clone()),
        role("deployer", &[], &["admin"], account),
        role("reader", &[], &["read"], ec2),
    ]);
    page(
        json!([alice]),
        groups,
        roles,
        json!([managed("admin", "*"), managed("read", "s3:Get*")]),
    )
}

pub(crate) fn account(folder: &TempDir, arguments: &str) -> (Ran, Value) {
    let ran = run(
        folder,
        &format!("account {arguments} --restricted {LIST} --format json"),
    );
    let report = serde_json::from_str(&ran.out).unwrap_or(Value::Null);
    (ran, report)
}

/// Kind, name and verdict of each principal.
pub(crate) fn principals(report: &Value) -> Vec<String> {
    let all = report["principals"].as_array().unwrap().iter();
    let text = |it: &Value, key: &str| it[key].as_str().unwrap().to_owned();
    all.map(|it| {
        ["kind", "name", "verdict"]
            .map(|key| text(it, key))
            .join(" ")
    })
    .collect()
}

const FOUND: [&str; 4] = [
    "user alice yes",
    "group admins yes",
    "role cleaner maybe",
    "role deployer yes",
];

#[test]
fn the_report_names_who_holds_what_by_which_policy() {
    let folder = folder(&[("a.json", &whole().to_string())]);
    let (ran, report) = account(&folder, "a.json");
    assert_eq!((ran.code, ran.diagnostics.as_str()), (1, ""));
    assert_eq!(report["verdict"], "restricted");
    assert_eq!(report["complete"], true);
    assert_eq!(principals(&report), FOUND);
    assert_eq!(report["all"], json!({"users": 1, "groups": 1, "roles": 3}));
    assert_eq!(
        report["maybe"],
        json!({"users": 0, "groups": 0, "roles": 1})
    );
    let alice = &report["principals"][0];
    assert_eq!(alice["yes"], json!(["s3:DeleteBucket", "iam:*"]));
    assert_eq!(
        alice["through"][0]["arn"],
        "arn:aws:iam::111122223333:policy/admin"
    );
    assert_eq!(alice["through"][0]["group"], "admins");
    assert_eq!(
        alice["becomes"][0]["chain"],
        json!(["arn:aws:iam::111122223333:role/deployer"])
    );
    let cleaner = &report["principals"][2];
    assert_eq!(cleaner["maybe"], json!(["s3:DeleteBucket"]));
    assert_eq!(cleaner["through"][0]["inline"], "clean");
    assert_eq!(cleaner["entrants"], json!(["`ec2.amazonaws.com`"]));
    assert_eq!(
        report["restrictedPolicies"],
        json!([{
            "arn": "arn:aws:iam::111122223333:policy/admin", "roles": 1, "users": 0, "groups": 1,
            "members": 1,
        }])
    );
}

#[test]
fn an_answer_comes_in_every_form() {
    let whole = whole();
    let text = whole.to_string();
    let mut first = page(
        whole["UserDetailList"].clone(),
        json!([]),
        json!([]),
        json!([]),
    );
    first["IsTruncated"] = json!(true);
    first["Marker"] = json!("AAA");
    let mut last = whole.clone();
    last["UserDetailList"] = json!([]);
    last["IsTruncated"] = json!(false);
    let (first, last) = (first.to_string(), last.to_string());
    let utf16: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let folder = folder(&[
        ("whole.json", &text),
        (
            "pretty.json",
            &serde_json::to_string_pretty(&whole).unwrap(),
        ),
        ("pages/1.json", &first),
        ("pages/2.json", &last),
        ("lines.json", &format!("{first}\n{last}\n")),
        ("array.json", &format!("[{first}, {last}]")),
        ("marked.json", &format!("\u{feff}{text}")),
    ]);
    std::fs::write(folder.path().join("utf16.json"), utf16).unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    std::fs::write(folder.path().join("whole.json.gz"), gzip.finish().unwrap()).unwrap();
    for files in [
        "whole.json",
        "pretty.json",
        "pages",
        "pages/2.json pages/1.json",
        "lines.json",
        "array.json",
        "marked.json",
        "utf16.json",
        "whole.json.gz",
        "whole.json whole.json.gz",
    ] {
        let (ran, report) = account(&folder, files);
        assert_eq!((ran.code, ran.diagnostics.as_str()), (1, ""), "{files}");
        assert_eq!(principals(&report), FOUND, "{files}");
    }
    let arguments = format!("account - --restricted {LIST} --format json");
    let ran = run_with(&folder, &arguments, text.as_bytes());
    assert_eq!(principals(&serde_json::from_str(&ran.out).unwrap()), FOUND);
}

/// Exit status and verdict for one page.
pub(crate) fn outcome(page: &Value) -> (i32, Value, String) {
    let folder = folder(&[("a.json", &page.to_string())]);
    let (ran, report) = account(&folder, "a.json");
    (ran.code, report["verdict"].clone(), ran.diagnostics)
}

pub(crate) fn clean_page() -> Value {
    let alice = principal("User", "alice", &[], &["read"]);
    let read = json!([managed("read", "s3:Get*")]);
    page(json!([alice]), json!([]), json!([]), read)
}

#[test]
fn a_clean_account_is_clean() {
    assert_eq!(outcome(&clean_page()), (0, json!("clean"), String::new()));
}

#[test]
fn two_accounts_are_read_at_once() {
    let whole = whole().to_string();
    let other = whole.replace("111122223333", "444455556666");
    let folder = folder(&[("a.json", &whole), ("b.json", &other)]);
    let (ran, report) = account(&folder, "a.json b.json");
    assert_eq!((ran.code, ran.diagnostics.as_str()), (1, ""));
    assert_eq!(report["accounts"], json!(["111122223333", "444455556666"]));
    assert_eq!(report["all"], json!({"users": 2, "groups": 2, "roles": 6}));
    // The root of one account is nobody of the other one.
    let alice = &report["principals"][0];
    assert_eq!(alice["restrictedRoles"], 1);
}

#[test]
fn an_aws_managed_policy_is_looked_up() {
    let user = principal("User", "alice", &[], &["AWSThing"]);
    let documents = json!({"AWSThing": document("iam:*", &json!({}))});
    let folder = folder(&[
        (
            "a.json",
            &page(json!([user]), json!([]), json!([]), json!([])).to_string(),
        ),
        ("managed.json", &documents.to_string()),
    ]);
    let (ran, report) = account(&folder, "a.json --managed-policies managed.json");
    assert_eq!((ran.code, ran.diagnostics.as_str()), (1, ""));
    assert_eq!(principals(&report), ["user alice yes"]);
    let notes = report["notes"].as_array().unwrap();
    assert!(notes.contains(&json!(
        "The document of one AWS managed policy is not from the answer."
    )));
}
