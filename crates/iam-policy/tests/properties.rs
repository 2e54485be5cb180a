//! Properties of all documents: verdicts agree with a slow model of the rules, and remediations are
//! exact.
#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "what goes wrong in a helper fails the test that called it"
)]

mod known;

use std::str::FromStr;

use iam_policy::{
    ActionPattern, Effect, Element, Finding, Loss, PolicyDocument, Quota, Response,
    RestrictedActions, Statement, judge, remediate,
};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// All findings, however many.
fn findings(text: &str, restricted: &RestrictedActions) -> Vec<Finding> {
    judge(text, restricted).findings(usize::MAX).into_shown()
}

/// The known actions of a few services, some with prefixes that begin alike.
fn known() -> Vec<String> {
    ["s3:*", "s3express:*", "sts:*", "sqs:*", "kms:*"]
        .iter()
        .flat_map(|service| known::named_by(&ActionPattern::from_str(service).unwrap()))
        .collect()
}

/// The obvious matcher, on text.
fn names(pattern: &str, action: &str) -> bool {
    fn fits(pattern: &[u8], action: &[u8]) -> bool {
        match (pattern.split_first(), action.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), next) => {
                fits(rest, action)
                    || next.is_some_and(|(c, behind)| *c != b':' && fits(pattern, behind))
            }
            (Some((b'?', rest)), Some((c, behind))) => *c != b':' && fits(rest, behind),
            (Some((own, rest)), Some((c, behind))) => {
                own.eq_ignore_ascii_case(c) && fits(rest, behind)
            }
            _ => false,
        }
    }
    pattern == "*" || fits(pattern.as_bytes(), action.as_bytes())
}

fn list(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many
            .iter()
            .map(|entry| entry.as_str().unwrap().to_owned())
            .collect(),
        _ => Vec::new(),
    }
}

/// Returns true if a statement applies to the action.
fn speaks_of(statement: &Value, action: &str) -> bool {
    let named = |key: &str| {
        list(&statement[key])
            .iter()
            .any(|pattern| names(pattern, action))
    };
    if statement.get("Action").is_some() {
        named("Action")
    } else {
        !named("NotAction")
    }
}

fn is_denied(document: &Value, action: &str) -> bool {
    document["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .any(|statement| {
            statement["Effect"] == "Deny"
                && list(&statement["Resource"]).contains(&"*".to_owned())
                && statement
                    .get("Condition")
                    .is_none_or(|condition| *condition == json!({}))
                && speaks_of(statement, action)
        })
}

fn is_restricted(restricted: &RestrictedActions, action: &str) -> bool {
    restricted
        .patterns()
        .iter()
        .any(|pattern| names(pattern.as_str(), action))
}

/// A known action, or a pattern made from one.
fn pattern() -> impl Strategy<Value = String> {
    (
        select(known()),
        0..12_u8,
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
    )
        .prop_map(|(action, kind, one, other)| {
            let (service, name) = action.split_once(':').unwrap();
            let (from, to) = (one.index(name.len()), other.index(name.len()));
            let (from, to) = (from.min(to), from.max(to));
            match kind {
                0 => format!("{service}:*"),
                1 => format!("{service}:{}*", &name[..from]),
                2 => format!("{service}:*{}", &name[from..]),
                3 => format!("{service}:{}*{}", &name[..from], &name[to..]),
                4 => format!("{service}:{}?{}", &name[..from], &name[from + 1..]),
                5 => format!("{service}:*{}*", &name[from..to]),
                6 => action.to_uppercase(),
                7 => format!("{service}:{}", "?".repeat(name.len())),
                8 => format!("{service}:{}?*", &name[..from]),
                _ => action,
            }
        })
}

fn entries() -> impl Strategy<Value = Value> {
    let listed = proptest::collection::vec(
        prop_oneof![20 => pattern(), 1 => Just("*".to_owned())],
        1..6,
    );
    prop_oneof![
        pattern().prop_map(Value::from),
        listed.prop_map(|entries| json!(entries))
    ]
}

prop_compose! {
    fn statement()(
        allow in prop::bool::weighted(0.75),
        negated in prop::bool::weighted(0.2),
        entries in entries(),
        resource in select(vec![json!("*"), json!(["arn:aws:s3:::b", "*"]), json!("arn:aws:s3:::b/*")]),
        condition in select(vec![None, None, None, Some(json!({})), Some(json!({"Bool": {"aws:SecureTransport": true}}))]),
    ) -> Value {
        let mut statement = json!({
            "Effect": if allow { "Allow" } else { "Deny" },
            if negated { "NotAction" } else { "Action" }: entries,
            "Resource": resource,
        });
        if let Some(condition) = condition {
            statement["Condition"] = condition;
        }
        statement
    }
}

/// A document whose statements have a `Sid` each, which identifies them after the remediation.
fn document() -> impl Strategy<Value = Value> {
    proptest::collection::vec(statement(), 1..5).prop_map(|mut statements| {
        for (index, statement) in statements.iter_mut().enumerate() {
            statement["Sid"] = json!(format!("S{index}"));
        }
        json!({"Version": "2012-10-17", "Statement": statements})
    })
}

fn restricted() -> impl Strategy<Value = RestrictedActions> {
    proptest::collection::vec(pattern(), 1..5)
        .prop_map(|patterns| RestrictedActions::from_str(&patterns.join(",")).unwrap())
}

fn by_sid<'d>(document: &'d PolicyDocument, sid: &str) -> Option<&'d Statement> {
    document
        .statements()
        .iter()
        .find(|statement| statement.sid() == Some(sid))
}

fn grants(statement: Option<&Statement>, action: &str) -> bool {
    statement.is_some_and(|statement| {
        statement
            .patterns()
            .iter()
            .any(|pattern| pattern.matches(action))
            != statement.is_negated()
    })
}

fn admits(losses: &[Loss], statement: usize, action: &str) -> bool {
    losses.iter().any(|loss| {
        loss.statement == statement
            && (loss.element == Element::NotAction
                || loss
                    .patterns
                    .iter()
                    .any(|pattern| names(pattern.as_str(), action)))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn verdicts_agree_with_the_rules(document in document(), restricted in restricted()) {
        let findings = findings(&document.to_string(), &restricted);
        let known = known();
        for (index, statement) in document["Statement"].as_array().unwrap().iter().enumerate() {
            let of_statement: Vec<_> = findings.iter().filter(|finding| finding.statement() == Some(index)).collect();
            let violates = |action: &str| {
                statement["Effect"] == "Allow"
                    && speaks_of(statement, action)
                    && is_restricted(&restricted, action)
                    && !is_denied(&document, action)
            };
            if let Some(action) = known.iter().find(|action| violates(action)) {
                prop_assert!(!of_statement.is_empty(), "statement {index} grants {action}");
            }
            for finding in of_statement {
                let Finding::Grant(grant) = finding else { panic!("{finding}") };
                if let Some(total) = grant.total {
                    prop_assert_eq!(total == 0, grant.examples.is_empty());
                }
                let examples = grant.examples.iter().map(String::as_str);
                for action in examples.chain(grant.future_example.as_deref()) {
                    prop_assert!(violates(action), "{action}: {finding}");
                    let is_met = |pattern: &ActionPattern| names(pattern.as_str(), action);
                    prop_assert!(grant.restricted.iter().any(is_met), "{action}: {finding}");
                }
            }
        }
    }

    #[test]
    fn remediation_takes_exactly_the_restricted_grants(
        document in document(),
        restricted in restricted(),
        quota in prop_oneof![Just(6_144_usize), 200..3_000_usize],
    ) {
        let text = document.to_string();
        let before = PolicyDocument::from_str(&text).unwrap();
        let remediation = remediate(&text, &restricted, Quota::characters(quota));
        let after = PolicyDocument::from_str(remediation.document()).unwrap();

        // Clean, stable, and no larger than allowed.
        prop_assert!(judge(remediation.document(), &restricted).is_clean());
        let again = remediate(remediation.document(), &restricted, Quota::characters(quota));
        prop_assert_eq!((again.document(), again.is_changed()), (remediation.document(), false));
        prop_assert!(after.size() <= quota.max(before.size()), "{} characters", after.size());
        prop_assert_eq!(remediation.is_changed(), !judge(&text, &restricted).is_clean());
        prop_assert_eq!(remediation.is_changed(), !remediation.edits().is_empty());

        let known = known();
        for (index, old) in before.statements().iter().enumerate() {
            let new = by_sid(&after, &format!("S{index}"));
            if old.effect() == Effect::Deny {
                let new = new.expect("a `Deny` stays");
                prop_assert!(new.effect() == Effect::Deny && new.patterns() == old.patterns());
                continue;
            }
            for action in &known {
                // No other grant is lost.
                if grants(Some(old), action) && !is_restricted(&restricted, action) {
                    let kept = grants(new, action) || admits(remediation.losses(), index, action);
                    prop_assert!(kept, "{action} was lost: {}", remediation.document());
                }
            }
            // Nothing new is granted, not even unknown actions.
            let Some(new) = new else { continue };
            let everything = old.patterns().iter().any(ActionPattern::is_everything) && !old.is_negated();
            for pattern in new.patterns() {
                if !new.is_negated() {
                    prop_assert!(!old.is_negated() && old.patterns().iter().any(|old| old.covers(pattern)), "{pattern}");
                }
            }
            if new.is_negated() && !everything {
                prop_assert!(old.is_negated() && new.patterns().starts_with(old.patterns()));
            }
            // Entries that are disjoint from the list are kept as written.
            if !everything && !old.is_negated() {
                for pattern in old.patterns() {
                    if !restricted.patterns().iter().any(|other| other.intersects(pattern)) {
                        let text = pattern.as_str();
                        prop_assert!(new.patterns().iter().any(|new| new.as_str() == text), "{text}");
                    }
                }
            }
        }
    }

    #[test]
    fn each_response_is_that_of_its_list(
        document in document(), contain in restricted(), ask in restricted(), report in restricted(),
    ) {
        let text = document.to_string();
        let (contain_list, ask_list, report_list) = (contain.to_string(), ask.to_string(), report.to_string());
        let all = RestrictedActions::of_lists(|response| match response {
            Response::Contain => &contain_list,
            Response::Ask => &ask_list,
            _ => &report_list,
        }).unwrap();
        let alone = [
            (&contain, Response::Contain), (&ask, Response::Ask), (&report, Response::Report),
        ];
        let strictest = alone.into_iter().find(|(list, _)| !judge(&text, list).is_clean());
        prop_assert_eq!(judge(&text, &all).response(), strictest.map(|(_, response)| response));
        for finding in findings(&text, &all) {
            let Finding::Grant(grant) = finding else { panic!("{finding}") };
            let met = |list: &RestrictedActions| {
                grant.restricted.iter().any(|pattern| list.patterns().contains(pattern))
            };
            let (list, _) = alone.into_iter().find(|(_, response)| *response == grant.response).unwrap();
            prop_assert!(grant.more_restricted > 0 || met(list), "{grant:?}");
        }
        // What is only reported stays, and nothing else does.
        let removed = format!("{contain_list},{ask_list}").parse::<RestrictedActions>().unwrap();
        let quota = Quota::characters(6_144);
        let (with, without) = (remediate(&text, &all, quota), remediate(&text, &removed, quota));
        prop_assert_eq!(with.document(), without.document());
        let stays = judge(with.document(), &all).response();
        prop_assert!(stays.is_none_or(|response| response == Response::Report), "{stays:?}");
    }

    #[test]
    fn letter_case_and_list_of_one_change_nothing(document in document(), restricted in restricted()) {
        let mut other = document.clone();
        for statement in other["Statement"].as_array_mut().unwrap() {
            for key in ["Action", "NotAction"] {
                if statement.get(key).is_some() {
                    let upper: Vec<String> = list(&statement[key]).iter().map(|entry| entry.to_uppercase()).collect();
                    statement[key] = json!(upper);
                }
            }
        }
        let places = |document: &Value| -> Vec<_> {
            findings(&document.to_string(), &restricted).iter().map(Finding::statement).collect()
        };
        prop_assert_eq!(places(&document), places(&other));
        let parse = |document: &Value| PolicyDocument::from_str(&document.to_string()).unwrap();
        prop_assert!(parse(&document).is_equivalent(&parse(&other)));
    }
}
