//! The bounds of the work and of the reports that a document can cause.
#![expect(
    clippy::unwrap_used,
    reason = "what goes wrong in a helper fails the test that called it"
)]

use iam_policy::{Judgement, Quota, Remediation, RestrictedActions, Truncated, judge};
use serde::{Deserialize, Serialize};

/// A document that a search found to take long, and its restricted list.
#[derive(Deserialize)]
struct Case {
    name: String,
    list: RestrictedActions,
    quota: usize,
    document: String,
}

fn worst() -> Vec<Case> {
    include_str!("../testdata/worst.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn the_worst_documents_found_stay_within_the_budget() {
    for case in worst() {
        let judgement = judge(&case.document, &case.list);
        assert!(!judgement.is_clean(), "{}", case.name);
        let steps = judgement.steps();
        assert!(steps <= Judgement::MAX_STEPS, "{}: {steps}", case.name);
        let remediation = judgement.remediate(Quota::characters(case.quota));
        let steps = remediation.steps();
        assert!(steps <= Remediation::MAX_STEPS, "{}: {steps}", case.name);
        let result = judge(remediation.document(), &case.list);
        assert!(result.is_clean(), "{}", case.name);
    }
}

#[test]
fn a_truncated_list_fits_and_counts_the_rest() {
    #[track_caller]
    fn fits<T: Serialize>(name: &str, truncated: &Truncated<T>, limit: usize, total: usize) {
        let size = serde_json::to_string(truncated.shown()).unwrap().len();
        assert!(
            size <= limit.max("[]".len()),
            "{name}: {size} bytes of {limit}"
        );
        assert_eq!(truncated.total(), total, "{name}");
    }
    for case in worst() {
        let judgement = judge(&case.document, &case.list);
        let total = judgement.findings(usize::MAX).total();
        let remediation = judgement.remediate(Quota::characters(case.quota));
        let (edits, losses) = (remediation.edits(), remediation.losses());
        for limit in [0, 100, 1_000, 10_000] {
            fits(&case.name, &judgement.findings(limit), limit, total);
            fits(
                &case.name,
                &Truncated::within(limit, edits),
                limit,
                edits.len(),
            );
            fits(
                &case.name,
                &Truncated::within(limit, losses),
                limit,
                losses.len(),
            );
        }
    }
}
