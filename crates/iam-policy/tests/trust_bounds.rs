//! The bounds of the reports that a trust policy can cause, and the longest policies.

use iam_policy::{TrustedAccounts, Who, judge_trust};
use serde_json::{Value, json};

const OWN: &str = "111122223333";

/// The number of characters that IAM accepts.
const LONGEST: usize = 131_072;

fn policy(statements: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn accounts(count: usize) -> Vec<String> {
    (0..count)
        .map(|at| format!("{:012}", 500_000_000_000 + at))
        .collect()
}

#[test]
fn a_long_list_is_truncated_but_never_loses_everybody() {
    let policy = policy(&json!([
        {"Effect": "Allow", "Principal": {"AWS": accounts(100)}, "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1111111111"}}},
        {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": {"AWS": "999988887777"}, "Action": "sts:AssumeRole"},
    ]));
    let external = judge_trust(&policy, OWN, &TrustedAccounts::default());
    assert_eq!((external.shown().len(), external.total()), (20, 103));
    let statements: Vec<_> = external.shown().iter().map(|it| it.statement).collect();
    assert!(statements.is_sorted());
    let broad = |who: &Who| matches!(who, Who::Everybody | Who::Organization { .. });
    assert_eq!(
        external.shown().iter().filter(|it| broad(&it.who)).count(),
        2
    );
}

#[test]
fn a_reported_principal_is_short() {
    let long = "\u{1}x".repeat(200);
    let keys: serde_json::Map<_, _> = (0..9)
        .map(|at| (format!("aws:PrincipalTag/{at}{long}"), json!("x")))
        .collect();
    let statement = json!({
        "Sid": long,
        "Effect": "Allow",
        "Principal": {"AWS": [long, format!("arn:aws:iam::999988887777:role/{long}")], (long.clone()): long},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": keys},
    });
    let external = judge_trust(
        &policy(&json!([statement])),
        OWN,
        &TrustedAccounts::default(),
    );
    assert_eq!(external.total(), 3);
    for principal in external.shown() {
        let size = serde_json::to_string(principal).unwrap().len();
        assert!(size < 3_500, "{size} bytes");
        assert!(!principal.to_string().contains('\u{1}'));
    }
}

#[test]
fn a_document_that_iam_refuses_is_not_read() {
    let open = policy(&json!({"Effect": "Allow", "Principal": "*", "Action": "*"}));
    let who = |text: &str| {
        let external = judge_trust(text, OWN, &TrustedAccounts::default());
        external.shown()[0].who.clone()
    };
    let padded = |length: usize| format!("{open}{}", " ".repeat(length - open.len()));
    assert_eq!(who(&padded(LONGEST)), Who::Everybody);
    assert!(matches!(who(&padded(LONGEST + 1)), Who::Unreadable { .. }));
}

/// Documents that cause much work: each as long as IAM accepts, with one half against the other.
#[test]
fn the_longest_documents_are_judged() {
    let all = || json!({"Effect": "Allow", "Principal": "*", "Action": "*"});
    let deny = |key: &str, operator: &str, values: &[String]| json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Condition": {operator: {key: values}}});
    let half = |statement: &Value| LONGEST / 2 / (statement.to_string().len() + 1);
    let arns: Vec<String> = accounts(1_300)
        .iter()
        .map(|id| format!("arn:aws:iam::{id}:role/ci-{id}"))
        .collect();
    let github: Vec<String> = (0..800)
        .map(|at| format!("arn:aws:iam::{OWN}:oidc-provider/host-{at}.example.com"))
        .collect();
    let keys: serde_json::Map<_, _> = (0..3_000).map(|at| (format!("k{at}"), json!(""))).collect();
    let with = |first: Value, count: usize| {
        let mut statements = vec![first];
        statements.extend((0..count).map(|_| all()));
        json!(statements)
    };
    let documents = [
        (
            "accounts",
            with(
                deny("aws:PrincipalAccount", "StringNotEquals", &accounts(4_200)),
                half(&all()),
            ),
        ),
        (
            "patterns",
            with(deny("aws:PrincipalArn", "ArnNotLike", &arns), half(&all())),
        ),
        (
            "providers",
            json!([{"Effect": "Allow", "Principal": {"Federated": github}, "Action": "*", "Condition": {"StringEquals": keys}}]),
        ),
        (
            "principals",
            json!([{"Effect": "Allow", "Principal": {"AWS": accounts(8_000)}, "Action": "*"}]),
        ),
        (
            "actions",
            json!([{"Effect": "Allow", "Principal": "*", "Action": vec!["sts:*e*e*e*e*e*e*ee"; 5_000]}]),
        ),
    ];
    for (name, statements) in documents {
        let text = policy(&statements);
        assert!(text.len() <= LONGEST, "{name}: {} characters", text.len());
        assert!(
            text.len() > LONGEST / 2,
            "{name}: {} characters",
            text.len()
        );
        let external = judge_trust(&text, OWN, &TrustedAccounts::default());
        assert!(external.shown().len() <= 20, "{name}");
        assert_ne!(
            external
                .shown()
                .first()
                .map(|it| matches!(&it.who, Who::Unreadable { .. })),
            Some(true),
            "{name}"
        );
    }
}
