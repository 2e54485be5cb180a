//! The rules that tell who touches the guard: nothing is left out, and EventBridge takes their patterns.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::transformed::{many, of_type, properties, referred, resolved};

/// All rules but the one that starts incidents.
const WATCH: [&str; 7] = [
    "WatchRules",
    "WatchIncidents",
    "WatchUnnamed",
    "WatchFunctions",
    "WatchRoles",
    "WatchAlerts",
    "WatchTrails",
];

fn detail(rule: &str) -> &'static Value {
    &properties(rule)["EventPattern"]["detail"]
}

#[test]
fn patterns_are_within_the_limit_of_eventbridge() {
    for (rule, properties) in of_type("AWS::Events::Rule") {
        let pattern = resolved(&properties["EventPattern"]).to_string();
        assert!(
            pattern.len() <= 2048,
            "{rule}: {} characters",
            pattern.len()
        );
    }
}

#[test]
fn every_watch_rule_tells_of_successful_calls() {
    let rules = of_type("AWS::Events::Rule").map(|(name, _)| name);
    let rules: BTreeSet<_> = rules.filter(|name| *name != "PolicyWriteRule").collect();
    assert_eq!(rules, BTreeSet::from(WATCH));
    for rule in WATCH {
        let targets = many(&properties(rule)["Targets"]);
        assert_eq!(referred(&targets[0]["Arn"]), Some("AlertTopic"), "{rule}");
        assert_eq!(targets[1]["Fn::If"][0], "HasAlarmTopic", "{rule}");
        assert_eq!(detail(rule)["errorCode"], json!([{"exists": false}]));
        let words = &targets[0]["InputTransformer"];
        let template = words["InputTemplate"]["Fn::Sub"].as_str().unwrap();
        for name in ["<who>", "<call>", "<event>", "<time>", "${AWS::StackName}"] {
            assert!(template.contains(name), "{rule} does not tell {name}");
        }
        for line in template.lines() {
            assert!(
                line.starts_with('"') && line.ends_with('"'),
                "{rule}: {line}"
            );
        }
        // What is told has a path, and every path is told or of the other texts.
        let paths = words["InputPathsMap"].as_object().unwrap();
        for part in template.split('<').skip(1) {
            let (name, _) = part.split_once('>').unwrap();
            assert!(paths.contains_key(name), "{rule}: <{name}> has no path");
        }
    }
}

#[test]
fn the_watch_watches_itself() {
    // WatchTrails is watched by WatchRules, and WatchRules, by its name, by WatchTrails.
    let either = &detail("WatchRules")["$or"];
    for (index, member) in ["name", "rule"].into_iter().enumerate() {
        let watched = many(&either[index]["requestParameters"][member]);
        let watched: BTreeSet<_> = watched.into_iter().filter_map(referred).collect();
        let others = of_type("AWS::Events::Rule").map(|(name, _)| name);
        let others: BTreeSet<_> = others.filter(|name| *name != "WatchRules").collect();
        assert_eq!(watched, others);
    }
    let name = &properties("WatchRules")["Name"];
    let trails = &detail("WatchTrails")["$or"];
    assert_eq!(&trails[1]["requestParameters"]["name"][0], name);
    assert_eq!(&trails[2]["requestParameters"]["rule"][0], name);
}

#[test]
fn the_watch_knows_every_function_and_role() {
    let functions = &detail("WatchFunctions")["$or"][0];
    for (function, _) in of_type("AWS::Lambda::Function") {
        assert!(
            functions
                .to_string()
                .contains(&format!("*${{{function}}}*")),
            "{function}"
        );
    }
    let roles = many(&detail("WatchRoles")["requestParameters"]["roleName"]);
    // IAM takes names in any letter case, so the watch does too.
    let names = roles.iter().map(|role| &role["equals-ignore-case"]);
    let roles: BTreeSet<_> = names.filter_map(referred).collect();
    assert_eq!(
        roles,
        of_type("AWS::IAM::Role").map(|(name, _)| name).collect()
    );
}

/// Who starts incidents and who answers tokens for the guard is what the template lets start and answer.
#[test]
fn only_the_guards_own_calls_are_not_told() {
    let starts = &detail("WatchIncidents")["$or"][0];
    assert_eq!(starts["eventName"], json!(["StartExecution"]));
    let issuer =
        |value: &Value| value["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"].clone();
    let others = issuer(starts);
    assert_eq!(others[0], json!({"exists": false}));
    let role = many(&others[1]["anything-but"]);
    assert_eq!(role.len(), 1);
    let target = &properties("PolicyWriteRule")["Targets"][0];
    assert_eq!(referred(role[0]), referred(&target["RoleArn"]));

    let others = issuer(detail("WatchUnnamed"));
    assert_eq!(others[0], json!({"exists": false}));
    let choice = &others[1]["anything-but"]["Fn::If"];
    assert_eq!(choice[0], "HasOtherTaskSenders");
    assert_eq!(referred(&choice[2][0]), Some("ApproveCallbackRole"));
    let listed = &choice[1]["Fn::Split"][1]["Fn::Join"][1];
    let listed: Vec<_> = many(listed).into_iter().filter_map(referred).collect();
    assert_eq!(listed, ["ApproveCallbackRole", "OtherTaskSenders"]);
}
