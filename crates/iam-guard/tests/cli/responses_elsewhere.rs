//! The lists to ask about and to report: what the other commands say.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::backtest::{create, incidents, log, put, set_default};
use crate::responses::{LISTS, documents, verdict};
use crate::support::{Ran, allow, folder, run};

#[test]
fn fix_leaves_what_is_reported_and_says_so() {
    let folder = documents();
    let fixed = |file: &str| run(&folder, &format!("fix {file} {LISTS}"));
    let ran = fixed("mixed.json");
    assert_eq!(ran.code, 0);
    assert!(
        ran.out.contains("s3:GetObject") && !ran.out.contains("s3:PutObject"),
        "{}",
        ran.out
    );
    ran.has_diagnostic("\nstays, only reported: statement 1: Action `s3:GetObject` grants");
    let mut staying = ran.diagnostics.lines().filter(|it| it.starts_with("stays"));
    assert!(staying.all(|it| !it.contains("`s3:PutObject`")), "{ran:?}");
    std::fs::write(folder.path().join("fixed.json"), &ran.out).unwrap();
    assert_eq!(
        verdict(&folder, &format!("fixed.json {LISTS}")),
        ("reported".to_owned(), 0)
    );
    let ran = fixed("reported.json");
    assert_eq!(ran.out, allow("s3:GetObject"));
    assert_eq!(ran.diagnostics.lines().count(), 1, "{}", ran.diagnostics);
    ran.has_diagnostic("stays, only reported: ");
    assert_eq!(fixed("clean.json").diagnostics, "");
    assert_eq!(
        run(&folder, "fix mixed.json --report s3:*").out,
        std::fs::read_to_string(folder.path().join("mixed.json")).unwrap()
    );
}

#[test]
fn explain_says_the_response_to_a_pattern() {
    for (pattern, expected) in [
        (
            "s3:ListJobs",
            "`s3:ListJobs` meets no pattern of the lists.\n",
        ),
        (
            "s3:GetObject",
            "`s3:GetObject` meets `s3:Get*` of the report list: `s3:GetObject` matches both.\nThe response is `report`.\n",
        ),
        (
            "s3:DeleteBuck*",
            "`s3:DeleteBuck*` meets `s3:DeleteBucket` of the restricted list: `s3:DeleteBucket` matches both.\n`s3:DeleteBuck*` meets `s3:*Bucket` of the report list: `s3:DeleteBucket` matches both.\nThe response is `contain`.\n",
        ),
        (
            "s3:PutObject",
            "`s3:PutObject` meets `s3:Put*` of the ask list: `s3:PutObject` matches both.\nThe response is `ask`.\n",
        ),
    ] {
        let ran = run(".", &format!("explain {pattern} {LISTS}"));
        assert_eq!((ran.code, ran.out.as_str()), (0, expected));
    }
    let odd = run(".", &format!("explain s3:Del\u{e9} {LISTS}"));
    assert!(
        odd.out.contains(" may grant anything, ")
            && odd.out.ends_with("The response is `contain`.\n"),
        "{}",
        odd.out
    );
    let two = run(".", "explain s3:Get* s3:* --ask s3:*");
    assert_eq!(two.code, 2);
    two.has_diagnostic("cannot be used with");
}

fn backtested(folder: &TempDir, more: &str) -> (Ran, Value) {
    let ran = run(folder, &format!("backtest a.json {more} --format json"));
    let report = serde_json::from_str(&ran.out).unwrap_or(Value::Null);
    (ran, report)
}

#[test]
fn backtest_counts_changes_by_response() {
    let mut both = put("both", "06T10", "");
    let document = json!({"Statement": [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*"},
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
    ]});
    both["requestParameters"]["policyDocument"] = json!(document.to_string());
    let records = [
        put("contained-1", "01T10", "s3:DeleteBucket"),
        put("contained-2", "01T11", "s3:DeleteBucket"),
        put("asked-1", "02T10", "s3:PutObject"),
        put("asked-2", "02T11", "s3:Put*"),
        put("reported", "03T10", "s3:GetObject"),
        create("made", "04T10", "s3:Get*"),
        set_default("again", "05T10", "v1"),
        put("clean", "05T10", "s3:ListJobs"),
        both,
    ];
    let folder = folder(&[("a.json", &log(&records))]);
    let (ran, report) = backtested(&folder, LISTS);
    assert_eq!(ran.code, 1, "{}", ran.diagnostics);
    assert_eq!(
        report["responses"],
        json!({"contain": 3, "ask": 2, "report": 3})
    );
    assert_eq!(report["restricted"], 5);
    assert_eq!(
        incidents(&report),
        ["contained-1", "contained-2", "asked-1", "asked-2", "both"]
    );
    let responses = |list: &str| {
        let all = report[list].as_array().unwrap().iter();
        all.map(|it| it["response"].as_str().unwrap_or("").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(responses("incidents"), ["", "", "ask", "ask", ""]);
    assert_eq!(responses("reported"), ["report"; 3]);
    assert_eq!(report["reported"][2]["eventId"], "again");
    let text = run(
        &folder,
        &format!("backtest a.json {LISTS} --html page.html"),
    )
    .out;
    for part in [
        "5 incidents; 0 changes by exempt principals\nthe guard would have contained 3, asked about 2 and only reported 3\n",
        "\nOnly reported, by restricted pattern\n  s3:Get*     3  ###",
        "What would have been taken out\n  s3:DeleteBucket  2  ",
        "\n  s3:PutObject     2  ",
        "\n  NotAction        1  ",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    // What stays is not taken out.
    assert!(!text.contains("s3:GetObject"), "{text}");
    let page = std::fs::read_to_string(folder.path().join("page.html")).unwrap();
    assert!(
        page.contains("would have contained 3, asked about 2 and only reported 3."),
        "{page}"
    );
    assert!(
        page.contains("<h2>Only reported, by restricted pattern</h2>"),
        "{page}"
    );
}

#[test]
fn backtest_ends_with_0_if_changes_are_only_reported() {
    let records = [put("one", "01T10", "s3:GetObject")];
    let folder = folder(&[("a.json", &log(&records))]);
    let (ran, report) = backtested(
        &folder,
        &format!("{LISTS} --exempt arn:aws:iam::111122223333:user/alice"),
    );
    assert_eq!((ran.code, report["restricted"].as_u64()), (0, Some(0)));
    assert_eq!(
        report["responses"],
        json!({"contain": 0, "ask": 0, "report": 1})
    );
    // With one list, the report is as it was.
    let (ran, report) = backtested(&folder, "--restricted s3:Get*");
    assert_eq!(ran.code, 1);
    assert_eq!(
        (&report["responses"], &report["reported"]),
        (&Value::Null, &Value::Null)
    );
    let text = run(&folder, "backtest a.json --restricted s3:Get*").out;
    assert!(!text.contains("would have contained"), "{text}");
}

fn user(name: &str, document: &str) -> Value {
    let document: Value = serde_json::from_str(document).unwrap();
    json!({
        "UserName": name, "UserId": name, "Arn": format!("arn:aws:iam::111122223333:user/{name}"), "Path": "/",
        "CreateDate": "2026-01-01T00:00:00Z", "GroupList": [], "AttachedManagedPolicies": [],
        "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": document}],
    })
}

#[test]
fn account_says_the_response_to_what_is_held() {
    let page = |users: &[Value]| {
        json!({"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": [], "Policies": [], "IsTruncated": false}).to_string()
    };
    let (reader, writer) = (
        user("reader", &allow("s3:GetObject")),
        user("writer", &allow("s3:PutObject")),
    );
    let folder = folder(&[
        ("reported.json", &page(std::slice::from_ref(&reader))),
        ("both.json", &page(&[reader.clone(), writer])),
        (
            "half.json",
            &page(&[{
                let mut half = reader.clone();
                half["UserPolicyList"][0]["PolicyDocument"]["Statement"][0]["Action"] =
                    json!("s3:GetObject");
                half["AttachedManagedPolicies"] = json!([{"PolicyName": "gone", "PolicyArn": "arn:aws:iam::111122223333:policy/gone"}]);
                half
            }]),
        ),
    ]);
    let account = |file: &str, format: &str| {
        run(
            &folder,
            &format!("account {file}.json {LISTS} --format {format}"),
        )
    };
    let json = |file: &str| {
        let ran = account(file, "json");
        let report: Value = serde_json::from_str(&ran.out).unwrap();
        (ran.code, report)
    };
    let (code, report) = json("reported");
    assert_eq!((code, &report["verdict"]), (0, &json!("reported")));
    assert_eq!(report["principals"][0]["response"], "report");
    let (code, report) = json("both");
    assert_eq!((code, &report["verdict"]), (1, &json!("restricted")));
    assert_eq!(report["principals"][1]["response"], "ask");
    let (code, report) = json("half");
    assert_eq!((code, &report["verdict"]), (2, &json!("unknown")));
    let text = account("both", "text").out;
    for part in [
        "user/reader holds 1 restricted pattern; response: report\n",
        "user/writer holds 1 restricted pattern; response: ask\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let sarif: Value = serde_json::from_str(&account("both", "sarif").out).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap().iter();
    let rules = results.map(|it| {
        (
            it["ruleId"].as_str().unwrap(),
            it["level"].as_str().unwrap(),
        )
    });
    assert_eq!(
        rules.collect::<Vec<_>>(),
        [
            ("reported-holder", "warning"),
            ("restricted-holder", "error")
        ]
    );
}
