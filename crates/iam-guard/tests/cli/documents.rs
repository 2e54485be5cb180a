//! Policy documents, and what else stands in files.

use std::path::Path;

use iam_policy::{RestrictedActions, judge};
use serde_json::Value;

use crate::support::{allow, check, folder, pairs, run, run_with};

/// The verdict of the command is that of the engine, also on what is no policy.
#[test]
fn every_document_of_the_corpus_has_the_verdict_of_the_engine() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../iam-policy/testdata");
    let described = std::fs::read_to_string(corpus.join("corpus.json")).unwrap();
    let described: Value = serde_json::from_str(&described).unwrap();
    let policies = described["policies"].as_array().unwrap();
    let names: Vec<&str> = policies
        .iter()
        .map(|it| it["file"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 110);
    for (list_name, list) in described["lists"].as_object().unwrap() {
        let list = list.as_str().unwrap();
        let restricted: RestrictedActions = list.parse().unwrap();
        let mut arguments = vec!["check", "--format", "json", "--restricted", list];
        arguments.extend(&names);
        let ran = run(&corpus.join("policies"), &arguments);
        assert_eq!(ran.code, 1, "{}", ran.diagnostics);
        let lines = ran.lines();
        assert_eq!(lines.len(), names.len());
        for (line, policy) in lines.iter().zip(policies) {
            let file = policy["file"].as_str().unwrap();
            assert_eq!(line["file"], file);
            let text = std::fs::read_to_string(corpus.join("policies").join(file)).unwrap();
            let expected = if judge(&text, &restricted).is_clean() {
                "clean"
            } else {
                "restricted"
            };
            assert_eq!(line["verdict"], expected, "{file} under {list_name}");
            // What the corpus says of itself, so that not only the engine is compared with itself.
            let violating = policy["expected"][list_name].as_array();
            let is_restricted = violating.is_none_or(|statements| !statements.is_empty());
            assert_eq!(line["verdict"] == "restricted", is_restricted, "{file}");
            assert_eq!(
                line["findings"].as_array().unwrap().is_empty(),
                !is_restricted,
                "{file}"
            );
        }
    }
}

#[test]
fn what_cannot_be_read_may_grant_anything() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let clean = allow("s3:GetObject");
    let number = clean.replace("\"2012-10-17\"", "1e999999");
    let surrogate = clean.replace("\"Effect\"", "\"Sid\": \"\\ud800\", \"Effect\"");
    for text in [
        "",
        " \n",
        "null",
        "[]",
        "{}",
        "{",
        &deep,
        &number,
        &surrogate,
        clean.trim_start_matches('{'),
    ] {
        let ran = check("policy.json", text);
        assert_eq!(ran.code, 1, "{:.80}", text);
        assert_eq!(
            ran.verdicts(),
            pairs(&[("policy.json", "restricted")]),
            "{:.80}",
            text
        );
        assert_eq!(ran.lines()[0]["findings"][0]["kind"], "unreadable");
    }
    assert_eq!(check("policy.json", &clean).code, 0);
    let encoded = "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3AGet*%22%2C%22Resource%22%3A%22*%22%7D%7D";
    assert_eq!(check("policy", encoded).code, 0);
}

#[test]
fn encodings() {
    let clean = allow("s3:GetObject");
    let marked = format!("\u{feff}{clean}").into_bytes();
    let latin: Vec<u8> = clean
        .replace("2012-10-17", "2012-10-17\u{1}")
        .bytes()
        .map(|b| if b == 1 { 0xe9 } else { b })
        .collect();
    let wide: Vec<u8> = format!("\u{feff}{clean}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for bytes in [marked, latin, wide] {
        let folder = folder(&[]);
        let arguments = [
            "check",
            "-",
            "--restricted",
            "s3:DeleteBucket",
            "--format",
            "json",
        ];
        let ran = run_with(folder.path(), &arguments, &bytes);
        assert_eq!(ran.verdicts(), pairs(&[("standard input", "restricted")]));
    }
    let wide: Vec<u8> = "\u{feff}{\"Resources\": {\"A\": {\"Type\": \"AWS::S3::Bucket\"}}}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let folder = folder(&[]);
    let ran = run_with(
        folder.path(),
        &["check", "-", "--restricted", "s3:*"],
        &wide,
    );
    assert_eq!(ran.code, 0, "{}", ran.out);
}

#[test]
fn standard_input_is_one_document() {
    let folder = folder(&[]);
    let arguments = [
        "check",
        "-",
        "--restricted",
        "s3:DeleteBucket",
        "--format",
        "json",
    ];
    let ran = run_with(folder.path(), &arguments, allow("s3:*").as_bytes());
    assert_eq!(ran.code, 1);
    assert_eq!(ran.lines()[0]["file"], "-");
    let template = "Resources:\n  A:\n    Type: AWS::IAM::Policy\n    Properties: {PolicyDocument: {Statement: {Effect: Allow, Action: 's3:*', Resource: '*'}}}\n";
    let ran = run_with(folder.path(), &arguments, template.as_bytes());
    assert_eq!(ran.verdicts(), pairs(&[("A", "restricted")]));
}

#[test]
fn a_folder_gives_what_is_about_permissions() {
    let bucket = r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}}"#;
    let trust = r#"{"Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}}"#;
    let broken = r#"{"Statement": [{"Effect": "Allow", "Action": "s3:*"#;
    let policy = allow("s3:*");
    let folder = folder(&[
        ("a/policy.json", &policy),
        ("a/package.json", r#"{"name": "x", "Statement": 5}"#),
        ("a/list.yaml", "- a\n- b\n"),
        ("a/broken.yaml", "a: [\n"),
        ("a/broken.json", broken),
        ("a/bucket.json", bucket),
        ("a/trust.json", trust),
        ("a/reasons.txt", &policy),
        ("a/.hidden/policy.json", &policy),
        ("a/node_modules/x/policy.json", &policy),
        (
            "a/b/clean.yml",
            "Statement: {Effect: Allow, Action: 's3:Get*', Resource: '*'}\n",
        ),
    ]);
    let list = ["--restricted", "s3:DeleteBucket", "--format", "json"];
    let ran = run(folder.path(), &[&["check", "a"], &list[..]].concat());
    assert_eq!(ran.code, 1);
    let expected = [
        ("clean.yml", "clean"),
        ("broken.json", "restricted"),
        ("policy.json", "restricted"),
    ];
    assert_eq!(ran.verdicts(), pairs(&expected));
    // InputPath, a file is a document, unless it may be something else.
    let ran = run(
        folder.path(),
        &[&["check", "a/package.json"], &list[..]].concat(),
    );
    assert_eq!(ran.code, 1);
    let ran = run(
        folder.path(),
        &[
            &["check", "a/package.json", "a/list.yaml", "--skip-others"],
            &list[..],
        ]
        .concat(),
    );
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    // A trust policy is never listed.
    let ran = run(
        folder.path(),
        &[&["check", "a/trust.json"], &list[..]].concat(),
    );
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    let ran = run(
        folder.path(),
        &[&["check", "a/bucket.json"], &list[..]].concat(),
    );
    assert_eq!(ran.code, 1);
}

#[test]
fn exit_codes() {
    let folder = folder(&[
        ("clean.json", &allow("s3:GetObject")),
        ("restricted.json", &allow("s3:*")),
        (
            "unknown.yaml",
            "Statement: {Effect: Allow, Action: !Ref A, Resource: '*'}\n",
        ),
        ("broken.yaml", "a: [\n"),
        ("main.tf", "resource \"aws_iam_policy\" \"a\" {}\n"),
    ]);
    for (arguments, code) in [
        (vec!["clean.json"], 0),
        (vec!["clean.json", "unknown.yaml"], 2),
        (vec!["clean.json", "unknown.yaml", "--allow-unknown"], 0),
        (vec!["unknown.yaml", "restricted.json"], 1),
        (vec!["nothing-there.json", "restricted.json"], 1),
        (vec!["nothing-there.json", "clean.json"], 2),
        (vec!["nothing-there.json", "--allow-unknown"], 2),
        (vec!["broken.yaml"], 2),
        (vec!["main.tf"], 2),
        (vec!["clean.json", "--nonsense"], 2),
    ] {
        let arguments = [
            &["check", "--restricted", "s3:DeleteBucket"],
            &arguments[..],
        ]
        .concat();
        let ran = run(folder.path(), &arguments);
        assert_eq!(
            ran.code, code,
            "{arguments:?}: {}{}",
            ran.out, ran.diagnostics
        );
        assert_eq!(
            ran.diagnostics.is_empty(),
            code < 2 && !arguments.contains(&"nothing-there.json")
                || arguments.contains(&"unknown.yaml"),
            "{arguments:?} {}",
            ran.diagnostics
        );
    }
    let ran = run(folder.path(), &["check", "main.tf", "--restricted", "s3:*"]);
    assert!(
        ran.diagnostics.contains("terraform show -json"),
        "{}",
        ran.diagnostics
    );
    for list in ["", "s3", "@nothing"] {
        let ran = run(
            folder.path(),
            &["check", "clean.json", "--restricted", list],
        );
        assert_eq!(ran.code, 2, "{list}");
        assert!(
            ran.diagnostics.starts_with("error: "),
            "{}",
            ran.diagnostics
        );
    }
}

#[test]
fn the_configuration_file_is_the_nearest_one() {
    let folder = folder(&[
        (
            "iam-guard.toml",
            "restricted = [\"s3:DeleteBucket\", \"@audit-tampering\"]\nallow-unknown = true\n",
        ),
        ("a/b/trail.json", &allow("cloudtrail:StopLogging")),
        (
            "a/unknown.yaml",
            "Statement: {Effect: Allow, Action: !Ref A, Resource: '*'}\n",
        ),
        ("other.toml", "restricted = \"sqs:*\"\n"),
        ("wrong.toml", "restrict = \"sqs:*\"\n"),
    ]);
    let inner = folder.path().join("a/b");
    assert_eq!(run(&inner, &["check", "trail.json"]).code, 1);
    assert_eq!(
        run(&inner, &["check", "trail.json", "--restricted", "sqs:*"]).code,
        0
    );
    assert_eq!(
        run(
            &inner,
            &["check", "trail.json", "--config", "../../other.toml"]
        )
        .code,
        0
    );
    assert_eq!(run(&inner, &["check", "../unknown.yaml"]).code, 0);
    let ran = run(
        &inner,
        &["check", "trail.json", "--config", "../../wrong.toml"],
    );
    assert_eq!(ran.code, 2);
    assert!(ran.diagnostics.contains("restrict"), "{}", ran.diagnostics);
    let elsewhere = tempfile::tempdir().unwrap();
    let ran = run(elsewhere.path(), &["check", "-"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.diagnostics.contains("--restricted"),
        "{}",
        ran.diagnostics
    );
}
