//! The differences without the catalogue: examples, and how far wildcards are narrowed.
#![cfg(not(feature = "catalogue"))]
#![expect(
    clippy::unwrap_used,
    reason = "what goes wrong in a helper fails the test that called it"
)]

use iam_policy::{Finding, Quota, RestrictedActions, judge, remediate, remove_everything};

fn restricted(list: &str) -> RestrictedActions {
    list.parse().unwrap()
}

/// All findings, however many.
fn findings(text: &str, restricted: &RestrictedActions) -> Vec<Finding> {
    judge(text, restricted).findings(usize::MAX).into_shown()
}

fn allow(actions: &str) -> String {
    format!(r#"{{"Statement":{{"Effect":"Allow","Action":{actions},"Resource":"*"}}}}"#)
}

#[test]
fn findings_name_actions_that_a_pattern_spells_out() {
    for (actions, list, sentence) in [
        (
            r#""s3:*""#,
            "s3:DeleteBucket",
            "statement 1: Action `s3:*` grants `s3:DeleteBucket`, restricted by `s3:DeleteBucket`",
        ),
        (
            r#""s3:DeleteBucket""#,
            "s3:*",
            "statement 1: Action `s3:DeleteBucket` grants `s3:DeleteBucket`, restricted by `s3:*`",
        ),
        (
            r#""s3:DeleteBucket""#,
            "s3:deletebucket",
            "statement 1: Action `s3:DeleteBucket` is restricted",
        ),
        (
            r#""s3:*Bucket""#,
            "s3:Delete*",
            "statement 1: Action `s3:*Bucket` grants actions, such as `s3:deletebucket`, restricted by `s3:Delete*`",
        ),
    ] {
        let findings = findings(&allow(actions), &restricted(list));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].to_string(), sentence);
    }
    let json = serde_json::to_string(&findings(&allow(r#""s3:*""#), &restricted("s3:*"))).unwrap();
    assert!(!json.contains("total"), "{json}");
}

#[test]
fn a_list_has_no_warnings() {
    assert_eq!(restricted("s3:DeleteBuckets").warnings(), []);
}

#[test]
fn wildcards_are_narrowed_as_far_as_patterns_tell() {
    for (actions, list, document, sentences) in [
        (
            r#"["s3:DeleteBucket*","s3:Get*"]"#,
            "s3:DeleteBucket",
            allow(r#"["s3:DeleteBucket?*","s3:Get*"]"#),
            vec![
                "statement 1: Action `s3:DeleteBucket*` was replaced by `s3:DeleteBucket?*`, because it granted what is restricted by `s3:DeleteBucket`",
            ],
        ),
        (
            r#"["s3:*","s3:Get*"]"#,
            "s3:DeleteBucket",
            allow(r#"["s3:Get*"]"#),
            vec![
                "statement 1: Action `s3:*` was taken out, because it cannot be narrowed without a list of known actions",
                "statement 1: Action `s3:*` could not be narrowed without a list of known actions, so other actions that it granted may be gone as well",
            ],
        ),
    ] {
        let remediation = remediate(&allow(actions), &restricted(list), Quota::MANAGED);
        assert_eq!(remediation.document(), document);
        let edits = remediation.edits().iter().map(ToString::to_string);
        let losses = remediation.losses().iter().map(ToString::to_string);
        assert_eq!(edits.chain(losses).collect::<Vec<_>>(), sentences);
    }
}

#[test]
fn a_document_taken_out_whole_reports_what_may_be_lost() {
    let totals = |actions: &str, list: &str| -> Vec<Option<usize>> {
        let remediation = remove_everything(&allow(actions), &restricted(list), "so it was");
        remediation.losses().iter().map(|loss| loss.total).collect()
    };
    assert_eq!(totals(r#"["s3:*","s3:Get"]"#, "s3:Delete*"), [None]);
    assert_eq!(
        totals(r#"["s3:DeleteA*","s3:Get"]"#, "s3:Delete*"),
        [Some(1)]
    );
    assert_eq!(totals(r#""s3:DeleteA""#, "s3:Delete*"), []);
}
