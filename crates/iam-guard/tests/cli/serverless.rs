//! The configuration of the Serverless Framework.

use crate::support::{Ran, check, folder, run};

/// Checks a configuration that goes on after its service and the name of its provider.
fn configured(rest: &str) -> Ran {
    let text = format!("service: x\nprovider:\n  name: aws\n{rest}");
    check("serverless.yml", &text)
}

/// What the command says about the same file to a person.
fn shown(rest: &str) -> String {
    let text = format!("service: x\nprovider:\n  name: aws\n{rest}");
    let folder = folder(&[("serverless.yml", &text)]);
    let ran = run(&folder, "check serverless.yml --restricted s3:DeleteBucket");
    ran.out + &ran.diagnostics
}

#[track_caller]
fn says(rest: &str, what: &str) {
    let shown = shown(rest);
    assert!(shown.contains(what), "{shown}");
}

/// Asserts that a configuration has no policy and that these places are named as not judged.
#[track_caller]
fn comes_from_elsewhere(rest: &str, names: &[&str]) {
    configured(rest).has_verdicts(&[]);
    for name in names {
        says(rest, &format!("`{name}` is not judged: comes from `${{"));
    }
    let shown = shown(rest);
    let count = shown.matches("is not judged").count();
    assert_eq!(count, names.len(), "{shown}");
}

/// The verdict on an `Allow` statement of the provider with this action.
#[track_caller]
fn of_action(action: &str, custom: &str) -> String {
    let ran = configured(&format!(
        "  stage: dev
  verb: Get
  iamRoleStatements:
    - {{Effect: Allow, Action: {action}, Resource: '*'}}
custom: {custom}
"
    ));
    let lines = ran.lines();
    assert_eq!(lines.len(), 1, "{}", ran.diagnostics);
    lines[0]["verdict"].as_str().unwrap().to_owned()
}

#[test]
fn what_comes_from_elsewhere_is_named() {
    let cases: [(&str, &[&str]); 10] = [
        (
            "resources:\n  Resources:\n    Role: ${file(role.yml)}\n",
            &["Role"],
        ),
        (
            "resources:\n  Resources: ${file(r.yml)}\n",
            &["resources.Resources"],
        ),
        ("resources: ${file(r.yml)}\n", &["resources"]),
        (
            "resources:\n  - ${file(r.yml)}\n  - Resources: {Role: '${opt:role}'}\n",
            &["resources", "Role"],
        ),
        ("  iam: ${file(iam.yml)}\n", &["provider.iam"]),
        (
            "  iam: {role: '${file(role.yml)}'}\n",
            &["provider.iam.role"],
        ),
        ("functions: ${file(f.yml)}\n", &["functions"]),
        ("functions: {a: '${file(a.yml)}'}\n", &["functions.a"]),
        (
            "functions:\n  - a: ${file(a.yml)}\n    b: {role: '${opt:role}'}\n  - ${file(b.yml)}\n",
            &["functions.a", "functions.b.role", "functions"],
        ),
        (
            "custom: {a: '${opt:a}'}\nfunctions: ${self:custom.a}\n",
            &["functions"],
        ),
    ];
    for (rest, names) in cases {
        comes_from_elsewhere(rest, names);
    }
    let text = "service: x\nprovider: ${file(provider.yml)}\n";
    check("serverless.yml", text).has_verdicts(&[]);
    let folder = folder(&[("serverless.yml", text)]);
    let ran = run(&folder, "check serverless.yml --restricted s3:DeleteBucket");
    let shown = ran.out + &ran.diagnostics;
    let note = "`provider` is not judged: comes from `${file(provider.yml)}`";
    assert!(shown.contains(note), "{shown}");
}

#[test]
fn statements_from_elsewhere_are_not_known() {
    for rest in [
        "  iamRoleStatements: ${file(s.yml)}\n",
        "  iamRoleStatements:\n    - ${file(s.yml)}\n",
        "  iam: {role: {statements: '${file(s.yml)}'}}\n",
        "  iam: {role: {statements: ['${file(s.yml)}']}}\n",
    ] {
        configured(rest).has_verdicts(&[("provider", "unknown")]);
        says(rest, "`!Variable ${file(s.yml)}`");
    }
    let ran = configured("functions: {a: {iamRoleStatements: '${file(s.yml)}'}}\n");
    ran.has_verdicts(&[("functions.a", "unknown")]);
    for attached in [
        "  iamManagedPolicies: ${file(p.yml)}\n",
        "  iam: {role: {managedPolicies: ['${file(p.yml)}']}}\n",
    ] {
        says(
            attached,
            "attaches a policy whose ARN is not known before the deployment",
        );
    }
}

#[test]
fn a_role_of_a_function_is_a_reference() {
    let rest = "  role: MyRole
functions:
  a: {role: !GetAtt MyRole.Arn}
  b: {role: {'Fn::GetAtt': [MyRole, Arn]}}
  c: {role: MyRole}
  d: {role: !Sub '${MyRole.Arn}'}
  e: {role: IamRoleLambdaExecution}
resources:
  Resources:
    MyRole: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
";
    configured(rest).has_verdicts(&[]);
    let whole = shown(rest);
    assert!(!whole.contains("not judged"), "{whole}");
    for (role, shown) in [
        (
            "arn:aws:iam::111122223333:role/x",
            "the role `arn:aws:iam::111122223333:role/x`",
        ),
        ("!GetAtt Other.Arn", "the role `Other`"),
        ("Topic", "the role `Topic`"),
        ("!Ref Parameter", "the role `Parameter`"),
        ("!ImportValue exported", "a role"),
    ] {
        let rest = format!(
            "functions: {{a: {{role: {role}}}}}
resources: {{Resources: {{Topic: {{Type: AWS::SNS::Topic}}}}}}
"
        );
        configured(&rest).has_verdicts(&[]);
        let note = format!(
            "`functions.a.role` is not judged: uses {shown}, whose policies are not in this file"
        );
        says(&rest, &note);
    }
}

#[test]
fn variables_in_resources_are_not_known() {
    let rest = "resources:
  Conditions:
    IsProd: !Equals ['${opt:stage}', prod]
  Resources:
    Action: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {Statement:
      {Effect: Allow, Action: '${opt:action}', Resource: '*'}}}}
    Part: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {Statement:
      {Effect: Allow, Action: 's3:${opt:verb}Object', Resource: '*'}}}}
    Other: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {Statement:
      {Effect: Allow, Action: 'sqs:${opt:verb}', Resource: 'arn:${opt:arn}'}}}}
    Nested: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {Statement:
      {Effect: Allow, Action: !Sub 's3:${opt:${opt:verb}}', Resource: '*'}}}}
    Statement: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument:
      {Statement: ['${file(s.yml)}']}}}
    Statements: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument:
      {Statement: '${file(s.yml)}'}}}
    Document: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: '${file(d.yml)}'}}
    Inline: {Type: AWS::IAM::Role, Properties: {Policies: ['${file(p.yml)}']}}
    Inlines: {Type: AWS::IAM::Role, Properties: {Policies: '${file(p.yml)}'}}
    Properties: {Type: AWS::IAM::Role, Properties: '${file(p.yml)}'}
    Type: {Type: '${opt:type}', Properties: {}}
    Sometimes: {Type: AWS::IAM::ManagedPolicy, Condition: IsProd, Properties: {PolicyDocument:
      {Statement: {Effect: Allow, Action: 's3:*', Resource: '*'}}}}
";
    configured(rest).has_verdicts(&[
        ("Action", "unknown"),
        ("Part", "unknown"),
        ("Other", "clean"),
        ("Nested", "unknown"),
        ("Statement", "unknown"),
        ("Statements", "unknown"),
        ("Document", "unknown"),
        ("Inline.Policies[0]", "unknown"),
        ("Inlines.Policies[0]", "unknown"),
        ("Properties", "unknown"),
        ("Sometimes", "restricted"),
    ]);
    says(
        rest,
        "`Type` is not judged: a resource whose type is not known",
    );
}

#[test]
fn a_document_without_variables_stays_in_its_template() {
    let ran = configured(
        "resources:
  Mappings: {Verbs: {test: {verb: Get}}}
  Resources:
    Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: '${opt:stage}'}}
    Policy: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: {Statement:
      {Effect: Allow, Action: !Sub ['s3:${V}Object', {V: !FindInMap [Verbs, test, verb]}],
       Resource: '*'}}}}
",
    );
    ran.has_verdicts(&[("Policy", "clean")]);
}

#[test]
fn variables_of_the_same_file_have_their_values() {
    let custom = "{a: 's3:*', verb: Get, n: {b: 's3:DeleteObject'}, to: '${self:custom.n}',
  list: [sqs:SendMessage, 's3:${self:custom.verb}Object'], key: b, open: 's3:${opt:verb}'}";
    for (action, verdict) in [
        ("'${self:custom.a}'", "restricted"),
        ("'${self:custom.a, ''s3:GetObject''}'", "restricted"),
        ("'${self:custom.n.b}'", "restricted"),
        ("'${self:custom.n.${self:custom.key}}'", "restricted"),
        ("'${self:custom.to.b}'", "restricted"),
        ("'${self:custom.list}'", "clean"),
        ("'${self:custom.list.1}'", "clean"),
        ("['s3:${self:custom.verb}Object']", "clean"),
        ("'s3:${self:provider.verb}Object'", "clean"),
        // The command line can replace the stage.
        ("'s3:${self:provider.stage}'", "unknown"),
        ("'${self:custom.open}'", "unknown"),
        ("'${self:custom.n}'", "restricted"),
        ("'s3:${self:custom.n}'", "unknown"),
        ("'${self:custom.missing}'", "unknown"),
        ("'${self:custom.missing, ''s3:GetObject''}'", "unknown"),
        ("'${opt:a, self:custom.verb}'", "unknown"),
        ("'${env:A}'", "unknown"),
        ("'${ssm:/a}'", "unknown"),
        ("'${param:a}'", "unknown"),
        ("'${sls:stage}'", "unknown"),
        ("'${file(a.yml):b}'", "unknown"),
        ("'s3:${AWS::Region}'", "unknown"),
    ] {
        assert_eq!(of_action(action, custom), verdict, "{action}");
    }
}

#[test]
fn variables_are_resolved_only_so_far() {
    for custom in [
        "{a: '${self:custom.a}'}",
        "{a: '${self:custom.b}', b: 's3:${self:custom.a}'}",
        "{a: '${self:custom.b}${self:custom.b}', b: '${self:custom.a}${self:custom.a}'}",
        "'${self:custom}'",
    ] {
        assert_eq!(of_action("'${self:custom.a}'", custom), "unknown");
    }
    let of_cycle = of_action("'${self:custom.a}'", "{a: ['${self:custom.a}', 'x:y']}");
    assert_ne!(of_cycle, "clean");
    let doubled = |at: usize| {
        format!(
            "a{}: '${{self:custom.a{at}}}${{self:custom.a{at}}}'",
            at + 1
        )
    };
    let doubled: Vec<String> = (0..40).map(doubled).collect();
    let custom = format!("{{a0: 's3:Get', {}}}", doubled.join(", "));
    assert_eq!(of_action("'${self:custom.a40}'", &custom), "unknown");
}

#[test]
fn a_part_or_a_function_can_be_a_variable_of_the_same_file() {
    let ran = configured(
        "  iam: {role: {statements: '${self:custom.statements}', managedPolicies: '${self:custom.arns}'}}
custom:
  statements: [{Effect: Allow, Action: 's3:*', Resource: '*'}]
  arns: [arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess]
  function: {iamRoleStatements: '${self:custom.statements}'}
  parts:
    - Resources:
        P: {Type: '${self:custom.type}', Properties: {PolicyDocument:
          {Statement: '${self:custom.statements}'}}}
  type: AWS::IAM::ManagedPolicy
functions: {a: '${self:custom.function}'}
resources: ${self:custom.parts}
",
    );
    ran.has_verdicts(&[
        ("provider", "restricted"),
        ("provider (AmazonSQSReadOnlyAccess)", "clean"),
        ("functions.a", "restricted"),
        ("P", "restricted"),
    ]);
}
