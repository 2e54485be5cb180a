//! The messages for administrators: the restricted list, findings, edits and losses, each by
//! example.
#![cfg(feature = "catalogue")]
#![expect(
    clippy::unwrap_used,
    reason = "what goes wrong in a helper fails the test that called it"
)]

use std::str::FromStr;

use iam_policy::{
    ActionPattern, Edit, Finding, Loss, Quota, Remediation, RestrictedActions, catalogue, judge,
    remediate, remove_everything,
};

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
fn lists_in_canonical_form() {
    for (list, canonical) in [
        ("s3:DeleteBucket", "s3:DeleteBucket"),
        (
            " S3:DELETEBUCKET ,s3:deleteobject,, s3:DeleteBucket ",
            "s3:DeleteBucket,s3:DeleteObject",
        ),
        ("iam:PassRole,\n iam:*,iam:Get*", "iam:*"),
        ("s3:?*,s3:Get*", "s3:?*"),
        ("*,s3:Get*", "*"),
        ("s3:Foo", "s3:Foo"),
        (
            "vpc-lattice:associateviaawsservice-eventsandstates",
            "vpc-lattice:AssociateViaAWSService-EventsAndStates",
        ),
    ] {
        assert_eq!(restricted(list).to_string(), canonical, "{list}");
        assert_eq!(restricted(canonical), restricted(list));
        let json = serde_json::to_string(&restricted(list)).unwrap();
        assert_eq!(json, format!("\"{canonical}\""));
        assert_eq!(
            serde_json::from_str::<RestrictedActions>(&json).unwrap(),
            restricted(list)
        );
    }
}

#[test]
fn lists_with_errors() {
    let reading = "reading the list of restricted actions: ";
    for (list, message) in [
        (
            " , ,",
            "the list of restricted actions is empty; name at least one action, as in `s3:DeleteBucket,iam:*`",
        ),
        (
            "s3:Get,DeleteBucket",
            &format!(
                "{reading}`DeleteBucket` is not a valid action: it has no colon; write a service prefix, a colon and a name, as in `s3:GetObject`, or `*` for all"
            ),
        ),
        (
            "s3:a:b",
            &format!(
                "{reading}`s3:a:b` is not a valid action: it has two colons; write one service prefix, one colon and a name, as in `s3:GetObject`"
            ),
        ),
        (
            "s3:Delete Bucket",
            &format!(
                "{reading}`s3:Delete Bucket` has the character ` `; use letters, digits, `-` and the wildcards `*` and `?`, and separate entries by commas"
            ),
        ),
        (
            "s3:",
            &format!(
                "{reading}`s3:` has no name after the colon; write a name, as in `s3:GetObject`, or `*` for the whole service"
            ),
        ),
        (
            "s3:Get*, @escalation",
            &format!(
                "{reading}there is no ready-made list `@escalation`; there are `@privilege-escalation`, `@data-destruction`, `@audit-tampering`, `@credential-exposure`"
            ),
        ),
    ] {
        assert_eq!(
            RestrictedActions::from_str(list).unwrap_err().to_string(),
            message,
            "{list}"
        );
    }
}

#[test]
fn warnings_of_typing_errors() {
    for (list, warning) in [
        (
            "s3:DeleteBuckets",
            Some("`s3:DeleteBuckets` names no action known today; did you mean `s3:DeleteBucket`?"),
        ),
        (
            "s3:Delte*",
            Some(
                "`s3:Delte*` names no action known today; did you mean `s3:DeleteAccessGrant` or `s3:DeleteAccessGrantsInstance` or `s3:DeleteAccessGrantsInstanceResourcePolicy`?",
            ),
        ),
        (
            "iamm:PassRole",
            Some("`iamm:PassRole` names no action known today; did you mean `iam:PassRole`?"),
        ),
        (
            "nosuchservice:DoAnything",
            Some("`nosuchservice:DoAnything` names no action known today"),
        ),
        ("s3:DeleteBucket", None),
        ("s3:*Bucket", None),
        ("*", None),
    ] {
        let warnings = restricted(list).warnings();
        assert_eq!(
            warnings.first().map(ToString::to_string).as_deref(),
            warning,
            "{list}"
        );
    }
}

#[test]
fn findings_in_words() {
    for (document, list, sentence) in [
        (
            allow(r#""Sid":"Storage","Action":["s3:Get*","s3:Del*"],"Resource":"*""#),
            "s3:DeleteBucket",
            "statement 1 (`Storage`): Action `s3:Del*` grants `s3:DeleteBucket`, restricted by `s3:DeleteBucket`",
        ),
        (
            allow(r#""Sid":"","Action":"s3:*","Resource":"arn:aws:s3:::x""#),
            "s3:*AccessGrant",
            "statement 1: Action `s3:*` grants `s3:CreateAccessGrant`, `s3:DeleteAccessGrant`, `s3:GetAccessGrant`, restricted by `s3:*AccessGrant` (on some resources)",
        ),
        (
            allow(r#""NotAction":["s3:*","sts:*"],"Resource":"*","Condition":{"Bool":{"a":"b"}}"#),
            "iam:*Role",
            &format!(
                "statement 1: NotAction `s3:*,sts:*` leaves granted {}, restricted by `iam:*Role` (under a condition)",
                shown(&known("iam:*Role"), 3)
            ),
        ),
        (
            allow(r#""Action":"ec2:Describe*","NotResource":"x","Condition":{"Bool":{}}"#),
            "ec2:*Delete*",
            "statement 1: Action `ec2:Describe*` grants no action known today, but ones that AWS may add, such as `ec2:describedelete`, restricted by `ec2:*Delete*` (on some resources, under a condition)",
        ),
        (
            allow(r#""Action":"zz:*","Resource":"*""#),
            "zz:*",
            "statement 1: Action `zz:*` grants no action known today, but ones that AWS may add, restricted by `zz:*`",
        ),
        (
            "{".to_owned(),
            "s3:*",
            "the document cannot be read, so it may grant anything: the document is not JSON (EOF while parsing an object at line 1 column 1); a policy is one JSON object",
        ),
    ] {
        let findings = findings(&document, &restricted(list));
        assert_eq!(
            findings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [sentence]
        );
        let json = serde_json::to_string(&findings).unwrap();
        assert_eq!(
            serde_json::from_str::<Vec<Finding>>(&json).unwrap(),
            findings
        );
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
fn remediates(
    document: &str,
    list: &str,
    quota: Quota,
    statement: Option<&str>,
    sentences: &[&str],
) -> Remediation {
    let remediation = remediate(document, &restricted(list), quota);
    let expected = match statement {
        Some(statement) => format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#),
        None => iam_policy::GRANTS_NOTHING.to_owned(),
    };
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
    remediation
}

const NOTHING_LEFT: &str = "one statement that grants nothing replaces those that were taken out, because IAM does not accept a document without a statement";

#[test]
fn remediations() {
    remediates(
        &allow(
            r#""Sid":"A","Action":["s3:Get*","s3:DeleteBucket*","s3:DeleteObject"],"Resource":"*""#,
        ),
        "s3:DeleteBucket,s3:DeleteObject",
        Quota::MANAGED,
        Some(
            r#"{"Effect":"Allow","Sid":"A","Action":["s3:Get*","s3:DeleteBucket?*"],"Resource":"*"}"#,
        ),
        &[
            "statement 1 (`A`): Action `s3:DeleteBucket*` was replaced by `s3:DeleteBucket?*`, because it granted what is restricted by `s3:DeleteBucket`",
            "statement 1 (`A`): Action `s3:DeleteObject` was taken out, because it is restricted",
        ],
    );
    remediates(
        &allow(r#""Action":"*","Resource":"x""#),
        "s3:DeleteBucket",
        Quota::MANAGED,
        Some(r#"{"Effect":"Allow","NotAction":"s3:DeleteBucket","Resource":"x"}"#),
        &[
            "statement 1: Action `*` was replaced by NotAction `s3:DeleteBucket`, because it granted what is restricted by `s3:DeleteBucket`",
        ],
    );
    remediates(
        &allow(r#""NotAction":"iam:*","Resource":"*""#),
        "s3:DeleteBucket,iam:Get*",
        Quota::MANAGED,
        Some(r#"{"Effect":"Allow","NotAction":["iam:*","s3:DeleteBucket"],"Resource":"*"}"#),
        &[
            "statement 1: NotAction now also leaves out `s3:DeleteBucket`, because it granted what is restricted by `s3:DeleteBucket`",
        ],
    );
    remediates(
        &allow(r#""NotAction":"iam:*","Resource":"*""#),
        "*",
        Quota::MANAGED,
        None,
        &[
            "statement 1: the statement was taken out, because all it grants is restricted by `*`",
            NOTHING_LEFT,
        ],
    );
    remediates(
        &allow(r#""Action":["s3:DeleteBucke?"],"Resource":"*""#),
        "s3:DeleteBucket",
        Quota::MANAGED,
        None,
        &[
            "statement 1: Action `s3:DeleteBucke?` was taken out, because no known action is left of it without what is restricted by `s3:DeleteBucket`",
            "statement 1: the statement was taken out, because no entry of its Action is left",
            NOTHING_LEFT,
        ],
    );
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
        Some(&format!(
            r#"{{"Effect":"Allow","Action":{},"Resource":"*"}}"#,
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
        Some(r#"{"Effect":"Allow","NotAction":["iam:*","s3:*"],"Resource":"*"}"#),
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
        None,
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
