//! The rules that watch the guard are complete, and EventBridge takes their patterns.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::read;
use crate::transformed::{
    LONGEST_STACK, PLACES, many, of_type, properties, referred, resolved_in, watch_rules,
};

/// All rules but those that start incidents and sweeps.
const WATCH: [&str; 13] = [
    "WatchRules",
    "WatchStack",
    "WatchIncidents",
    "WatchClaims",
    "WatchUnnamed",
    "WatchFunctions",
    "WatchFunctionArns",
    "WatchRoles",
    "WatchSweep",
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
    assert_eq!(watch_rules(), BTreeSet::from(WATCH));
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
    // WatchTrails is watched by WatchRules, and WatchRules, by its name, by WatchTrails. So is the
    // schedule of the sweep, which a stack can be without.
    let by_name = ["WatchRules", "SweepRule"];
    let either = &detail("WatchRules")["$or"];
    for (index, member) in ["name", "rule"].into_iter().enumerate() {
        let watched = many(&either[index]["requestParameters"][member]);
        let watched: BTreeSet<_> = watched.into_iter().filter_map(referred).collect();
        let others = of_type("AWS::Events::Rule").map(|(name, _)| name);
        let others: BTreeSet<_> = others.filter(|name| !by_name.contains(name)).collect();
        assert_eq!(watched, others);
    }
    let names = json!(by_name.map(|rule| &properties(rule)["Name"]));
    let trails = &detail("WatchTrails")["$or"];
    assert_eq!(trails[2]["requestParameters"]["name"], names);
    assert_eq!(trails[3]["requestParameters"]["rule"], names);
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
    for (topic, properties) in of_type("AWS::SNS::Topic") {
        let named = format!("{{\"Ref\":\"{topic}\"}}");
        assert!(names("topicArn").contains(&named), "{topic}");
        // CloudFormation makes the name of the topic, which begins with that of the stack.
        assert!(properties["TopicName"].is_null(), "{topic}");
        let named = "sns:${AWS::Region}:${AWS::AccountId}:${AWS::StackName}-\"";
        assert!(names("resourceArn").contains(named), "{topic}");
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
    let all = of_type("AWS::IAM::Role").map(|(name, _)| name);
    // The guard itself writes to the role of the proof of life, so another rule watches that one.
    let all: BTreeSet<_> = all.filter(|name| *name != "ProbeRole").collect();
    assert_eq!(roles, all);
    // A function that gets one of these roles can do what the guard's function can.
    let passed = many(&either[1]["requestParameters"]["role"]);
    let passed: BTreeSet<_> = passed.into_iter().filter_map(referred).collect();
    let own = of_type("AWS::Lambda::Function").filter_map(|(_, it)| referred(&it["Role"]));
    assert_eq!(passed, own.collect());
}

/// Other calls change the role of the proof of life, and start, stop and change sweeps.
#[test]
fn the_watch_knows_the_sweep() {
    let ways = many(&detail("WatchSweep")["$or"]);
    let calls: BTreeSet<&str> = ways[..3]
        .iter()
        .flat_map(|way| many(&way["eventName"]))
        .filter_map(Value::as_str)
        .collect();
    let expected = [
        "DeleteStateMachine",
        "PublishStateMachineVersion",
        "RedriveExecution",
        "StartExecution",
        "StopExecution",
        "UpdateStateMachine",
    ];
    assert_eq!(calls, BTreeSet::from(expected));
    let probe = ways[3];
    let of_roles = &detail("WatchRoles")["$or"][0]["eventName"];
    assert_eq!(&probe["eventName"], of_roles);
    let named = &probe["requestParameters"]["roleName"][0]["equals-ignore-case"];
    assert_eq!(referred(named), Some("ProbeRole"));
    // Under its name again, after a deletion: as those of the other state machines.
    let made = many(&detail("WatchClaims")["$or"][2]["requestParameters"]["name"]);
    let machines = of_type("AWS::StepFunctions::StateMachine");
    let names: Vec<_> = machines.map(|(_, it)| &it["StateMachineName"]).collect();
    assert_eq!(made.len(), names.len());
    assert!(names.iter().all(|name| made.contains(name)), "{names:?}");
    for place in PLACES {
        let execution = resolved_in(place, &ways[1]["requestParameters"]["executionArn"]);
        let machine = resolved_in(place, &json!({"Ref": "SweepStateMachine"}));
        let machine = machine.as_str().unwrap();
        let prefix = machine.replace(":stateMachine:", ":execution:") + ":";
        assert_eq!(execution, json!([{ "prefix": prefix }]));
    }
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
    let issuer =
        |value: &Value| value["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"].clone();
    let role_of = |resource: &str| {
        let properties = properties(resource);
        let of_rule = &properties["Targets"][0]["RoleArn"];
        let role = [&properties["RoleArn"], of_rule].into_iter();
        role.filter_map(referred).next().unwrap()
    };
    // A rule of the watch, one of its ways, the call, and whose calls are the guard's own.
    let own = [
        (
            ("WatchIncidents", 0, "StartExecution"),
            vec![
                role_of("PolicyWriteRule"),
                role_of("PolicyApprovalStateMachine"),
                role_of("SweepStateMachine"),
            ],
        ),
        (
            ("WatchClaims", 0, "StartExecution"),
            vec!["ValidatePolicyRole", "RemediateRole", "RevertRole"],
        ),
        (
            ("WatchSweep", 0, "StartExecution"),
            vec![role_of("SweepRule")],
        ),
        (
            ("WatchSweep", 3, "PutRolePolicy"),
            vec![
                role_of("SweepStateMachine"),
                role_of("PolicyApprovalStateMachine"),
            ],
        ),
    ];
    for ((rule, way, call), expected) in own {
        let way = &detail(rule)["$or"][way];
        assert_eq!(way["eventName"][0], call, "{rule}");
        let others = issuer(way);
        assert_eq!(others[0], json!({"exists": false}), "{rule}");
        let roles = many(&others[1]["anything-but"]);
        let roles: Vec<_> = roles.into_iter().filter_map(referred).collect();
        assert_eq!(roles, expected, "{rule}");
    }

    let others = issuer(&detail("WatchUnnamed")["$or"][0]);
    assert_eq!(others[0], json!({"exists": false}));
    let choice = &others[1]["anything-but"]["Fn::If"];
    assert_eq!(choice[0], "HasOtherTaskSenders");
    assert_eq!(referred(&choice[2][0]), Some("ApproveCallbackRole"));
    let listed = &choice[1]["Fn::Split"][1]["Fn::Join"][1];
    let listed: Vec<_> = many(listed).into_iter().filter_map(referred).collect();
    assert_eq!(listed, ["ApproveCallbackRole", "OtherTaskSenders"]);
}
