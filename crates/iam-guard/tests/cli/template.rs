//! CloudFormation and SAM templates.

use crate::support::check;

const TEMPLATE: &str = r#"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Actions: {Type: CommaDelimitedList}
Mappings:
  Verbs: {test: {verb: Get}, prod: {verb: Delete}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: {Effect: Allow, Principal: {AWS: "*"}, Action: "*"}
      ManagedPolicyArns:
        - !Sub arn:${AWS::Partition}:iam::aws:policy/AdministratorAccess
      Policies:
        - PolicyName: wide
          PolicyDocument:
            Version: 2012-10-17
            Statement:
              - Effect: Allow
                Action: &wide ["s3:*"]
                Resource: !Sub "${Bucket.Arn}/*"
        - !If
          - IsProd
          - PolicyName: sometimes
            PolicyDocument: {Statement: {Effect: Allow, Action: *wide, Resource: "*"}}
          - !Ref AWS::NoValue
        - !Ref Policy
  Managed:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument:
        Statement: [{Effect: Allow, Action: !Ref Actions, Resource: "*"}]
  Joined:
    Type: AWS::IAM::Policy
    Properties:
      PolicyDocument:
        Fn::If:
          - IsProd
          - Statement: [{Effect: Allow, Action: !Join ["", ["s3:", !FindInMap [Verbs, prod, verb], Bucket]], Resource: "*"}]
          - Statement: [{Effect: Allow, Action: s3:DeleteObject, Resource: "*"}]
  Set:
    Type: AWS::SSO::PermissionSet
    Properties:
      InlinePolicy: !Sub '{"Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:${AWS::Partition}:s3:::b"}]}'
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Policies:
        - S3CrudPolicy: {BucketName: !Ref Bucket}
        - S3ReadPolicy: {BucketName: !Ref Bucket}
        - NoSuchPolicy: {}
        - AWSLambdaExecute
        - !Ref Managed
        - Statement: [{Effect: Allow, Action: s3:GetObject, Resource: "*"}]
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Policies:
        Statement: [{Effect: Allow, Action: s3:Delete*, Resource: "*"}]
  Bucket:
    Type: AWS::S3::BucketPolicy
    Properties:
      PolicyDocument: {Statement: {Effect: Allow, Principal: "*", Action: "s3:*", Resource: "*"}}
  "Fn::ForEach::Teams":
    - Team
    - [a, b]
    - "Group${Team}":
        Type: AWS::IAM::Group
        Properties:
          Policies:
            - {PolicyName: x, PolicyDocument: {Statement: {Effect: Allow, Action: "s3:*", Resource: "*"}}}
"#;

const EXPECTED: [(&str, &str); 13] = [
    ("Role.Policies[0]", "restricted"),
    ("Role.Policies[1]", "restricted"),
    ("Role.Policies[2]", "unknown"),
    ("Managed", "unknown"),
    ("Joined", "restricted"),
    ("Set", "clean"),
    ("Function.Policies[0]", "restricted"),
    ("Function.Policies[1]", "clean"),
    ("Function.Policies[2]", "unknown"),
    ("Function.Policies[5]", "clean"),
    ("Machine.Policies", "restricted"),
    ("Groupa.Policies[0]", "restricted"),
    ("Groupb.Policies[0]", "restricted"),
];

#[test]
fn every_resource_that_carries_a_policy() {
    let ran = check("template.yaml", TEMPLATE);
    ran.has_verdicts(&EXPECTED);
    assert_eq!(ran.code, 1);
}

#[test]
fn a_finding_has_the_line_of_its_entry() {
    let ran = check("template.yaml", TEMPLATE);
    let number = |word: &str| {
        TEMPLATE
            .lines()
            .position(|line| line.contains(word))
            .unwrap()
            + 1
    };
    let lines = ran.lines();
    assert_eq!(lines[0]["findings"][0]["line"], number("Action: &wide"));
    assert_eq!(lines[3]["findings"][0]["line"], number("!Ref Actions"));
    assert_eq!(lines[10]["findings"][0]["line"], number("s3:Delete*"));
}

#[test]
fn json_templates_are_read_too() {
    let template = r#"{
      "Resources": {
        "A": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": {"Statement": [
          {"Effect": "Allow", "Action": {"Fn::Sub": "s3:${Verb}Bucket"}, "Resource": {"Fn::GetAtt": ["B", "Arn"]}}
        ]}}},
        "B": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": [
          {"Effect": "Allow", "Action": ["s3:DeleteBucket", {"Ref": "X"}], "Resource": {"Fn::Join": ["", ["a", {"Ref": "X"}]]}}
        ]}}},
        "C": {"Type": "AWS::IAM::UserPolicy", "Properties": {"PolicyDocument": {"Statement": [
          {"Effect": "Allow", "Action": "s3:GetObject", "Resource": {"Ref": "X"}, "Sid": {"Ref": "X"}}
        ]}}}
      }
    }"#;
    let ran = check("template.json", template);
    ran.has_verdicts(&[("A", "unknown"), ("B", "restricted"), ("C", "clean")]);
    let ran = check("template", template);
    assert_eq!(ran.lines().len(), 3);
}

#[test]
fn a_broken_template_is_a_diagnostic() {
    let ran = check("template.yaml", "Resources:\n  A: [\n");
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(
        ran.diagnostics.starts_with("error: template.yaml: line "),
        "{}",
        ran.diagnostics
    );
}
