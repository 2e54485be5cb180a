//! The corpus of trust policies in `testdata/trust`.
#![expect(
    clippy::panic,
    reason = "what goes wrong in a helper fails the test that called it"
)]

use iam_policy::{ExternalPrincipal, Who, judge_trust};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    why: String,
    /// The document, or a string that holds its text.
    document: Box<RawValue>,
    #[serde(default = "own_account")]
    own: String,
    #[serde(default)]
    trusted: String,
    expected: Vec<String>,
}

fn own_account() -> String {
    "111122223333".to_owned()
}

fn cases() -> Vec<Case> {
    let lines = include_str!("../testdata/trust/cases.jsonl").lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}")))
        .collect()
}

/// The principal as the corpus spells it.
fn spelled(principal: &ExternalPrincipal) -> String {
    let who = match &principal.who {
        Who::Everybody => "everybody".to_owned(),
        Who::EverybodyElse => "everybody else".to_owned(),
        Who::EverybodyAt { provider } => format!("everybody at {provider}"),
        Who::EverybodyBy { service } => format!("everybody by {service}"),
        Who::OwnOrganization => "own organization".to_owned(),
        Who::Organization { id } => format!("organization {id}"),
        Who::Account { account } => format!("account {account}"),
        Who::Principal { arn } => arn.clone(),
        Who::Provider { arn } => format!("provider {arn}"),
        Who::Unclear { element, principal } => format!("unclear {element} {principal}"),
        Who::Unreadable { .. } => "unreadable".to_owned(),
        other => panic!("{other:?} has no spelling"),
    };
    let mut conditions = principal.conditions.join(", ");
    if principal.more_conditions > 0 {
        conditions += &format!(", and {} more", principal.more_conditions);
    }
    [
        principal.statement.map(|index| (index + 1).to_string()),
        Some(who),
        principal.sid.as_deref().map(|sid| format!("Sid {sid}")),
        Some(conditions)
            .filter(|it| !it.is_empty())
            .map(|it| format!("({it})")),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join(" ")
}

#[test]
fn who_may_come_in() {
    let cases = cases();
    assert!(cases.len() >= 280, "only {} cases", cases.len());
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let text = case.document.get();
            let text = serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned());
            let found = judge_trust(&text, &case.own, &case.trusted.parse().unwrap());
            let spelled: Vec<String> = found.shown().iter().map(spelled).collect();
            (spelled != case.expected || found.more() > 0).then(|| {
                format!(
                    "{}: {spelled:#?}, {:#?} was expected",
                    case.why, case.expected
                )
            })
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn no_case_stands_twice() {
    let mut cases = cases();
    cases.sort_by(|a, b| a.why.cmp(&b.why));
    for pair in cases.windows(2) {
        assert_ne!(pair[0].why, pair[1].why);
        let same = pair[0].document.get() == pair[1].document.get();
        assert!(!same || pair[0].trusted != pair[1].trusted);
    }
}
