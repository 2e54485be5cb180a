//! The permissions of the template's roles. The end of the scenarios compares them with the calls.

use std::collections::{BTreeMap, BTreeSet};

use iam_policy::{ActionPattern, RestrictedActions, judge};
use serde_json::{Value, json};

use crate::transformed::{many, of_type, properties, referred, resolved, resources};
use crate::{definition, read};

/// Actions that no role of the guard has.
const FORBIDDEN: &str = "iam:Attach*,iam:Detach*,iam:Create*Role*,iam:Create*User*,iam:CreateAccessKey,iam:CreateLoginProfile,\
    iam:CreatePolicy,iam:Update*,iam:Add*,iam:Remove*,iam:PassRole,iam:Tag*,iam:DeleteRole,iam:DeleteUser,iam:DeleteGroup,iam:DeletePolicy,\
    iam:*PermissionsBoundary,sts:*,lambda:Update*,lambda:Create*,lambda:Add*,lambda:Delete*,states:Update*,states:Delete*,states:Create*,\
    states:Stop*,events:*,sns:Sub*,sns:Unsub*,sns:Set*,sns:Delete*,kms:Put*,kms:Sch*,kms:Disable*,kms:CreateGrant,logs:DeleteLogGroup,logs:DeleteLogStream,logs:DeleteRetentionPolicy,logs:Put*Retention*,\
    s3:*,ec2:*,cloudtrail:*,cloudformation:*,organizations:*,ssm:*,secretsmanager:*";

/// The roles that may write policies.
const WRITERS: [&str; 2] = ["RemediateRole", "RevertRole"];

/// Actions for which IAM knows no resource.
const WITHOUT_RESOURCE: [&str; 14] = [
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

fn statements(role: &str, effect: &str) -> Vec<&'static Value> {
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

fn allowed(role: &str) -> BTreeSet<&'static str> {
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
fn only_two_roles_write_policies_and_the_rule_leaves_out_these_two() {
    let writes: RestrictedActions =
        "iam:CreatePolicyVersion,iam:SetDefaultPolicyVersion,iam:Delete*,iam:Put*"
            .parse()
            .unwrap();
    let mut writers = BTreeSet::new();
    for (role, documents) in documents() {
        let mut texts = documents.iter().map(|it| resolved(it).to_string());
        if texts.any(|text| !judge(&text, &writes).is_clean()) {
            writers.insert(role);
        }
    }
    assert_eq!(writers, BTreeSet::from(WRITERS));

    let issuer = &properties("PolicyWriteRule")["EventPattern"]["detail"]["userIdentity"]["sessionContext"]
        ["sessionIssuer"]["arn"];
    assert_eq!(issuer[0], json!({"exists": false}));
    let left_out = many(&issuer[1]["anything-but"]);
    let left_out: BTreeSet<_> = left_out.into_iter().filter_map(referred).collect();
    assert_eq!(left_out, BTreeSet::from(WRITERS));
}

#[test]
fn only_the_containment_deletes_inline_policies() {
    let deletes = [
        "iam:DeleteGroupPolicy",
        "iam:DeleteRolePolicy",
        "iam:DeleteUserPolicy",
    ];
    for role in documents().keys() {
        let allowed = allowed(role);
        for action in deletes {
            let is_allowed = allowed.contains(action);
            assert_eq!(is_allowed, *role == "RemediateRole", "{role}: {action}");
        }
    }
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
        for trust in many(&role["AssumeRolePolicyDocument"]["Statement"]) {
            assert!(trust["Principal"]["Service"].is_string(), "{name}: {trust}");
        }
    }
    for role in documents().keys() {
        for statement in statements(role, "Allow") {
            let iam = many(&statement["Action"])
                .iter()
                .any(|action| action.as_str().unwrap().starts_with("iam:"));
            for resource in many(&statement["Resource"]).into_iter().filter(|_| iam) {
                let arn = resource["Fn::Sub"].as_str().unwrap();
                let account = "arn:${AWS::Partition}:iam::${AWS::AccountId}:";
                // An AWS managed policy can be attached too, and the guard reads what it grants.
                let is_read = *role == "ValidatePolicyRole"
                    && arn == "arn:${AWS::Partition}:iam::aws:policy/*";
                assert!(is_read || arn.starts_with(account), "{role}: {arn}");
            }
        }
    }
}

#[test]
fn no_function_can_rewrite_the_guard_itself() {
    let roles: BTreeSet<_> = of_type("AWS::IAM::Role").map(|(name, _)| name).collect();
    for writer in WRITERS {
        let itself = denial(writer, "NotTheGuardItself");
        assert!(itself["Condition"].is_null());
        assert_eq!(itself["NotAction"], json!(["iam:Get*", "iam:List*"]));
        let protected = many(&itself["Resource"]);
        let protected: BTreeSet<_> = protected.into_iter().filter_map(referred).collect();
        assert_eq!(protected, roles, "{writer}");
    }
    let before = many(&resources()["PolicyWriteRule"]["DependsOn"]);
    for guardrails in [
        "RemediateGuardrails",
        "RevertGuardrails",
        "RemediateWrites",
        "RevertWrites",
    ] {
        assert!(before.contains(&&json!(guardrails)), "{guardrails}");
    }
}

/// Writes are allowed only from inside the function, and denied from everywhere else.
#[test]
fn every_write_to_iam_is_bound_to_the_function() {
    for role in documents().keys() {
        for statement in statements(role, "Allow") {
            let writes = many(&statement["Action"]).into_iter().any(|action| {
                let name = action.as_str().unwrap().strip_prefix("iam:");
                name.is_some_and(|it| !it.starts_with("Get") && !it.starts_with("List"))
            });
            if !writes {
                continue;
            }
            let function = role.replace("Role", "Function");
            let own = json!([
                {"Fn::GetAtt": [function, "Arn"]},
                {"Fn::Sub": format!("${{{function}.Arn}}:*")},
            ]);
            let condition = json!({"ArnLike": {"lambda:SourceFunctionArn": own}});
            assert_eq!(statement["Condition"], condition, "{role}: {statement}");
        }
    }
}

#[test]
fn powerful_roles_work_for_their_own_function_only() {
    for name in ["Remediate", "Revert", "ApproveCallback"] {
        let only = denial(&format!("{name}Role"), "OnlyFromItsFunction");
        let of = (&only["Action"], &only["Resource"]);
        assert_eq!(of, (&json!("*"), &json!("*")));
        let condition = &only["Condition"];
        assert_eq!(condition["Null"]["lambda:SourceFunctionArn"], "false");
        let allowed = many(&condition["ArnNotLike"]["lambda:SourceFunctionArn"]);
        assert_eq!(referred(allowed[0]), Some(&*format!("{name}Function")));
    }
    // IAM gets the function's ARN with every call from a function. A negated operator also holds if
    // the key is absent, so all other calls are denied.
    for name in WRITERS {
        let of_iam = denial(name, "IamOnlyFromItsFunction");
        let of = (&of_iam["Action"], &of_iam["Resource"]);
        assert_eq!(of, (&json!("iam:*"), &json!("*")));
        let wanted = &denial(name, "OnlyFromItsFunction")["Condition"]["ArnNotLike"];
        assert_eq!(of_iam["Condition"], json!({ "ArnNotLike": wanted }));
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
        "sns:Publish",
        "kms:Decrypt",
        "kms:GenerateDataKey*",
    ];
    let for_the_service = allowed("PolicyApprovalRole")
        .into_iter()
        .filter(|action| !for_the_tasks.contains(action));
    for action in for_the_service {
        // Step Functions User Guide, "Logging using CloudWatch Logs" and "Trace requests using AWS
        // X-Ray".
        assert!(
            WITHOUT_RESOURCE.contains(&action) && !action.starts_with("states:"),
            "the definition needs no {action}"
        );
    }
}

#[test]
fn the_rule_may_start_incidents_and_nothing_else() {
    assert_eq!(
        allowed("PolicyWriteRuleRole"),
        BTreeSet::from(["states:StartExecution"])
    );
    let targets = many(&properties("PolicyWriteRule")["Targets"]);
    for statement in statements("PolicyWriteRuleRole", "Allow") {
        assert_eq!(statement["Resource"], targets[0]["Arn"]);
    }
}

#[test]
fn every_granted_action_of_iam_is_called() {
    // The crate that makes the calls has their list.
    let mut sources = String::new();
    for file in ["managed", "inline", "reported"] {
        sources.push_str(&read(&format!("crates/policy-store/src/{file}.rs")));
    }
    let words: BTreeSet<&str> = sources
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .collect();
    let granted: BTreeSet<&str> = documents()
        .keys()
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
