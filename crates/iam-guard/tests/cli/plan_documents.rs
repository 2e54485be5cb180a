//! Documents of data sources that Terraform reads at the apply.

use serde_json::{Value, json};

use crate::plan::{checked, plan};

/// The change of a data source that is read at the apply.
fn document(name: &str, after: Value, unknown: Value) -> Value {
    json!({
        "address": format!("data.aws_iam_policy_document.{name}"), "mode": "data",
        "type": "aws_iam_policy_document",
        "change": {"actions": ["read"], "before": null, "after": after, "after_unknown": unknown},
    })
}

/// A plan in which each policy refers to one data source, both with the same name.
fn plan_of_documents(documents: &[(&str, Value, Value)]) -> Value {
    let mut changes = Vec::new();
    let mut configured = Vec::new();
    for (name, after, unknown) in documents {
        changes.push(document(name, after.clone(), unknown.clone()));
        changes.push(json!([format!("aws_iam_policy.{name}"), {}, {"policy": true, "arn": true}]));
        let references = |name: &str| {
            let data = format!("data.aws_iam_policy_document.{name}");
            [format!("{data}.json"), data]
        };
        configured.push(json!({
            "address": format!("aws_iam_policy.{name}"),
            "expressions": {"policy": {"references": references(name)}},
        }));
        configured.push(json!({
            "address": format!("data.aws_iam_policy_document.{name}"),
            "expressions": {"source_policy_documents": {"references": references("base")}},
        }));
    }
    let mut plan = plan(changes.into());
    plan["configuration"] = json!({"root_module": {"resources": configured}});
    plan
}

#[test]
fn documents_that_are_read_at_the_apply_are_built() {
    let statements = |it: Value| json!({ "statement": it });
    let plan = plan_of_documents(&[
        (
            "known",
            statements(json!([{"actions": ["s3:GetObject"], "resources": [null], "effect": null}])),
            statements(json!([{"resources": [true], "actions": [false]}])),
        ),
        (
            "all",
            statements(json!([{"actions": ["s3:*"], "effect": "Allow"}])),
            statements(json!([{"resources": true}])),
        ),
        (
            "effect",
            statements(json!([{"actions": ["s3:*"], "resources": ["*"]}])),
            statements(json!([{"effect": true}])),
        ),
        (
            "action",
            statements(json!([{"actions": ["s3:Get*", null], "resources": ["*"]}])),
            statements(json!([{"actions": [false, true]}])),
        ),
        (
            "early",
            statements(json!([{"actions": ["s3:Get*"], "resources": ["*"]}])),
            statements(json!([{"actions": [false, true]}])),
        ),
        ("block", json!({}), statements(json!(true))),
        (
            "not",
            statements(json!([{"not_actions": ["iam:*"], "actions": [], "resources": ["*"]}])),
            json!({}),
        ),
        (
            "denied",
            statements(
                json!([{"actions": ["s3:*"], "resources": ["*"]}, {"effect": "Deny", "actions": ["s3:*"], "resources": ["*"]}]),
            ),
            json!({}),
        ),
        (
            "perhaps",
            statements(
                json!([{"actions": ["s3:*"], "resources": ["*"]}, {"effect": "Deny", "actions": ["s3:*"], "resources": [null]}]),
            ),
            statements(json!([{}, {"resources": [true]}])),
        ),
        (
            "condition",
            statements(
                json!([{"actions": ["s3:*"], "resources": ["*"]}, {"effect": "Deny", "actions": ["s3:*"], "resources": ["*"], "condition": [{"test": "StringEquals", "variable": "aws:x", "values": [null]}]}]),
            ),
            statements(json!([{}, {"condition": [{"values": [true]}]}])),
        ),
    ]);
    checked(&plan).has_verdicts(&[
        ("aws_iam_policy.known", "clean"),
        ("aws_iam_policy.all", "restricted"),
        ("aws_iam_policy.effect", "unknown"),
        ("aws_iam_policy.action", "unknown"),
        ("aws_iam_policy.early", "unknown"),
        ("aws_iam_policy.block", "unknown"),
        ("aws_iam_policy.not", "restricted"),
        ("aws_iam_policy.denied", "clean"),
        ("aws_iam_policy.perhaps", "unknown"),
        ("aws_iam_policy.condition", "restricted"),
    ]);
}

#[test]
fn documents_are_merged_as_the_provider_merges_them() {
    let own = json!([{"sid": "A", "actions": ["s3:GetObject"], "resources": ["*"]}]);
    let wide = json!([{"sid": "A", "actions": ["s3:*"], "resources": ["*"]}]);
    let text = |sid: &str, action: &str| {
        json!({"Statement": [{"Sid": sid, "Effect": "Allow", "Action": action, "Resource": "*"}]})
            .to_string()
    };
    let lower = text("A", "s3:*").replace("Action", "action");
    let from = |name: &str, texts: &[&str], own: &Value| json!({ name: texts, "statement": own });
    let one = |name: &str| json!({ name: [true] });
    let (source, over) = ("source_policy_documents", "override_policy_documents");
    let plan = plan_of_documents(&[
        (
            "base",
            json!({"statement": wide}),
            json!({"statement": [{"resources": [false]}]}),
        ),
        (
            "replaces",
            from(source, &[&text("A", "s3:*")], &own),
            json!({}),
        ),
        ("adds", from(source, &[&text("B", "s3:*")], &own), json!({})),
        (
            "replaced",
            from(over, &[&text("A", "s3:GetObject")], &wide),
            json!({}),
        ),
        ("case", from(source, &[&lower], &own), json!({})),
        (
            "old",
            json!({"source_json": text("B", "s3:*"), "statement": own}),
            json!({}),
        ),
        ("above", json!({over: [null], "statement": wide}), one(over)),
        ("list", json!({"statement": own}), json!({source: true})),
        (
            "sid",
            json!({source: [text("A", "s3:*")], "statement": [{"actions": ["s3:Get*"], "resources": ["*"]}]}),
            json!({"statement": [{"sid": true}]}),
        ),
        (
            "refers",
            json!({source: [null], "statement": [{"sid": "C", "actions": ["s3:Get*"], "resources": ["*"]}]}),
            one(source),
        ),
        (
            "covers",
            json!({source: [null], "statement": own}),
            one(source),
        ),
    ]);
    checked(&plan).has_verdicts(&[
        ("aws_iam_policy.base", "restricted"),
        ("aws_iam_policy.replaces", "clean"),
        ("aws_iam_policy.adds", "restricted"),
        ("aws_iam_policy.replaced", "clean"),
        ("aws_iam_policy.case", "unknown"),
        ("aws_iam_policy.old", "restricted"),
        ("aws_iam_policy.above", "unknown"),
        ("aws_iam_policy.list", "unknown"),
        ("aws_iam_policy.sid", "unknown"),
        ("aws_iam_policy.refers", "restricted"),
        ("aws_iam_policy.covers", "clean"),
    ]);
}

#[test]
fn a_reference_leads_to_the_instance_with_the_same_key() {
    let statements =
        |action: &str| json!({"statement": [{"actions": [action], "resources": ["*"]}]});
    let policy = |address: &str| json!([address, {}, {"policy": true}]);
    let mut plan = plan(json!([
        document("d[\"wide\"]", statements("s3:*"), json!({})),
        document("d[\"clean\"]", statements("s3:Get*"), json!({})),
        document("e[0]", statements("s3:*"), json!({})),
        document("e[1]", statements("s3:DeleteObject"), json!({})),
        policy("aws_iam_policy.same[\"wide\"]"),
        policy("aws_iam_policy.same[\"clean\"]"),
        policy("aws_iam_policy.same[\"other\"]"),
        policy("aws_iam_policy.one"),
        policy("aws_iam_policy.any"),
        policy("aws_iam_policy.every"),
        policy("aws_iam_policy.merged"),
        policy("aws_iam_policy.local"),
        policy("aws_iam_policy.text[0]"),
        ["aws_iam_role.r", {"inline_policy": [{"name": "x"}, {"name": "y"}]}, {"inline_policy": [{"policy": true}, {"policy": true}]}],
        ["module.m[0].aws_iam_role_policy.p", {}, {"policy": true}],
        ["module.m[0].aws_iam_role_policy.made", {}, {"policy": true}],
    ]));
    for change in plan["resource_changes"].as_array_mut().unwrap() {
        let address = change["address"].as_str().unwrap().to_owned();
        let kinds = [
            "aws_iam_policy_document",
            "aws_iam_policy",
            "aws_iam_role_policy",
            "aws_iam_role",
        ];
        let kind = kinds
            .iter()
            .find(|kind| address.contains(&format!("{kind}.")));
        change["type"] = json!(kind);
    }
    let configured = |address: &str, references: &[&str]| json!({"address": address, "expressions": {"policy": {"references": references}}});
    let d = "data.aws_iam_policy_document.d";
    let e = "data.aws_iam_policy_document.e";
    let clean = format!("{d}[\"clean\"]");
    let json = format!("{clean}.json");
    plan["configuration"] = json!({"root_module": {
        "resources": [
            configured("aws_iam_policy.same", &[d, "each.key"]),
            configured("aws_iam_policy.one", &[&json, &clean, d]),
            configured("aws_iam_policy.any", &[d]),
            configured("aws_iam_policy.every", &[e]),
            configured("aws_iam_policy.merged", &[&json, &clean, d, e]),
            configured("aws_iam_policy.local", &[&json, &clean, d, "local.x"]),
            configured("aws_iam_policy.text", &[&json, &clean, d, "count.index"]),
            {"address": "aws_iam_role.r", "expressions": {"inline_policy": {"references": [&json, &clean, d, &json, &clean, d]}}},
        ],
        "module_calls": {"m": {
            "expressions": {"policy": {"references": [&json, &clean, d]}, "name": {"constant_value": "x"}},
            "module": {"resources": [
                configured("aws_iam_role_policy.p", &["var.policy"]),
                configured("aws_iam_role_policy.made", &["var.policy", "var.name"]),
            ]},
        }},
    }});
    checked(&plan).has_verdicts(&[
        ("aws_iam_policy.same[\"wide\"]", "restricted"),
        ("aws_iam_policy.same[\"clean\"]", "clean"),
        ("aws_iam_policy.same[\"other\"]", "unknown"),
        ("aws_iam_policy.one", "clean"),
        ("aws_iam_policy.any", "unknown"),
        ("aws_iam_policy.every", "restricted"),
        ("aws_iam_policy.merged", "unknown"),
        ("aws_iam_policy.local", "unknown"),
        ("aws_iam_policy.text[0]", "unknown"),
        ("aws_iam_role.r.inline_policy[0]", "clean"),
        ("aws_iam_role.r.inline_policy[1]", "clean"),
        ("module.m[0].aws_iam_role_policy.p", "clean"),
        ("module.m[0].aws_iam_role_policy.made", "unknown"),
    ]);
}

#[test]
fn a_deny_for_the_arn_of_a_resource_takes_nothing_away() {
    let wide = json!({"actions": ["s3:*"], "resources": ["*"], "effect": "Allow"});
    let deny = json!({"actions": ["s3:*"], "resources": [null], "effect": "Deny"});
    let after = json!({"statement": [wide, deny]});
    let unknown = json!({"statement": [{}, {"resources": [true]}]});
    let mut plan = plan_of_documents(&[("d", after, unknown)]);
    checked(&plan).has_verdicts(&[("aws_iam_policy.d", "unknown")]);
    let mut resources = |references: Value| {
        plan["configuration"]["root_module"]["resources"][1]["expressions"]["statement"] =
            json!([{}, {"resources": {"references": references}}]);
        checked(&plan)
    };
    resources(json!(["aws_s3_bucket.b.arn", "aws_s3_bucket.b"]))
        .has_verdicts(&[("aws_iam_policy.d", "restricted")]);
    resources(json!(["aws_s3_bucket.b.bucket", "aws_s3_bucket.b"]))
        .has_verdicts(&[("aws_iam_policy.d", "unknown")]);
}
