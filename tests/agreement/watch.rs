//! The rules that watch the guard are complete, and EventBridge takes their patterns.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::read;
use crate::transformed::{LONGEST_STACK, PLACES, many, of_type, properties, referred, resolved_in};

/// All rules but the one that starts incidents.
const WATCH: [&str; 12] = [
    "WatchRules",
    "WatchStack",
    "WatchIncidents",
    "WatchClaims",
    "WatchUnnamed",
    "WatchFunctions",
    "WatchFunctionArns",
    "WatchRoles",
    "WatchPages",
    "WatchAlerts",
    "WatchAlarms",
    "WatchTrails",
];

fn detail(rule: &str) -> &'static Value {
    &properties(rule)["EventPattern"]["detail"]
}

/// The cost of a pattern for EventBridge: its wildcards, and the patterns that its alternatives
/// stand for.
///
/// EventBridge refuses a pattern that costs too much (Amazon EventBridge User Guide, "Comparison
/// operators for use in event patterns" and "Content filtering in Amazon EventBridge event
/// patterns"). A wildcard costs more with each `*`; the other operators cost nothing.
fn difficulty(pattern: &Value) -> (usize, usize) {
    match pattern {
        Value::Object(members) => members.iter().fold((0, 1), |(stars, ways), (key, value)| {
            let (more, each) = match (key.as_str(), value) {
                ("wildcard", Value::String(text)) => (text.matches('*').count(), 1),
                ("$or", Value::Array(alternatives)) => {
                    let each = alternatives.iter().map(difficulty);
                    each.fold((0, 0), |(a, b), (c, d)| (a + c, b + d))
                }
                _ => difficulty(value),
            };
            (stars + more, ways * each)
        }),
        Value::Array(values) => {
            let stars = values.iter().map(|value| difficulty(value).0).sum();
            (stars, 1)
        }
        _ => (0, 1),
    }
}

#[test]
fn patterns_are_within_the_limits_of_eventbridge() {
    for place in PLACES {
        for (rule, properties) in of_type("AWS::Events::Rule") {
            let pattern = resolved_in(place, &properties["EventPattern"]);
            let length = pattern.to_string().len();
            let partition = place.partition;
            assert!(length <= 2048, "{rule} in {partition}: {length} characters");
            let (stars, ways) = difficulty(&pattern);
            assert!(stars <= 3, "{rule}: {stars} times *");
            assert!(ways <= 1000, "{rule}: {ways} alternatives");
        }
    }
    // The measure itself.
    let hard = json!({"a": [{"wildcard": "*x*"}, "*"], "$or": [{"b": [{"wildcard": "*y*z"}]}, {"c": ["*"]}]});
    assert_eq!(difficulty(&hard), (4, 2));
}

/// The name of a rule has at most 64 characters.
#[test]
fn the_longest_name_of_a_stack_is_documented() {
    let names =
        of_type("AWS::Events::Rule").filter_map(|(_, rule)| rule["Name"]["Fn::Sub"].as_str());
    let names = names.map(|name| name.strip_prefix("${AWS::StackName}").unwrap());
    let longest = names.map(|ending| 64 - ending.len()).min();
    assert_eq!(longest, Some(LONGEST_STACK));
    let row = format!("| length of the stack's name | {LONGEST_STACK} characters |");
    assert!(read("docs/operations.md").contains(&row), "{row}");
}

#[test]
fn every_watch_rule_reports_successful_calls() {
    let rules = of_type("AWS::Events::Rule").map(|(name, _)| name);
    let rules: BTreeSet<_> = rules.filter(|name| *name != "PolicyWriteRule").collect();
    assert_eq!(rules, BTreeSet::from(WATCH));
    for rule in WATCH {
        let targets = many(&properties(rule)["Targets"]);
        assert_eq!(referred(&targets[0]["Arn"]), Some("AlertTopic"), "{rule}");
        assert_eq!(targets[1]["Fn::If"][0], "HasAlarmTopic", "{rule}");
        let second = &targets[2]["Fn::If"];
        assert_eq!(second[0], "MakesAlarmTopic", "{rule}");
        assert_eq!(referred(&second[1]["Arn"]), Some("AlarmTopic"), "{rule}");
        let words = &targets[0]["InputTransformer"];
        assert_eq!(&second[1]["InputTransformer"], words, "{rule}");
        assert_eq!(detail(rule)["errorCode"], json!([{"exists": false}]));
        let template = words["InputTemplate"]["Fn::Sub"].as_str().unwrap();
        for name in ["<who>", "<call>", "<event>", "<time>", "${AWS::StackName}"] {
            assert!(template.contains(name), "{rule} does not report {name}");
        }
        for line in template.lines() {
            assert!(
                line.starts_with('"') && line.ends_with('"'),
                "{rule}: {line}"
            );
        }
        // Each value of the template has a path, and each path stands in the template or in the
        // other texts.
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
    assert_eq!(&trails[2]["requestParameters"]["name"][0], name);
    assert_eq!(&trails[3]["requestParameters"]["rule"][0], name);
}

/// A call that silences one mailbox is reported to both.
#[test]
fn the_watch_knows_every_topic_and_key() {
    let either = many(&detail("WatchAlerts")["$or"]);
    let names = |member: &str| {
        let found = either
            .iter()
            .find(|it| !it["requestParameters"][member].is_null());
        found.unwrap()["requestParameters"][member].to_string()
    };
    for (topic, _) in of_type("AWS::SNS::Topic") {
        for member in ["topicArn", "resourceArn"] {
            let named = format!("{{\"Ref\":\"{topic}\"}}");
            assert!(names(member).contains(&named), "{member} {topic}");
        }
        assert!(
            names("subscriptionArn").contains(&format!("${{{topic}}}:")),
            "{topic}"
        );
    }
    for (key, _) in of_type("AWS::KMS::Key") {
        let arn = format!("[\"{key}\",\"Arn\"]");
        assert!(names("keyId").contains(&arn), "{key}");
    }
}

#[test]
fn the_watch_knows_every_function_and_role() {
    let either = &detail("WatchFunctions")["$or"];
    let asked = many(&either[0]["requestParameters"]["functionName"]);
    let answered = many(&either[1]["responseElements"]["functionName"]);
    for (function, _) in of_type("AWS::Lambda::Function") {
        let named = json!({"Ref": function});
        let qualified = json!({"prefix": {"Fn::Sub": format!("${{{function}}}:")}});
        assert!(asked.contains(&&json!({"suffix": named})), "{function}");
        assert!(asked.contains(&&qualified), "{function}");
        assert!(answered.contains(&&named), "{function}");
    }
    let arns = many(&detail("WatchFunctionArns")["$or"]);
    let members = ["resource", "resourceArn", "functionName"];
    assert_eq!(arns.len(), members.len());
    for (function, _) in of_type("AWS::Lambda::Function") {
        let partial = format!("${{AWS::AccountId}}:function:${{{function}}}:");
        let partial = json!({"prefix": {"Fn::Sub": partial}});
        assert!(asked.contains(&&partial), "{function}");
        let suffix = json!({"suffix": {"Ref": function}});
        let qualified = json!({"prefix": {"Fn::Sub": format!("${{{function}.Arn}}:")}});
        for (way, member) in arns.iter().zip(members) {
            let expected = if member == "functionName" {
                &qualified
            } else {
                &suffix
            };
            let named = many(&way["requestParameters"][member]);
            assert!(named.contains(&expected), "{member} {function}");
        }
    }
    let either = &detail("WatchRoles")["$or"];
    let roles = many(&either[0]["requestParameters"]["roleName"]);
    // IAM takes names in any letter case, so the watch does too.
    let names = roles.iter().map(|role| &role["equals-ignore-case"]);
    let roles: BTreeSet<_> = names.filter_map(referred).collect();
    assert_eq!(
        roles,
        of_type("AWS::IAM::Role").map(|(name, _)| name).collect()
    );
    // A function that gets one of these roles can do what the guard's function can.
    let passed = many(&either[1]["requestParameters"]["role"]);
    let passed: BTreeSet<_> = passed.into_iter().filter_map(referred).collect();
    let own = of_type("AWS::Lambda::Function").filter_map(|(_, it)| referred(&it["Role"]));
    assert_eq!(passed, own.collect());
}

/// A version or an alias keeps a definition alive, whatever the state machine becomes.
#[test]
fn the_watch_knows_every_call_that_changes_the_state_machine() {
    let either = many(&detail("WatchIncidents")["$or"]).into_iter();
    let calls: BTreeSet<&str> = either
        .flat_map(|way| many(&way["eventName"]))
        .filter_map(Value::as_str)
        .collect();
    for call in [
        "UpdateStateMachine",
        "DeleteStateMachine",
        "PublishStateMachineVersion",
        "CreateStateMachineAlias",
        "UpdateStateMachineAlias",
        "StartExecution",
        "StopExecution",
        "RedriveExecution",
    ] {
        assert!(calls.contains(call), "{call}");
    }
}

#[test]
fn the_watch_knows_every_call_that_changes_the_stack_or_the_alarms() {
    let calls = |rule: &str| -> BTreeSet<&str> {
        let names = many(&detail(rule)["eventName"]).into_iter();
        names.map(|name| name.as_str().unwrap()).collect()
    };
    let stack = BTreeSet::from([
        "CancelUpdateStack",
        "ContinueUpdateRollback",
        "DeleteStack",
        "ExecuteChangeSet",
        "RollbackStack",
        "SetStackPolicy",
        "UpdateStack",
        "UpdateTerminationProtection",
    ]);
    assert_eq!(calls("WatchStack"), stack);
    let named = &detail("WatchStack")["requestParameters"]["stackName"];
    let names = json!([{"Ref": "AWS::StackName"}, {"Ref": "AWS::StackId"}]);
    assert_eq!(named, &names);
    // The record of a refactor names no stack.
    let refactor = json!({"eventName": ["ExecuteStackRefactor"]});
    assert!(many(&detail("WatchUnnamed")["$or"]).contains(&&refactor));

    let alarms = BTreeSet::from([
        "DeleteAlarms",
        "DisableAlarmActions",
        "PutAlarmMuteRule",
        "PutCompositeAlarm",
        "PutMetricAlarm",
        "SetAlarmState",
    ]);
    assert_eq!(calls("WatchAlarms"), alarms);
    let ours = json!([{"prefix": {"Fn::Sub": "${AWS::StackName}-"}}]);
    let ways: Vec<_> = many(&detail("WatchAlarms")["$or"])
        .into_iter()
        .map(|way| &way["requestParameters"])
        .collect();
    for member in [
        json!({"alarmNames": ours}),
        json!({"alarmName": ours}),
        json!({"muteTargets": {"alarmNames": ours}}),
    ] {
        assert!(ways.contains(&&member), "{member}");
    }
}

/// Every write to the pages counts, so the rule names no call.
#[test]
fn the_watch_knows_the_pages() {
    let pages = properties("WatchPages");
    let sources = json!(["aws.apigateway", "aws.wafv2", "aws.waf-regional"]);
    assert_eq!(pages["EventPattern"]["source"], sources);
    assert!(!pages["EventPattern"].to_string().contains("eventName"));
    let [(api, _)] = of_type("AWS::ApiGateway::RestApi").collect::<Vec<_>>()[..] else {
        panic!("more than one API");
    };
    let ways = many(&detail("WatchPages")["$or"]);
    let by_id = json!({"requestParameters": {"restApiId": [{"Ref": api}]}});
    assert!(ways.contains(&&by_id));
    for place in PLACES {
        let partition = place.partition;
        let by_arn = resolved_in(place, ways[1]);
        let arn = by_arn["requestParameters"]["resourceArn"][0]["prefix"].as_str();
        let arn = arn.unwrap();
        let begin = format!("arn:{partition}:apigateway:");
        assert!(
            arn.starts_with(&begin) && arn.contains("::/restapis/"),
            "{arn}"
        );
    }
}

/// The principals that the watch does not report are those that the template lets start incidents
/// and answer tokens.
#[test]
fn only_the_guards_own_calls_are_not_reported() {
    let starts = &detail("WatchIncidents")["$or"][0];
    assert_eq!(starts["eventName"], json!(["StartExecution"]));
    let issuer =
        |value: &Value| value["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"].clone();
    let others = issuer(starts);
    assert_eq!(others[0], json!({"exists": false}));
    let roles = many(&others[1]["anything-but"]);
    let roles: Vec<_> = roles.into_iter().map(referred).collect();
    let rule = &properties("PolicyWriteRule")["Targets"][0]["RoleArn"];
    let machine = &properties("PolicyApprovalStateMachine")["RoleArn"];
    assert_eq!(roles, [referred(rule), referred(machine)]);

    let claims = issuer(&detail("WatchClaims")["$or"][0]);
    assert_eq!(claims[0], json!({"exists": false}));
    let roles = many(&claims[1]["anything-but"]);
    let roles: BTreeSet<_> = roles.into_iter().filter_map(referred).collect();
    assert_eq!(
        roles,
        BTreeSet::from(["RemediateRole", "RevertRole", "ValidatePolicyRole"])
    );

    let others = issuer(&detail("WatchUnnamed")["$or"][0]);
    assert_eq!(others[0], json!({"exists": false}));
    let choice = &others[1]["anything-but"]["Fn::If"];
    assert_eq!(choice[0], "HasOtherTaskSenders");
    assert_eq!(referred(&choice[2][0]), Some("ApproveCallbackRole"));
    let listed = &choice[1]["Fn::Split"][1]["Fn::Join"][1];
    let listed: Vec<_> = many(listed).into_iter().filter_map(referred).collect();
    assert_eq!(listed, ["ApproveCallbackRole", "OtherTaskSenders"]);
}
