//! The engine's corpus through the handler: as the document of a `CreatePolicy` record, each policy gets the verdict that the engine's corpus expects.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "in a test a panic is the report"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use iam_policy::RestrictedActions;
use incident::ExecutionArn;
use incident::judgement::{ExemptPrincipals, Mode, Rules};
use incident::message::{JudgeRequest, Verdict, VerdictAction, VerdictResult};
use lambda_kit::FailureName;
use serde::Deserialize;
use serde_json::{Value, json};
use validate_policy::handle;

#[derive(Deserialize)]
struct Corpus {
    lists: BTreeMap<String, String>,
    policies: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    file: String,
    expected: Option<BTreeMap<String, Vec<usize>>>,
}

fn read(relative: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../..", relative]
        .iter()
        .collect();
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn verdict(document: &str, restricted: &str) -> Verdict {
    let mut event: Value = serde_json::from_str(&read("../events/create-policy.json")).unwrap();
    event["detail"]["requestParameters"]["policyDocument"] = json!(document);
    let rules = Rules {
        restricted: RestrictedActions::parse(restricted).unwrap(),
        mode: Mode::Enforce,
        exempt: ExemptPrincipals::default(),
    };
    handle(&rules, &request(event)).unwrap()
}

fn request(event: Value) -> JudgeRequest {
    JudgeRequest {
        execution: ExecutionArn::parse("arn:aws:states:us-east-1:111122223333:execution:m:e")
            .unwrap(),
        event,
        waited: false,
    }
}

#[test]
fn every_document_under_every_list() {
    let corpus: Corpus = serde_json::from_str(&read("iam-policy/testdata/corpus.json")).unwrap();
    let mut judged = 0;
    for case in &corpus.policies {
        let document = read(&format!("iam-policy/testdata/policies/{}", case.file));
        for (name, list) in &corpus.lists {
            let verdict = verdict(&document, list);
            // A document that cannot be read violates every list.
            let clean = case
                .expected
                .as_ref()
                .is_some_and(|expected| expected[name].is_empty());
            let action = if clean {
                VerdictAction::Alert
            } else {
                VerdictAction::Remedy
            };
            assert_eq!(verdict.action, action, "{} under list {name}", case.file);
            assert_eq!(
                verdict.findings.is_empty(),
                clean,
                "{} under list {name}",
                case.file
            );
            assert_eq!(
                verdict.result == VerdictResult::Clean,
                clean,
                "{} under list {name}",
                case.file
            );
            assert_eq!(
                verdict.mail.is_some(),
                clean,
                "only a clean change is told at once"
            );
            judged += 1;
        }
    }
    assert!(judged >= 500, "only {judged} verdicts");
}

#[test]
fn a_record_without_a_document_is_never_taken_for_clean() {
    let event = serde_json::from_str(&read("../events/set-default-policy-version.json")).unwrap();
    let rules = Rules {
        restricted: RestrictedActions::parse("s3:DeleteBucket").unwrap(),
        mode: Mode::Enforce,
        exempt: ExemptPrincipals::default(),
    };
    let error = handle(&rules, &request(event)).unwrap_err();
    assert_eq!(error.name(), FailureName::RecordMalformed);
    assert!(error.to_string().contains("has no document"), "{error}");
}
