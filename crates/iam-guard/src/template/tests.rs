//! Verdicts on documents with functions.

use super::{Scope, judge};
use crate::source::Source;
use crate::tree::yaml;
use crate::verdict::Verdict;

fn verdict(list: &str, document: &str) -> (Verdict, Vec<String>) {
    let source = Source::new("test.yaml", document);
    let trees = yaml::parse(&source).unwrap();
    let list = list.parse().unwrap();
    let assessment = judge(&trees[0], &Scope::default(), &list).unwrap();
    let reasons = assessment.reasons.iter().map(|it| it.reason.message());
    (assessment.verdict, reasons.collect())
}

/// One statement in each line of `statements`, in YAML's flow style.
fn of(statements: &[&str]) -> Verdict {
    let statements: Vec<String> = statements.iter().map(|it| format!("  - {it}\n")).collect();
    verdict(
        "s3:DeleteBucket,iam:*",
        &format!("Statement:\n{}", statements.concat()),
    )
    .0
}

use Verdict::{Clean, Restricted, Unknown};

#[test]
fn an_unknown_action_counts_if_the_verdict_depends_on_it() {
    for (action, expected) in [
        ("!Ref Actions", Unknown),
        ("[s3:GetObject, !Ref Action]", Unknown),
        ("[s3:DeleteBucket, !Ref Action]", Restricted),
        ("!Sub 's3:${Verb}Bucket'", Unknown),
        ("!Sub '${Service}:DeleteBucket'", Unknown),
        ("!Sub '${Service}:GetObject'", Unknown),
        ("!Sub 's3:Get${Thing}'", Clean),
        ("!Sub 's3:Delete${A}et${B}'", Unknown),
        ("!Sub '${A}Bucket'", Unknown),
        ("!Sub '${A}'", Unknown),
        ("!Sub 'sqs${A}'", Clean),
        ("!Sub 'sq${A}:*Bucket'", Clean),
        ("!Sub 's3:GetObject'", Clean),
        ("!Sub 's3:DeleteBucket'", Restricted),
        ("!Sub ['s3:${V}Bucket', {V: Delete}]", Restricted),
        ("!Sub ['s3:${V}Bucket', {V: !Ref X}]", Unknown),
        ("!Join ['', ['s3:', DeleteBucket]]", Restricted),
        ("!Join ['', ['s3:', !Ref Verb, Bucket]]", Unknown),
        ("!Join ['', ['s3:Get', !Ref Verb]]", Clean),
        ("!Split [',', 's3:GetObject,s3:DeleteBucket']", Restricted),
        ("!Split [',', !Ref Actions]", Unknown),
        ("[!Select [1, [s3:GetObject, s3:DeleteBucket]]]", Restricted),
        ("[!Select [0, [s3:GetObject, s3:DeleteBucket]]]", Clean),
        ("{'Fn::Transform': {Name: 'AWS::Include'}}", Unknown),
    ] {
        let statement = format!("{{Effect: Allow, Action: {action}, Resource: '*'}}");
        assert_eq!(of(&[&statement]), expected, "{action}");
    }
}

#[test]
fn an_unknown_not_action_leaves_out_everything_or_nothing() {
    for (action, expected) in [
        ("!Ref Actions", Unknown),
        ("[s3:*, 'iam:*', !Ref More]", Clean),
        ("['s3:*', !Sub 'iam:${A}']", Unknown),
        ("['s3:*', !Sub 'sqs:${A}']", Restricted),
    ] {
        let statement = format!("{{Effect: Allow, NotAction: {action}, Resource: '*'}}");
        assert_eq!(of(&[&statement]), expected, "{action}");
    }
}

/// The members of a statement beside `Effect`, each with the verdict.
fn rows(table: &str) -> impl Iterator<Item = (&str, Verdict)> {
    table.trim().lines().map(|line| {
        let (verdict, members) = line.trim().split_once(' ').unwrap();
        let verdicts = [Clean, Restricted, Unknown].into_iter();
        let mut verdicts = verdicts.filter(|it| format!("{it:?}") == verdict);
        (members.trim_start(), verdicts.next().unwrap())
    })
}

#[test]
fn only_actions_and_effect_of_an_allow_count() {
    let table = "
        Restricted Action: s3:DeleteBucket, Resource: !GetAtt Bucket.Arn
        Clean      Action: s3:GetObject, Resource: !Sub '${Bucket}/*'
        Clean      Action: s3:GetObject, Resource: !Ref All, Condition: !Ref C, Sid: !Ref S
        Clean      Action: s3:GetObject, NotResource: [!Ref All, a]
        Clean      Action: s3:GetObject, Resource: '*', Condition: {StringEquals: {a: !Ref B}}";
    for (rest, expected) in rows(table) {
        let statement = format!("{{Effect: Allow, {rest}}}");
        assert_eq!(of(&[&statement]), expected, "{rest}");
    }
    let effect = |action: &str| format!("{{Effect: !Ref E, Action: {action}, Resource: '*'}}");
    assert_eq!(of(&[&effect("s3:DeleteBucket")]), Unknown);
    assert_eq!(of(&[&effect("s3:GetObject")]), Clean);
}

#[test]
fn a_deny_counts_only_if_it_is_certain() {
    let allow = "{Effect: Allow, Action: s3:DeleteBucket, Resource: '*'}";
    let table = "
        Clean      Action: 's3:*', Resource: '*'
        Unknown    Action: 's3:*', Resource: !Ref R
        Unknown    Action: 's3:*', Resource: [a, !Sub '${R}*']
        Restricted Action: 's3:*', Resource: !Sub 'arn:aws:s3:::${R}'
        Clean      Action: 's3:*', Resource: ['*', !Ref R]
        Restricted Action: 's3:*', NotResource: !Ref R
        Unknown    Action: 's3:*', Resource: '*', Condition: !Ref C
        Restricted Action: 's3:*', Resource: '*', Condition: {Bool: {a: !Ref C}}
        Unknown    Action: !Ref A, Resource: '*'
        Unknown    Action: !Sub '${S}:DeleteBucket', Resource: '*'
        Restricted Action: !Sub 's3:Get${S}', Resource: '*'
        Clean      Action: ['s3:*', !Ref A], Resource: '*'
        Unknown    NotAction: !Ref A, Resource: '*'
        Restricted NotAction: [s3:DeleteBucket, !Ref A], Resource: '*'
        Clean      NotAction: sqs:*, Resource: '*'
        Clean      NotAction: [!Sub 'sqs:${A}'], Resource: '*'";
    for (rest, expected) in rows(table) {
        let deny = format!("{{Effect: Deny, {rest}}}");
        assert_eq!(of(&[allow, &deny]), expected, "{rest}");
    }
    assert_eq!(of(&[allow, "!Ref S"]), Unknown);
    let clean = "{Effect: Allow, Action: s3:GetObject, Resource: '*'}";
    assert_eq!(of(&[clean, "!Ref S"]), Unknown);
}

#[test]
fn all_combinations_of_conditions_are_tried() {
    let allow = |action: &str| format!("{{Effect: Allow, Action: {action}, Resource: '*'}}");
    let if_ = |yes: &str, no: &str| format!("!If [C, {yes}, {no}]");
    let (get, delete) = (allow("s3:GetObject"), allow("s3:DeleteBucket"));
    let none = "!Ref AWS::NoValue";
    for (statements, expected) in [
        (vec![if_(&get, none)], Clean),
        (vec![if_(&delete, none)], Unknown),
        (vec![if_(&delete, &delete)], Restricted),
        (vec![if_(&delete, none), if_(none, &delete)], Restricted),
        (vec![if_(&delete, none), delete.clone()], Restricted),
    ] {
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        assert_eq!(of(&statements), expected, "{statements:?}");
    }
    for (action, expected) in [
        ("!If [C, s3:DeleteBucket, s3:GetObject]", Unknown),
        ("!If [C, s3:PutObject, s3:GetObject]", Clean),
        (
            "[!If [C, !Ref X, !Ref AWS::NoValue], s3:GetObject]",
            Unknown,
        ),
        ("[!If [C, s3:GetObject, !Ref AWS::NoValue]]", Clean),
    ] {
        assert_eq!(of(&[&allow(action)]), expected, "{action}");
    }
    let many: Vec<String> = (0..30)
        .map(|n| format!("!If [C{n}, {get}, !Ref AWS::NoValue]"))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(of(&many), Unknown);
}

#[test]
fn a_document_that_is_wrong_in_both_bounds_is_restricted() {
    for document in [
        "Statement: {Effect: allow, Action: !Ref A, Resource: '*'}",
        "Statement: {Effect: Allow, Action: [s3:GetObject, 5], Resource: '*'}",
        "Statement: {Effect: Allow, Action: s3:GetObject}",
        "Statement: []",
        "Version: 2012-10-17",
        "[1]",
    ] {
        assert_eq!(
            verdict("s3:DeleteBucket", document).0,
            Restricted,
            "{document}"
        );
    }
}

#[test]
fn a_partly_unknown_text_is_parsed() {
    let sub = |statement: &str| format!("!Sub '{{\"Statement\": {statement}}}'");
    let allow = |action: &str| {
        sub(&format!(
            r#"{{"Effect": "Allow", "Action": {action}, "Resource": "${{R}}"}}"#
        ))
    };
    for (document, expected) in [
        (allow(r#""s3:GetObject""#), Clean),
        (allow(r#""s3:DeleteBucket""#), Restricted),
        (allow(r#""s3:${Verb}Bucket""#), Unknown),
        (allow(r#"["s3:GetObject", "sqs:${A}${B}"]"#), Clean),
        (allow(r#"["s3:DeleteBucket", "${A}"]"#), Restricted),
        (allow("${Actions}"), Unknown),
        (sub("${Statements}"), Unknown),
        ("!Sub '{\"${K}\": 1}'".to_owned(), Unknown),
        (
            "'{\"Statement\": {\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"}}'"
                .to_owned(),
            Restricted,
        ),
        ("'no document'".to_owned(), Restricted),
    ] {
        assert_eq!(
            verdict("s3:DeleteBucket", &document).0,
            expected,
            "{document}"
        );
    }
}

#[test]
fn reasons_name_the_unknown_part() {
    let document = "Statement: {Effect: Allow, Action: [s3:GetObject, !Sub 's3:${Verb}Bucket'], Resource: !Ref R}";
    let (_, reasons) = verdict("s3:DeleteBucket", document);
    assert_eq!(
        reasons,
        ["Action is not known before the deployment: `s3:${Verb}Bucket`"]
    );
    let document =
        "Statement: !If [IsProd, {Effect: Allow, Action: '*', Resource: '*'}, !Ref AWS::NoValue]";
    let (_, reasons) = verdict("s3:DeleteBucket", document);
    assert_eq!(
        reasons[0],
        "what the document grants depends on the condition `IsProd`"
    );
    assert!(
        reasons[1].starts_with("statement 1: Action `*` grants"),
        "{reasons:?}"
    );
}
