//! The service control policy of `make scp`: the calls that it must deny and those that it must
//! not, evaluated with `iam-policy`.

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

/// The stack with the names that CloudFormation would give, and with all optional resources.
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
    let mut keys = "Name AlarmName AliasName StateMachineName TrailName".split(' ');
    if let Some(name) = keys.find_map(|key| properties[key]["Fn::Sub"].as_str()) {
        let name = name.replace("${AWS::StackName}", stack);
        return match kind {
            "AWS::StepFunctions::StateMachine" => {
                format!("arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:{name}")
            }
            _ => name,
        };
    }
    // CloudFormation truncates names to 64 characters, of them twelve random ones at the end.
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

/// Whether the policy denies a call. The resource of a call without resources is `*`.
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
            let keepers = match written.get("Condition") {
                Some(condition) => {
                    let operators = condition.as_object().unwrap().len();
                    assert_eq!(operators, 1, "this evaluator knows one condition");
                    many(&condition["ArnNotLike"]["aws:PrincipalArn"])
                }
                None => Vec::new(),
            };
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
fn only_the_deployer_changes_the_stack() {
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

/// Calls that the policy must not deny: the role, the action and the resource. A role and a
/// resource can have the name that they have in the template.
const ALLOWED: &str = "
    PolicyWriteRuleRole states:StartExecution PolicyApprovalStateMachine
    PolicyApprovalRole lambda:InvokeFunction RemediateFunction
    PolicyApprovalRole sns:Publish AlertTopic
    PolicyApprovalRole logs:CreateLogDelivery *
    NotifyRole sns:Publish AlertTopic
    NotifyRole sns:Publish ChatTopic
    NotifyRole kms:GenerateDataKey AlertKey
    ApproveCallbackRole states:SendTaskSuccess *
    ApproveCallbackRole states:SendTaskHeartbeat *
    ApproveCallbackRole states:GetExecutionHistory execution
    RevertRole states:GetExecutionHistory execution
    RevertRole states:StartExecution ClaimsStateMachine
    RemediateRole logs:PutLogEvents RemediateLogs
    RevertRole logs:PutLogEvents RevertLogs
    RevertRole logs:CreateLogStream RevertLogs
    PolicyApprovalRole iam:PutRolePolicy arn:aws:iam::111122223333:role/developer
    orders-worker states:SendTaskSuccess *
    SweepRuleRole states:StartExecution SweepStateMachine
    SweepRole states:StartExecution PolicyApprovalStateMachine
    SweepRole lambda:InvokeFunction ValidatePolicyFunction
    SweepRole iam:PutRolePolicy ProbeRole
    PolicyApprovalRole iam:PutRolePolicy ProbeRole

    # API Gateway writes the log of the pages with a role of the account.
    apigateway-logs logs:PutLogEvents ApprovalApiLogs
    apigateway-logs logs:CreateLogStream ApprovalApiLogs

    # Any principal can read.
    developer states:DescribeExecution execution
    developer states:GetExecutionHistory execution
    developer lambda:GetFunction RemediateFunction
    developer iam:GetRole RemediateRole
    developer logs:StartQuery RemediateLogs
    developer sts:AssumeRole arn:aws:iam::111122223333:role/ci/deploy

    # Resources outside the stack are not protected.
    developer lambda:UpdateFunctionCode arn:aws:lambda:us-east-1:111122223333:function:orders
    developer states:StartExecution arn:aws:states:us-east-1:111122223333:stateMachine:orders
    developer events:DisableRule arn:aws:events:us-east-1:111122223333:rule/orders
    developer sns:Subscribe arn:aws:sns:us-east-1:111122223333:orders
    developer iam:PassRole arn:aws:iam::111122223333:role/orders
    developer cloudformation:UpdateStack arn:aws:cloudformation:us-east-1:111122223333:stack/orders/1
    developer cloudwatch:PutMetricAlarm arn:aws:cloudwatch:us-east-1:111122223333:alarm:orders
    developer s3:PutObject arn:aws:s3:::orders/1";

/// The ARN of a role, by its name or by its name in the template.
fn role(stack: &Deployed, name: &str) -> String {
    let name = stack.physical(name).unwrap_or(name);
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

/// The resource of a line of [`ALLOWED`].
fn resource(stack: &Deployed, name: &str) -> String {
    if name == "execution" {
        let machine = stack.physical("PolicyApprovalStateMachine").unwrap();
        return machine.replace(":stateMachine:", ":execution:") + ":one";
    }
    let Ok(id) = stack.physical(name) else {
        assert!(name == "*" || name.starts_with("arn:"), "{name}");
        return name.to_owned();
    };
    match resources()[name]["Type"].as_str().unwrap() {
        "AWS::Lambda::Function" => format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:{id}"),
        "AWS::KMS::Key" => format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{id}"),
        "AWS::IAM::Role" => role(stack, name),
        "AWS::Logs::LogGroup" => {
            format!("arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{id}:log-stream:x")
        }
        _ => id.to_owned(),
    }
}

#[test]
fn the_guard_and_all_other_principals_go_on() {
    for name in STACKS {
        let stack = deployed(name, "Mail");
        let policy = made(&stack);
        let mut calls = 0;
        for line in ALLOWED.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let [who, action, what] = line.split(' ').collect::<Vec<_>>()[..] else {
                panic!("not a call: {line}");
            };
            let (who, what) = (role(&stack, who), resource(&stack, what));
            assert!(
                !denies(&policy, &who, action, &what),
                "{who} may not {action} on {what}:\n{policy}"
            );
            calls += 1;
        }
        assert_eq!(calls, 38);
        // Each role of the stack can do only its own task: this one does not answer tokens.
        let notify = role(&stack, "NotifyRole");
        assert!(denies(&policy, &notify, "states:SendTaskSuccess", "*"));
        // If a token decides, only the guard reads histories, which hold tokens.
        let policy = made(&deployed(name, "Token"));
        let reads = |who: &str| {
            let execution = resource(&stack, "execution");
            let reads = "states:GetExecutionHistory";
            !denies(&policy, &role(&stack, who), reads, &execution)
        };
        assert!(!reads("developer"));
        assert!(reads("ApproveCallbackRole"));
    }
}

#[test]
fn only_one_function_writes_cases() {
    for name in STACKS {
        let stack = deployed(name, "Mail");
        let (policy, cases) = (made(&stack), resource(&stack, "RevertLogs"));
        for who in [
            "developer",
            "apigateway-logs",
            "ci/deploy",
            "RemediateRole",
            "NotifyRole",
        ] {
            let who = role(&stack, who);
            assert!(denies(&policy, &who, "logs:PutLogEvents", &cases), "{who}");
        }
    }
}

#[test]
fn nobody_turns_the_role_manager_on() {
    let policy = made(&deployed("guard", "Token"));
    for principal in [DEPLOYER, WORKER] {
        assert!(denies(&policy, principal, "iam:PutAccountProperties", "*"));
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
            let known = "Sid Effect Action NotAction Resource Condition".split(' ');
            let mut keys = statement.as_object().unwrap().keys();
            assert!(
                keys.all(|key| known.clone().any(|it| it == key)),
                "{statement}"
            );
            let sid = statement["Sid"].as_str().unwrap();
            assert!(sid.chars().all(|it| it.is_ascii_alphanumeric()), "{sid}");
            let actions = [&statement["Action"], &statement["NotAction"]];
            for action in actions.into_iter().flat_map(many) {
                // Only the end of an action is a wildcard, as older AWS pages require.
                let action = action.as_str().unwrap();
                assert!(
                    !action.trim_end_matches('*').contains(['*', '?']),
                    "{action}"
                );
            }
        }
    }
    // With a short stack name, only alarms, log groups and rules are named by a pattern, so other
    // resources whose names begin alike are not protected.
    let policy = made(&deployed("guard", "Mail"));
    let other = "arn:aws:iam::111122223333:role/developer";
    for call in [
        "lambda:UpdateFunctionCode arn:aws:lambda:us-east-1:111122223333:function:guard-dogs",
        "states:DeleteStateMachine arn:aws:states:us-east-1:111122223333:stateMachine:guard-incidents-2",
        "iam:PassRole arn:aws:iam::111122223333:role/guard-dogs",
    ] {
        let (action, resource) = call.split_once(' ').unwrap();
        assert!(!denies(&policy, other, action, resource), "{call}");
    }
}

#[test]
fn only_roles_that_cannot_be_imitated_are_trusted() {
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
    let none = Trusted::list("", ACCOUNT).unwrap();
    assert!(scp::policy(&deployed("guard", "Mail"), &none, &none).is_err());
}

/// A resource of an unknown type must not stay unprotected.
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
