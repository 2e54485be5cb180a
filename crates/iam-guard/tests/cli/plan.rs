//! Terraform plans.

use serde_json::{Value, json};

use crate::support::{Ran, allow, check, folder, run};

/// A plan with changes: address, values and unknown values of a new resource, or any change.
pub(crate) fn plan(changes: Value) -> Value {
    let change = |change: &Value| {
        let Some(address) = change[0].as_str() else {
            return change.clone();
        };
        let unknown = change.get(2).cloned().unwrap_or(json!({}));
        json!({
            "address": address, "mode": "managed", "type": address.rsplit('.').nth(1), "name": address.rsplit('.').next(),
            "change": {"actions": ["create"], "before": null, "after": change[1], "after_unknown": unknown},
        })
    };
    let changes: Vec<Value> = changes.as_array().unwrap().iter().map(change).collect();
    json!({"format_version": "1.2", "terraform_version": "1.9.0", "resource_changes": changes})
}

pub(crate) fn checked(plan: &Value) -> Ran {
    check("plan.json", &plan.to_string())
}

#[test]
fn every_resource_that_carries_a_policy() {
    let (wide, clean) = (allow("s3:*"), allow("s3:GetObject"));
    let ran = checked(&plan(json!([
        ["aws_iam_policy.a", {"policy": wide}, {"arn": true}],
        ["aws_iam_role_policy.b", {"policy": clean}],
        ["module.m[\"x\"].aws_iam_user_policy.c", {"policy": wide}],
        ["aws_iam_group_policy.d", {"policy": wide}],
        ["aws_ssoadmin_permission_set_inline_policy.e", {"inline_policy": wide}],
        ["aws_iam_role.f", {"assume_role_policy": allow("sts:AssumeRole"), "inline_policy": [{"name": "x", "policy": clean}, {"name": "y", "policy": wide}]}, {"inline_policy": [{}, {}]}],
        ["aws_s3_bucket_policy.g", {"policy": wide}],
        ["aws_iam_role.h", {"inline_policy": [{"name": null, "policy": null}]}],
    ])));
    ran.has_verdicts(&[
        ("aws_iam_policy.a", "restricted"),
        ("aws_iam_role_policy.b", "clean"),
        ("module.m[\"x\"].aws_iam_user_policy.c", "restricted"),
        ("aws_iam_group_policy.d", "restricted"),
        ("aws_ssoadmin_permission_set_inline_policy.e", "restricted"),
        ("aws_iam_role.f.inline_policy[0]", "clean"),
        ("aws_iam_role.f.inline_policy[1]", "restricted"),
    ]);
    assert_eq!(ran.code, 1);
}

#[test]
fn a_document_that_is_not_known_before_the_apply_is_unknown() {
    let clean = allow("s3:GetObject");
    let mut plan = plan(json!([
        ["aws_iam_policy.a", {"name": "a"}, {"policy": true}],
        ["aws_iam_policy.b", {"policy": clean}, {"arn": true, "policy": false}],
        ["aws_iam_role.c", {"inline_policy": [{"name": "x"}]}, {"inline_policy": [{"policy": true}]}],
        // The provider sets an attribute that the configuration does not set.
        ["aws_iam_role.d", {"name": "d"}, {"inline_policy": true, "managed_policy_arns": true}],
        ["module.m[0].aws_iam_role.e", {"name": "e"}, {"inline_policy": true}],
    ]));
    plan["configuration"] = json!({"root_module": {
        "resources": [
            {"address": "aws_iam_policy.a", "expressions": {"policy": {"references": ["aws_s3_bucket.b.arn", "aws_s3_bucket.b"]}}},
            {"address": "aws_iam_role.d", "expressions": {"name": {"constant_value": "d"}}},
        ],
        "module_calls": {"m": {"module": {"resources": [
            {"address": "aws_iam_role.e", "expressions": {"inline_policy": {"references": ["var.policies"]}}},
        ]}}},
    }});
    let ran = checked(&plan);
    assert_eq!(ran.code, 2);
    ran.has_verdicts(&[
        ("aws_iam_policy.a", "unknown"),
        ("aws_iam_policy.b", "clean"),
        ("aws_iam_role.c.inline_policy[0]", "unknown"),
        ("module.m[0].aws_iam_role.e.inline_policy", "unknown"),
    ]);
    assert_eq!(
        ran.lines()[0]["findings"][0]["message"],
        "the document is not known before the apply, because it refers to `aws_s3_bucket.b.arn`, `aws_s3_bucket.b`"
    );
}

#[test]
fn a_policy_in_two_sections_counts_once() {
    let wide = allow("s3:*");
    let mut plan = plan(json!([
        ["aws_iam_policy.a", {"policy": wide}],
        {"address": "aws_iam_policy.gone", "type": "aws_iam_policy", "change": {"actions": ["delete"], "before": {"policy": wide}, "after": null}},
        {"address": "data.aws_iam_policy.read", "mode": "data", "type": "aws_iam_policy", "change": {"actions": ["read"], "after": {"policy": wide}}},
        {"address": "aws_iam_policy.same", "type": "aws_iam_policy", "change": {"actions": ["no-op"], "after": {"policy": wide}}},
    ]));
    plan["planned_values"] = json!({"root_module": {
        "resources": [
            {"address": "aws_iam_policy.a", "mode": "managed", "type": "aws_iam_policy", "values": {"policy": wide}},
            {"address": "aws_iam_policy.same", "mode": "managed", "type": "aws_iam_policy", "values": {"policy": wide}},
        ],
        "child_modules": [{"resources": [
            {"address": "module.m.aws_iam_policy.b", "mode": "managed", "type": "aws_iam_policy", "values": {"policy": wide}},
            {"address": "module.m.aws_iam_policy.c", "mode": "managed", "type": "aws_iam_policy", "values": {"name": "c"}},
        ]}],
    }});
    plan["prior_state"] = json!({"values": {"root_module": {"resources": [
        {"address": "aws_iam_policy.old", "mode": "managed", "type": "aws_iam_policy", "values": {"policy": wide}},
    ]}}});
    checked(&plan).has_verdicts(&[
        ("aws_iam_policy.a", "restricted"),
        ("aws_iam_policy.same", "restricted"),
        ("module.m.aws_iam_policy.b", "restricted"),
        ("module.m.aws_iam_policy.c", "unknown"),
    ]);
}

#[test]
fn attachments_are_judged_if_the_document_is_known() {
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    let plan = plan(json!([
        ["aws_iam_role_policy_attachment.a", {"policy_arn": admin}],
        ["aws_iam_user_policy_attachment.b", {"policy_arn": "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"}],
        ["aws_iam_group_policy_attachment.c", {"policy_arn": "arn:aws:iam::111122223333:policy/own"}],
        ["aws_iam_policy_attachment.d", {"roles": ["r"]}, {"policy_arn": true}],
        ["aws_iam_group_membership.e", {"group": "g", "users": ["u"]}],
        ["aws_iam_role.f", {"managed_policy_arns": [admin]}],
        ["aws_iam_role_policy_attachment.g", {"policy_arn": "arn:aws:iam::aws:policy/NewerAccess"}],
    ]));
    let by_aws = [
        (
            "aws_iam_role_policy_attachment.a (AdministratorAccess)",
            "restricted",
        ),
        ("aws_iam_user_policy_attachment.b (ViewOnlyAccess)", "clean"),
        ("aws_iam_role.f (AdministratorAccess)", "restricted"),
    ];
    let ran = checked(&plan);
    assert_eq!(ran.code, 1);
    ran.has_verdicts(&by_aws);
    let managed = json!({
        "arn:aws:iam::aws:policy/NewerAccess": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
        // It wins over the one that is built in.
        "ViewOnlyAccess": {"Document": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}},
    });
    let folder = folder(&[
        ("plan.json", &plan.to_string()),
        ("managed.json", &managed.to_string()),
    ]);
    let command =
        "check plan.json --restricted s3:DeleteBucket --managed-policies managed.json --format";
    let ran = run(&folder, &format!("{command} json"));
    assert_eq!(ran.code, 1);
    let mut added = by_aws.to_vec();
    added[1].1 = "restricted";
    added.push((
        "aws_iam_role_policy_attachment.g (NewerAccess)",
        "restricted",
    ));
    ran.has_verdicts(&added);
    let text = run(&folder, &format!("{command} text")).out;
    for name in [
        "group_policy_attachment.c",
        "policy_attachment.d",
        "group_membership.e",
    ] {
        assert!(
            text.contains(&format!("`aws_iam_{name}` is not judged")),
            "{text}"
        );
    }
}

#[test]
fn lines_are_those_of_the_document_in_the_file() {
    let plan = plan(json!([
        ["aws_iam_policy.a", {"policy": allow("s3:GetObject")}],
        ["aws_iam_policy.b", {"policy": allow("s3:*")}],
    ]));
    let text = serde_json::to_string_pretty(&plan).unwrap();
    let ran = check("plan.json", &text);
    let lines = ran.lines();
    for line in &lines {
        let number = usize::try_from(line["line"].as_u64().unwrap()).unwrap();
        assert!(
            text.lines().nth(number - 1).unwrap().contains("\"policy\""),
            "{line}"
        );
    }
    assert_eq!(lines[1]["findings"][0]["line"], lines[1]["line"]);
}

#[test]
fn resources_of_the_cloud_control_provider() {
    let (wide, clean) = (allow("s3:*"), allow("s3:GetObject"));
    let object: Value = serde_json::from_str(&wide).unwrap();
    let mut unknown_action = object.clone();
    unknown_action["Statement"][0]["Action"] = json!(null);
    let ran = checked(&plan(json!([
        ["awscc_iam_managed_policy.a", {"policy_document": wide}, {"policy_arn": true}],
        ["awscc_iam_role_policy.b", {"policy_document": clean}],
        ["awscc_iam_user_policy.c", {"policy_document": object}],
        ["awscc_iam_group_policy.d", {"policy_document": unknown_action}, {"policy_document": {"Statement": [{"Action": true}]}}],
        ["awscc_iam_role.e", {"assume_role_policy_document": wide, "policies": [{"policy_name": "x", "policy_document": wide}, {"policy_name": "y"}]}, {"policies": [{}, {"policy_document": true}]}],
        ["awscc_iam_user.f", {"policies": [{"policy_document": clean}]}],
        ["awscc_iam_group.g", {"policies": null}, {"policies": true}],
        ["awscc_sso_permission_set.h", {"inline_policy": wide}],
    ])));
    ran.has_verdicts(&[
        ("awscc_iam_managed_policy.a", "restricted"),
        ("awscc_iam_role_policy.b", "clean"),
        ("awscc_iam_user_policy.c", "restricted"),
        ("awscc_iam_group_policy.d", "unknown"),
        ("awscc_iam_role.e.policies[0]", "restricted"),
        ("awscc_iam_role.e.policies[1]", "unknown"),
        ("awscc_iam_user.f.policies[0]", "clean"),
        ("awscc_iam_group.g.policies", "unknown"),
        ("awscc_sso_permission_set.h", "restricted"),
    ]);
}

#[test]
fn what_deploys_templates_from_elsewhere_is_named() {
    let kinds = [
        ("aws_servicecatalog_product", "arn"),
        ("aws_sagemaker_project", "arn"),
        ("aws_config_conformance_pack", "arn"),
        ("aws_cloudformation_stack_set_instance", "id"),
        ("awscc_config_conformance_pack", "id"),
    ];
    for (kind, unknown) in kinds {
        let plan = plan(json!([[
            format!("{kind}.a"),
            {"stack_set_name": "s", "name": "n"},
            {unknown: true},
        ]]));
        let folder = folder(&[("plan.json", &plan.to_string())]);
        let out = run(&folder, "check plan.json --restricted s3:*").out;
        let note = format!("`{kind}.a` is not judged: ");
        assert!(out.contains(&note), "{out}");
    }
}
