//! A verdict on a document with unknown parts holds for all values of these parts.

use iam_policy::{Response, RestrictedActions, judge};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// The names of the unknown parts, and the values that they can have. `${C}` is a choice, and
/// `${N}` a name.
const HOLES: [&str; 4] = ["${A}", "${B}", "${C}", "${N}"];
const CHOICES: [&str; 4] = ["*", "", "Delete", "s3:DeleteBucket"];
const NAMES: [&str; 2] = ["arn:aws:s3:::a", "a"];
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
    let resource = select(vec![
        "*", "*", "arn:x", "${A}", "${C}", "${C}*", "arn:${B}", "${N}", "${N}*", "${C}${N}",
    ]);
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

/// The document as a text with unknown parts.
fn item(document: &str, choices: &Choices) -> Item {
    let mut pieces = vec![Piece::Known(document.to_owned())];
    for hole in HOLES {
        let part = || match hole {
            "${N}" => Piece::Name(hole.to_owned()),
            "${C}" => match choices.take(hole, CHOICES.len(), || hole.to_owned()) {
                Some(at) => Piece::Known(CHOICES[at].to_owned()),
                None => Piece::Hole(hole.to_owned()),
            },
            _ => Piece::Hole(hole.to_owned()),
        };
        pieces = pieces
            .into_iter()
            .flat_map(|piece| match piece {
                Piece::Known(text) => {
                    let mut split = Vec::new();
                    for (at, known) in text.split(hole).enumerate() {
                        if at > 0 {
                            split.push(part());
                        }
                        split.push(Piece::Known(known.to_owned()));
                    }
                    split
                }
                unknown => vec![unknown],
            })
            .collect();
    }
    Item {
        shape: Shape::Text(pieces),
        span: 0..0,
    }
}

/// The verdict on a document without unknown parts; `None` if IAM refuses it, so that it grants
/// nothing.
fn known_verdict(document: &str, restricted: &RestrictedActions) -> Option<Verdict> {
    let judgement = judge(document, restricted);
    judgement.document().ok()?;
    Some(Verdict::of(judgement.response()))
}

/// The document with each combination of values.
fn filled(document: &str) -> impl Iterator<Item = String> {
    VALUES.iter().flat_map(move |a| {
        VALUES.iter().flat_map(move |b| {
            CHOICES.iter().flat_map(move |c| {
                NAMES.iter().map(move |n| {
                    let document = document.replace("${A}", a).replace("${B}", b);
                    document.replace("${C}", c).replace("${N}", n)
                })
            })
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_verdict_holds_for_all_values_of_the_unknown_parts(
        document in document(), is_open: bool, report in select(vec!["", "", "s3:*", "s3:Get*", "sqs:*"]),
    ) {
        let restricted = RestrictedActions::of_lists(|response| match response {
            Response::Contain => "s3:DeleteBucket",
            Response::Ask => "",
            _ => report,
        }).unwrap();
        let open = Choices::open();
        let evaluated = |choices: &Choices| {
            Some(item(&document, if is_open { &open } else { choices }))
        };
        let assessment = judge_partial(evaluated, &restricted).unwrap();
        for known in filled(&document) {
            if let Some(expected) = known_verdict(&known, &restricted) {
                prop_assert!(
                    assessment.verdict == Verdict::Unknown
                        // What is at most reported counts as reported.
                        || assessment.verdict.joined(expected) == Some(assessment.verdict),
                    "{:?}, but {} is {:?}", assessment.verdict, known, expected
                );
            }
        }
    }
}
