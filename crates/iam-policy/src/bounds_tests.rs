//! Properties that hold however early the budget is spent.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::judgement::Violation;
use crate::{Judgement, LossCause, PolicyDocument, Quota, RestrictedActions, judge};

fn pattern() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "(s3|sqs|iam):[DdGP?*][eat?*]{0,3}[sleu*?]{0,3}(Bucket|Queue|Role|\\*)?",
        2 => select(vec!["s3:DeleteBucket", "sqs:DeleteQueue", "iam:PassRole", "s3:*", "iam:*"]).prop_map(str::to_owned),
        1 => Just("*".to_owned()),
    ]
}

prop_compose! {
    fn statement()(
        allow in prop::bool::weighted(0.7),
        negated in prop::bool::weighted(0.2),
        entries in proptest::collection::vec(pattern(), 1..6),
    ) -> Value {
        json!({
            "Effect": if allow { "Allow" } else { "Deny" },
            if negated { "NotAction" } else { "Action" }: entries,
            "Resource": "*",
        })
    }
}

fn document() -> impl Strategy<Value = String> {
    proptest::collection::vec(statement(), 1..5).prop_map(|statements| {
        json!({"Version": "2012-10-17", "Statement": statements}).to_string()
    })
}

fn restricted() -> impl Strategy<Value = RestrictedActions> {
    proptest::collection::vec(pattern(), 1..5)
        .prop_map(|patterns| patterns.join(",").parse().unwrap())
}

/// Every restricted pattern that is met: statement, and index in the list.
fn met(judgement: &Judgement<'_>) -> Vec<(usize, usize)> {
    let of = |violation: &Violation| -> Vec<(usize, usize)> {
        let met = violation.met().iter();
        met.map(|index| (violation.statement, *index)).collect()
    };
    judgement.violations().iter().flat_map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_small_budget_hides_no_violation(
        document in document(),
        restricted in restricted(),
        steps in prop_oneof![0..500_u64, 0..20_000_u64],
    ) {
        let all = met(&judge(&document, &restricted));
        let judgement = Judgement::within(document.parse(), &restricted, steps);
        let found = met(&judgement);
        prop_assert!(judgement.steps() <= steps);
        for violation in all {
            prop_assert!(found.contains(&violation), "{violation:?} in {found:?}");
        }
        // What was not decided is removed.
        let remediation = judgement.remediate(Quota::MANAGED);
        prop_assert!(judge(remediation.document(), &restricted).is_clean());
    }

    #[test]
    fn a_small_budget_costs_losses_only(
        document in document(),
        restricted in restricted(),
        steps in prop_oneof![0..500_u64, 0..50_000_u64],
    ) {
        let judgement = judge(&document, &restricted);
        let full = judgement.remediate(Quota::MANAGED);
        let small = judgement.remediate_within(Quota::MANAGED, steps);
        prop_assert!(judge(small.document(), &restricted).is_clean());
        prop_assert_eq!(full.is_changed(), small.is_changed());
        if small.document() != full.document() {
            let is_of_budget = |loss: &crate::Loss| loss.cause == LossCause::Budget;
            prop_assert!(small.losses().iter().any(is_of_budget), "{}", small.document());
        }
        let before: PolicyDocument = document.parse().unwrap();
        let after: PolicyDocument = small.document().parse().unwrap();
        prop_assert!(after.size() <= before.size().max(Quota::MANAGED.limit()));
    }
}
