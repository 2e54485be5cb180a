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

fn check_all(check: impl Fn(&Judged) -> Result<(), String>) {
    let failures: Vec<String> = corpus()
        .iter()
        .filter_map(|judged| {
            let Judged { case, list, .. } = judged;
            check(judged)
                .err()
                .map(|failure| format!("{} under {list} ({}): {failure}", case.file, case.why))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// All findings, however many.
fn findings(text: &str, restricted: &RestrictedActions) -> Vec<Finding> {
    judge(text, restricted).findings(usize::MAX).into_shown()
}

#[test]
fn verdicts() {
    check_all(
        |Judged {
             case,
             list,
             text,
             restricted,
         }| {
            let findings = findings(text, restricted);
            let Some(expected) = &case.expected else {
                return match findings.as_slice() {
                    [Finding::Unreadable { .. }] => Ok(()),
                    _ => Err(format!(
                        "{findings:?}, one unreadable document was expected"
                    )),
                };
            };
            let mut violating: Vec<Option<usize>> =
                findings.iter().map(Finding::statement).collect();
            violating.dedup();
            let expected: Vec<Option<usize>> = expected[list].iter().copied().map(Some).collect();
            if violating == expected {
                Ok(())
            } else {
                Err(format!(
                    "{violating:?}, {expected:?} was expected: {findings:#?}"
                ))
            }
        },
    );
}

#[test]
#[cfg_attr(not(feature = "catalogue"), ignore = "the known actions are left out")]
fn verdicts_on_known_actions() {
    check_all(
        |Judged {
             case,
             list,
             text,
             restricted,
         }| {
            let Some(expected) = case
                .expected_known
                .get(list)
                .or(case.expected.as_ref().map(|expected| &expected[list]))
            else {
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
            if violating == *expected {
                Ok(())
            } else {
                Err(format!("{violating:?}, {expected:?} was expected"))
            }
        },
    );
}

#[test]
#[cfg_attr(not(feature = "catalogue"), ignore = "the known actions are left out")]
fn known_actions_affected() {
    check_all(
        |Judged {
             case,
             list,
             text,
             restricted,
         }| {
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
                Some(Known::Names(names)) if examples == *names => Ok(()),
                // A finding counts the actions of one pair of patterns, the corpus those of the
                // whole document.
                Some(Known::Number(number)) if (1..=*number).contains(&total) => Ok(()),
                None if examples.is_empty() => Ok(()),
                Some(Known::Names(names)) => Err(format!("{examples:?}, {names:?} was expected")),
                Some(Known::Number(number)) => {
                    Err(format!("{total} actions, up to {number} were expected"))
                }
                None => Err(format!("{examples:?}, no known action was expected")),
            }
        },
    );
}

#[test]
fn remediations() {
    // All actions of the services that the lists name, and some actions of the others.
    let named = [
        "s3:",
        "iam:",
        "sts:",
        "kms:",
        "ec2:",
        "organizations:",
        "dynamodb:",
    ];
    let all: Vec<String> = known::named_by(&ActionPattern::from_str("*").unwrap())
        .into_iter()
        .enumerate()
        .filter(|(at, action)| {
            at % 20 == 0 || named.iter().any(|service| action.starts_with(service))
        })
        .map(|(_, action)| action)
        .collect();
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
    check_all(
        |Judged {
             case,
             list,
             text,
             restricted,
         }| {
            let remediation = remediate(text, restricted, Quota::MANAGED);
            let again = remediate(remediation.document(), restricted, Quota::MANAGED);
            if !judge(remediation.document(), restricted).is_clean() {
                return Err(format!("not clean: {}", remediation.document()));
            }
            if again.is_changed() || again.document() != remediation.document() {
                return Err(format!(
                    "{} changes again to {}",
                    remediation.document(),
                    again.document()
                ));
            }
            let Some(expected) = &case.expected else {
                return if remediation.document() == GRANTS_NOTHING {
                    Ok(())
                } else {
                    Err(remediation.document().to_owned())
                };
            };
            if remediation.is_changed() == expected[list].is_empty() {
                return Err(format!(
                    "changed: {}, {:?}",
                    remediation.is_changed(),
                    remediation.edits()
                ));
            }
            if !remediation.is_changed() {
                return Ok(());
            }
            let after = granted(remediation.document());
            let lost = granted(text).into_iter().find(|action| {
                !after.contains(*action)
                    && !restricted
                        .patterns()
                        .iter()
                        .any(|pattern| pattern.matches(action))
            });
            match lost {
                Some(action) if remediation.losses().is_empty() => {
                    Err(format!("lost `{action}`: {}", remediation.document()))
                }
                _ => Ok(()),
            }
        },
    );
}
