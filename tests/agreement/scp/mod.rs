//! The service control policy of `make scp`: what it must stop, and what must go on, judged with our own engine.

use std::collections::BTreeMap;

use iam_policy::{Effect, PolicyDocument};
use serde_json::{Value, json};
use wildmatch::WildMatch;
use xtask::deployed::{Deployed, Resource};
use xtask::scp::{self, Trusted};

use crate::transformed::{many, resources};

mod attacks;

use attacks::attacks;

const ACCOUNT: &str = "111122223333";
const DEPLOYER: &str = "arn:aws:iam::111122223333:role/ci/deploy";
const WORKER: &str = "arn:aws:iam::111122223333:role/orders-worker";
const SET: &str =
    "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Deployer_*";

/// The stack as CloudFormation would name its parts, with everything that is made on request.
fn deployed(stack: &str, decide_by: &str) -> Deployed {
    let resources = resources().iter().map(|(logical, resource)| {
        let kind = resource["Type"].as_str().unwrap();
        Resource {
            logical: logical.clone(),
            kind: kind.to_owned(),
            physical: physical(stack, logical, kind, &resource["Properties"]),
        }
    });
    Deployed {
        name: stack.to_owned(),
        partition: "aws".to_owned(),
        region: "us-east-1".to_owned(),
        account: ACCOUNT.to_owned(),
        parameters: BTreeMap::from([("DecideBy".to_owned(), decide_by.to_owned())]),
        outputs: BTreeMap::new(),
        resources: resources.collect(),
    }
}

fn physical(stack: &str, logical: &str, kind: &str, properties: &Value) -> String {
    let named = [
        "Name",
        "AlarmName",
        "AliasName",
        "StateMachineName",
        "TrailName",
    ];
    let named = named
        .iter()
        .find_map(|key| properties[*key]["Fn::Sub"].as_str());
    if let Some(name) = named {
        let name = name.replace("${AWS::StackName}", stack);
        return match kind {
            "AWS::StepFunctions::StateMachine" => {
                format!("arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:{name}")
            }
            _ => name,
        };
    }
    // CloudFormation cuts names to 64 characters, and ends them with twelve of its own.
    let cut: String = stack.chars().take(28).collect();
    let logical: String = logical.chars().take(22).collect();
    let made = format!("{cut}-{logical}-0A1B2C3D4E5F");
    match kind {
        "AWS::SNS::Topic" => format!("arn:aws:sns:us-east-1:{ACCOUNT}:{made}"),
        "AWS::SQS::Queue" => format!("https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/{made}"),
        "AWS::KMS::Key" => "0d1e2f3a-0b1c-2d3e-4f5a-6b7c8d9e0f1a".to_owned(),
        "AWS::ApiGateway::RestApi" => "a1b2c3d4e5".to_owned(),
        "AWS::CloudWatch::Dashboard" => stack.to_owned(),
        "AWS::Logs::LogGroup" if logical == "PolicyApprovalLogs" => {
            format!("/aws/vendedlogs/states/{stack}-0d1e2f3a-0b1c-2d3e-4f5a-6b7c8d9e0f1a")
        }
        _ => made,
    }
}

/// Whether the policy denies a call. `*` is the resource of a call that has none.
fn denies(policy: &str, principal: &str, action: &str, resource: &str) -> bool {
    let parsed: PolicyDocument = policy.parse().unwrap();
    let json: Value = serde_json::from_str(policy).unwrap();
    let written = many(&json["Statement"]);
    assert_eq!(parsed.statements().len(), written.len());
    let like =
        |pattern: &Value, text: &str| WildMatch::new(pattern.as_str().unwrap()).matches(text);
    parsed
        .statements()
        .iter()
        .zip(written)
        .any(|(statement, written)| {
            assert_eq!(statement.effect(), Effect::Deny);
            let is_named = statement.patterns().iter().any(|it| it.matches(action));
            let mut resources = many(&written["Resource"]).into_iter();
            let condition = written["Condition"].as_object().unwrap();
            assert_eq!(condition.len(), 1, "this evaluator knows one condition");
            let keepers = many(&condition["ArnNotLike"]["aws:PrincipalArn"]);
            is_named != statement.is_negated()
                && resources
                    .any(|pattern| pattern == "*" || resource != "*" && like(pattern, resource))
                && !keepers.into_iter().any(|keeper| like(keeper, principal))
        })
}

fn made(stack: &Deployed) -> String {
    let deployers = Trusted::list(DEPLOYER, ACCOUNT).unwrap();
    let senders = Trusted::list(WORKER, ACCOUNT).unwrap();
    scp::policy(stack, &deployers, &senders).unwrap()
}

const STACKS: [&str; 2] = [
    "guard",
    "a-name-for-a-stack-that-is-as-long-as-the-template-takes-it",
];

#[test]
fn nobody_but_the_deployer_changes_the_stack() {
    for name in STACKS {
        for decide_by in ["Token", "Mail"] {
            let stack = deployed(name, decide_by);
            let policy = made(&stack);
            let attacks = attacks(&stack);
            assert!(attacks.len() > 250, "{} attacks", attacks.len());
            for (action, resource) in &attacks {
                for attacker in [
                    "root",
                    "user/mallory",
                    "role/PowerUser",
                    "role/guard-RemediateRole-X",
                    "role/ci/deploy-other",
                ] {
                    let attacker = format!("arn:aws:iam::{ACCOUNT}:{attacker}");
                    assert!(
                        denies(&policy, &attacker, action, resource),
                        "{attacker} may {action} on {resource}:\n{policy}"
                    );
                }
                assert!(
                    !denies(&policy, DEPLOYER, action, resource),
                    "the deployer may not {action} on {resource}"
                );
            }
        }
    }
}

#[test]
fn the_guard_and_everybody_else_go_on() {
    for name in STACKS {
        let stack = deployed(name, "Mail");
        let policy = made(&stack);
        let id = |logical: &str| stack.physical(logical).unwrap();
        let role = |logical: &str| format!("arn:aws:iam::{ACCOUNT}:role/{}", id(logical));
        let log = |logical: &str| {
            format!(
                "arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{}:log-stream:x",
                id(logical)
            )
        };
        let machine = id("PolicyApprovalStateMachine");
        let execution = machine.replace(":stateMachine:", ":execution:") + ":one";
        let function = |logical: &str| {
            format!(
                "arn:aws:lambda:us-east-1:{ACCOUNT}:function:{}",
                id(logical)
            )
        };
        let key = format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{}", id("AlertKey"));
        let elsewhere =
            |service: &str, rest: &str| format!("arn:aws:{service}:us-east-1:{ACCOUNT}:{rest}");
        let developer = format!("arn:aws:iam::{ACCOUNT}:role/developer");
        let pages_log = format!("arn:aws:iam::{ACCOUNT}:role/apigateway-logs");
        let passing = [
            (
                role("PolicyWriteRuleRole"),
                "states:StartExecution",
                machine.to_owned(),
            ),
            (
                role("PolicyApprovalRole"),
                "lambda:InvokeFunction",
                function("RemediateFunction"),
            ),
            (
                role("PolicyApprovalRole"),
                "sns:Publish",
                id("AlertTopic").to_owned(),
            ),
            (
                role("PolicyApprovalRole"),
                "logs:CreateLogDelivery",
                "*".to_owned(),
            ),
            (
                role("NotifyRole"),
                "sns:Publish",
                id("AlertTopic").to_owned(),
            ),
            (role("NotifyRole"), "kms:GenerateDataKey", key.clone()),
            (
                role("ApproveCallbackRole"),
                "states:SendTaskSuccess",
                "*".to_owned(),
            ),
            (
                role("ApproveCallbackRole"),
                "states:SendTaskHeartbeat",
                "*".to_owned(),
            ),
            (
                role("ApproveCallbackRole"),
                "states:GetExecutionHistory",
                execution.clone(),
            ),
            (
                role("RevertRole"),
                "states:GetExecutionHistory",
                execution.clone(),
            ),
            (
                role("RemediateRole"),
                "logs:PutLogEvents",
                log("RemediateLogs"),
            ),
            (
                role("RemediateRole"),
                "iam:PutRolePolicy",
                format!("arn:aws:iam::{ACCOUNT}:role/developer"),
            ),
            (WORKER.to_owned(), "states:SendTaskSuccess", "*".to_owned()),
            // API Gateway writes the log of the pages with a role of the account.
            (
                pages_log.clone(),
                "logs:PutLogEvents",
                log("ApprovalApiLogs"),
            ),
            (pages_log, "logs:CreateLogStream", log("ApprovalApiLogs")),
            // Reading is free.
            (
                developer.clone(),
                "states:DescribeExecution",
                execution.clone(),
            ),
            (
                developer.clone(),
                "states:GetExecutionHistory",
                execution.clone(),
            ),
            (
                developer.clone(),
                "lambda:GetFunction",
                function("RemediateFunction"),
            ),
            (developer.clone(), "iam:GetRole", role("RemediateRole")),
            (developer.clone(), "logs:StartQuery", log("RemediateLogs")),
            (developer.clone(), "sts:AssumeRole", DEPLOYER.to_owned()),
            // And what belongs to others is theirs.
            (
                developer.clone(),
                "lambda:UpdateFunctionCode",
                elsewhere("lambda", "function:orders"),
            ),
            (
                developer.clone(),
                "states:StartExecution",
                elsewhere("states", "stateMachine:orders"),
            ),
            (
                developer.clone(),
                "events:DisableRule",
                elsewhere("events", "rule/orders"),
            ),
            (
                developer.clone(),
                "sns:Subscribe",
                elsewhere("sns", "orders"),
            ),
            (
                developer.clone(),
                "iam:PassRole",
                format!("arn:aws:iam::{ACCOUNT}:role/orders"),
            ),
            (
                developer.clone(),
                "cloudformation:UpdateStack",
                elsewhere("cloudformation", "stack/orders/1"),
            ),
            (
                developer.clone(),
                "cloudwatch:PutMetricAlarm",
                elsewhere("cloudwatch", "alarm:orders"),
            ),
            (
                developer,
                "s3:PutObject",
                "arn:aws:s3:::orders/1".to_owned(),
            ),
        ];
        for (who, action, resource) in passing {
            assert!(
                !denies(&policy, &who, action, &resource),
                "{who} may not {action} on {resource}:\n{policy}"
            );
        }
        // A role of the stack has the rights of its task there, and answers no token in place of the pages.
        assert!(denies(
            &policy,
            &role("NotifyRole"),
            "states:SendTaskSuccess",
            "*"
        ));
        // Where a token decides, nobody reads one.
        let policy = made(&deployed(name, "Token"));
        let reads = "states:GetExecutionHistory";
        assert!(denies(
            &policy,
            "arn:aws:iam::111122223333:role/developer",
            reads,
            &execution
        ));
        assert!(!denies(
            &policy,
            &role("ApproveCallbackRole"),
            reads,
            &execution
        ));
    }
}

#[test]
fn organizations_take_the_policy() {
    for name in STACKS {
        let stack = deployed(name, "Token");
        let policy = made(&stack);
        assert!(policy.len() <= scp::LONGEST, "{} characters", policy.len());
        let policy: Value = serde_json::from_str(&policy).unwrap();
        assert_eq!(policy["Version"], "2012-10-17");
        for statement in many(&policy["Statement"]) {
            let known = [
                "Sid",
                "Effect",
                "Action",
                "NotAction",
                "Resource",
                "Condition",
            ];
            let mut keys = statement.as_object().unwrap().keys();
            assert!(keys.all(|key| known.contains(&key.as_str())), "{statement}");
            let sid = statement["Sid"].as_str().unwrap();
            assert!(sid.chars().all(|it| it.is_ascii_alphanumeric()), "{sid}");
            let actions = [&statement["Action"], &statement["NotAction"]];
            for action in actions.into_iter().flat_map(many) {
                // A wildcard stands at the end only, as older pages of AWS ask for.
                let action = action.as_str().unwrap();
                assert!(
                    !action.trim_end_matches('*').contains(['*', '?']),
                    "{action}"
                );
            }
        }
    }
    // With a short name, only the names of alarms become a pattern: what begins alike is left alone.
    let policy = made(&deployed("guard", "Mail"));
    let other = "arn:aws:iam::111122223333:role/developer";
    for (action, resource) in [
        (
            "events:DisableRule",
            "events:us-east-1:111122223333:rule/guard-dogs",
        ),
        (
            "logs:DeleteLogGroup",
            "logs:us-east-1:111122223333:log-group:guard-dogs",
        ),
        (
            "lambda:UpdateFunctionCode",
            "lambda:us-east-1:111122223333:function:guard-dogs",
        ),
        (
            "states:DeleteStateMachine",
            "states:us-east-1:111122223333:stateMachine:guard-incidents-2",
        ),
        ("iam:PassRole", "iam::111122223333:role/guard-dogs"),
    ] {
        let resource = format!("arn:aws:{resource}");
        assert!(
            !denies(&policy, other, action, &resource),
            "{action} {resource}"
        );
    }
}

#[test]
fn only_who_cannot_be_imitated_is_trusted() {
    for list in [DEPLOYER, SET, &format!("{DEPLOYER}, {SET}")] {
        assert!(Trusted::list(list, ACCOUNT).is_ok(), "{list}");
    }
    for list in [
        "deploy",
        "arn:aws:iam::111122223333:user/alice",
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::444455556666:role/deploy",
        "arn:aws:iam::111122223333:role/deploy-*",
        "arn:aws:iam::111122223333:role/*",
        "arn:aws:iam::*:role/deploy",
        "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*",
        "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_*",
        "arn:aws:iam::111122223333:role/x/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Deployer_*",
        "arn:aws:sts::111122223333:assumed-role/deploy/x",
    ] {
        assert!(Trusted::list(list, ACCOUNT).is_err(), "{list}");
    }
    let nobody = Trusted::list("", ACCOUNT).unwrap();
    assert!(scp::policy(&deployed("guard", "Mail"), &nobody, &nobody).is_err());
}

/// A resource of a type that nobody thought of is not left open in silence.
#[test]
fn an_unknown_type_is_an_error() {
    let mut stack = deployed("guard", "Mail");
    let trusted = Trusted::list(DEPLOYER, ACCOUNT).unwrap();
    assert!(scp::policy(&stack, &trusted, &[]).is_ok());
    let new: Resource = serde_json::from_value(json!({
        "LogicalResourceId": "Ledger", "ResourceType": "AWS::DynamoDB::Table", "PhysicalResourceId": "guard-ledger",
    }))
    .unwrap();
    stack.resources.push(new);
    let error = scp::policy(&stack, &trusted, &[]).unwrap_err().to_string();
    assert!(
        error.contains("Ledger") && error.contains("AWS::DynamoDB::Table"),
        "{error}"
    );
}
