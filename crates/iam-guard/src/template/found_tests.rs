//! What is found in a template, and what is named because it is not judged.

use super::{Parameters, find, is_template};
use crate::found::Content;
use crate::managed::ManagedPolicies;
use crate::source::Source;
use crate::tree::yaml;

/// What is found, one line each: the name of a policy with its actions, with `document` or with
/// `unknown`; `template` with a name and a template; what is not judged with `note`. An AWS managed
/// policy that is attached is there with its name, whether or not its document is known.
fn found(template: &str) -> Vec<String> {
    let source = Source::new("test.yaml", template);
    let trees = yaml::parse(&source).unwrap();
    let (managed, parameters) = (ManagedPolicies::default(), Parameters::default());
    let found = find(&trees[0], &managed, &parameters);
    let attached = |text: &str| {
        let (_, name) = text.split_once("AWS managed policy `")?;
        Some(name.split('`').next()?.to_owned())
    };
    let policies = found.policies.into_iter().map(|it| {
        let content = match it.content {
            Content::Template { .. } => "document".to_owned(),
            Content::Text { text, what } => {
                attached(&what.unwrap_or_default()).unwrap_or_else(|| {
                    let (_, actions) = text.split_once("\"Action\":[").unwrap();
                    actions.split(']').next().unwrap().replace('"', "")
                })
            }
            _ => "unknown".to_owned(),
        };
        format!("{}: {content}", it.name.split(" (").next().unwrap())
    });
    let templates = found.templates.iter();
    let templates = templates.map(|it| format!("{}: template {}", it.name, it.text.trim()));
    let notes = found.not_judged.iter().map(|it| {
        let content = attached(&it.reason).unwrap_or_else(|| "note".to_owned());
        format!("{}: {content}", it.name)
    });
    let mut all: Vec<String> = policies.chain(templates).chain(notes).collect();
    all.sort();
    all
}

/// Asserts what is found beside the policy that each function has.
#[track_caller]
fn finds(template: &str, expected: &[&str]) {
    let mut found = found(template);
    found.retain(|line| !line.ends_with(".Role: AWSLambdaBasicExecutionRole"));
    assert_eq!(found, expected, "{template}");
}

#[test]
fn a_template_has_resources_loops_or_macros() {
    for (text, expected) in [
        ("Resources: {A: {Type: AWS::S3::Bucket}}", true),
        ("Resources: {Fn::ForEach::A: [B, [c], {}]}", true),
        ("Resources: {Fn::Transform: {Name: A}}", true),
        ("AWSTemplateFormatVersion: 2010-09-09", true),
        ("Resources: {A: {Type: bucket}}", false),
        ("Statement: []", false),
    ] {
        let source = Source::new("test.yaml", text);
        let trees = yaml::parse(&source).unwrap();
        assert_eq!(is_template(&trees[0]), expected, "{text}");
    }
}

#[test]
fn macros_and_included_files_are_named() {
    for (template, expected) in [
        ("Transform: RoleBuilder\n", "RoleBuilder: note"),
        ("Transform: [AWS::LanguageExtensions, A]\n", "A: note"),
        ("Transform: [{Name: B, Parameters: {}}]\n", "B: note"),
        ("Transform: {Name: 'AWS::Include'}\n", "AWS::Include: note"),
        ("Fn::Transform: {Name: C}\n", "C: note"),
        ("Fn::Transform: [{Name: C}]\n", "C: note"),
    ] {
        finds(&format!("{template}Resources: {{}}\n"), &[expected]);
    }
    let known = "Transform: [AWS::Serverless-2016-10-31, AWS::LanguageExtensions, AWS::CodeDeployBlueGreen, AWS::SecretsManager-2020-07-23]\nResources: {}\n";
    finds(known, &[]);
    for (resource, expected) in [
        ("Fn::Transform: {Name: AWS::Include}", vec!["X: note"]),
        (
            "Type: AWS::S3::Bucket, Fn::Transform: {Name: M}",
            vec!["X: note"],
        ),
        (
            "Type: AWS::S3::Bucket, Properties: {Fn::Transform: {Name: M}}",
            vec![],
        ),
        (
            "Type: AWS::IAM::Policy, Properties: {Fn::Transform: {Name: M}}",
            vec!["X: unknown"],
        ),
        (
            "Type: AWS::IAM::Role, Properties: {Fn::Transform: {Name: M}}",
            vec!["X: unknown"],
        ),
        (
            "Type: AWS::IAM::Role, Properties: !Transform {Name: M}",
            vec!["X: unknown"],
        ),
        (
            "Type: AWS::IAM::Role, Properties: !Ref P",
            vec!["X: unknown"],
        ),
        ("Type: AWS::IAM::Role, Properties: text", vec!["X: unknown"]),
        (
            "Type: AWS::IAM::Role, Properties: {Fn::ForEach::L: [V, [a]]}",
            vec!["X: unknown"],
        ),
        ("Type: AWS::IAM::Role, Properties: {}", vec![]),
        (
            "Type: AWS::IAM::Role, Properties: {Policies: !Transform {Name: M}}",
            vec!["X.Policies[0]: unknown"],
        ),
        (
            "Type: AWS::IAM::Role, Properties: {Policies: [!Transform {Name: M}]}",
            vec!["X.Policies[0]: unknown"],
        ),
        (
            "Type: AWS::SSO::PermissionSet, Properties: {Fn::Transform: {Name: M}}",
            vec!["X: unknown"],
        ),
        (
            "Type: AWS::Serverless::Function, Properties: {Fn::Transform: {Name: M}}",
            vec!["X: unknown"],
        ),
        (
            "Type: AWS::Serverless::Function, Properties: {Policies: [!Transform {Name: M}]}",
            vec!["X.Policies[0]: unknown"],
        ),
        ("Type: !Ref T", vec!["X: note"]),
    ] {
        finds(&format!("Resources: {{X: {{{resource}}}}}"), &expected);
    }
    finds(
        "Modules: {M: {Source: a}}\nResources: {Fn::ForEach::L: [V, [a]], R: {Type: AWS::IAM::Policy, Properties: {PolicyDocument: a}}}",
        &["Fn::ForEach::L: unknown", "M: note", "R: document"],
    );
    finds(
        "Resources: {Fn::Transform: {Name: M}}",
        &["Fn::Transform: note"],
    );
}

#[test]
fn other_templates_are_named_or_found() {
    for (resource, expected) in [
        ("Type: Org::Team::Role::MODULE", "X: note"),
        (
            "Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: a}",
            "X: note",
        ),
        (
            "Type: AWS::CloudFormation::StackSet, Properties: {TemplateURL: a}",
            "X: note",
        ),
        (
            "Type: AWS::CloudFormation::StackSet, Properties: {TemplateBody: 'Resources: {}'}",
            "X: template Resources: {}",
        ),
        (
            "Type: AWS::CloudFormation::StackSet, Properties: {TemplateBody: {Resources: {A: [!Ref B, 1]}}}",
            r#"X: template {"Resources":{"A":[{"Ref":"B"},1]}}"#,
        ),
        (
            "Type: AWS::CloudFormation::StackSet, Properties: {TemplateBody: !Sub 'Resources: {}'}",
            "X: template Resources: {}",
        ),
        (
            "Type: AWS::CloudFormation::StackSet, Properties: {TemplateBody: !Sub '${T}'}",
            "X: note",
        ),
        (
            "Type: AWS::Serverless::Application, Properties: {Location: a}",
            "X: note",
        ),
        (
            "Type: AWS::ServiceCatalog::CloudFormationProvisionedProduct, Properties: {}",
            "X: note",
        ),
        (
            "Type: AWS::SecretsManager::RotationSchedule, Properties: {HostedRotationLambda: {}}",
            "X: note",
        ),
        (
            "Type: AWS::SSO::Assignment, Properties: {PermissionSetArn: a}",
            "X: note",
        ),
        ("Type: AWS::Serverless::Later", "X: note"),
    ] {
        finds(&format!("Resources: {{X: {{{resource}}}}}"), &[expected]);
    }
    for resource in [
        "Type: AWS::SecretsManager::RotationSchedule, Properties: {}",
        "Type: Custom::Thing",
        "Type: AWS::Serverless::SimpleTable",
    ] {
        finds(&format!("Resources: {{X: {{{resource}}}}}"), &[]);
    }
    finds(
        "Resources: {S: {Type: AWS::SSO::PermissionSet}, A: {Type: AWS::SSO::Assignment, Properties: {PermissionSetArn: !GetAtt S.PermissionSetArn}}}",
        &[],
    );
}

#[test]
fn only_the_last_of_repeated_keys_counts() {
    let policy = |name: &str| {
        format!(
            "{{Type: AWS::IAM::User, Properties: {{Policies: [{{PolicyDocument: {name}}}], Policies: []}}}}"
        )
    };
    let last = policy("b").replace(", Policies: []", "");
    finds(
        &format!("Resources: {{A: {}, A: {last}}}", policy("a")),
        &["A.Policies[0]: document"],
    );
    finds(
        &format!("Resources: {{A: {last}, A: {}}}", policy("a")),
        &[],
    );
    finds(
        &format!(
            "Resources: {{Fn::ForEach::L: [V, [a], {{B: {last}}}], Fn::ForEach::L: [V, [], {{}}]}}"
        ),
        &[],
    );
}

#[test]
fn an_attached_policy_is_here_only_if_it_is_a_policy_of_the_template() {
    let role = |arn: &str| {
        format!(
            "Resources: {{P: {{Type: AWS::IAM::ManagedPolicy}}, C: {{Type: Custom::Policy}}, R: {{Type: AWS::IAM::Role, Properties: {{ManagedPolicyArns: [{arn}]}}}}}}"
        )
    };
    for arn in [
        "!Ref P",
        "!GetAtt P.PolicyArn",
        "!Sub '${P}'",
        "!Ref AWS::NoValue",
    ] {
        finds(&role(arn), &[]);
    }
    for arn in [
        "!Ref C",
        "!GetAtt C.Arn",
        "!Ref X",
        "!Sub 'arn:aws:iam::1:policy/${P}'",
    ] {
        finds(&role(arn), &["R.ManagedPolicyArns: note"]);
    }
    let allowed = "Parameters: {A: {Type: String, AllowedValues: ['arn:aws:iam::1:policy/a', 'arn:aws:iam::1:policy/b']}}\n";
    let found = found(&format!("{allowed}{}", role("!Ref A")));
    assert_eq!(found, ["R.ManagedPolicyArns: note"; 2]);
}

#[test]
fn what_no_deployment_has_is_not_there() {
    let role = |condition: &str| {
        format!(
            "Conditions: {{No: !Equals [a, b], Maybe: !Equals [!ImportValue a, b]}}\nResources: {{R: {{Type: AWS::IAM::Role, Properties: {{Policies: [!If [{condition}, {{PolicyDocument: a}}, {{PolicyDocument: b}}]], ManagedPolicyArns: !If [{condition}, [x], !Ref AWS::NoValue]}}}}}}"
        )
    };
    finds(&role("No"), &["R.Policies[1]: document"]);
    finds(
        &role("Maybe"),
        &[
            "R.ManagedPolicyArns: note",
            "R.Policies[0]: document",
            "R.Policies[1]: document",
        ],
    );
}

#[test]
fn connectors_are_judged_by_their_ends() {
    let resources = "F: {Type: AWS::Serverless::Function, Properties: {Role: r}}, B: {Type: AWS::S3::Bucket}, Q: {Type: AWS::SQS::Queue}, A: {Type: AWS::Serverless::HttpApi}";
    let connector = |ends: &str| {
        format!(
            "Resources: {{{resources}, C: {{Type: AWS::Serverless::Connector, Properties: {{{ends}}}}}}}"
        )
    };
    for (ends, expected) in [
        (
            "Source: {Id: F}, Destination: {Id: Q}, Permissions: [Read]",
            "C: sqs:ReceiveMessage,sqs:GetQueueAttributes",
        ),
        (
            "Source: {Id: Q}, Destination: {Id: F}, Permissions: [Read, Write]",
            "C: sqs:ReceiveMessage,sqs:GetQueueAttributes,sqs:DeleteMessage",
        ),
        (
            "Source: {Id: F}, Destination: [{Id: F}, {Type: AWS::SNS::Topic, Arn: a}], Permissions: [Write]",
            "C: lambda:InvokeAsync,lambda:InvokeFunction,sns:Publish",
        ),
        (
            "Source: {Id: F}, Destination: {Id: Q}, Permissions: !Ref P",
            "C: unknown",
        ),
        (
            "Source: {Id: F}, Destination: {Id: Nowhere}, Permissions: [Read]",
            "C: unknown",
        ),
        (
            "Source: {Id: Q}, Destination: {Id: B}, Permissions: [Read]",
            "C: unknown",
        ),
        ("Source: {Id: F}, Permissions: [Read]", "C: unknown"),
    ] {
        finds(&connector(ends), &[expected]);
    }
    finds(
        &connector("Source: {Id: A}, Destination: {Id: F}, Permissions: [Write]"),
        &[],
    );
    let embedded = "Type: AWS::Serverless::Function, Properties: {Role: r}, Connectors: {ToQ: {Properties: {Destination: {Id: Q}, Permissions: [Read]}}}";
    finds(
        &format!("Resources: {{Q: {{Type: AWS::SQS::Queue}}, X: {{{embedded}}}}}"),
        &["X.Connectors.ToQ: sqs:ReceiveMessage,sqs:GetQueueAttributes"],
    );
}

#[test]
fn what_sam_adds_to_roles_is_judged() {
    let function =
        |properties: &str| format!("Type: AWS::Serverless::Function, Properties: {{{properties}}}");
    let machine = |properties: &str| {
        format!("Type: AWS::Serverless::StateMachine, Properties: {{{properties}}}")
    };
    let target = |end: &str, kind: &str| {
        function(&format!(
            "EventInvokeConfig: {{DestinationConfig: {{{end}: {{Type: {kind}, Destination: a}}}}}}"
        ))
    };
    let event = |kind: &str, properties: &str| {
        function(&format!(
            "Events: {{E: {{Type: {kind}, Properties: {{{properties}}}}}}}"
        ))
    };
    for (resource, expected) in [
        (target("OnFailure", "S3Bucket"), vec!["X.EventInvokeConfig.OnFailure: s3:PutObject,s3:ListBucket"]),
        (target("OnSuccess", "SQS"), vec!["X.EventInvokeConfig.OnSuccess: sqs:SendMessage"]),
        (target("OnSuccess", "Lambda"), vec!["X.EventInvokeConfig.OnSuccess: lambda:InvokeFunction"]),
        (target("OnSuccess", "EventBridge"), vec!["X.EventInvokeConfig.OnSuccess: events:PutEvents"]),
        (target("OnSuccess", "!Ref T"), vec!["X.EventInvokeConfig.OnSuccess: unknown"]),
        (target("OnFailure", "SNS").replace("Event", "Role: r, Event"), vec![]),
        (function("DeadLetterQueue: {Type: SNS, TargetArn: a}"), vec!["X.DeadLetterQueue: sns:Publish"]),
        (function("Role: !If [C, a, !Ref AWS::NoValue], DeadLetterQueue: {Type: SQS}"), vec!["X.DeadLetterQueue: sqs:SendMessage"]),
        (event("MQ", "SecretsManagerKmsKeyId: k"), vec!["X.Events.E: secretsmanager:GetSecretValue,mq:DescribeBroker,kms:Decrypt"]),
        (event("Kinesis", "DestinationConfig: {OnFailure: {Type: S3, Destination: a}}"), vec!["X.Events.E.OnFailure: s3:PutObject,s3:ListBucket", "X.Events.E: AWSLambdaKinesisExecutionRole"]),
        (event("SelfManagedKafka", "SourceAccessConfigurations: [{Type: VPC_SUBNET}]"), vec!["X.Events.E: ec2:CreateNetworkInterface,ec2:DescribeNetworkInterfaces,ec2:DeleteNetworkInterface,ec2:DescribeVpcs,ec2:DescribeSubnets,ec2:DescribeSecurityGroups"]),
        (event("ScheduleV2", "DeadLetterConfig: {}").replace("Events", "Role: r, Events"), vec!["X.Events.E: lambda:InvokeFunction,sqs:SendMessage"]),
        (function("Role: r, DeploymentPreference: {Enabled: false}"), vec![]),
        (event("Api", ""), vec![]),
        (event("Later", ""), vec!["X.Events.E: note"]),
        (machine("Role: r, Events: {E: {Type: Api}}"), vec!["X.Events.E: states:StartExecution"]),
        (machine("Events: {E: {Type: Schedule, Properties: {RoleArn: a}}}"), vec![]),
        ("Type: AWS::Serverless::GraphQLApi, Properties: {Logging: false, DataSources: {Lambda: {L: {FunctionArn: a}}}}".to_owned(), vec!["X.DataSources.Lambda.L: lambda:InvokeAsync,lambda:InvokeFunction"]),
    ] {
        finds(&format!("Resources: {{X: {{{resource}}}}}"), &expected);
    }
    finds(
        "Globals: {Function: {DeadLetterQueue: {Type: SQS}}}\nResources: {X: {Type: AWS::Serverless::Function}}",
        &["X.DeadLetterQueue: sqs:SendMessage"],
    );
}
