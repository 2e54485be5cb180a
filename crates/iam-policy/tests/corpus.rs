//! The corpus in `testdata`, judged and remediated under each of its lists.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what goes wrong in a helper fails the test that called it"
)]

mod known;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::str::FromStr;

use iam_policy::{
    ActionPattern, Finding, GRANTS_NOTHING, PolicyDocument, Quota, RestrictedActions, judge,
    remediate,
};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Corpus {
    lists: BTreeMap<String, String>,
    policies: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    file: String,
    why: String,
    expected: Option<BTreeMap<String, Vec<usize>>>,
    #[serde(default)]
    expected_known: BTreeMap<String, Vec<usize>>,
    #[serde(default)]
    known_actions: BTreeMap<String, Known>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Known {
    Names(Vec<String>),
    Number(usize),
}

struct Judged {
    case: Case,
    list: String,
    text: String,
    restricted: RestrictedActions,
}

/// Every document under every list.
fn corpus() -> Vec<Judged> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let read = |path: &Path| {
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let lists = serde_json::from_str::<Corpus>(&read(&folder.join("corpus.json")))
        .unwrap()
        .lists;
    let judged: Vec<Judged> = lists
        .iter()
        .flat_map(|(name, list)| {
            let corpus: Corpus = serde_json::from_str(&read(&folder.join("corpus.json"))).unwrap();
            let restricted = RestrictedActions::from_str(list).unwrap();
            let folder = &folder;
            corpus.policies.into_iter().map(move |case| Judged {
                text: read(&folder.join("policies").join(&case.file)),
                case,
                list: name.clone(),
                restricted: restricted.clone(),
            })
        })
        .collect();
    assert_eq!(judged.len(), 550, "110 documents under 5 lists");
    judged
}

fn check_all(check: impl Fn(&Case, &str, &str, &RestrictedActions) -> Result<(), TestCaseError>) {
    let mut failures = Vec::new();
    for Judged {
        case,
        list,
        text,
        restricted,
    } in corpus()
    {
        if let Err(failure) = check(&case, &list, &text, &restricted) {
            failures.push(format!(
                "{} under {list} ({}): {failure}",
                case.file, case.why
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// All findings, however many.
fn findings(text: &str, restricted: &RestrictedActions) -> Vec<Finding> {
    judge(text, restricted).findings(usize::MAX).into_shown()
}

#[test]
fn verdicts() {
    check_all(|case, list, text, restricted| {
        let findings = findings(text, restricted);
        let Some(expected) = &case.expected else {
            let is_unreadable = matches!(findings.as_slice(), [Finding::Unreadable { .. }]);
            prop_assert!(is_unreadable, "{findings:?}");
            return Ok(());
        };
        let mut violating: Vec<Option<usize>> = findings.iter().map(Finding::statement).collect();
        violating.dedup();
        let expected: Vec<Option<usize>> = expected[list].iter().copied().map(Some).collect();
        prop_assert_eq!(violating, expected, "{:#?}", findings);
        Ok(())
    });
}

#[test]
#[cfg_attr(not(feature = "catalogue"), ignore = "the known actions are left out")]
fn verdicts_on_known_actions() {
    check_all(|case, list, text, restricted| {
        let expected = case.expected.as_ref().map(|expected| &expected[list]);
        let Some(expected) = case.expected_known.get(list).or(expected) else {
            return Ok(());
        };
        let findings = findings(text, restricted);
        let mut violating: Vec<usize> = findings
            .iter()
            .filter_map(|finding| match finding {
                Finding::Grant(grant) if !grant.is_future_only() => Some(grant.statement),
                _ => None,
            })
            .collect();
        violating.dedup();
        prop_assert_eq!(&violating, expected);
        Ok(())
    });
}

#[test]
#[cfg_attr(not(feature = "catalogue"), ignore = "the known actions are left out")]
fn known_actions_affected() {
    check_all(|case, list, text, restricted| {
        let mut examples = Vec::new();
        let mut total = 0;
        for finding in findings(text, restricted) {
            if let Finding::Grant(grant) = finding {
                total = total.max(grant.total.unwrap());
                examples.extend(grant.examples.to_vec());
            }
        }
        examples.sort();
        examples.dedup();
        match case.known_actions.get(list) {
            Some(Known::Names(names)) => prop_assert_eq!(&examples, names),
            // A finding counts the actions of one pair of patterns, the corpus those of the
            // whole document.
            Some(Known::Number(number)) => {
                prop_assert!(
                    (1..=*number).contains(&total),
                    "{total} of {number} actions"
                );
            }
            None => prop_assert!(examples.is_empty(), "{examples:?}"),
        }
        Ok(())
    });
}

#[test]
fn remediations() {
    // All actions of the services that the lists name, and some actions of the others.
    let services = "s3 iam sts kms ec2 organizations dynamodb".split(' ');
    let mut all = known::named_by(&ActionPattern::from_str("*").unwrap());
    let mut at = 0..;
    all.retain(|action| {
        let is_named = services
            .clone()
            .any(|it| action.split(':').next() == Some(it));
        at.next().unwrap() % 20 == 0 || is_named
    });
    let granted = |text: &str| -> HashSet<&String> {
        let document = PolicyDocument::from_str(text).unwrap();
        let allows: Vec<_> = document
            .statements()
            .iter()
            .filter(|s| s.effect() == iam_policy::Effect::Allow)
            .collect();
        all.iter()
            .filter(|action| {
                allows
                    .iter()
                    .any(|s| s.patterns().iter().any(|p| p.matches(action)) != s.is_negated())
            })
            .collect()
    };
    check_all(|case, list, text, restricted| {
        let remediation = remediate(text, restricted, Quota::MANAGED);
        let document = remediation.document();
        prop_assert!(judge(document, restricted).is_clean(), "{document}");
        let again = remediate(document, restricted, Quota::MANAGED);
        prop_assert_eq!((again.document(), again.is_changed()), (document, false));
        let Some(expected) = &case.expected else {
            prop_assert_eq!(document, GRANTS_NOTHING);
            return Ok(());
        };
        prop_assert_eq!(
            remediation.is_changed(),
            !expected[list].is_empty(),
            "{:?}",
            remediation.edits()
        );
        if remediation.is_changed() && remediation.losses().is_empty() {
            let after = granted(document);
            let is_restricted = |action: &str| {
                restricted
                    .patterns()
                    .iter()
                    .any(|pattern| pattern.matches(action))
            };
            let lost = granted(text).into_iter();
            let mut lost = lost.filter(|action| !after.contains(*action) && !is_restricted(action));
            prop_assert_eq!(lost.next(), None, "{}", document);
        }
        Ok(())
    });
}
