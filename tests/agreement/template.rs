//! The template and the code.

use std::collections::BTreeSet;

use iam_policy::RestrictedActions;
use incident::WatchedCall;
use serde_norway::Value;

use crate::{DEFINITIONS, read, template, transformed};

/// Follows keys, looking through tags of intrinsic functions.
fn at<'a>(value: &'a Value, keys: &[&str]) -> &'a Value {
    keys.iter().fold(value, |value, key| {
        let value = if let Value::Tagged(tagged) = value {
            &tagged.value
        } else {
            value
        };
        value
            .get(*key)
            .unwrap_or_else(|| panic!("no `{key}` on the way to {keys:?}"))
    })
}

fn keys(value: &Value) -> BTreeSet<String> {
    value
        .as_mapping()
        .unwrap()
        .keys()
        .map(|key| key.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn each_definition_gets_the_substitutions_it_asks_for() {
    let template = template();
    for (machine, file) in DEFINITIONS {
        let definition = read(file);
        let asked: BTreeSet<String> = definition
            .split("${")
            .skip(1)
            .map(|rest| rest.split('}').next().unwrap().to_owned())
            .collect();
        let properties = at(&template, &["Resources", machine, "Properties"]);
        assert_eq!(asked, keys(at(properties, &["DefinitionSubstitutions"])));
        assert_eq!(at(properties, &["DefinitionUri"]), file);
    }
}

#[test]
fn the_rule_forwards_the_calls_that_are_judged() {
    let template = template();
    let ways = at(
        &template,
        &[
            "Resources",
            "PolicyWriteRule",
            "Properties",
            "EventPattern",
            "detail",
            "$or",
        ],
    );
    let ways = ways.as_sequence().unwrap().iter();
    let names: BTreeSet<&str> = ways
        .flat_map(|way| at(way, &["eventName"]).as_sequence().unwrap())
        .map(|name| name.as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        WatchedCall::ALL
            .iter()
            .map(|write| write.as_str())
            .collect()
    );
}

#[test]
fn the_default_list_can_be_read() {
    let template = template();
    let list = at(&template, &["Parameters", "restrictedActions", "Default"])
        .as_str()
        .unwrap();
    let list = list.parse::<RestrictedActions>().unwrap();
    assert!(list.warnings().is_empty());
    assert_eq!(list.patterns().len(), 2);
}

#[test]
fn the_functions_are_the_five_binaries() {
    let template = template();
    let resources = at(&template, &["Resources"]).as_mapping().unwrap();
    let functions = resources
        .iter()
        .filter(|(_, resource)| at(resource, &["Type"]) == "AWS::Serverless::Function");
    let binaries: BTreeSet<&str> = functions
        .map(|(_, function)| {
            at(function, &["Metadata", "BuildProperties", "Binary"])
                .as_str()
                .unwrap()
        })
        .collect();
    assert_eq!(
        binaries,
        BTreeSet::from([
            "validate-policy",
            "remediate",
            "notify",
            "approve-callback",
            "revert"
        ])
    );
}

#[test]
fn the_published_parameters_and_outputs_are_there() {
    let template = template();
    let parameters = keys(at(&template, &["Parameters"]));
    for name in [
        "EmailAddress",
        "restrictedActions",
        "ApprovalTimeoutSeconds",
        "NotifyOnAllowed",
        "LinkConfirmation",
        "SweepSchedule",
        "SweepMost",
        "SweepBaseline",
    ] {
        assert!(parameters.contains(name), "parameter {name}");
        assert!(
            !at(&template, &["Parameters", name, "Description"])
                .as_str()
                .unwrap()
                .is_empty(),
            "{name} has no description"
        );
    }
    let outputs = keys(at(&template, &["Outputs"]));
    for name in [
        "ApiUrl",
        "AllowUrl",
        "DenyUrl",
        "StateMachineArn",
        "AlertTopicArn",
        "SweepStateMachineArn",
        "CaseLogGroup",
    ] {
        assert!(outputs.contains(name), "output {name}");
    }
}

/// Lambda takes 4 KB of variables, names and values together (AWS Lambda Developer Guide, "Lambda
/// quotas").
#[test]
fn the_longest_parameters_fit_into_the_environment() {
    /// A number of days or of incidents.
    const NUMBER: usize = 4;
    let template = template();
    let parameters = at(&template, &["Parameters"]);
    let longest = |name: &str| {
        let parameter = at(parameters, &[name]);
        let length = |value: &Value| value.as_str().map_or(0, str::len);
        match (parameter.get("MaxLength"), parameter.get("AllowedValues")) {
            (Some(max), _) => usize::try_from(max.as_u64().unwrap()).unwrap(),
            (None, Some(values)) => values
                .as_sequence()
                .unwrap()
                .iter()
                .map(length)
                .max()
                .unwrap(),
            (None, None) if parameter["Type"] == "Number" => NUMBER,
            (None, None) => panic!("`{name}` is in an environment and has no `MaxLength`"),
        }
    };
    // What AWS makes, where it is longest.
    let made = |value: &serde_json::Value| {
        let places = transformed::PLACES.iter();
        let each = places.map(|place| transformed::resolved_in(*place, value));
        each.map(|it| it.as_str().unwrap().len()).max().unwrap()
    };
    let mut checked = 0;
    for (name, function) in transformed::of_type("AWS::Lambda::Function") {
        let variables = &function["Environment"]["Variables"];
        let size: usize = variables
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| {
                let value = match transformed::referred(value) {
                    Some(parameter) if parameters.get(parameter).is_some() => longest(parameter),
                    _ => made(value),
                };
                key.len() + value
            })
            .sum();
        assert!(size <= 4_096, "{name}: {size} bytes");
        checked += usize::from(size > 2_000);
    }
    assert_eq!(checked, 3, "functions with the restricted list");
}

/// Some accounts cannot reserve concurrency, so only a parameter reserves it.
#[test]
fn concurrency_is_reserved_on_request_for_what_contains_a_policy() {
    let parameter = &transformed::transformed()["Parameters"]["ReservedConcurrency"];
    assert_eq!(parameter["Default"], 0);
    assert_eq!(parameter["MinValue"], 0);
    let condition = &transformed::transformed()["Conditions"]["ReservesConcurrency"];
    let reserves =
        serde_json::json!({"Fn::Not": [{"Fn::Equals": [{"Ref": "ReservedConcurrency"}, 0]}]});
    assert_eq!(condition, &reserves);
    for (name, function) in transformed::of_type("AWS::Lambda::Function") {
        let reserved = &function["ReservedConcurrentExecutions"];
        if ["ValidatePolicyFunction", "RemediateFunction"].contains(&name) {
            let on_request = serde_json::json!({"Fn::If": ["ReservesConcurrency", {"Ref": "ReservedConcurrency"}, {"Ref": "AWS::NoValue"}]});
            assert_eq!(reserved, &on_request, "{name}");
        } else {
            assert!(reserved.is_null(), "{name}: {reserved}");
        }
    }
}

/// One line sets the processor for the build and for Lambda.
#[test]
fn the_processor_is_set_once_and_the_builder_compiles_for_it() {
    assert!(transformed::transformed()["Parameters"]["Architecture"].is_null());
    for (name, function) in transformed::of_type("AWS::Lambda::Function") {
        assert_eq!(
            function["Architectures"],
            serde_json::json!(["x86_64"]),
            "{name}"
        );
    }
    let commands = transformed::python("tests/agreement/builder.py", &[]);
    let commands: serde_json::Value = serde_json::from_slice(&commands).unwrap();
    let arm = serde_json::json!([
        "cargo",
        "lambda",
        "build",
        "--release",
        "--arm64",
        "--bin",
        "notify"
    ]);
    let x86 = serde_json::json!(["cargo", "lambda", "build", "--release", "--bin", "notify"]);
    assert_eq!(commands["arm64"], arm);
    assert_eq!(commands["x86_64"], x86);
}

/// The environment differs from the default one in what the documentation recommends, and in
/// nothing else.
#[test]
fn the_production_environment_has_what_the_documents_recommend() {
    let folder = crate::path(".").into_os_string();
    let read = transformed::python("tests/agreement/samconfig.py", &[folder]);
    let mut read: serde_json::Value = serde_json::from_slice(&read).unwrap();
    let production = read["production"].as_object_mut().unwrap();
    let given = production.remove("parameter_overrides").unwrap();
    let expected = serde_json::json!({
        "restrictedActions": "cloudtrail:DeleteTrail,cloudtrail:StopLogging,organizations:LeaveOrganization",
        "askActions": "@privilege-escalation",
        "reportActions": "@audit-tampering,@data-destruction",
        "Mode": "Enforce",
        "DecideBy": "Mail",
        "NotifyOnAllowed": "false",
    });
    assert_eq!(given, expected);
    assert_eq!(read["production"], read["default"]);
    let parameters = &transformed::transformed()["Parameters"];
    let manual = crate::read("docs/operations.md");
    let (_, section) = manual.split_once("\n## Production\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    assert!(section.contains("sam deploy --config-env production"));
    for (name, value) in given.as_object().unwrap() {
        let text = value.as_str().unwrap();
        if let Some(allowed) = parameters[name]["AllowedValues"].as_array() {
            assert!(allowed.contains(value), "{name}: {value}");
        } else {
            // Each entry of a list names an action that is known.
            let list = text.parse::<iam_policy::RestrictedActions>().unwrap();
            assert!(list.warnings().is_empty(), "{name}: {text}");
        }
        let sentence = format!("`{name}` is `{text}`");
        assert!(section.contains(&sentence), "{sentence}");
    }
}
