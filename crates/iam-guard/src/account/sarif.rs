//! SARIF 2.1.0.

use std::collections::HashMap;
use std::io::{self, Write};

use iam_account::{Account, Gap, Principal, Verdict};
use iam_policy::Response;
use serde_json::{Value, json};

use super::Place;
use super::report::{extent, lacking, listed, response, responses, suffix};
use crate::printable::printable;
use crate::report::sarif::{log, uri};

/// Identifier, level and description of each rule. Code scanning keeps results by these
/// identifiers, so they stay as they are.
const RULES: [(&str, &str, &str); 5] = [
    (
        "restricted-holder",
        "error",
        "A user, group or role holds an action that the restricted list names.",
    ),
    (
        "conditional-holder",
        "warning",
        "A user, group or role holds an action that the restricted list names, under conditions or for some resources.",
    ),
    (
        "unknown-holder",
        "warning",
        "A policy of a user, group or role is not in the answer or cannot be read.",
    ),
    (
        "incomplete-answer",
        "warning",
        "The answer of GetAccountAuthorizationDetails is incomplete.",
    ),
    (
        "reported-holder",
        "warning",
        "A user, group or role holds, or may hold, an action that only the report list names.",
    ),
];

pub(super) fn write(
    account: &Account,
    files: &[String],
    places: &HashMap<Box<str>, Place>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let principals = account.principals().iter();
    let responses = responses(account);
    let held = principals.filter_map(|it| {
        let response = response(account, &responses, it);
        let rule = match it.verdict() {
            Verdict::No => return None,
            Verdict::Unknown => 2,
            Verdict::Maybe | Verdict::Yes if response == Some(Response::Report) => 4,
            Verdict::Maybe => 1,
            Verdict::Yes => 0,
        };
        let place = places.get(it.arn());
        let place = place.and_then(|(file, line)| Some((files.get(*file)?, *line)));
        Some(result(
            rule,
            place,
            &(message(account, it) + &suffix(response)),
        ))
    });
    let first = files.first().map(|file| (file, 1));
    let gaps = account.gaps().iter().map(Gap::to_string);
    let gaps = gaps.map(|gap| result(3, first, &format!("the answer is incomplete: {gap}")));
    let results: Vec<Value> = held.chain(gaps).collect();
    log(&RULES, &results, out)
}

/// A sentence without a full stop.
fn message(account: &Account, principal: &Principal) -> String {
    let holdings = account.holdings(principal);
    let (kind, name) = (principal.kind(), principal.name());
    if principal.verdict() == Verdict::Unknown {
        return format!(
            "the {kind} `{name}` has policies that are not in the answer or cannot be read: {}",
            listed(&lacking(account, principal), 6)
        );
    }
    let mut patterns = holdings.sure();
    patterns.extend(holdings.maybe());
    let policies: Vec<String> = holdings
        .through()
        .iter()
        .map(|it| it.policy.to_string())
        .collect();
    format!(
        "the {kind} `{name}` holds {} ({}) by {}",
        extent(principal),
        listed(&patterns, 6),
        listed(&policies, 6)
    )
}

fn result(rule: usize, place: Option<(&String, usize)>, message: &str) -> Value {
    let (id, level, _) = RULES.get(rule).copied().unwrap_or_default();
    let locations: Vec<Value> = place
        .into_iter()
        .map(|(file, line)| {
            json!({"physicalLocation": {
                "artifactLocation": {"uri": uri(file)},
                "region": {"startLine": line},
            }})
        })
        .collect();
    json!({
        "ruleId": id,
        "ruleIndex": rule,
        "level": level,
        "message": {"text": printable(message)},
        "locations": locations,
    })
}
