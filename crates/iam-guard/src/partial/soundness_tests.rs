//! A verdict on a document with unknown parts holds for all values of these parts.

use iam_policy::{RestrictedActions, judge};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// The names of the unknown parts, and the values that they can have.
const HOLES: [&str; 3] = ["${A}", "${B}", "${C}"];
const VALUES: [&str; 16] = [
    "",
    "*",
    "?",
    "s3",
    "s3:",
    "s3:*",
    "sqs",
    "Delete",
    "DeleteBucket",
    "s3:DeleteBucket",
    "Get",
    "Bucket",
    "Allow",
    "Deny",
    "s3:Get*",
    "arn:x",
];

fn part() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        3 => select(HOLES.to_vec()),
        3 => select(vec!["s3:", "Delete", "Bucket", "Get", "*", "?"]),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => proptest::collection::vec(part(), 1..4).prop_map(|parts| parts.concat()),
        2 => select(vec!["s3:DeleteBucket", "s3:*", "s3:Get*", "sqs:*", "*"]).prop_map(str::to_owned),
        1 => part().prop_map(|part| format!("s3:{part}")),
    ]
}

fn statement() -> impl Strategy<Value = String> {
    let effect = select(vec!["Allow", "Allow", "Deny", "Deny", "${A}", "${B}"]);
    let element = select(vec!["Action", "Action", "NotAction"]);
    let resource = select(vec!["*", "*", "arn:x", "${A}", "${C}*", "arn:${B}"]);
    let rest = select(vec![
        "",
        "",
        r#","Condition":{}"#,
        r#","Condition":{"Bool":{"a":"${A}"}}"#,
    ]);
    let entries = proptest::collection::vec(text(), 1..4);
    (effect, element, entries, resource, rest).prop_map(
        |(effect, element, entries, resource, rest)| {
            let entries = entries.join("\",\"");
            format!(
                r#"{{"Effect":"{effect}","{element}":["{entries}"],"Resource":"{resource}"{rest}}}"#
            )
        },
    )
}

fn document() -> impl Strategy<Value = String> {
    let statements = proptest::collection::vec(statement(), 1..4);
    statements.prop_map(|statements| format!(r#"{{"Statement":[{}]}}"#, statements.join(",")))
}

/// The document as a text with unknown holes.
fn item(document: &str) -> Item {
    let mut pieces = vec![Piece::Known(document.to_owned())];
    for hole in HOLES {
        pieces = pieces
            .into_iter()
            .flat_map(|piece| match piece {
                Piece::Known(text) => {
                    let mut split = Vec::new();
                    for (at, part) in text.split(hole).enumerate() {
                        if at > 0 {
                            split.push(Piece::Hole(hole.to_owned()));
                        }
                        split.push(Piece::Known(part.to_owned()));
                    }
                    split
                }
                hole @ Piece::Hole(_) => vec![hole],
            })
            .collect();
    }
    Item {
        shape: Shape::Text(pieces),
        span: 0..0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_verdict_holds_for_all_values_of_the_unknown_parts(document in document()) {
        let restricted: RestrictedActions = "s3:DeleteBucket".parse().unwrap();
        let item = item(&document);
        let assessment = judge_partial(&[], |_| Some(item.clone()), &restricted).unwrap();
        for a in VALUES {
            for b in VALUES {
                for c in ["*", "", "Delete", "s3:DeleteBucket"] {
                    let known = document.replace("${A}", a).replace("${B}", b).replace("${C}", c);
                    let judgement = judge(&known, &restricted);
                    // A document that IAM refuses grants nothing.
                    if judgement.document().is_err() {
                        continue;
                    }
                    let expected = if judgement.is_clean() { Verdict::Clean } else { Verdict::Restricted };
                    prop_assert!(
                        assessment.verdict == Verdict::Unknown || assessment.verdict == expected,
                        "{:?}, but {} is {:?}", assessment.verdict, known, expected
                    );
                }
            }
        }
    }
}
