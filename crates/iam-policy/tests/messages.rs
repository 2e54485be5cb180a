//! The messages for administrators: the restricted list, findings, edits and losses, each by
//! example.
#![cfg(feature = "catalogue")]
#![expect(
    clippy::unwrap_used,
    reason = "what goes wrong in a helper fails the test that called it"
)]

mod tables;

use std::str::FromStr;

use iam_policy::{
    ActionPattern, Edit, Finding, Loss, Quota, RestrictedActions, catalogue, judge, remediate,
    remove_everything,
};
use tables::cases;

fn restricted(list: &str) -> RestrictedActions {
    RestrictedActions::from_str(list).unwrap()
}

fn allow(rest: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{rest}}}]}}"#)
}

/// The known actions that the pattern names.
fn known(pattern: &str) -> Vec<String> {
    catalogue::named_by(&ActionPattern::from_str(pattern).unwrap())
}

/// The first names as sentences list them, and how many more there are.
fn shown(names: &[String], first: usize) -> String {
    let listed: Vec<String> = names
        .iter()
        .take(first)
        .map(|name| format!("`{name}`"))
        .collect();
    format!("{} and {} more", listed.join(", "), names.len() - first)
}

/// All findings, however many.
fn findings(text: &str, restricted: &RestrictedActions) -> Vec<Finding> {
    judge(text, restricted).findings(usize::MAX).into_shown()
}

#[test]
fn lists() {
    for case in cases(include_str!("../testdata/tables/lists.txt")) {
        let list = case[0];
        let outcome = match RestrictedActions::from_str(list) {
            Err(error) => vec![format!("error: {error}")],
            Ok(restricted) => {
                assert_eq!(self::restricted(case[1]), restricted);
                let json = serde_json::to_string(&restricted).unwrap();
                assert_eq!(json, format!("\"{restricted}\""));
                let read = serde_json::from_str::<RestrictedActions>(&json).unwrap();
                assert_eq!(read, restricted);
                let warnings = restricted.warnings().into_iter();
                let warnings = warnings.map(|warning| format!("warning: {warning}"));
                std::iter::once(restricted.to_string())
                    .chain(warnings)
                    .collect()
            }
        };
        assert_eq!(outcome, case[1..], "{list}");
    }
    assert_eq!(restricted("iam:PassRole,\n iam:*").to_string(), "iam:*");
}

#[test]
fn findings_in_words() {
    let left = format!(
        "statement 1: NotAction `s3:*,sts:*` leaves granted {}, restricted by `iam:*Role` (under a condition)",
        shown(&known("iam:*Role"), 3)
    );
    let negated =
        allow(r#""NotAction":["s3:*","sts:*"],"Resource":"*","Condition":{"Bool":{"a":"b"}}"#);
    let table = cases(include_str!("../testdata/tables/findings.txt"));
    for case in table.chain([vec![negated.as_str(), "iam:*Role", &left]]) {
        let findings = findings(case[0], &restricted(case[1]));
        let sentences: Vec<String> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(sentences, case[2..]);
        let json = serde_json::to_string(&findings).unwrap();
        let read = serde_json::from_str::<Vec<Finding>>(&json).unwrap();
        assert_eq!(read, findings);
    }
}

#[test]
fn a_finding_as_json() {
    let findings = findings(
        &allow(r#""Sid":"S","Action":"s3:Del*","Resource":"*""#),
        &restricted("s3:DeleteBucket"),
    );
    assert_eq!(
        serde_json::to_string(&findings).unwrap(),
        r#"[{"kind":"grant","statement":0,"sid":"S","element":"Action","pattern":"s3:Del*","restricted":"s3:DeleteBucket","examples":["s3:DeleteBucket"],"total":1,"conditional":false,"narrowed":false}]"#
    );
}

#[test]
fn findings_kept_by_an_execution_read_back() {
    for (patterns, list) in [
        ("s3:*,sts:*", vec!["s3:*", "sts:*"]),
        ("*,s3:Get*,*", vec!["*", "s3:Get*", "*"]),
        ("s3:a,b:c", vec!["s3:a", "b:c"]),
        ("s3:a,,b,s3:c,", vec!["s3:a,,b", "s3:c,"]),
        ("", vec![]),
    ] {
        let json = format!(
            r#"{{"kind":"grant","statement":1,"element":"NotAction","pattern":"{patterns}","restricted":"iam:*","examples":["iam:PassRole"],"total":2,"conditional":true,"narrowed":false}}"#
        );
        let finding: Finding = serde_json::from_str(&json).unwrap();
        let Finding::Grant(grant) = &finding else {
            panic!("{finding}")
        };
        let texts: Vec<&str> = grant.patterns.iter().map(ActionPattern::as_str).collect();
        assert_eq!(texts, list);
        assert_eq!(serde_json::to_string(&finding).unwrap(), json);
    }
    let older = r#"{"kind":"doubtful","statement":1,"pattern":"s3:\u00e9"}"#;
    let finding: Finding = serde_json::from_str(older).unwrap();
    assert!(matches!(finding, Finding::Ambiguous(_)));
    let refused = r#"{"kind":"grant","statement":1,"element":"Action","pattern":"b","restricted":"iam:*","examples":[],"total":0,"conditional":true,"narrowed":false}"#;
    assert!(serde_json::from_str::<Finding>(refused).is_err());
}

#[track_caller]
fn remediates(document: &str, list: &str, quota: Quota, expected: &str, sentences: &[&str]) {
    let remediation = remediate(document, &restricted(list), quota);
    assert_eq!(remediation.document(), expected);
    let edits = remediation.edits().iter().map(ToString::to_string);
    let losses = remediation.losses().iter().map(ToString::to_string);
    assert_eq!(edits.chain(losses).collect::<Vec<_>>(), sentences);
    let json = serde_json::to_string(remediation.edits()).unwrap();
    let edits: Vec<Edit> = serde_json::from_str(&json).unwrap();
    assert_eq!(edits, remediation.edits());
    let json = serde_json::to_string(remediation.losses()).unwrap();
    let losses: Vec<Loss> = serde_json::from_str(&json).unwrap();
    assert_eq!(losses, remediation.losses());
}

const NOTHING_LEFT: &str = "one statement that grants nothing replaces those that were taken out, because IAM does not accept a document without a statement";

#[test]
fn remediations() {
    for case in cases(include_str!("../testdata/tables/remediations.txt")) {
        remediates(case[0], case[1], Quota::MANAGED, case[2], &case[3..]);
    }
}

#[test]
fn the_back_of_a_name_is_followed_too() {
    let remediation = remediate(
        &allow(r#""Action":"dynamodb:*","Resource":"*""#),
        &restricted("dynamodb:*Table"),
        Quota::MANAGED,
    );
    assert!(
        remediation.document().contains(r#""dynamodb:*s""#),
        "{}",
        remediation.document()
    );
    assert!(
        remediation.document().len() < 400,
        "{}",
        remediation.document()
    );
}

#[test]
fn wildcards_in_prefixes_are_spelled_out() {
    let remediation = remediate(
        &allow(r#""Action":"*:PassRole","Resource":"*""#),
        &restricted("sts:*"),
        Quota::MANAGED,
    );
    assert!(
        remediation
            .document()
            .contains(r#""Action":"iam:PassRole""#),
        "{}",
        remediation.document()
    );
}

#[test]
fn the_quota_forces_losses() {
    // The widest entry that grew is dropped first.
    let no_room =
        "what it grants beyond the restricted actions does not fit into the size that IAM allows";
    let [gets, describes] = ["ec2:Get*", "ec2:Describe*"].map(known);
    let entries: Vec<&str> = gets.iter().map(String::as_str).chain(["sqs:*"]).collect();
    remediates(
        &allow(r#""Action":["ec2:Get*","ec2:Describe*","sqs:*"],"Resource":"*""#),
        "ec2:*Delete*",
        Quota::characters(4_000),
        &allow(&format!(
            r#""Action":{},"Resource":"*""#,
            serde_json::to_string(&entries).unwrap()
        )),
        &[
            &format!(
                "statement 1: Action `ec2:Get*` was replaced by {}, because it granted what is restricted by `ec2:*Delete*`",
                shown(&gets, 6)
            ),
            &format!("statement 1: Action `ec2:Describe*` was taken out, because {no_room}"),
            &lost("Action `ec2:Describe*`", &describes),
        ],
    );

    // A `NotAction` without room for each action leaves out the service; the statement is dropped
    // if that does not fit either.
    let not_action = allow(r#""NotAction":"iam:*","Resource":"*""#);
    let list = "s3:DeleteBucket,s3:DeleteObject";
    let mut storage = known("s3:*");
    storage.retain(|name| !list.split(',').any(|restricted| restricted == name));
    remediates(
        &not_action,
        list,
        Quota::characters(110),
        &allow(r#""NotAction":["iam:*","s3:*"],"Resource":"*""#),
        &[
            "statement 1: NotAction now also leaves out `s3:*`, because it granted what is restricted by `s3:DeleteBucket`, `s3:DeleteObject`, and naming each does not fit into the size that IAM allows",
            &lost("NotAction `iam:*`", &storage),
        ],
    );
    let mut rest = known("*");
    rest.retain(|name| {
        !name.starts_with("iam:") && !list.split(',').any(|restricted| restricted == name)
    });
    remediates(
        &not_action,
        list,
        Quota::characters(1),
        iam_policy::GRANTS_NOTHING,
        &[
            &format!("statement 1: the statement was taken out, because {no_room}"),
            NOTHING_LEFT,
            &lost("NotAction `iam:*`", &rest),
        ],
    );
}

#[test]
fn a_remediation_as_json() {
    let document = allow(r#""Sid":"S","Action":["sqs:Delete*","sqs:*Queue"],"Resource":"*""#);
    let quota = remediate(
        &document,
        &restricted("sqs:D?leteQueue"),
        Quota::characters(1),
    );
    let whole = remove_everything(&document, &restricted("sqs:*Queue"), "so it was");
    assert_eq!(
        serde_json::to_string(quota.edits()).unwrap(),
        r#"[{"kind":"entryReplaced","statement":0,"sid":"S","element":"Action","before":["sqs:Delete*"],"after":["sqs:DeleteM*"],"why":"it granted what is restricted by `sqs:D?leteQueue`"},{"kind":"entryDropped","statement":0,"sid":"S","element":"Action","before":["sqs:*Queue"],"why":"what it grants beyond the restricted actions does not fit into the size that IAM allows"}]"#
    );
    assert_eq!(
        serde_json::to_string(quota.losses()).unwrap(),
        r#"[{"statement":0,"sid":"S","element":"Action","pattern":"sqs:*Queue","examples":["sqs:CreateQueue","sqs:PurgeQueue","sqs:TagQueue","sqs:UntagQueue"],"total":4}]"#
    );
    assert_eq!(
        serde_json::to_string(whole.losses()).unwrap(),
        r#"[{"statement":0,"sid":"S","element":"Action","pattern":"sqs:Delete*,sqs:*Queue","examples":["sqs:DeleteMessage"],"total":1,"cause":"replaced"}]"#
    );
}

#[test]
fn a_document_taken_out_whole_reports_its_losses() {
    let document = format!(
        r#"{{"Statement":[{},{},{},{}]}}"#,
        r#"{"Effect":"Allow","Action":["sqs:Delete*","sqs:TagQueue"],"Resource":"*"}"#,
        r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#,
        r#"{"Effect":"Allow","Action":"sqs:DeleteQueue","Resource":"*"}"#,
        r#"{"Sid":"Most","Effect":"Allow","NotAction":"sqs:*","Resource":"x"}"#,
    );
    let remediation = remove_everything(&document, &restricted("sqs:DeleteQueue"), "so it was");
    assert_eq!(remediation.document(), iam_policy::GRANTS_NOTHING);
    assert!(remediation.is_changed());
    let others = known("*").len() - known("sqs:*").len();
    let losses = remediation.losses();
    assert_eq!(
        losses[0].to_string(),
        "statement 1: Action `sqs:Delete*,sqs:TagQueue` went with the document, so 2 known actions that are not restricted are gone as well, such as `sqs:DeleteMessage`, `sqs:TagQueue`"
    );
    let counted: Vec<_> = losses
        .iter()
        .map(|loss| (loss.statement, loss.sid.as_deref(), loss.total))
        .collect();
    assert_eq!(
        counted,
        [(0, None, Some(2)), (3, Some("Most"), Some(others))]
    );
    assert!(
        remove_everything("{", &restricted("*"), "")
            .losses()
            .is_empty()
    );
}

fn lost(entry: &str, names: &[String]) -> String {
    format!(
        "statement 1: {entry} could not be narrowed within the size that IAM allows, so {} known actions that are not restricted are gone as well, such as {}",
        names.len(),
        shown(names, 6)
    )
}

#[test]
fn default_restrictions_fit_easily() {
    let list = "s3:DeleteBucket,s3:DeleteObject";
    for entry in [
        "s3:*",
        "s3:Delete*",
        "s3:D*",
        "s3:*Object",
        "s3:*Bucket",
        "s3:*t",
        "s3:?*",
    ] {
        let remediation = remediate(
            &allow(&format!(r#""Action":"{entry}","Resource":"*""#)),
            &restricted(list),
            Quota::MANAGED,
        );
        assert!(
            remediation.document().len() < 700,
            "{entry}: {}",
            remediation.document()
        );
        assert!(remediation.losses().is_empty());
    }
}

#[test]
fn patterns() {
    let pattern = |text: &str| ActionPattern::from_str(text).unwrap();
    assert!(
        pattern("*").is_everything()
            && pattern("*:**").is_everything()
            && !pattern("?*:*").is_everything()
    );
    assert!(pattern("s3:GetObject").is_literal() && !pattern("s3:Get?").is_literal());
    assert!(!pattern("*").matches("no colon") && !pattern("*").matches("a:b:c"));
    assert!(pattern("s3:?").matches("S3:É") && !pattern("s3:e").matches("s3:é"));
    assert_eq!(pattern("s3:*?**?"), pattern("S3:??*"));
    assert_eq!(
        serde_json::from_str::<ActionPattern>(r#""S3:Get*""#).unwrap(),
        pattern("s3:get*")
    );
    assert_eq!(
        serde_json::to_string(&pattern("S3:Get*")).unwrap(),
        r#""S3:Get*""#
    );
    assert!(serde_json::from_str::<ActionPattern>(r#""Get*""#).is_err());
    assert_eq!(
        format!("{:?}", pattern("s3:Get*")),
        "ActionPattern(s3:Get*)"
    );
    assert!(
        pattern("s3:?*").covers(&pattern("s3:*a")) && !pattern("s3:?*").covers(&pattern("s3:*"))
    );
}
