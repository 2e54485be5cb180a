//! The parts of a plan or state of Terraform that are kept in memory. Most of a plan is about other
//! resources, or says the same again.

use crate::plan;

/// What is kept of a value. All entries of a list are treated as the value itself.
#[derive(Debug)]
pub(super) enum Kept {
    All,
    /// Of an object, these members.
    Only(&'static [(&'static str, &'static Kept)]),
    /// Of an object, all members, and this of each.
    Each(&'static Kept),
    /// Of an object, the attributes that are read.
    Attributes,
    /// Of a list of resources, those that are read, and this of each.
    Resources(&'static Kept),
    /// Of a list of resources, those that are read and are not among the changes, and this of each.
    Others(&'static Kept),
}

impl Kept {
    /// What is kept of a member; `None` if it is left out.
    pub(super) fn member(&self, key: &str) -> Option<&Self> {
        match self {
            Self::All | Self::Resources(_) | Self::Others(_) => Some(&Self::All),
            Self::Only(members) => {
                let (_, kept) = members.iter().find(|(own, _)| *own == key)?;
                Some(kept)
            }
            Self::Each(kept) => Some(kept),
            Self::Attributes => plan::is_read_attribute(key).then_some(&Self::All),
        }
    }
}

/// The name of the section with the changes.
pub(super) const CHANGES: &str = "resource_changes";

/// What is kept of that section.
pub(super) static EACH_CHANGE: Kept = Kept::Resources(&CHANGE);

static DEFERRED: Kept = Kept::Only(&[("resource_change", &CHANGE)]);

static CHANGE: Kept = Kept::Only(&[
    ("address", &Kept::All),
    ("mode", &Kept::All),
    ("type", &Kept::All),
    ("deposed", &Kept::All),
    (
        "change",
        &Kept::Only(&[
            ("after", &Kept::Attributes),
            ("after_unknown", &Kept::Attributes),
        ]),
    ),
]);

static VALUES: Kept = Kept::Only(&[("root_module", &MODULE)]);

static MODULE: Kept = Kept::Only(&[
    (
        "resources",
        &Kept::Others(&Kept::Only(&[
            ("address", &Kept::All),
            ("mode", &Kept::All),
            ("type", &Kept::All),
            ("values", &Kept::Attributes),
        ])),
    ),
    ("child_modules", &MODULE),
]);

static CONFIGURATION: Kept = Kept::Only(&[("root_module", &CONFIGURED_MODULE)]);

static CONFIGURED_MODULE: Kept = Kept::Only(&[
    (
        "resources",
        &Kept::Resources(&Kept::Only(&[
            ("address", &Kept::All),
            ("type", &Kept::All),
            ("expressions", &Kept::Attributes),
            ("for_each_expression", &Kept::All),
        ])),
    ),
    (
        "module_calls",
        &Kept::Each(&Kept::Only(&[
            ("expressions", &Kept::All),
            ("for_each_expression", &Kept::All),
            ("module", &CONFIGURED_MODULE),
        ])),
    ),
    ("outputs", &Kept::All),
]);

/// Whether a plan or state has a section with this name, other than the changes.
pub(super) fn is_section(key: &str) -> bool {
    matches!(of_section(key), None | Some(Kept::Only(_)))
}

/// What is kept of a section of a plan or state; `None` if it is left out.
pub(super) fn of_section(key: &str) -> Option<&'static Kept> {
    match key {
        "deferred_changes" => Some(&DEFERRED),
        "planned_values" | "values" => Some(&VALUES),
        "configuration" => Some(&CONFIGURATION),
        "prior_state"
        | "resource_drift"
        | "relevant_attributes"
        | "output_changes"
        | "checks"
        | "variables"
        | "action_invocations" => None,
        _ => Some(&Kept::All),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use crate::tree::{Node, Value as Tree, json::parse};

    fn plain(node: &Node<'_>) -> Value {
        match &node.value {
            Tree::Null => Value::Null,
            Tree::Bool(value) => json!(value),
            Tree::Number(number) => serde_json::from_str(number).unwrap(),
            Tree::Text(text) => json!(text),
            Tree::List(entries) => entries.iter().map(plain).collect(),
            Tree::Object(members) => {
                let members = members.iter();
                members
                    .map(|it| (it.key.to_string(), plain(&it.value)))
                    .collect()
            }
        }
    }

    fn kept(value: &Value) -> Value {
        plain(&parse(&value.to_string()).unwrap())
    }

    #[test]
    fn what_nobody_reads_of_a_plan_is_left_out() {
        let policy = json!({"policy": "x", "tags": {"a": "b"}, "name": "p"});
        let resource =
            |address: &str, kind: &str| json!({"address": address, "type": kind, "values": policy});
        let change = |address: &str, kind: &str| {
            json!({
                "address": address, "type": kind, "provider_name": "x",
                "change": {"before": policy, "after": policy, "after_unknown": {"arn": true, "tags_all": true}},
            })
        };
        let configured = json!({"address": "a", "type": "aws_iam_policy", "expressions": {"policy": {"references": ["var.a"]}, "name": {}}});
        let other = json!({"address": "b", "type": "aws_s3_bucket", "expressions": {}});
        let plan = json!({
            "format_version": "1.2",
            "errored": false,
            "prior_state": {"values": policy},
            "planned_values": {"root_module": {
                "resources": [resource("a", "aws_iam_policy"), resource("b", "aws_s3_bucket"), resource("gone", "aws_iam_policy"), resource("only", "aws_iam_policy")],
                "child_modules": [{"address": "module.m", "resources": [resource("a", "aws_iam_policy")]}],
            }},
            "resource_changes": [
                change("a", "aws_iam_policy"),
                change("b", "aws_s3_bucket"),
                {"address": "gone", "type": "aws_iam_policy", "change": {"before": policy, "after": null}},
            ],
            "configuration": {"provider_config": {}, "root_module": {
                "variables": {},
                "resources": [configured, other],
                "module_calls": {"m": {"source": "./m", "module": {"resources": [configured, other]}}},
            }},
        });
        let policy = json!({"policy": "x"});
        let resource =
            |address: &str| json!({"address": address, "type": "aws_iam_policy", "values": policy});
        let configured = json!({"address": "a", "type": "aws_iam_policy", "expressions": {"policy": {"references": ["var.a"]}}});
        let expected = json!({
            "format_version": "1.2",
            "errored": false,
            "planned_values": {"root_module": {
                "resources": [resource("gone"), resource("only")],
                "child_modules": [{"resources": []}],
            }},
            "resource_changes": [
                {"address": "a", "type": "aws_iam_policy", "change": {"after": policy, "after_unknown": {"arn": true}}},
                {"address": "gone", "type": "aws_iam_policy", "change": {"after": null}},
            ],
            "configuration": {"root_module": {
                "resources": [configured],
                "module_calls": {"m": {"module": {"resources": [configured]}}},
            }},
        });
        assert_eq!(kept(&plan), expected);
    }

    #[test]
    fn other_files_are_kept_whole() {
        for file in [
            json!({"Resources": {"A": {"Type": "AWS::S3::Bucket"}}, "prior_state": [1, {}]}),
            json!({"values": {"a": "b"}, "variables": {"c": []}}),
            json!([{"resource_changes": [{"type": "aws_s3_bucket"}]}]),
        ] {
            let text = file.to_string().replace('1', "\"1\"");
            assert_eq!(
                kept(&serde_json::from_str(&text).unwrap()).to_string(),
                text
            );
        }
        let twice = r#"{"resource_changes":[{"type":"a"}],"resource_changes":[]}"#;
        assert_eq!(parse(twice).unwrap().members().len(), 2);
    }

    fn value() -> impl Strategy<Value = Value> {
        let text = "[a\"\\\\\\[\\]{},: \n\u{1}é😀]{0,8}";
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e9..1e9_f64).prop_map(Value::from),
            text.prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((text, inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn values_are_those_that_serde_json_reads(value in value()) {
            for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                let tree = parse(&text).unwrap();
                prop_assert_eq!(plain(&tree), value.clone());
                prop_assert_eq!(tree.span, 0..text.len());
            }
        }
    }
}
