//! Properties of all trust policies: exactly the callers that a slow model of IAM admits are
//! reported.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a helper fails the test that called it"
)]

mod iam;

use iam::{Caller, OWN, admits, callers};
use iam_policy::{ExternalPrincipal, Truncated, TrustedAccounts, Who, judge_trust};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

const GITHUB: &str = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
const PROVIDER: &str = "arn:aws:iam::999988887777:saml-provider/p";

fn judged(document: &Value) -> Truncated<ExternalPrincipal> {
    let trusted: TrustedAccounts = "222233334444".parse().unwrap();
    judge_trust(&document.to_string(), OWN, &trusted)
}

/// Returns true if the report covers the caller.
fn covers(who: &Who, caller: &Caller) -> bool {
    match who {
        Who::Everybody | Who::EverybodyElse | Who::Unclear { .. } | Who::Unreadable { .. } => true,
        Who::EverybodyAt { provider } => caller.issuer == Some(provider.as_str()),
        // The first organization is that of the role's account.
        Who::OwnOrganization => caller.organization == Some("o-1111111111"),
        Who::Organization { id } => caller.organization == Some(id.as_str()),
        Who::Account { account } => caller.account == Some(account.as_str()),
        Who::Principal { arn } => caller.arn.is_some_and(|it| iam::like(arn, it)),
        Who::Provider { arn } => caller.provider == Some(arn.as_str()),
        other => panic!("{other:?}"),
    }
}

/// Returns true if the wide report includes the narrow one, or may: organizations include accounts.
fn includes(wide: &Who, narrow: &Who) -> bool {
    match (wide, narrow) {
        (Who::Everybody | Who::EverybodyElse, _) => true,
        (
            Who::Organization { .. } | Who::OwnOrganization,
            Who::Account { .. } | Who::Principal { .. },
        )
        | (Who::OwnOrganization, Who::Organization { .. })
        | (Who::Organization { .. }, Who::OwnOrganization) => true,
        (Who::Account { account }, Who::Principal { arn }) => arn.contains(account.as_str()),
        _ => wide == narrow,
    }
}

/// Checks that the policy after a change reports no principal that the one before does not.
fn adds_no_principal(before: &Value, after: &Value) -> Result<(), TestCaseError> {
    let (before, external) = (judged(before), judged(after));
    for principal in external.shown() {
        let mut before = before.shown().iter();
        let is_reported = before.any(|it| includes(&it.who, &principal.who));
        prop_assert!(is_reported, "{principal} by {after}");
    }
    Ok(())
}

fn principal() -> impl Strategy<Value = Value> {
    let aws = select(vec![
        "*",
        "111122223333",
        "arn:aws:iam::222233334444:root",
        "999988887777",
        "arn:aws:iam::999988887777:root",
        "arn:aws:iam::999988887777:role/ci",
        "arn:aws:iam::555566667777:user/eve",
        "AIDAIOSFODNN7EXAMPLE",
    ]);
    let entries = proptest::collection::vec(aws, 1..3);
    let federated = select(vec![GITHUB, PROVIDER]);
    prop_oneof![
        3 => Just(json!("*")),
        4 => entries.clone().prop_map(|entries| json!({"AWS": entries})),
        3 => federated.clone().prop_map(|provider| json!({"Federated": provider})),
        1 => Just(json!({"Service": "ec2.amazonaws.com"})),
        1 => (entries, federated).prop_map(|(entries, provider)| json!({
            "AWS": entries, "Federated": [provider], "Service": "lambda.amazonaws.com",
        })),
    ]
}

fn actions() -> impl Strategy<Value = (&'static str, Value)> {
    let patterns = select(vec![
        json!("sts:AssumeRole"),
        json!("STS:assumerole"),
        json!("sts:AssumeRole*"),
        json!("sts:*"),
        json!("*"),
        json!("sts:AssumeRoleWithWebIdentity"),
        json!(["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:TagSession"]),
        json!("s?s:Assume*"),
        json!("sts:TagSession"),
    ]);
    (
        select(vec!["Action", "Action", "Action", "NotAction"]),
        patterns,
    )
}

/// An operator and a key with its values; some values match some callers.
fn condition() -> impl Strategy<Value = (String, String, Value)> {
    let operators = select(vec![
        "StringEquals",
        "StringEquals",
        "StringLike",
        "StringNotEquals",
        "StringNotLike",
        "StringEqualsIfExists",
        "StringNotEqualsIfExists",
        "ForAnyValue:StringLike",
        "ForAllValues:StringEquals",
        "ForAllValues:StringNotLike",
        "ForAnyValue:StringNotEquals",
        "ArnLike",
        "ArnNotLike",
        "StringUnheardOf",
    ]);
    let keyed = |key: &'static str, values: Vec<&'static str>| {
        proptest::collection::vec(select(values), 1..3).prop_map(move |values| (key, values))
    };
    let keys = prop_oneof![
        3 => keyed("aws:PrincipalAccount", vec!["111122223333", "222233334444", "999988887777", "555566667777", "9999*", "*", "${aws:PrincipalAccount}"]),
        3 => keyed("aws:PrincipalOrgID", vec!["o-1111111111", "o-2222222222", "o-*"]),
        1 => keyed("aws:PrincipalOrgPaths", vec!["o-1111111111/*", "o-2222222222/r-1/", "*"]),
        2 => keyed("aws:PrincipalArn", vec!["arn:aws:iam::111122223333:role/*", "arn:aws:iam::999988887777:role/ci", "arn:aws:iam::*:user/*", "arn:*:role/ci"]),
        1 => keyed("aws:SourceAccount", vec!["111122223333", "999988887777"]),
        1 => keyed("aws:principalisawsservice", vec!["true", "false"]),
        1 => keyed("sts:ExternalId", vec!["42", "43"]),
        3 => keyed("token.actions.githubusercontent.com:sub", vec!["repo:octo/a:ref:refs/heads/main", "repo:octo/*", "repo:*", "repo:octo*", "*"]),
        1 => keyed("token.actions.githubusercontent.com:aud", vec!["sts.amazonaws.com"]),
        1 => keyed("AWS:PRINCIPALACCOUNT", vec!["111122223333", "999988887777"]),
    ];
    let spared = (
        "BoolIfExists".to_owned(),
        "aws:PrincipalIsAWSService".to_owned(),
        json!(["false"]),
    );
    prop_oneof![
        12 => (operators, keys).prop_map(|(operator, (key, values))| {
            (operator.to_owned(), key.to_owned(), json!(values))
        }),
        1 => Just(spared),
    ]
}

/// Adds a condition, unless the operator has its key already.
fn add(statement: &mut Value, (operator, key, values): (String, String, Value)) {
    let keys = &mut statement["Condition"][operator];
    let is_new = keys
        .as_object()
        .is_none_or(|keys| !keys.keys().any(|other| other.eq_ignore_ascii_case(&key)));
    if is_new {
        keys[key] = values;
    }
}

prop_compose! {
    fn statement(effect: &'static str)(
        effect in if effect.is_empty() { select(vec!["Allow", "Allow", "Allow", "Deny"]) } else { select(vec![effect]) },
        not in prop::bool::weighted(0.05),
        principal in principal(),
        (action, patterns) in actions(),
        conditions in proptest::collection::vec(condition(), 0..3),
    ) -> Value {
        // Most `Deny` statements are for all principals, because others have no effect on the
        // report.
        let principal = if effect == "Deny" && conditions.len() < 2 { json!("*") } else { principal };
        let mut statement = json!({"Effect": effect, action: patterns});
        statement[if not { "NotPrincipal" } else { "Principal" }] = principal;
        for condition in conditions {
            add(&mut statement, condition);
        }
        statement
    }
}

fn document() -> impl Strategy<Value = Value> {
    proptest::collection::vec(statement(""), 1..5)
        .prop_map(|statements| json!({"Version": "2012-10-17", "Statement": statements}))
}

/// The reported principals and their conditions, in a fixed order.
fn sorted(document: &Value) -> Vec<(String, Vec<String>)> {
    let external = judged(document).into_shown().into_iter();
    let mut reported: Vec<_> = external
        .map(|it| (it.who.to_string(), it.conditions.to_vec()))
        .collect();
    reported.sort();
    reported
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_caller_that_gets_in_is_reported(document in document()) {
        let external = judged(&document);
        prop_assert_eq!(external.more(), 0);
        for caller in callers().iter().filter(|caller| caller.is_outside) {
            if admits(&document, caller) {
                let is_reported = external.shown().iter().any(|it| covers(&it.who, caller));
                prop_assert!(is_reported, "{caller:?} comes in");
            }
        }
    }

    /// For one statement with a condition that is read: every report without a condition names a
    /// caller that gets in.
    #[test]
    fn a_report_without_a_condition_names_a_caller_that_gets_in(
        mut statement in statement("Allow"),
        one in proptest::option::of(select(vec![
            ("aws:PrincipalAccount", "999988887777"),
            ("aws:PrincipalAccount", "111122223333"),
            ("aws:PrincipalOrgID", "o-1111111111"),
            ("aws:PrincipalOrgID", "o-2222222222"),
        ])),
    ) {
        // The principals in a `NotPrincipal` are not read.
        prop_assume!(statement.get("NotPrincipal").is_none());
        // The meaning of a wildcard before the colon is undocumented.
        prop_assume!(statement.get("NotAction") != Some(&json!("s?s:Assume*")));
        statement.as_object_mut().unwrap().remove("Condition");
        if let Some((key, value)) = one {
            let operator = "StringEquals".to_owned();
            add(&mut statement, (operator, key.to_owned(), json!([value])));
        }
        let callers = callers();
        // The accounts and organizations of callers without AWS credentials are unknown.
        let has_account = |caller: &&Caller| caller.account.is_some();
        let is_for_accounts = callers.iter().filter(has_account).any(|it| iam::speaks_of(&statement, it));
        prop_assume!(is_for_accounts || statement.get("Condition").is_none());
        let document = json!({"Version": "2012-10-17", "Statement": statement});
        // So are these keys for identities of a provider.
        let is_on_accounts = document.to_string().to_lowercase().contains("\"aws:");
        for principal in judged(&document).shown() {
            let is_ambiguous = match &principal.who {
                Who::Unclear { .. } => true,
                Who::EverybodyAt { .. } | Who::Provider { .. } => is_on_accounts,
                _ => false,
            };
            if is_ambiguous || !principal.conditions.is_empty() {
                continue;
            }
            let mut covered = callers.iter().filter(|it| it.is_outside && covers(&principal.who, it));
            prop_assert!(covered.any(|caller| admits(&document, caller)), "{principal} by {document}");
        }
    }

    #[test]
    fn a_condition_adds_no_principal(document in document(), at in any::<prop::sample::Index>(), one in condition()) {
        let mut narrower = document.clone();
        let statements = narrower["Statement"].as_array_mut().unwrap();
        let at = at.index(statements.len());
        let statement = &mut statements[at];
        // A condition on a `Deny` admits more.
        if statement["Effect"] == "Allow" {
            add(statement, one);
        }
        adds_no_principal(&document, &narrower)?;
    }

    #[test]
    fn a_deny_adds_no_principal(document in document(), one in statement("Deny"), at in any::<prop::sample::Index>()) {
        let mut narrower = document.clone();
        let statements = narrower["Statement"].as_array_mut().unwrap();
        statements.insert(at.index(statements.len() + 1), one);
        adds_no_principal(&document, &narrower)?;
    }

    #[test]
    fn the_order_of_statements_changes_nothing(document in document(), by in 0..5_usize) {
        let mut other = document.clone();
        let statements = other["Statement"].as_array_mut().unwrap();
        let by = by % statements.len();
        statements.rotate_left(by);
        prop_assert_eq!(sorted(&document), sorted(&other));
    }

    #[test]
    fn every_text_is_judged(
        document in document(),
        cut in any::<prop::sample::Index>(),
        put in "\\PC{0,3}|[\"{}\\[\\]:,*]",
        text in "\\PC{0,40}",
    ) {
        let trusted = TrustedAccounts::default();
        prop_assert_eq!(judge_trust(&text, OWN, &trusted).total(), 1, "no text is a policy");
        let mut document = document.to_string();
        let places: Vec<usize> = document.char_indices().map(|(at, _)| at).collect();
        let at = places[cut.index(places.len())];
        document.replace_range(at..=at, &put);
        let external = judge_trust(&document, OWN, &trusted);
        prop_assert!(external.shown().len() <= 20);
        for principal in external.shown() {
            let json = serde_json::to_string(principal).unwrap();
            prop_assert_eq!(&serde_json::from_str::<ExternalPrincipal>(&json).unwrap(), principal);
            prop_assert!(!principal.to_string().contains('\n'));
        }
    }
}
