//! Generates a Terraform plan: 5 MB for each 1,000 policies.

use fastrand::Rng;
use serde_json::{Value, json};

pub(crate) fn make(policies: usize) -> String {
    let mut random = Rng::with_seed(5);
    let changes: Vec<Value> = (0..policies)
        .map(|index| change(index, &mut random))
        .collect();
    let planned: Vec<Value> = changes
        .iter()
        .map(|change| {
            json!({
                "address": change.get("address"), "mode": "managed", "type": "aws_iam_policy",
                "values": change.pointer("/change/after"),
            })
        })
        .collect();
    let plan = json!({
        "format_version": "1.2",
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": changes,
    });
    plan.to_string()
}

fn change(index: usize, random: &mut Rng) -> Value {
    let statements: Vec<Value> = (0..10)
        .map(|statement| {
            let actions: Vec<String> = (0..6)
                .map(|_| match random.u64(..20) {
                    0 => "s3:Get*".to_owned(),
                    1 if index.is_multiple_of(10) => "s3:Delete*".to_owned(),
                    number => format!("service-{}:Action{}", number, random.u64(..500)),
                })
                .collect();
            json!({
                "Sid": format!("S{statement}"), "Effect": "Allow", "Action": actions,
                "Resource": format!("arn:aws:s3:::bucket-{}/*", random.u64(..1000)),
            })
        })
        .collect();
    let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    json!({
        "address": format!("aws_iam_policy.p{index}"),
        "mode": "managed",
        "type": "aws_iam_policy",
        "name": format!("p{index}"),
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {
            "actions": ["create"],
            "before": null,
            "after": {"name": format!("p{index}"), "path": "/", "policy": policy},
            "after_unknown": {"arn": true, "id": true},
        },
    })
}
