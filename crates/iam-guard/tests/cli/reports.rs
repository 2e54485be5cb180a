//! Text, SARIF and annotations.

use serde_json::{Value, json};

use crate::support::{allow, folder, run, run_args};

const UNKNOWN: &str = "Statement: {Effect: Allow, Action: !Ref A, Resource: '*'}\n";

fn report(format: &str) -> String {
    let wide = "{\n  \"Statement\": {\n    \"Sid\": \"Storage\",\n    \"Effect\": \"Allow\",\n    \"Action\": [\"s3:Get*\", \"s3:Del*\"],\n    \"Resource\": \"*\"\n  }\n}\n";
    let attached = json!({"format_version": "1.2", "resource_changes": [
        {"address": "aws_iam_role_policy_attachment.a", "type": "aws_iam_role_policy_attachment",
         "change": {"after": {"policy_arn": "arn:aws:iam::aws:policy/NewerAccess"}}},
        {"address": "aws_iam_policy.b", "type": "aws_iam_policy", "change": {"after": {"policy": allow("s3:DeleteBucket")}}},
    ]});
    let files = [
        ("wide policy.json", wide),
        ("unknown.yaml", UNKNOWN),
        (
            "no.json",
            r#"{"Statement": [{"Effect": "Allow", "Actions": "s3:*"}]}"#,
        ),
        ("empty.json", r#"{"Statement": []}"#),
        ("plan.json", &attached.to_string()),
        ("odd.json", &allow("s3:Delete\u{e9}")),
    ];
    let folder = folder(&files);
    let mut arguments = vec![
        "check",
        "--restricted",
        "s3:DeleteBucket",
        "--format",
        format,
    ];
    arguments.extend(files.iter().map(|(name, _)| *name));
    let ran = run_args(&folder, &arguments, b"");
    assert_eq!(ran.code, 1, "{}", ran.diagnostics);
    assert_eq!(ran.diagnostics, "");
    ran.out
}

#[test]
fn text_shows_the_lines_that_grant() {
    let text = report("text");
    let excerpt = "\
error: `wide policy.json` grants restricted actions
 --> wide policy.json:5:27
  |
5 |     \"Action\": [\"s3:Get*\", \"s3:Del*\"],
  |                           ^^^^^^^^^ Action `s3:Del*` grants `s3:DeleteBucket`, restricted by `s3:DeleteBucket`
";
    assert!(text.starts_with(excerpt), "{text}");
    for part in [
        "warning: `unknown.yaml` may grant restricted actions",
        "error: `no.json` cannot be read as a policy document",
        "error: `aws_iam_policy.b` grants restricted actions\n --> plan.json:1:",
        "note: `aws_iam_role_policy_attachment.a` is not judged: attaches the AWS managed policy `NewerAccess`, which was not known on 2026-10-27; give its document with --managed-policies",
        "6 policies: 5 restricted, 1 not known, 0 clean; 1 not judged. Restricted: s3:DeleteBucket",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "colours in a file");
}

fn sarif_validator() -> jsonschema::Validator {
    let schema = include_str!("../../testdata/sarif-schema-2.1.0.json");
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
}

#[test]
fn sarif_is_valid_and_every_result_has_a_line() {
    let validator = sarif_validator();
    let sarif: Value = serde_json::from_str(&report("sarif")).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&sarif)
        .map(|it| it.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let mut rules = Vec::new();
    for result in results {
        let location = &result["locations"][0]["physicalLocation"];
        assert!(
            location["region"]["startLine"].as_u64() >= Some(1),
            "{result}"
        );
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        let rule = &sarif["runs"][0]["tool"]["driver"]["rules"][index];
        assert_eq!(rule["id"], result["ruleId"]);
        assert_eq!(rule["defaultConfiguration"]["level"], result["level"]);
        rules.push(result["ruleId"].as_str().unwrap());
    }
    assert_eq!(
        rules,
        [
            "restricted-grant",
            "unknown-value",
            "unreadable-document",
            "unreadable-document",
            "restricted-grant",
            "not-judged",
            "doubtful-action"
        ]
    );
    let location = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "wide%20policy.json");
    assert_eq!(location["region"]["startLine"], 5);
    // The validator can fail.
    let mut wrong = sarif.clone();
    wrong["runs"][0]["results"][0]["level"] = json!("fatal");
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn annotations_are_on_one_line_each() {
    let text = report("github");
    let first = text.lines().next().unwrap();
    assert_eq!(
        first,
        "::error file=wide policy.json,line=5,col=27,title=wide policy.json::statement 1 (`Storage`): Action `s3:Del*` grants `s3:DeleteBucket`, restricted by `s3:DeleteBucket`"
    );
    assert!(text.lines().all(|line| line.starts_with("::")), "{text}");
    assert!(
        text.contains("::warning file=unknown.yaml,line=1,"),
        "{text}"
    );
    assert!(text.contains("::notice file=plan.json,"), "{text}");
}

#[test]
fn a_sarif_file_without_results_is_valid() {
    let folder = folder(&[("clean.json", &allow("s3:GetObject"))]);
    let ran = run(
        &folder,
        "check clean.json --restricted s3:DeleteBucket --format sarif",
    );
    let sarif: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(sarif_validator().is_valid(&sarif));
    assert_eq!(ran.code, 0);
}
