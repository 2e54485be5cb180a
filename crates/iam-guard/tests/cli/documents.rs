//! Policy documents and other files.

use std::path::Path;

use iam_policy::{RestrictedActions, judge};
use serde_json::Value;

use crate::support::{allow, check, folder, run, run_args, run_with};

const STANDARD_INPUT: &str = "check - --restricted s3:DeleteBucket --format json";

/// The files of the corpus that IAM accepts as no policy. The engine takes them for restricted, the
/// command says that they are no policies.
const NO_DOCUMENTS: [&str; 3] = [
    "malformed-no-statement.json",
    "malformed-not-an-object.json",
    "malformed-truncated.json",
];

/// The verdict of the command is that of the engine.
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
        let ran = run_args(corpus.join("policies"), &arguments, b"");
        assert_eq!(ran.code, 1, "{}", ran.diagnostics);
        let lines = ran.lines();
        let is_judged = |policy: &&Value| !NO_DOCUMENTS.contains(&policy["file"].as_str().unwrap());
        let judged: Vec<&Value> = policies.iter().filter(is_judged).collect();
        assert_eq!(lines.len(), judged.len());
        for file in NO_DOCUMENTS {
            ran.has_diagnostic(&format!("error: {file}: "));
        }
        for (line, policy) in lines.iter().zip(judged) {
            let file = policy["file"].as_str().unwrap();
            assert_eq!(line["file"], file);
            let text = std::fs::read_to_string(corpus.join("policies").join(file)).unwrap();
            let expected = if judge(&text, &restricted).is_clean() {
                "clean"
            } else {
                "restricted"
            };
            assert_eq!(line["verdict"], expected, "{file} under {list_name}");
            // The corpus has its own verdicts, so the engine is not only compared with itself.
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
fn a_document_that_cannot_be_read_may_grant_anything() {
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep = format!("{{\"Statement\": {nested}}}");
    let clean = allow("s3:GetObject");
    let number = clean.replace("\"2012-10-17\"", "1e999999");
    let surrogate = clean.replace("\"Effect\"", "\"Sid\": \"\\ud800\", \"Effect\"");
    let unreadable = clean.replace("\"Action\"", "\"Actions\"");
    for text in [&deep, &number, &surrogate, &unreadable] {
        let ran = check("policy.json", text);
        assert_eq!(ran.code, 1, "{:.80}", text);
        ran.has_verdicts(&[("policy.json", "restricted")]);
        assert_eq!(ran.lines()[0]["findings"][0]["kind"], "unreadable");
    }
    assert_eq!(check("policy.json", &clean).code, 0);
    // IAM accepts none of these.
    for (text, problem) in [
        ("", "the file is empty"),
        (" \n", "the file is empty"),
        ("null", "this is neither a policy document"),
        ("[]", "this is neither a policy document"),
        ("{}", "this is neither a policy document"),
        (
            "{",
            "line 1: EOF while parsing an object; the file is not JSON",
        ),
        (clean.get(..40).unwrap(), "the file is not JSON"),
    ] {
        let ran = check("policy.json", text);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{text}");
        ran.has_diagnostic(problem);
    }
    let encoded = "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3AGet*%22%2C%22Resource%22%3A%22*%22%7D%7D";
    assert_eq!(check("policy", encoded).code, 0);
}

#[test]
fn only_utf_8_without_a_mark_is_clean() {
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
        let ran = run_with(".", STANDARD_INPUT, &bytes);
        ran.has_verdicts(&[("standard input", "restricted")]);
    }
    let wide: Vec<u8> = "\u{feff}{\"Resources\": {\"A\": {\"Type\": \"AWS::S3::Bucket\"}}}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let ran = run_with(".", "check - --restricted s3:*", &wide);
    assert_eq!(ran.code, 0, "{}", ran.out);
}

#[test]
fn standard_input_is_one_document() {
    let ran = run_with(".", STANDARD_INPUT, allow("s3:*").as_bytes());
    assert_eq!(ran.code, 1);
    assert_eq!(ran.lines()[0]["file"], "-");
    let template = "Resources:\n  A:\n    Type: AWS::IAM::Policy\n    Properties: {PolicyDocument: {Statement: {Effect: Allow, Action: 's3:*', Resource: '*'}}}\n";
    let ran = run_with(".", STANDARD_INPUT, template.as_bytes());
    ran.has_verdicts(&[("A", "restricted")]);
}

#[test]
fn only_files_about_permissions_are_read_in_a_folder() {
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
        (
            "a/answer.json",
            r#"{"Policy": {"Arn": "arn:aws:iam::111122223333:policy/a", "DefaultVersionId": "v1"}}"#,
        ),
        ("a/notes.txt", &policy),
        ("a/.hidden/policy.json", &policy),
        ("a/node_modules/x/policy.json", &policy),
        (
            "a/b/clean.yml",
            "Statement: {Effect: Allow, Action: 's3:Get*', Resource: '*'}\n",
        ),
    ]);
    let check = |files: &str| {
        let arguments = format!("check {files} --restricted s3:DeleteBucket --format json");
        run(&folder, &arguments)
    };
    let ran = check("a");
    assert_eq!(ran.code, 1);
    let expected = [("clean.yml", "clean"), ("policy.json", "restricted")];
    ran.has_verdicts(&expected);
    // A file that says what it is and cannot be read is an error, whoever named it.
    let problem = "broken.json: line 1: EOF while parsing a string; the file is not JSON, although it looks like a policy document";
    ran.has_diagnostic(problem);
    let ran = check("a/broken.json --skip-others");
    assert_eq!(ran.code, 2);
    ran.has_diagnostic(problem);
    // A named file is a document, unless other files may be named.
    assert_eq!(check("a/package.json").code, 1);
    let ran = check("a/package.json a/list.yaml --skip-others");
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    // A trust policy is never listed.
    let ran = check("a/trust.json");
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    assert_eq!(check("a/bucket.json").code, 0);
    let ran = run(&folder, "check a --restricted s3:DeleteBucket");
    let last = "Files: 2 policy documents, 1 trust policy, 1 resource-based policy, 4 files without policies, 1 file that cannot be read\n";
    assert!(ran.out.ends_with(last), "{}", ran.out);
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
    for (arguments, code, has_diagnostics) in [
        ("clean.json", 0, false),
        ("clean.json unknown.yaml", 2, false),
        ("clean.json unknown.yaml --allow-unknown", 0, false),
        ("unknown.yaml restricted.json", 1, false),
        ("nothing-there.json restricted.json", 1, true),
        ("nothing-there.json clean.json", 2, true),
        ("nothing-there.json --allow-unknown", 2, true),
        ("broken.yaml", 2, true),
        ("main.tf", 2, true),
        ("clean.json --nonsense", 2, true),
    ] {
        let ran = run(
            &folder,
            &format!("check --restricted s3:DeleteBucket {arguments}"),
        );
        assert_eq!(
            ran.code, code,
            "{arguments}: {}{}",
            ran.out, ran.diagnostics
        );
        assert_eq!(
            !ran.diagnostics.is_empty(),
            has_diagnostics,
            "{arguments} {}",
            ran.diagnostics
        );
    }
    let ran = run(&folder, "check main.tf --restricted s3:*");
    ran.has_diagnostic("terraform show -json");
    for list in ["", "s3", "@nothing"] {
        let ran = run_args(&folder, &["check", "clean.json", "--restricted", list], b"");
        assert_eq!(ran.code, 2, "{list}");
        assert!(ran.diagnostics.starts_with("error: "), "{ran:?}");
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
    for (arguments, code) in [
        ("check trail.json", 1),
        ("check trail.json --restricted sqs:*", 0),
        ("check trail.json --config ../../other.toml", 0),
        ("check ../unknown.yaml", 0),
    ] {
        assert_eq!(run(&inner, arguments).code, code, "{arguments}");
    }
    let ran = run(&inner, "check trail.json --config ../../wrong.toml");
    assert_eq!(ran.code, 2);
    ran.has_diagnostic("restrict");
    let ran = run(tempfile::tempdir().unwrap(), "check -");
    assert_eq!(ran.code, 2);
    ran.has_diagnostic("--restricted");
}
