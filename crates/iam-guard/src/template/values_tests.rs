//! Verdicts on values that a template tells only in part.

use super::test_support::{actions, verdicts, with};
use crate::verdict::Verdict::{Clean, Restricted, Unknown};

#[test]
fn every_allowed_value_of_a_parameter_counts() {
    let sections = "
Parameters:
  Read: {Type: String, AllowedValues: ['s3:GetObject', 's3:ListBucket'], Default: 's3:GetObject'}
  Any: {Type: String, AllowedValues: ['s3:GetObject', 's3:DeleteBucket'], Default: 's3:GetObject'}
  Bad: {Type: String, AllowedValues: ['s3:DeleteBucket', 's3:DeleteObject']}
  Free: {Type: String, Default: 's3:GetObject'}
  Verb: {Type: String, AllowedValues: [Get, List]}
  Name: {Type: 'AWS::SSM::Parameter::Value<String>', AllowedValues: ['s3:GetObject']}
  Reads: {Type: CommaDelimitedList, AllowedValues: ['s3:GetObject', 's3:ListBucket']}
  Lists: {Type: List<String>, AllowedValues: ['s3:GetObject', 's3:DeleteBucket']}
  Bads: {Type: CommaDelimitedList, AllowedValues: ['s3:DeleteBucket', 's3:DeleteObject']}
  Words: {Type: CommaDelimitedList, AllowedValues: [Bucket, Delete]}
  Wrong: {Type: String, AllowedValues: [[a]]}";
    actions(
        sections,
        &[
            ("!Ref Read", Clean),
            ("!Ref Any", Unknown),
            ("!Ref Bad", Restricted),
            ("!Ref Free", Unknown),
            ("!Ref Name", Unknown),
            ("!Ref Wrong", Unknown),
            ("[!Ref Read, !Ref Bad]", Restricted),
            ("!Sub 's3:${Verb}Object'", Clean),
            ("!Sub '${Read}'", Clean),
            ("!Sub ['s3:${V}Bucket', {V: !Ref Verb}]", Clean),
            ("!Join ['', ['s3:', !Ref Verb, Bucket]]", Clean),
            ("!Ref Reads", Clean),
            ("!Ref Lists", Unknown),
            ("!Ref Bads", Restricted),
            ("!Select [0, !Ref Reads]", Clean),
            ("!Select [1, !Ref Lists]", Unknown),
            ("[!Select [3, !Ref Bads]]", Restricted),
            // The order and the number of the entries are not known.
            ("!Join ['', !Ref Reads]", Unknown),
            ("!Sub '${Reads}'", Unknown),
            ("!Join ['', ['s3:', !Join ['', !Ref Words]]]", Unknown),
        ],
    );
    let both = "[{Effect: Allow, Action: 's3:*', Resource: '*'}, {Effect: Deny, Action: 's3:Delete*', Resource: !Ref R}]";
    let allowed =
        |values: &str| format!("Parameters: {{R: {{Type: String, AllowedValues: {values}}}}}");
    for (values, expected) in [
        ("['*']", Clean),
        ("['arn:aws:s3:::a', 'arn:aws:s3:::b']", Restricted),
        ("['*', 'arn:aws:s3:::b']", Unknown),
    ] {
        assert_eq!(
            with(&allowed(values), both, &[]),
            Some(expected),
            "{values}"
        );
    }
}

#[test]
fn a_list_of_allowed_values_is_any_set_of_them() {
    let sections = "
Parameters:
  L: {Type: CommaDelimitedList, AllowedValues: ['s3:DeleteBucket', 's3:DeleteObject', 's3:Get*']}";
    let statement = |element: &str| {
        format!(
            "[{{Effect: Allow, Action: 's3:*', Resource: '*'}}, {{Effect: Deny, {element}, Resource: '*'}}]"
        )
    };
    let verdict = |element: &str| with(sections, &statement(element), &[]).unwrap();
    assert_eq!(verdict("Action: !Ref L"), Unknown);
    assert_eq!(verdict("NotAction: !Ref L"), Unknown);
    assert_eq!(
        verdict("Action: ['s3:Delete*', !Select [0, !Ref L]]"),
        Clean
    );
}

#[test]
fn a_value_that_is_given_is_known() {
    let sections = "
Parameters:
  Action: {Type: String}
  Many: {Type: CommaDelimitedList, AllowedValues: [a]}
  Stored: {Type: 'AWS::SSM::Parameter::Value<String>'}
Mappings:
  ByRegion: {eu-west-1: {A: 's3:GetObject'}, us-east-1: {A: 's3:DeleteBucket'}}
Conditions:
  IsProd: !Equals [!Ref Action, 's3:*']";
    let allow = |action: &str| format!("[{{Effect: Allow, Action: {action}, Resource: '*'}}]");
    for (action, parameters, expected) in [
        ("!Ref Action", "Action=s3:GetObject", Clean),
        ("!Ref Action", "Action=s3:Delete*", Restricted),
        ("!Ref Action", "Other=s3:GetObject", Unknown),
        ("!Ref Many", "Many=s3:GetObject, s3:PutObject", Clean),
        ("!Ref Many", "Many=s3:GetObject,s3:DeleteObject", Restricted),
        ("!Join ['', [!Ref Many]]", "Many=s3:GetObject", Unknown),
        ("!Join ['', !Ref Many]", "Many=s3:,GetObject", Clean),
        // The value is the name of a parameter of Systems Manager.
        ("!Ref Stored", "Stored=s3:GetObject", Unknown),
        (
            "!FindInMap [ByRegion, !Ref AWS::Region, A]",
            "AWS::Region=eu-west-1",
            Clean,
        ),
        (
            "!FindInMap [ByRegion, !Ref AWS::Region, A]",
            "AWS::Region=us-east-1",
            Restricted,
        ),
        (
            "!FindInMap [ByRegion, !Ref AWS::Region, A]",
            "AWS::Region=eu-north-1",
            Unknown,
        ),
        (
            "!If [IsProd, 's3:*', 's3:GetObject']",
            "Action=s3:*",
            Restricted,
        ),
        ("!If [IsProd, 's3:*', 's3:GetObject']", "Action=x", Clean),
    ] {
        let verdict = with(sections, &allow(action), &[parameters]);
        assert_eq!(verdict, Some(expected), "{action} with {parameters}");
    }
}

#[test]
fn every_value_of_a_map_counts_if_its_key_is_not_known() {
    let sections = "
Parameters:
  Stage: {Type: String, AllowedValues: [dev, prod]}
  Free: {Type: String}
Mappings:
  Good: {us-east-1: {A: 's3:GetObject', B: ['s3:ListBucket']}, eu-west-1: {A: 's3:PutObject', B: ['s3:Get*']}}
  Mixed: {us-east-1: {A: 's3:GetObject'}, eu-west-1: {A: 's3:DeleteBucket'}}
  Bad: {us-east-1: {A: 's3:DeleteObject'}, eu-west-1: {A: 's3:DeleteBucket'}}
  Stages: {dev: {A: 's3:GetObject'}, prod: {A: 's3:ListBucket'}, test: {A: 's3:DeleteBucket'}}
  Open: {us-east-1: {A: 's3:GetObject'}, Fn::Transform: {Name: 'AWS::Include'}}
  Round: {a: {b: !FindInMap [Round, a, b]}}";
    actions(
        sections,
        &[
            ("!FindInMap [Good, !Ref AWS::Region, A]", Clean),
            ("!FindInMap [Good, !Ref AWS::Region, B]", Clean),
            ("!FindInMap [Good, !ImportValue X, A]", Clean),
            ("!FindInMap [Good, !Ref Free, A]", Clean),
            ("!FindInMap [Mixed, !Ref AWS::Region, A]", Unknown),
            ("!FindInMap [Bad, !Ref AWS::Region, A]", Restricted),
            ("!FindInMap [Stages, !Ref Stage, A]", Clean),
            ("!FindInMap [Stages, !Ref Free, A]", Unknown),
            ("!FindInMap [Stages, !Sub '${Free}od', A]", Clean),
            ("!FindInMap [Stages, !Sub '${Free}t', A]", Restricted),
            ("!FindInMap [Open, !Ref AWS::Region, A]", Unknown),
            ("!FindInMap [Round, a, b]", Unknown),
            ("!FindInMap [Nowhere, a, b]", Unknown),
            ("!FindInMap [Good, nowhere, b]", Unknown),
            ("!FindInMap [Good, !Ref AWS::Region, Nowhere]", Unknown),
            (
                "!FindInMap [Good, !Ref AWS::Region, A, {DefaultValue: 's3:Get*'}]",
                Clean,
            ),
            (
                "!FindInMap [Good, !Ref AWS::Region, A, {DefaultValue: 's3:*'}]",
                Unknown,
            ),
            (
                "!FindInMap [Good, !ImportValue X, A, {DefaultValue: 's3:*'}]",
                Unknown,
            ),
            (
                "!FindInMap [Good, nowhere, b, {DefaultValue: 's3:*'}]",
                Restricted,
            ),
        ],
    );
}

#[test]
fn the_name_of_a_resource_is_not_every_resource() {
    let statements = |resource: &str| {
        format!(
            "[{{Effect: Allow, Action: 's3:*', Resource: '*'}}, {{Effect: Deny, Action: 's3:*', Resource: {resource}}}]"
        )
    };
    for (resource, expected) in [
        ("!GetAtt Bucket.Arn", Restricted),
        ("[!GetAtt [Bucket, Arn]]", Restricted),
        ("!Ref Bucket", Restricted),
        ("!Sub '${Bucket.Arn}'", Restricted),
        ("!Sub '${Bucket.Arn}/*'", Restricted),
        ("!Sub '${Bucket}*'", Restricted),
        ("!Join ['', [!GetAtt Bucket.Arn, '*']]", Restricted),
        ("!Sub '${AWS::AccountId}'", Restricted),
        ("!GetAtt RunRole.Arn", Restricted),
        ("['*', !GetAtt Bucket.Arn]", Clean),
        ("!GetAtt Bucket.Text", Unknown),
        ("!GetAtt Made.Arn", Unknown),
        ("!Ref Made", Unknown),
        ("!GetAtt Stack.Outputs.Arn", Unknown),
        ("!GetAtt Value.Value", Unknown),
        ("!GetAtt Nowhere.Arn", Unknown),
        ("!Ref Nowhere", Unknown),
        ("!Sub '${Made}*'", Unknown),
        ("!ImportValue X", Unknown),
    ] {
        assert_eq!(
            with("", &statements(resource), &[]),
            Some(expected),
            "{resource}"
        );
    }
}

#[test]
fn other_functions() {
    actions(
        "Parameters: {N: {Type: String, AllowedValues: ['0', '1']}, P: {Type: String}}",
        &[
            ("'{{resolve:ssm:/app/action:1}}'", Unknown),
            ("'s3:Get{{resolve:ssm-secure:a}}'", Clean),
            ("!Sub 's3:{{resolve:secretsmanager:${P}}}Bucket'", Unknown),
            (
                "!Join ['', ['{{resolve:ssm:', !Ref P, '}}Bucket']]",
                Unknown,
            ),
            ("!Select [!Ref N, ['s3:GetObject', 's3:ListBucket']]", Clean),
            ("!Select [!Ref P, ['s3:GetObject', 's3:ListBucket']]", Clean),
            (
                "!Select [!Ref P, ['s3:GetObject', 's3:DeleteBucket']]",
                Unknown,
            ),
            ("!Sub ['s3:GetObject${N}', {N: !Length [a, b]}]", Clean),
            ("!Transform {Name: X}", Unknown),
        ],
    );
    let json = "!ToJsonString {Statement: {Effect: Allow, Action: s3:DeleteBucket, Resource: '*'}}";
    let template = |document: &str| {
        format!(
            "Resources:\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument: {document}\n"
        )
    };
    let verdict = |document: &str| verdicts(&template(document), &[]).pop().unwrap().1;
    assert_eq!(verdict(json), Restricted);
    assert_eq!(verdict(&json.replace("Delete", "Get")), Clean);
    assert_eq!(verdict("!ToJsonString [!Ref X]"), Unknown);
    assert_eq!(verdict("'{\"Statement\": {{resolve:ssm:a}}}'"), Unknown);
}
