//! CloudFormation and SAM templates.

use serde_json::Value;

use crate::support::{Ran, allow, check, folder, run};

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

/// The line about the policy with this name.
fn line(ran: &Ran, name: &str) -> Value {
    let mut lines = ran.lines().into_iter();
    lines.find(|line| line["name"] == name).unwrap()
}

#[test]
fn every_resource_that_carries_a_policy() {
    let ran = check("template.yaml", TEMPLATE);
    for (name, verdict) in EXPECTED {
        assert_eq!(line(&ran, name)["verdict"], verdict, "{name}");
    }
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
    let place = |name: &str| line(&ran, name)["findings"][0]["line"].clone();
    assert_eq!(place("Role.Policies[0]"), number("Action: &wide"));
    assert_eq!(place("Managed"), number("!Ref Actions"));
    assert_eq!(place("Machine.Policies"), number("s3:Delete*"));
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

/// A deployment takes the last of two equal keys, in YAML and in JSON.
#[test]
fn the_last_of_repeated_keys_is_judged() {
    let reader = "{Statement: {Effect: Allow, Action: 's3:GetObject', Resource: '*'}}";
    let janitor = "{Statement: {Effect: Allow, Action: 's3:DeleteBucket', Resource: '*'}}";
    for (first, last, verdict) in [(reader, janitor, "restricted"), (janitor, reader, "clean")] {
        let template = format!(
            "Resources:\n  A:\n    Type: AWS::IAM::ManagedPolicy\n    Properties: {{PolicyDocument: {first}}}\n    Properties: {{PolicyDocument: {last}}}\n"
        );
        check("template.yaml", &template).has_verdicts(&[("A", verdict)]);
    }
    let (reader, janitor) = (allow("s3:GetObject"), allow("s3:DeleteBucket"));
    for (first, last, verdict) in [
        (&reader, &janitor, "restricted"),
        (&janitor, &reader, "clean"),
    ] {
        let template = format!(
            r#"{{"Resources": {{"A": {{"Type": "AWS::IAM::ManagedPolicy", "Properties": {{"PolicyDocument": {first}, "PolicyDocument": {last}}}}}}}}}"#
        );
        check("template.json", &template).has_verdicts(&[("A", verdict)]);
    }
}

#[test]
fn parameters_can_be_given() {
    let template = r#"
Parameters:
  Verb: {Type: String}
Resources:
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument: {Statement: {Effect: Allow, Action: !Sub "s3:${Verb}Bucket", Resource: "*"}}
"#;
    let folder = folder(&[("template.yaml", template)]);
    let check = |options: &str| {
        let list = "check template.yaml --restricted s3:DeleteBucket";
        run(&folder, &format!("{list}{options}"))
    };
    assert_eq!(check("").code, 2);
    assert_eq!(check(" --parameter Verb=Delete").code, 1);
    assert_eq!(check(" --parameter Other=x --parameter Verb=Get").code, 0);
    for wrong in ["Verb", "=Get", "A-B=c"] {
        let ran = check(&format!(" --parameter {wrong}"));
        assert_eq!(ran.code, 2, "{wrong}");
        ran.has_diagnostic("--parameter <NAME=VALUE>");
    }
}

#[test]
fn what_a_template_leaves_to_others_is_named() {
    let template = "
Transform: [AWS::Serverless-2016-10-31, RoleBuilder]
Resources:
  Team: {Fn::Transform: {Name: AWS::Include}}
  Cleanup: {Type: Org::Iam::Cleanup::MODULE}
  Everywhere: {Type: AWS::CloudFormation::StackSet, Properties: {TemplateURL: https://example.com/t}}
";
    let folder = folder(&[("template.yaml", template)]);
    let ran = run(&folder, "check template.yaml --restricted s3:DeleteBucket");
    assert_eq!(ran.code, 0);
    for name in ["RoleBuilder", "Team", "Cleanup", "Everywhere"] {
        let note = format!("`{name}` is not judged");
        assert!(ran.out.contains(&note), "{}", ran.out);
    }
}

#[test]
fn a_verdict_that_depends_on_a_parameter_names_it() {
    let template = r#"
Parameters:
  Verb: {Type: String, AllowedValues: [Get, Delete]}
Resources:
  P:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      PolicyDocument: {Statement: {Effect: Allow, Action: !Sub "s3:${Verb}Bucket", Resource: "*"}}
"#;
    let ran = check("template.yaml", template);
    assert_eq!(ran.code, 2);
    let findings = &line(&ran, "P")["findings"];
    assert_eq!(
        findings[0]["message"],
        "what the document grants depends on the parameter `Verb`"
    );
}

/// `%YAML` and `%TAG` begin a file as a percent-encoded document does.
#[test]
fn a_template_can_begin_with_a_directive() {
    let template = format!(
        "%YAML 1.1\n---\nResources:\n  A:\n    Type: AWS::IAM::ManagedPolicy\n    Properties: {{PolicyDocument: {}}}\n",
        allow("s3:DeleteBucket")
    );
    check("template.yaml", &template).has_verdicts(&[("A", "restricted")]);
    let encoded = "%20%7B%22Statement%22:%7B%22Effect%22:%22Allow%22,%22Action%22:%22s3:DeleteBucket%22,%22Resource%22:%22*%22%7D%7D";
    check("policy.json", encoded).has_verdicts(&[("policy.json", "restricted")]);
}

#[test]
fn diagnostics_cannot_change_the_terminal() {
    let twice = "\"\\u001b[31mred\\u202e\": 1, ".repeat(30);
    let template =
        format!("{{{twice}\"Resources\": {{\"A\": {{\"Type\": \"AWS::S3::Bucket\"}}}}}}");
    let ran = check("template.json", &template);
    assert!(
        !ran.diagnostics.contains(['\u{1b}', '\u{202e}']),
        "{}",
        ran.diagnostics
    );
    ran.has_diagnostic("the key `\\u{1b}[31mred\\u{202e}` is also in line 1; the last one counts");
    ran.has_diagnostic("9 more keys are repeated");
}

#[test]
fn sam_reads_the_policies_only_for_a_role_that_it_makes() {
    for kind in ["Function", "StateMachine"] {
        for (role, is_judged) in [
            ("!GetAtt R.Arn", false),
            ("arn:aws:iam::111122223333:role/r", false),
            ("!If [C, a, !Ref AWS::NoValue]", true),
            ("!Ref AWS::NoValue", true),
            ("''", true),
            ("null", true),
        ] {
            let text = format!(
                "Globals: {{{kind}: {{Role: a}}}}\nConditions: {{C: !Equals [!Ref P, a]}}\nResources: {{F: {{Type: AWS::Serverless::{kind}, Properties: {{Role: {role}, Policies: [AmazonS3FullAccess]}}}}}}"
            );
            let ran = check("template.yaml", &text);
            let is_there = ran.out.contains("AmazonS3FullAccess");
            assert_eq!(is_there, is_judged, "{kind} {role}: {}", ran.out);
        }
        let text = format!(
            "Globals: {{{kind}: {{Role: a}}}}\nResources: {{F: {{Type: AWS::Serverless::{kind}, Properties: {{Policies: [AmazonS3FullAccess]}}}}}}"
        );
        let ran = check("template.yaml", &text);
        assert!(
            ran.out.contains("AmazonS3FullAccess"),
            "{kind}: {}",
            ran.out
        );
    }
}

/// What the report for people says of a file.
pub(crate) fn report(name: &str, text: &str) -> String {
    let folder = folder(&[(name, text)]);
    let ran = run(
        &folder,
        &format!("check {name} --restricted s3:DeleteBucket"),
    );
    assert_ne!(ran.code, 1, "{}", ran.out);
    ran.out + &ran.diagnostics
}

#[test]
fn resources_that_are_not_here_are_named() {
    for (resources, reason) in [
        (
            "{S: {Type: AWS::IAM::ServiceLinkedRole}}",
            "makes a role whose policy",
        ),
        (
            "{S: !Rain::Include x.yaml}",
            "a resource of a function or a preprocessor",
        ),
        (
            "{S: {Fn::Foo: bar}}",
            "a resource of a function or a preprocessor",
        ),
        (
            "{S: {Type: AWS::CloudFormation::Stack, Properties: {TemplateBody: ''}}}",
            "a stack of its own",
        ),
    ] {
        let report = report("template.yaml", &format!("Resources: {resources}"));
        assert!(
            report.contains(&format!("`S` is not judged: {reason}")),
            "{report}"
        );
    }
    let report = report("answer.json", r#"{"TemplateBody": "{Outputs: {}}"}"#);
    assert!(!report.contains("not judged"), "{report}");
}

#[test]
fn a_template_in_a_template_that_is_none_is_not_clean() {
    let template =
        "Resources: {S: {Type: AWS::CloudFormation::StackSet, Properties: {TemplateBody: hello}}}";
    let ran = check("template.yaml", template);
    assert_eq!(ran.code, 2);
    ran.has_verdicts(&[("S", "unknown")]);
}
