//! The permissions of the template's roles. The end of the scenarios compares them with the calls.

use std::collections::{BTreeMap, BTreeSet};

use iam_policy::{ActionPattern, RestrictedActions, judge};
use incident::Call;
use serde_json::{Value, json};

use crate::transformed::{
    PLACES, many, of_type, properties, referred, resolved, resolved_in, resources, transformed,
};
use crate::{definition, read};

/// Actions that no role of the guard has.
const FORBIDDEN: &str = "iam:Attach*,iam:Create*Role*,iam:Create*User*,iam:CreateAccessKey,iam:CreateLoginProfile,\
    iam:CreatePolicy,iam:CreateServiceSpecificCredential,iam:ResetServiceSpecificCredential,iam:UpdateRole*,iam:UpdateUser,iam:UpdateGroup,iam:UpdateAssumeRolePolicy,iam:UpdateLoginProfile,iam:UpdateAccount*,iam:UpdateS*Provider*,iam:UpdateS*PublicKey,iam:UpdateS*Certificate,iam:Add*,iam:RemoveRole*,iam:RemoveClient*,iam:PassRole,iam:Tag*,iam:DeleteRole,iam:DeleteUser,iam:DeleteGroup,iam:DeletePolicy,\
    iam:*PermissionsBoundary,sts:*,lambda:Update*,lambda:Create*,lambda:Add*,lambda:Delete*,states:Update*,states:Delete*,states:Create*,\
    states:Stop*,events:PutP*,events:PutR*,events:PutT*,events:Create*,events:Update*,events:Delete*,events:De*,events:Remove*,events:Enable*,events:Disable*,events:Start*,events:Cancel*,events:*tag*,sns:Sub*,sns:Unsub*,sns:Set*,sns:Delete*,kms:Put*,kms:Sch*,kms:Disable*,kms:CreateGrant,logs:DeleteLogGroup,logs:DeleteLogStream,logs:DeleteRetentionPolicy,logs:Put*Retention*,\
    s3:*,ec2:*,cloudtrail:Update*,cloudtrail:Delete*,cloudtrail:Stop*,cloudtrail:Put*,cloudformation:*,organizations:*,ssm:*,secretsmanager:*";

/// The role that may write policies.
const WRITER: &str = "PolicyApprovalRole";

/// The role of the sweep, which may write one policy.
const SWEEP: &str = "SweepRole";

/// The role that the sweep writes this policy to.
const PROBE: &str = "ProbeRole";

/// Actions for which IAM knows no resource.
const WITHOUT_RESOURCE: [&str; 17] = [
    "cloudtrail:LookupEvents",
    "iam:GetAccountAuthorizationDetails",
    "iam:ListPolicies",
    "states:SendTaskHeartbeat",
    "states:SendTaskSuccess",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
];

/// Every policy document of a role: its own and those attached by the template.
fn documents() -> BTreeMap<&'static str, Vec<&'static Value>> {
    let mut documents: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (name, role) in of_type("AWS::IAM::Role") {
        let own = many(&role["Policies"]).into_iter();
        let of_role = documents.entry(name).or_default();
        of_role.extend(own.map(|policy| &policy["PolicyDocument"]));
    }
    for (_, policy) in of_type("AWS::IAM::Policy") {
        for role in many(&policy["Roles"]) {
            let of_role = documents.entry(referred(role).unwrap()).or_default();
            of_role.push(&policy["PolicyDocument"]);
        }
    }
    documents
}

pub(crate) fn statements(role: &str, effect: &str) -> Vec<&'static Value> {
    documents()[role]
        .iter()
        .flat_map(|document| many(&document["Statement"]))
        .filter(|statement| statement["Effect"] == effect)
        .collect()
}

/// The statement of a role that denies under this `Sid`.
fn denial(role: &str, sid: &str) -> &'static Value {
    let mut denials = statements(role, "Deny").into_iter();
    let found = denials.find(|statement| statement["Sid"] == sid);
    found.unwrap_or_else(|| panic!("{role} has no `{sid}`"))
}

pub(crate) fn allowed(role: &str) -> BTreeSet<&'static str> {
    statements(role, "Allow")
        .into_iter()
        .flat_map(|statement| many(&statement["Action"]))
        .map(|action| action.as_str().unwrap())
        .collect()
}

#[test]
fn the_roles_grant_nothing_forbidden() {
    let forbidden = FORBIDDEN.parse::<RestrictedActions>().unwrap();
    let warnings = forbidden.warnings();
    assert!(warnings.is_empty(), "{warnings:?}");
    for (role, documents) in documents() {
        for document in documents {
            // The test reads the Allow statements without the Deny, which must not hide a grant.
            let mut document = resolved(document);
            let statements = document["Statement"].as_array_mut().unwrap();
            statements.retain(|statement| statement["Effect"] == "Allow");
            if statements.is_empty() {
                continue;
            }
            let findings = judge(&document.to_string(), &forbidden);
            assert!(findings.is_clean(), "{role}: {findings:#?}");
        }
    }
}

#[test]
fn only_the_state_machine_changes_iam_and_the_rule_leaves_it_out() {
    for role in documents().keys() {
        let is_write = |action: &&str| {
            let call = action.strip_prefix("iam:");
            call.is_some_and(|call| !call.starts_with("Get") && !call.starts_with("List"))
        };
        let writes: Vec<_> = allowed(role).into_iter().filter(is_write).collect();
        let expected: BTreeSet<String> = match *role {
            WRITER => Call::ALL
                .iter()
                .filter(|call| call.service() == "iam")
                .map(|call| format!("iam:{}", call.as_str()))
                .collect(),
            // The proof of life, of which the rule hears.
            SWEEP => BTreeSet::from(["iam:PutRolePolicy".to_owned()]),
            _ => BTreeSet::new(),
        };
        let writes: BTreeSet<String> = writes.into_iter().map(str::to_owned).collect();
        assert_eq!(writes, expected, "{role}");
    }
    // Nothing hangs on a key that only calls from a function have.
    let text = transformed().to_string();
    assert!(!text.contains("SourceFunctionArn"));

    let issuer = &properties("PolicyWriteRule")["EventPattern"]["detail"]["userIdentity"]["sessionContext"]
        ["sessionIssuer"]["arn"];
    assert_eq!(issuer[0], json!({"exists": false}));
    let left_out = many(&issuer[1]["anything-but"]);
    let left_out: BTreeSet<_> = left_out.into_iter().filter_map(referred).collect();
    assert_eq!(left_out, BTreeSet::from([WRITER]));
}

#[test]
fn what_is_allowed_is_spelled_out_and_bound_to_resources() {
    for role in documents().keys() {
        for statement in statements(role, "Allow") {
            assert!(statement["NotAction"].is_null() && statement["NotResource"].is_null());
            for action in many(&statement["Action"]) {
                let action = action.as_str().unwrap();
                let pattern = action.parse::<ActionPattern>().unwrap();
                // SNS asks for all kinds of data keys (Amazon SNS Developer Guide, "Key
                // management").
                let is_literal = pattern.is_literal() || action == "kms:GenerateDataKey*";
                assert!(is_literal, "{role} may do {action}");
                for resource in many(&statement["Resource"]) {
                    assert!(
                        *resource != "*" || WITHOUT_RESOURCE.contains(&action),
                        "{role} may do {action} to everything"
                    );
                }
            }
        }
    }
}

#[test]
fn policies_are_in_the_roles_and_aws_managed_ones_out_of_reach() {
    for (name, role) in of_type("AWS::IAM::Role") {
        assert!(role["ManagedPolicyArns"].is_null(), "{name}");
        if name == PROBE {
            continue;
        }
        for trust in many(&role["AssumeRolePolicyDocument"]["Statement"]) {
            assert!(trust["Principal"]["Service"].is_string(), "{name}: {trust}");
        }
    }
    for role in documents().keys() {
        for statement in statements(role, "Allow") {
            let iam = many(&statement["Action"])
                .iter()
                .any(|action| action.as_str().unwrap().starts_with("iam:"));
            let of_probe = |resource: &&Value| referred(resource) == Some(PROBE);
            let resources = many(&statement["Resource"]).into_iter();
            for resource in resources.filter(|it| iam && !of_probe(it)) {
                let actions = many(&statement["Action"]);
                let has_none =
                    |action: &&Value| WITHOUT_RESOURCE.contains(&action.as_str().unwrap());
                if *resource == "*" && actions.iter().all(has_none) {
                    continue;
                }
                let arn = resource["Fn::Sub"].as_str().unwrap();
                let account = "arn:${AWS::Partition}:iam::${AWS::AccountId}:";
                // An AWS managed policy can be attached too, and the guard reads what it grants.
                let is_read = ["ValidatePolicyRole", "RevertRole"].contains(role)
                    && arn == "arn:${AWS::Partition}:iam::aws:policy/*";
                assert!(is_read || arn.starts_with(account), "{role}: {arn}");
            }
        }
    }
}

#[test]
fn the_guard_cannot_rewrite_itself() {
    // The guard contains the proof of life, so it can write to that role.
    let roles = of_type("AWS::IAM::Role").map(|(name, _)| name);
    let roles: BTreeSet<_> = roles.filter(|name| *name != PROBE).collect();
    let itself = denial(WRITER, "NotTheGuardItself");
    assert!(itself["Condition"].is_null());
    assert_eq!(itself["NotAction"], json!(["iam:Get*", "iam:List*"]));
    let protected = many(&itself["Resource"]);
    let protected: BTreeSet<_> = protected.into_iter().filter_map(referred).collect();
    assert_eq!(protected, roles);
    for rule in ["PolicyWriteRule", "SweepRule"] {
        let before = many(&resources()[rule]["DependsOn"]);
        assert_eq!(before, [&json!("PolicyApprovalWrites")], "{rule}");
    }
}

/// Neither a version of the state machine nor another one can use its role, which could run another
/// definition.
#[test]
fn each_role_that_writes_works_for_one_state_machine_only() {
    for (role, machine, ending) in [
        (WRITER, "PolicyApprovalStateMachine", "incidents"),
        (SWEEP, "SweepStateMachine", "sweep"),
    ] {
        let trust = trust(role);
        let service = json!({"Service": "states.amazonaws.com"});
        assert_eq!(trust["Principal"], service);
        let arn = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:";
        let arn = format!("{arn}${{AWS::StackName}}-{ending}");
        let expected = json!({"StringEquals": {
            "aws:SourceAccount": {"Ref": "AWS::AccountId"},
            "aws:SourceArn": {"Fn::Sub": arn},
        }});
        assert_eq!(trust["Condition"], expected);
        let name = format!("${{AWS::StackName}}-{ending}");
        assert_eq!(properties(machine)["StateMachineName"]["Fn::Sub"], name);
        assert_eq!(referred(&properties(machine)["RoleArn"]), Some(role));
    }
}

/// The only statement of a role's trust policy.
pub(crate) fn trust(role: &str) -> &'static Value {
    let trust = &properties(role)["AssumeRolePolicyDocument"]["Statement"];
    let [trust] = many(trust)[..] else {
        panic!("more than one statement: {trust}");
    };
    trust
}

/// Another rule could start incidents with an event of its own.
#[test]
fn each_role_of_a_rule_works_for_this_rule_only() {
    for (role, rule) in [
        ("PolicyWriteRuleRole", "PolicyWriteRule"),
        ("SweepRuleRole", "SweepRule"),
    ] {
        let trust = trust(role);
        let service = json!({"Service": "events.amazonaws.com"});
        assert_eq!(trust["Principal"], service);
        for place in PLACES {
            let condition = resolved_in(place, &trust["Condition"]);
            let rule = resolved_in(place, &json!({"Fn::GetAtt": [rule, "Arn"]}));
            let account = resolved_in(place, &json!({"Ref": "AWS::AccountId"}));
            let expected = json!({"aws:SourceAccount": account, "aws:SourceArn": rule});
            assert_eq!(condition, json!({"StringEquals": expected}));
        }
        let target = &properties(rule)["Targets"][0];
        assert_eq!(referred(&target["RoleArn"]), Some(role));
        // It may start that state machine, and nothing else.
        assert_eq!(allowed(role), BTreeSet::from(["states:StartExecution"]));
        for statement in statements(role, "Allow") {
            assert_eq!(statement["Resource"], target["Arn"]);
        }
    }
}

#[test]
fn the_state_machine_may_do_what_its_definition_does() {
    let states = definition()["States"].as_object().unwrap().clone();
    let tasks: Vec<Value> = states
        .into_iter()
        .map(|(_, state)| state)
        .filter(|state| state["Type"] == "Task")
        .collect();
    let substitutions = &properties("PolicyApprovalStateMachine")["DefinitionSubstitutions"];
    let mut called = BTreeSet::new();
    let mut published = BTreeSet::new();
    for task in &tasks {
        let resource = task["Resource"].as_str().unwrap();
        if resource.contains(":::aws-sdk:") {
            // Another test compares those to IAM.
            let confirms = [":cloudtrail:lookupEvents", ":sfn:describeExecution"];
            let confirms = confirms.iter().any(|call| resource.ends_with(call));
            assert!(
                confirms || resource.contains(":::aws-sdk:iam:"),
                "{resource}"
            );
            continue;
        }
        // So does one of the events.
        if resource.ends_with(":::events:putEvents") {
            continue;
        }
        let (arguments, set) = if resource.contains(":::lambda:invoke") {
            (&task["Arguments"]["FunctionName"], &mut called)
        } else {
            assert!(resource.ends_with(":::sns:publish"), "{resource}");
            (&task["Arguments"]["TopicArn"], &mut published)
        };
        // One name, or a choice between several.
        let names = arguments.as_str().unwrap().split("${").skip(1);
        let names: Vec<&str> = names.filter_map(|rest| rest.split('}').next()).collect();
        assert!(!names.is_empty(), "{arguments}");
        set.extend(
            names
                .into_iter()
                .map(|name| referred(&substitutions[name]).unwrap()),
        );
    }
    let granted = |action: &str| -> BTreeSet<&str> {
        statements("PolicyApprovalRole", "Allow")
            .into_iter()
            .filter(|statement| many(&statement["Action"]).contains(&&json!(action)))
            .flat_map(|statement| many(&statement["Resource"]))
            .filter_map(referred)
            .collect()
    };
    assert_eq!(granted("lambda:InvokeFunction"), called);
    assert_eq!(granted("sns:Publish"), published);
    // Publishing to an encrypted topic needs its key.
    let key = referred(&properties("AlertTopic")["KmsMasterKeyId"]).unwrap();
    assert_eq!(granted("kms:GenerateDataKey*"), BTreeSet::from([key]));
    // Only through SNS, whose name ends in the suffix of the partition.
    let mut of_key = statements("PolicyApprovalRole", "Allow").into_iter();
    let of_key = of_key
        .find(|statement| many(&statement["Action"]).contains(&&json!("kms:Decrypt")))
        .unwrap();
    assert_eq!(
        of_key["Condition"]["StringEquals"]["kms:ViaService"]["Fn::Sub"],
        "sns.${AWS::Region}.${AWS::URLSuffix}"
    );

    let for_the_tasks = [
        "lambda:InvokeFunction",
        "events:PutEvents",
        "sns:Publish",
        "kms:Decrypt",
        "kms:GenerateDataKey*",
        "states:StartExecution",
        "states:DescribeExecution",
    ];
    let for_the_service = allowed("PolicyApprovalRole")
        .into_iter()
        .filter(|action| !for_the_tasks.contains(action) && !action.starts_with("iam:"));
    for action in for_the_service {
        // Step Functions User Guide, "Logging using CloudWatch Logs" and "Trace requests using AWS
        // X-Ray".
        assert!(
            WITHOUT_RESOURCE.contains(&action) && !action.starts_with("states:"),
            "the definition needs no {action}"
        );
    }
}

/// It starts incidents of its own definition, and no other state machine.
#[test]
fn the_state_machine_starts_only_itself() {
    let starting = &definition()["States"]["StartIncidents"]["ItemProcessor"]["States"];
    let start = &starting["StartIncident"];
    assert_eq!(
        start["Resource"],
        "arn:${Partition}:states:::states:startExecution"
    );
    assert_eq!(
        start["Arguments"]["StateMachineArn"],
        "{% $states.context.StateMachine.Id %}"
    );
    let granted = statements("PolicyApprovalRole", "Allow");
    let mut granted = granted
        .into_iter()
        .filter(|statement| many(&statement["Action"]).contains(&&json!("states:StartExecution")));
    let arn = granted.next().unwrap()["Resource"]["Fn::Sub"].clone();
    let arn = arn.as_str().unwrap();
    assert!(
        arn.ends_with(":stateMachine:${AWS::StackName}-incidents"),
        "{arn}"
    );
    assert!(granted.next().is_none());
}

#[test]
fn every_granted_action_of_iam_is_called() {
    // The crate that makes the calls has their list.
    let mut sources = String::new();
    for file in [
        "managed", "inline", "held", "holders", "reported", "added", "search", "survey",
    ] {
        sources.push_str(&read(&format!("crates/policy-store/src/{file}.rs")));
    }
    let words: BTreeSet<&str> = sources
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .collect();
    let granted: BTreeSet<&str> = documents()
        .keys()
        .filter(|role| ![WRITER, SWEEP].contains(role))
        .flat_map(|role| allowed(role))
        .filter_map(|action| action.strip_prefix("iam:"))
        .collect();
    for action in granted {
        let mut method = String::new();
        for (index, c) in action.chars().enumerate() {
            if c.is_ascii_uppercase() && index > 0 {
                method.push('_');
            }
            method.push(c.to_ascii_lowercase());
        }
        assert!(words.contains(method.as_str()), "nothing calls {action}");
    }
}
