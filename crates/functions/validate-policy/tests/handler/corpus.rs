//! The engine's corpus through the handler: each policy gets the verdict that the corpus expects.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use iam_model::{Account, Iam};
use iam_policy::RestrictedActions;
use incident::message::{Response, VerdictResult};
use serde::Deserialize;

use crate::support::{call, judged, rules, verdict_of};

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
    let path: PathBuf = [
        env!("CARGO_MANIFEST_DIR"),
        "../../iam-policy/testdata",
        relative,
    ]
    .iter()
    .collect();
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_document_under_every_list() {
    let corpus: Corpus = serde_json::from_str(&read("corpus.json")).unwrap();
    let mut rules = rules();
    let mut count = 0;
    for case in &corpus.policies {
        // IAM can hold documents that it would refuse today.
        let iam = Iam::new(Account::unchecked());
        let document = read(&format!("policies/{}", case.file));
        let parameters = [("PolicyName", "app"), ("PolicyDocument", &*document)];
        let event = call(&iam, "CreatePolicy", &parameters);
        for (name, list) in &corpus.lists {
            rules.restricted = list.parse::<RestrictedActions>().unwrap();
            let verdict = verdict_of(judged(&rules, &iam, &event, false).unwrap());
            // A document that cannot be read violates every list.
            let expected = case.expected.as_ref();
            let (action, result) = if expected.is_some_and(|expected| expected[name].is_empty()) {
                (Response::None, VerdictResult::Clean)
            } else {
                (Response::Contain, VerdictResult::Restricted)
            };
            assert_eq!(
                (
                    verdict.response,
                    verdict.result,
                    verdict.restricted.is_empty()
                ),
                (action, result, result == VerdictResult::Clean),
                "{} under list {name}",
                case.file
            );
            count += 1;
        }
    }
    assert!(count >= 500, "only {count} verdicts");
}
