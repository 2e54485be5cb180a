//! What is found in plans, apart from its verdict.

use serde_json::{Value as Json, json};

use super::*;
use crate::tree::json;

/// The templates, the policies that are unknown, and what is not judged.
fn found(plan: &Json) -> (Vec<String>, Vec<String>, Vec<String>) {
    let text = plan.to_string();
    let root = json::parse(&text).unwrap();
    let managed = ManagedPolicies::default();
    let found = find(&root, &managed);
    let template = |it: &crate::found::InnerTemplate<'_>| format!("{}: {}", it.name, it.text);
    let unknown = |it: &crate::found::Policy<'_>| match &it.content {
        Content::Unknown(reason) => Some(format!("{}: {reason}", it.name)),
        _ => None,
    };
    let not_judged = |it: &crate::found::NotJudged| format!("{}: {}", it.name, it.reason);
    (
        found.templates.iter().map(template).collect(),
        found.policies.iter().filter_map(unknown).collect(),
        found.not_judged.iter().map(not_judged).collect(),
    )
}

fn change(address: &str, after: Json, unknown: Json) -> Json {
    json!({
        "address": address, "mode": "managed", "type": address.split('.').next(),
        "change": {"actions": ["create"], "before": null, "after": after, "after_unknown": unknown},
    })
}

#[test]
fn templates_of_stacks_are_found() {
    let plan = json!({"format_version": "1.2", "resource_changes": [
        change("aws_cloudformation_stack.a", json!({"template_body": "A"}), json!({})),
        change("aws_cloudformation_stack_set.b", json!({"template_body": "B"}), json!({})),
        change("awscc_cloudformation_stack.c", json!({"template_body": "C", "template_url": null}), json!({})),
        change("awscc_cloudformation_stack_set.d", json!({"template_url": "https://d"}), json!({"template_body": true})),
        change("aws_cloudformation_stack.e", json!({"name": "e"}), json!({"template_body": true})),
        change("aws_cloudformation_stack.f", json!({"template_body": {"Resources": {}}}), json!({})),
        change("aws_serverlessapplicationrepository_cloudformation_stack.g", json!({"application_id": "arn"}), json!({})),
        change("aws_cloudformation_stack.h", json!({"name": "h"}), json!({"template_url": true})),
        change("aws_cloudformation_stack.i", json!({"template_body": "I", "template_url": "https://i"}), json!({})),
        change("aws_cloudcontrolapi_resource.j", json!({"type_name": "AWS::IAM::RolePolicy", "desired_state": "{\"a\":1}"}), json!({})),
        change("aws_cloudcontrolapi_resource.k", json!({"type_name": "AWS::IAM::RolePolicy"}), json!({"desired_state": true})),
        change("aws_cloudcontrolapi_resource.l", json!({"type_name": "AWS::ECS::Cluster"}), json!({"desired_state": true})),
    ]});
    let (templates, unknown, not_judged) = found(&plan);
    assert_eq!(
        templates,
        [
            "aws_cloudformation_stack.a: A",
            "aws_cloudformation_stack_set.b: B",
            "awscc_cloudformation_stack.c: C",
            "aws_cloudformation_stack.i: I",
            r#"aws_cloudcontrolapi_resource.j: {"Resources":{"Resource":{"Type":"AWS::IAM::RolePolicy","Properties":{"a":1}}}}"#,
        ]
    );
    assert_eq!(
        unknown,
        [
            "aws_cloudformation_stack.e: the template is not known before the apply",
            "aws_cloudformation_stack.f: the template is not a text",
            "aws_cloudcontrolapi_resource.k: the resource is not known before the apply",
        ]
    );
    assert_eq!(
        not_judged,
        [
            "awscc_cloudformation_stack_set.d: deploys the template at https://d, which is not here",
            "aws_serverlessapplicationrepository_cloudformation_stack.g: a stack of its own, whose template is not here",
            "aws_cloudformation_stack.h: deploys a template that is not here",
            "aws_cloudformation_stack.i: deploys the template at https://i, which is not here",
        ]
    );
}

#[test]
fn what_a_plan_leaves_out_is_named() {
    let mut plan = json!({"format_version": "1.2", "resource_changes": [], "complete": true});
    assert!(found(&plan).2.is_empty());
    plan["complete"] = json!(false);
    let reason = "the rest: it is not in the plan, because Terraform needs another plan for it";
    assert_eq!(found(&plan).2, [reason]);
    plan["errored"] = json!(true);
    let reason = "the rest: it is not in the plan, because Terraform ended with an error";
    assert_eq!(found(&plan).2, [reason]);
}

#[test]
fn attachments_of_policies_of_the_plan_are_left_out() {
    let attachment = |name: &str| {
        let address = format!("aws_iam_role_policy_attachment.{name}");
        change(&address, json!({}), json!({"policy_arn": true}))
    };
    let references = |name: &str, references: &[&str]| {
        json!({
            "address": format!("aws_iam_role_policy_attachment.{name}"),
            "expressions": {"policy_arn": {"references": references}},
        })
    };
    let plan = json!({
        "resource_changes": [
            change("aws_iam_policy.p", json!({"policy": ""}), json!({"arn": true})),
            {
                "address": "module.m[\"k\"].aws_iam_policy.q", "type": "aws_iam_policy",
                "change": {"after": {"policy": ""}, "after_unknown": {"arn": true}},
            },
            {"address": "aws_iam_policy.gone", "type": "aws_iam_policy", "change": {"after": null}},
            attachment("own"), attachment("output"), attachment("two"), attachment("each"),
            attachment("gone"), attachment("local"), attachment("name"), attachment("variable"),
            {
                "address": "module.m[\"k\"].aws_iam_role_policy_attachment.inner",
                "type": "aws_iam_role_policy_attachment",
                "change": {"after": {}, "after_unknown": {"policy_arn": true}},
            },
            change("aws_ssoadmin_account_assignment.given", json!({}), json!({"permission_set_arn": true})),
            change("aws_ssoadmin_account_assignment.other", json!({"permission_set_arn": "arn"}), json!({})),
            change("aws_ssoadmin_permission_set.set", json!({}), json!({"arn": true})),
        ],
        "configuration": {"root_module": {
            "resources": [
                references("own", &["aws_iam_policy.p.arn", "aws_iam_policy.p"]),
                references("output", &["module.m[\"k\"].arn", "module.m[\"k\"]"]),
                references("two", &["aws_iam_policy.p.arn", "aws_iam_policy.p", "aws_iam_policy.missing.arn", "aws_iam_policy.missing"]),
                {
                    "address": "aws_iam_role_policy_attachment.each",
                    "expressions": {"policy_arn": {"references": ["each.value"]}},
                    "for_each_expression": {"references": ["aws_iam_policy.p.arn", "aws_iam_policy.p"]},
                },
                references("gone", &["aws_iam_policy.gone.arn", "aws_iam_policy.gone"]),
                references("local", &["local.arn"]),
                references("name", &["aws_iam_policy.p.name", "aws_iam_policy.p"]),
                references("variable", &["var.arn"]),
                {
                    "address": "aws_ssoadmin_account_assignment.given",
                    "expressions": {"permission_set_arn": {"references": ["aws_ssoadmin_permission_set.set.arn", "aws_ssoadmin_permission_set.set"]}},
                },
            ],
            "module_calls": {"m": {
                "expressions": {"arn": {"references": ["aws_iam_policy.p.arn", "aws_iam_policy.p"]}},
                "module": {
                    "resources": [references("inner", &["var.arn"])],
                    "outputs": {"arn": {"expression": {"references": ["aws_iam_policy.q.arn", "aws_iam_policy.q"]}}},
                },
            }},
        }},
    });
    let reason = "attaches a policy whose ARN is not known before the deployment";
    let mut expected: Vec<String> = ["two", "gone", "local", "name", "variable"]
        .map(|name| format!("aws_iam_role_policy_attachment.{name}: {reason}"))
        .to_vec();
    expected.push(
        "aws_ssoadmin_account_assignment.other: gives a permission set whose policies are not here"
            .to_owned(),
    );
    assert_eq!(found(&plan).2, expected);
}

#[test]
fn references_in_a_circle_end() {
    let output = json!({"expression": {"references": ["module.m.a", "module.m"]}});
    let plan = json!({
        "resource_changes": [
            change("aws_iam_policy.p", json!({}), json!({"policy": true})),
            {
                "address": "data.aws_iam_policy_document.d", "mode": "data",
                "type": "aws_iam_policy_document",
                "change": {"after": {"source_policy_documents": [null]}, "after_unknown": {"source_policy_documents": [true]}},
            },
            change("aws_iam_policy.q", json!({}), json!({"policy": true})),
        ],
        "configuration": {"root_module": {
            "resources": [
                {"address": "aws_iam_policy.p", "expressions": {"policy": {"references": ["module.m.a", "module.m"]}}},
                {"address": "aws_iam_policy.q", "expressions": {"policy": {"references": ["data.aws_iam_policy_document.d.json", "data.aws_iam_policy_document.d"]}}},
                {"address": "data.aws_iam_policy_document.d", "expressions": {"source_policy_documents": {"references": ["data.aws_iam_policy_document.d.json", "data.aws_iam_policy_document.d"]}}},
            ],
            "module_calls": {"m": {"expressions": {}, "module": {
                "outputs": {"a": {"expression": {"references": ["module.n.a", "module.n"]}}},
                "module_calls": {"n": {"expressions": {"b": {"references": ["var.b"]}}, "module": {"outputs": {"a": {"expression": {"references": ["var.b"]}}}}}},
            }}},
            "outputs": {"a": output},
        }},
    });
    assert_eq!(
        found(&plan).1,
        [
            "aws_iam_policy.p: the document is not known before the apply, because it refers to `module.m.a`, `module.m`"
        ]
    );
}
