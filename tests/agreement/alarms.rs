//! Alarms and the dashboard: each problem reaches a person, who finds it in `docs/operations.md`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::read;
use crate::transformed::{many, of_type, properties, referred};

#[test]
fn every_alarm_mails_and_is_documented() {
    let manual = read("docs/operations.md");
    let mut names = BTreeSet::new();
    for (logical, alarm) in of_type("AWS::CloudWatch::Alarm") {
        let name = alarm["AlarmName"]["Fn::Sub"].as_str().unwrap();
        let name = name.strip_prefix("${AWS::StackName}-").unwrap();
        assert!(names.insert(name), "two alarms are called {name}");
        assert!(
            manual.contains(&format!("### `{name}`")),
            "docs/operations.md does not say what to do about {name}"
        );
        assert_eq!(
            referred(&alarm["AlarmActions"][0]),
            Some("AlertTopic"),
            "{logical}"
        );
        let others = [&alarm["AlarmActions"][1], &alarm["AlarmActions"][2]];
        let others = others.map(|it| it["Fn::If"][0].as_str());
        let when = [Some("HasAlarmTopic"), Some("MakesAlarmTopic")];
        assert_eq!(others, when, "{logical}");
        // A new alarm has no data. Any other value would raise the alarm for that at once.
        let missing = if name == "silence" {
            "missing"
        } else {
            "notBreaching"
        };
        assert_eq!(alarm["TreatMissingData"], missing, "{logical}");
        let of_silence = (name == "silence").then_some(&alarm["AlarmActions"]);
        assert_eq!(
            alarm.get("InsufficientDataActions"),
            of_silence,
            "{logical}"
        );
    }
    for heading in manual.lines().filter_map(|line| line.strip_prefix("### `")) {
        let name = heading.trim_end_matches('`');
        assert!(
            names.contains(name),
            "docs/operations.md describes {name}, which is not an alarm"
        );
    }
}

#[test]
fn alarms_look_at_what_the_stack_has() {
    let alarms: Vec<(&str, &Value)> = of_type("AWS::CloudWatch::Alarm").collect();
    let is_of = |looked_at: &Value, metric: &str, resource: &str| {
        let mut dimensions = many(&looked_at["Dimensions"]).into_iter();
        looked_at["MetricName"] == metric
            && dimensions.any(|it| referred(&it["Value"]) == Some(resource))
    };
    let watched = |metric: &str, resource: &str| {
        let mut each = alarms.iter();
        each.any(|(_, alarm)| is_of(alarm, metric, resource))
    };
    for metric in [
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "ExecutionsAborted",
        "ExecutionThrottled",
    ] {
        assert!(watched(metric, "PolicyApprovalStateMachine"), "{metric}");
    }
    for (function, _) in of_type("AWS::Lambda::Function") {
        assert!(watched("Errors", function), "{function}");
    }
    assert!(watched("FailedInvocations", "PolicyWriteRule"));
    assert!(watched("InvocationsFailedToBeSentToDlq", "PolicyWriteRule"));
    assert!(watched(
        "ApproximateNumberOfMessagesVisible",
        "UndeliveredEventsQueue"
    ));
    assert!(watched("NumberOfNotificationsFailed", "AlertTopic"));
    assert!(watched("NumberOfNotificationsDelivered", "AlertTopic"));
    // The alarm compares the e-mails that were sent with those that arrived.
    let metrics = many(&properties("UnheardAlarm")["Metrics"]);
    let of = |id: &str| &metrics.iter().find(|it| it["Id"] == id).unwrap()["MetricStat"]["Metric"];
    assert!(is_of(of("sent"), "NumberOfMessagesPublished", "AlertTopic"));
    let delivered = "NumberOfNotificationsDelivered";
    assert!(is_of(of("arrived"), delivered, "AlertTopic"));
}

#[test]
fn alarms_and_rules_can_publish() {
    let topics: Vec<_> = of_type("AWS::SNS::Topic").collect();
    let keys: BTreeSet<_> = topics
        .iter()
        .filter_map(|(_, it)| referred(&it["KmsMasterKeyId"]))
        .collect();
    assert_eq!(keys.len(), topics.len(), "each topic has a key of its own");
    let mut policies = Vec::new();
    for (name, policy) in of_type("AWS::SNS::TopicPolicy") {
        policies.push((name, &policy["PolicyDocument"], json!("sns:Publish")));
    }
    for key in keys {
        assert_eq!(properties(key)["EnableKeyRotation"], true);
        let actions = json!(["kms:Decrypt", "kms:GenerateDataKey*"]);
        policies.push((key, &properties(key)["KeyPolicy"], actions));
    }
    assert_eq!(policies.len(), 2 * topics.len());
    for (name, policy, actions) in policies {
        for service in ["cloudwatch.amazonaws.com", "events.amazonaws.com"] {
            let statement = many(&policy["Statement"])
                .into_iter()
                .find(|statement| statement["Principal"]["Service"] == service)
                .unwrap_or_else(|| panic!("{name}: {service} may not {actions}"));
            assert_eq!(statement["Effect"], "Allow");
            assert_eq!(statement["Action"], actions);
            // EventBridge does not support conditions there.
            assert_eq!(
                statement["Condition"].is_null(),
                service.starts_with("events")
            );
        }
    }
    // No other principal: the account's roles need a permission of their own.
    for (_, policy) in of_type("AWS::SNS::TopicPolicy") {
        let statements = many(&policy["PolicyDocument"]["Statement"]).into_iter();
        let mut allowing = statements.filter(|it| it["Effect"] == "Allow");
        assert!(allowing.all(|statement| statement["Principal"]["Service"].is_string()));
    }
}

#[test]
fn the_dashboard_shows_the_metrics_that_the_functions_write() {
    let body = &properties("Dashboard")["DashboardBody"]["Fn::Sub"];
    let body = body.as_str().unwrap();
    let json: Value = serde_json::from_str(body).unwrap();
    assert!(json["widgets"].as_array().unwrap().len() >= 8);
    let namespace = lambda_kit::metrics::NAMESPACE;
    for text in [
        format!(r#"{{{namespace},StateMachine,Verdict}} MetricName=\"Judged\""#),
        format!(r#"{{{namespace},StateMachine,Outcome}} MetricName=\"Ended\""#),
        format!(r#""{namespace}", "TimeToContainment", "StateMachine""#),
        format!(r#""{namespace}", "TimeToDecision", "StateMachine""#),
    ] {
        assert!(body.contains(&text), "{text}");
    }
}
