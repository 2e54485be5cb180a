//! Verdicts on what a template deploys only under conditions or in loops.

use super::test_support::{actions, verdicts, with};
use crate::verdict::Verdict::{self, Clean, Restricted, Unknown};

#[test]
fn conditions_are_evaluated_together() {
    let sections = "
Parameters:
  Stage: {Type: String, AllowedValues: [dev, test, prod]}
  One: {Type: String, AllowedValues: [a]}
  Free: {Type: String}
Conditions:
  Yes: !Equals [a, a]
  No: !Not [!Condition Yes]
  IsOne: !Equals [!Ref One, a]
  IsProd: !Equals [!Ref Stage, prod]
  IsDev: !Equals [!Ref Stage, dev]
  IsTest: !Not [!Or [!Condition IsProd, !Condition IsDev]]
  NotProd: !Not [!Condition IsProd]
  Both: !And [!Condition IsProd, !Condition IsDev]
  HasFree: !Not [!Equals [!Ref Free, '']]
  FreeX: !Equals [!Ref Free, x]
  FreeY: !Equals [!Ref Free, y]
  Imported: !Equals [!ImportValue I, a]
  NotImported: !Not [!Equals [!ImportValue I, a]]
  Loop1: !Condition Loop2
  Loop2: !Condition Loop1";
    let bad = "s3:DeleteBucket";
    let good = "s3:GetObject";
    for (action, expected) in [
        (format!("!If [Yes, {good}, {bad}]"), Clean),
        (format!("!If [No, {good}, {bad}]"), Restricted),
        (format!("!If [IsOne, {good}, {bad}]"), Clean),
        (format!("!If [IsProd, {good}, {bad}]"), Unknown),
        (format!("!If [Both, {bad}, {good}]"), Clean),
        (
            format!("!If [IsProd, !If [IsDev, {bad}, {good}], {good}]"),
            Clean,
        ),
        (
            format!("!If [IsProd, {bad}, !If [NotProd, {bad}, {good}]]"),
            Restricted,
        ),
        (
            format!("[!If [IsTest, {good}, !If [IsProd, {good}, !If [IsDev, {good}, {bad}]]]]"),
            Clean,
        ),
        (
            format!("!If [FreeX, !If [FreeY, {bad}, {good}], {good}]"),
            Clean,
        ),
        (
            format!("!If [FreeX, {good}, !If [FreeY, {good}, {bad}]]"),
            Unknown,
        ),
        (format!("!If [HasFree, {good}, {bad}]"), Unknown),
        (
            format!("!If [Imported, {bad}, !If [NotImported, {bad}, {good}]]"),
            Restricted,
        ),
        (format!("!If [Loop1, {bad}, {good}]"), Unknown),
        (format!("!If [Undefined, {bad}, {good}]"), Unknown),
    ] {
        actions(sections, &[(action.as_str(), expected)]);
    }
}

#[test]
fn one_of_two_elements_may_depend_on_a_condition() {
    let statement = "[{Effect: Allow, Action: s3:GetObject, Resource: !If [C, '*', !Ref AWS::NoValue], NotResource: !If [C, !Ref AWS::NoValue, a]}]";
    assert_eq!(with("", statement, &[]), Some(Clean));
}

#[test]
fn a_resource_counts_only_if_it_can_be_made() {
    let policy = |name: &str, condition: &str, action: &str| {
        format!(
            "  {name}: {{Type: AWS::IAM::ManagedPolicy, Condition: {condition}, Properties: {{PolicyDocument: {{Statement: {{Effect: Allow, Action: {action}, Resource: '*'}}}}}}}}\n"
        )
    };
    let template = [
        "Conditions:\n  No: !Equals [a, b]\n  IsProd: !Equals [!Ref Stage, prod]\nParameters: {Stage: {Type: String}}\nResources:\n",
        &policy("Never", "No", "'*'"),
        &policy(
            "Sometimes",
            "IsProd",
            "!If [IsProd, s3:DeleteBucket, s3:GetObject]",
        ),
        &policy("Undefined", "Other", "'*'"),
    ];
    let template = template.concat();
    let expected = |pairs: &[(&str, Verdict)]| -> Vec<(String, Verdict)> {
        pairs
            .iter()
            .map(|(name, verdict)| ((*name).to_owned(), *verdict))
            .collect()
    };
    assert_eq!(
        verdicts(&template, &[]),
        expected(&[("Sometimes", Restricted), ("Undefined", Restricted)])
    );
    assert_eq!(
        verdicts(&template, &["Stage=dev"]),
        expected(&[("Undefined", Restricted)])
    );
}

#[test]
fn loops_are_expanded() {
    let looped = |collection: &str, body: &str| {
        format!(
            "Parameters:\n  Free: {{Type: CommaDelimitedList}}\n  Allowed: {{Type: CommaDelimitedList, AllowedValues: [Get, List]}}\nMappings:\n  M: {{us-east-1: {{L: [Get]}}, eu-west-1: {{L: [Put, Delete]}}}}\nResources:\n  Fn::ForEach::Verbs:\n    - Verb\n    - {collection}\n    - {body}\n"
        )
    };
    let policy = |key: &str, action: &str| {
        format!(
            "{key}: {{Type: AWS::IAM::ManagedPolicy, Properties: {{PolicyDocument: {{Statement: {{Effect: Allow, Action: {action}, Resource: '*'}}}}}}}}"
        )
    };
    let key = "'P${Verb}'";
    let one = policy(key, "!Sub 's3:${Verb}Bucket'");
    let shown = |collection: &str, body: &str, given: &[&str]| {
        let verdicts = verdicts(&looped(collection, body), given).into_iter();
        let shown = verdicts.map(|(name, verdict)| format!("{name} {verdict:?}"));
        shown.collect::<Vec<_>>().join(", ")
    };
    for (collection, given, expected) in [
        ("[Get, Delete]", vec![], "PGet Clean, PDelete Restricted"),
        ("[]", vec![], ""),
        ("!Ref Free", vec![], "P${Verb} Unknown"),
        (
            "!Ref Free",
            vec!["Free=Get,Delete"],
            "PGet Clean, PDelete Restricted",
        ),
        ("!Ref Allowed", vec![], "P${Verb} Clean"),
        ("!FindInMap [M, us-east-1, L]", vec![], "PGet Clean"),
        (
            "!FindInMap [M, !Ref AWS::Region, L]",
            vec![],
            "P${Verb} Unknown",
        ),
        (
            "!FindInMap [M, !Ref AWS::Region, L]",
            vec!["AWS::Region=us-east-1"],
            "PGet Clean",
        ),
    ] {
        assert_eq!(shown(collection, &one, &given), expected, "{collection}");
    }
    for action in [
        "!Join ['', ['s3:', !Ref Verb, Bucket]]",
        "'s3:${Verb}Bucket'",
        "'s3:&{Verb}Bucket'",
    ] {
        let body = policy("'P&{Verb}'", action);
        let expected = "PGet Clean, PDelete Restricted";
        assert_eq!(shown("[Get, Delete]", &body, &[]), expected, "{action}");
    }
    let inner = policy("'P${Verb}${Noun}'", "!Sub 's3:${Verb}${Noun}'");
    let nested = format!("{{Fn::ForEach::Nouns: [Noun, [Bucket, Object], {{{inner}}}]}}");
    assert_eq!(
        shown("[Get, Delete]", &nested, &[]),
        "PGetBucket Clean, PGetObject Clean, PDeleteBucket Restricted, PDeleteObject Restricted"
    );
    let properties = "'P${Verb}': {Type: AWS::IAM::Policy, Properties: {Fn::ForEach::D: [D, [Document], {'Policy${D}': {Statement: {Effect: Allow, Action: !Sub 's3:${Verb}Bucket', Resource: '*'}}}]}}";
    assert_eq!(
        shown("[Get, Delete]", properties, &[]),
        "PGet Clean, PDelete Restricted"
    );
    let statement = "'P${Verb}': {Type: AWS::IAM::Policy, Properties: {PolicyDocument: {Statement: {Effect: Allow, Resource: '*', Fn::ForEach::A: [A, [Action], {'${A}': !Sub 's3:${Verb}Bucket'}]}}}}";
    assert_eq!(
        shown("[Get, Delete]", statement, &[]),
        "PGet Clean, PDelete Restricted"
    );
}

#[test]
fn what_grows_without_bound_is_not_known() {
    let many: Vec<String> = (0..30)
        .map(|n| format!("P{n}: {{Type: String, AllowedValues: [Get, Put]}}"))
        .collect();
    let sections = format!("Parameters: {{{}}}", many.join(", "));
    let list: Vec<String> = (0..30)
        .map(|n| format!("!Sub 's3:${{P{n}}}Bucket'"))
        .collect();
    actions(&sections, &[(&format!("[{}]", list.join(", ")), Unknown)]);
    // A condition that is left open holds for both branches, although the first combinations agree.
    let list: Vec<String> = (0..30).map(|n| format!("!Sub 's3:Get${{P{n}}}'")).collect();
    let first = format!(
        "{sections}\nConditions: {{C: !And [!Equals [!ImportValue A, a], !Equals [a, a]]}}"
    );
    let list = list.join(", ");
    actions(
        &first,
        &[
            (&format!("[{list}]"), Clean),
            (&format!("[!If [C, s3:GetObject, 's3:*'], {list}]"), Unknown),
        ],
    );
    // The resources of an `Allow` do not count, so they are no choices.
    let list: Vec<String> = (0..30).map(|n| format!("!Ref P{n}")).collect();
    let statement = format!(
        "[{{Effect: Allow, Action: 's3:${{P0}}', Resource: [{}]}}]",
        list.join(", ")
    );
    let statement = statement.replace("'s3:${P0}'", "!Sub 's3:${P0}Bucket'");
    assert_eq!(with(&sections, &statement, &[]), Some(Clean));
    let conditions: Vec<String> = (1..200)
        .map(|n| format!("C{n}: !And [!Condition C{}, !Condition C{}]", n - 1, n - 1))
        .collect();
    let sections = format!(
        "Conditions: {{C0: !Equals [a, a], {}}}",
        conditions.join(", ")
    );
    actions(
        &sections,
        &[("!If [C20, s3:GetObject, s3:DeleteBucket]", Clean)],
    );
    actions(
        &sections,
        &[("!If [C199, s3:GetObject, s3:DeleteBucket]", Unknown)],
    );
    let mut maps = "A0: {a: {b: ['s3:Get*', 's3:Put*']}}".to_owned();
    for n in 1..30 {
        let inner = format!("!FindInMap [A{}, a, b]", n - 1);
        maps.push_str(&format!(", A{n}: {{a: {{b: [{inner}, {inner}]}}}}"));
    }
    actions(
        &format!("Mappings: {{{maps}}}"),
        &[("!FindInMap [A29, a, b]", Restricted)],
    );
    for inside in ["'P${V0}': {Type: AWS::IAM::Policy}", ""] {
        let mut body = inside.to_owned();
        for n in 0..8 {
            let values: Vec<String> = (0..20).map(|n| format!("x{n}")).collect();
            let values = values.join(", ");
            body = format!("Fn::ForEach::L{n}: [V{n}, [{values}], {{{body}}}]");
        }
        assert_eq!(verdicts(&format!("Resources: {{{body}}}"), &[]), []);
    }
}
