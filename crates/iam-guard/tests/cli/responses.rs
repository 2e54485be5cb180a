//! The lists to ask about and to report: what `check` says.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{allow, folder, run, run_args};

pub(crate) const LISTS: &str =
    "--restricted s3:DeleteBucket --ask s3:Put* --report s3:Get*,s3:*Bucket";

/// A folder with a document for each response, and some with several.
pub(crate) fn documents() -> TempDir {
    folder(&[
        ("contained.json", &allow("s3:DeleteBucket")),
        ("asked.json", &allow("s3:PutObject")),
        ("reported.json", &allow("s3:GetObject")),
        ("clean.json", &allow("s3:ListBucketVersions")),
        (
            "mixed.json",
            &json!({"Statement": [
                {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*"},
                {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
            ]})
            .to_string(),
        ),
    ])
}

fn unknown_action(known: &str) -> String {
    format!("Statement: {{Effect: Allow, Action: [{known}], Resource: '*'}}\n")
}

/// The verdict and the exit status.
#[track_caller]
pub(crate) fn verdict(folder: &TempDir, arguments: &str) -> (String, i32) {
    let ran = run(folder, &format!("check {arguments} --format json"));
    let lines = ran.lines();
    assert_eq!(lines.len(), 1, "{}", ran.diagnostics);
    let verdict = lines[0]["verdict"].as_str().unwrap();
    (verdict.to_owned(), ran.code)
}

#[test]
fn the_strictest_response_decides() {
    let folder = documents();
    for (file, expected, code) in [
        ("contained", "restricted", 1),
        ("asked", "restricted", 1),
        ("mixed", "restricted", 1),
        ("reported", "reported", 0),
        ("clean", "clean", 0),
    ] {
        assert_eq!(
            verdict(&folder, &format!("{file}.json {LISTS}")),
            (expected.to_owned(), code),
            "{file}"
        );
    }
    let all = run(&folder, &format!("check . {LISTS}"));
    assert_eq!(all.code, 1);
    let last = "5 policies: 3 restricted, 1 reported, 0 not known, 1 clean. Restricted: s3:DeleteBucket. Ask: s3:Put*. Report: s3:Get*,s3:*Bucket\n";
    assert!(all.out.contains(last), "{}", all.out);
}

#[test]
fn every_finding_has_its_response() {
    let folder = documents();
    let ran = run(&folder, &format!("check mixed.json {LISTS} --format json"));
    let findings = ran.lines()[0]["findings"].clone();
    let responses: Vec<&Value> = findings
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["response"])
        .collect();
    assert_eq!(
        responses,
        [&json!("report"), &json!("ask"), &Value::Null],
        "{findings}"
    );
    let text = run(&folder, &format!("check mixed.json {LISTS}")).out;
    for part in [
        "error: `mixed.json` grants restricted actions",
        "restricted by `s3:Get*`; response: report",
        "restricted by `s3:Put*`; response: ask",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert_eq!(text.matches("response: ").count(), 2, "{text}");
    let text = run(&folder, &format!("check reported.json {LISTS}")).out;
    assert!(
        text.starts_with("warning: `reported.json` grants actions that are only reported\n"),
        "{text}"
    );
}

#[test]
fn sarif_and_annotations_warn_about_what_is_reported() {
    let folder = documents();
    let ran = run(&folder, &format!("check mixed.json {LISTS} --format sarif"));
    let sarif: Value = serde_json::from_str(&ran.out).unwrap();
    let validator = include_str!("../../testdata/sarif-schema-2.1.0.json");
    let validator = jsonschema::validator_for(&serde_json::from_str(validator).unwrap()).unwrap();
    assert!(validator.is_valid(&sarif), "{sarif}");
    let results = sarif["runs"][0]["results"].as_array().unwrap().iter();
    let results: Vec<(&str, &str)> = results
        .map(|it| {
            (
                it["ruleId"].as_str().unwrap(),
                it["level"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        results,
        [
            ("reported-grant", "warning"),
            ("restricted-grant", "error"),
            ("restricted-grant", "error")
        ]
    );
    let ran = run(
        &folder,
        &format!("check mixed.json {LISTS} --format github"),
    );
    let levels = ran.out.lines().map(|line| line.split(' ').next().unwrap());
    assert_eq!(
        levels.collect::<Vec<_>>(),
        ["::warning", "::error", "::error"]
    );
    let ran = run(
        &folder,
        &format!("check reported.json {LISTS} --format github"),
    );
    assert!(
        ran.out.starts_with("::warning file=reported.json,"),
        "{}",
        ran.out
    );
}

#[test]
fn what_cannot_be_read_gets_the_strictest_response() {
    let folder = folder(&[
        ("odd.json", &allow("s3:Delete\u{e9}")),
        (
            "no.json",
            r#"{"Statement": [{"Effect": "Allow", "Actions": "s3:*"}]}"#,
        ),
    ]);
    for file in ["odd.json", "no.json"] {
        for (lists, response, expected, code) in [
            (
                "--restricted s3:DeleteBucket --report s3:Get*",
                Value::Null,
                "restricted",
                1,
            ),
            (
                "--ask s3:DeleteBucket --report s3:Get*",
                json!("ask"),
                "restricted",
                1,
            ),
            ("--report s3:Get*", json!("report"), "reported", 0),
        ] {
            let ran = run(&folder, &format!("check {file} {lists} --format json"));
            let line = &ran.lines()[0];
            assert_eq!(
                (&line["verdict"], ran.code),
                (&json!(expected), code),
                "{file} {lists}"
            );
            assert_eq!(line["findings"][0]["response"], response, "{line}");
        }
    }
    // Not even in UTF-8.
    let text = format!("\u{feff}{}", allow("s3:ListJobs"));
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(folder.path().join("utf16.json"), bytes).unwrap();
    assert_eq!(verdict(&folder, "utf16.json --report s3:*").0, "reported");
    assert_eq!(verdict(&folder, "utf16.json --ask s3:*").0, "restricted");
}

#[test]
fn what_is_unknown_is_reported_only_if_it_is_certainly_no_more() {
    let folder = folder(&[
        ("any.yaml", &unknown_action("!Ref A")),
        ("get.yaml", &unknown_action("!Sub 's3:Get${A}'")),
        ("both.yaml", &unknown_action("s3:GetObject, !Ref A")),
        (
            "more.yaml",
            &unknown_action("s3:GetObject, !Sub 's3:Get${A}'"),
        ),
        ("put.yaml", &unknown_action("s3:PutObject, !Ref A")),
        ("list.yaml", &unknown_action("!Sub 's3:List${A}s'")),
    ]);
    for (file, expected, code) in [
        ("any", "unknown", 2),
        ("get", "reported", 0),
        ("both", "unknown", 2),
        ("more", "reported", 0),
        ("put", "restricted", 1),
        ("list", "clean", 0),
    ] {
        assert_eq!(
            verdict(&folder, &format!("{file}.yaml {LISTS}")),
            (expected.to_owned(), code),
            "{file}"
        );
    }
    let text = run(&folder, &format!("check get.yaml {LISTS}")).out;
    assert!(
        text.starts_with("warning: `get.yaml` may grant actions that are only reported\n"),
        "{text}"
    );
}

#[test]
fn allowed_values_count_as_the_strictest_that_are_alike() {
    let template = |values: &str| {
        format!(
            "Parameters: {{A: {{Type: String, AllowedValues: [{values}]}}}}\nResources:\n  P: {{Type: AWS::IAM::ManagedPolicy, Properties: {{PolicyDocument: {{Statement: {{Effect: Allow, Action: !Ref A, Resource: '*'}}}}}}}}\n"
        )
    };
    for (values, expected, code) in [
        ("'s3:ListJobs', 's3:GetObject'", "reported", 0),
        ("'s3:GetObject', 's3:ListJobs'", "reported", 0),
        (
            "'s3:ListJobs', 's3:GetObject', 's3:PutObject'",
            "unknown",
            2,
        ),
        ("'s3:GetObject', 's3:PutObject'", "unknown", 2),
        ("'s3:DeleteBucket', 's3:PutObject'", "restricted", 1),
    ] {
        let folder = folder(&[("t.yaml", &template(values))]);
        assert_eq!(
            verdict(&folder, &format!("t.yaml {LISTS}")),
            (expected.to_owned(), code),
            "{values}"
        );
    }
}

#[test]
fn an_option_replaces_its_list_in_the_file() {
    let folder = documents();
    let config = "restricted = [\"s3:DeleteBucket\"]\nask = \"s3:Put*\"\nreport = [\"s3:Get*\", \"s3:*Bucket\"]\n";
    std::fs::write(folder.path().join("iam-guard.toml"), config).unwrap();
    let of = |more: &str| verdict(&folder, more).0;
    assert_eq!(of("asked.json"), "restricted");
    assert_eq!(of("reported.json"), "reported");
    // The other lists are still those of the file.
    assert_eq!(of("asked.json --ask s3:GetObject"), "clean");
    assert_eq!(of("reported.json --ask s3:GetObject"), "restricted");
    assert_eq!(of("contained.json --ask s3:GetObject"), "restricted");
    assert_eq!(of("reported.json --report s3:List*"), "clean");
    let ran = run_args(
        &folder,
        &[
            "check",
            "contained.json",
            "--restricted",
            "",
            "--format",
            "json",
        ],
        b"",
    );
    assert_eq!(ran.lines()[0]["verdict"], "reported");
}

#[test]
fn errors_and_warnings_name_the_list() {
    let folder = folder(&[("a.json", &allow("s3:GetObject"))]);
    let fails = |options: &str, expected: &str| {
        let ran = run(&folder, format!("check a.json {options}").trim_end());
        assert_eq!(ran.code, 2, "{options}");
        assert!(ran.diagnostics.starts_with(expected), "{}", ran.diagnostics);
    };
    let good = "--restricted s3:DeleteBucket";
    fails(
        &format!("{good} --ask s3"),
        "error: --ask: reading the list of restricted actions: `s3` is not",
    );
    fails(
        &format!("{good} --report @nothing"),
        "error: --report: reading the list of restricted actions: there is no",
    );
    fails("--restricted s3 --ask s3:*", "error: --restricted: ");
    fails(
        "--report ,",
        "error: --report: the list of restricted actions is empty",
    );
    fails("", "error: there is no restricted list; ");
    let warned = run(
        &folder,
        &format!("check a.json {good} --ask s3:PutObjekt --report s3:GetObjekt"),
    );
    warned.has_diagnostic("warning: in the ask list, `s3:PutObjekt` names no action");
    warned.has_diagnostic("warning: in the report list, `s3:GetObjekt` names no action");
    let file = |text: &str| std::fs::write(folder.path().join("iam-guard.toml"), text).unwrap();
    file("restricted = \"s3:*\"\nreport = [\"s3:Get*\", \"s3\"]\n");
    let ran = run(&folder, "check a.json");
    assert_eq!(ran.code, 2);
    assert!(
        ran.diagnostics.starts_with("error: `report` in ")
            && ran.diagnostics.contains("iam-guard.toml: "),
        "{}",
        ran.diagnostics
    );
    assert_eq!(run(&folder, "check a.json --report s3:Get*").code, 1);
    file("ask = 5\n");
    fails("", "error: reading ");
}
