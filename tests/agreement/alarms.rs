//! Alarms and the dashboard: each problem reaches a person, who finds it in `docs/operations.md`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::read;
use crate::transformed::{
    PLACES, Place, many, of_type, properties, referred, resolved, resolved_in, resources,
    watch_rules,
};

/// The only alarm that sends e-mails.
const COMPOSITE: &str = "NeedsYouAlarm";

#[test]
fn every_alarm_is_a_part_of_the_one_that_mails_and_is_documented() {
    let manual = read("docs/operations.md");
    let rule = alarm_rule(PLACES[0]);
    let mut names = BTreeSet::new();
    for (logical, alarm) in of_type("AWS::CloudWatch::Alarm") {
        let name = alarm["AlarmName"]["Fn::Sub"].as_str().unwrap();
        let name = name.strip_prefix("${AWS::StackName}-").unwrap();
        assert!(names.insert(name), "two alarms are called {name}");
        assert!(
            manual.contains(&format!("### `{name}`")),
            "docs/operations.md does not say what to do about {name}"
        );
        let part = format!("ALARM(\"{}\")", name_of(logical));
        assert!(rule.contains(&part), "{logical} is not a part: {rule}");
        for actions in ["AlarmActions", "InsufficientDataActions", "OKActions"] {
            assert!(alarm[actions].is_null(), "{logical} sends e-mails itself");
        }
        // A new alarm has no data. Any other value would raise the alarm for that at once.
        let missing = match name {
            "silence" | "sweep-missing" => "missing",
            "unheard" | "proof-of-life" => "ignore",
            _ => "notBreaching",
        };
        assert_eq!(alarm["TreatMissingData"], missing, "{logical}");
    }
    assert_eq!(names.len(), 21);
    for heading in manual.lines().filter_map(|line| line.strip_prefix("### `")) {
        let name = heading.trim_end_matches('`');
        assert!(
            names.contains(name),
            "docs/operations.md describes {name}, which is not an alarm"
        );
    }
    // Silence is a week without data, but not before a first e-mail, which `unheard` knows.
    let [silence, unheard] = ["SilenceAlarm", "UnheardAlarm"].map(name_of);
    let week =
        format!("(INSUFFICIENT_DATA(\"{silence}\") AND NOT INSUFFICIENT_DATA(\"{unheard}\"))");
    assert!(rule.contains(&week), "{rule}");
    // So are hours without a sweep, but not before a first proof of life.
    let [missing, proof] = ["SweepMissingAlarm", "ProofOfLifeAlarm"].map(name_of);
    let hours =
        format!("(INSUFFICIENT_DATA(\"{missing}\") AND NOT INSUFFICIENT_DATA(\"{proof}\"))");
    assert!(rule.contains(&hours), "{rule}");
}

/// CloudFormation makes the parts first, because the rule refers to them.
fn alarm_rule(place: Place) -> String {
    let rule = resolved_in(place, &properties(COMPOSITE)["AlarmRule"]);
    rule.as_str().unwrap().to_owned()
}

fn name_of(logical: &str) -> String {
    let name = resolved(&json!({"Ref": logical}));
    name.as_str().unwrap().to_owned()
}

#[test]
fn one_alarm_mails_to_every_mailbox() {
    let composites: Vec<_> = of_type("AWS::CloudWatch::CompositeAlarm").collect();
    assert_eq!(composites.len(), 1);
    let (name, alarm) = composites[0];
    assert_eq!(name, COMPOSITE);
    // The local AWS knows no composite alarms.
    assert_eq!(resources()[name]["Condition"], "IsAws");
    let actions = &alarm["AlarmActions"];
    assert_eq!(referred(&actions[0]), Some("AlertTopic"));
    assert_eq!(actions[1]["Fn::If"][0], "HasAlarmTopic");
    assert_eq!(actions[2]["Fn::If"][0], "MakesAlarmTopic");
    let description = resolved(&alarm["AlarmDescription"]);
    let description = description.as_str().unwrap();
    assert!(description.starts_with("The guard needs you."));
    assert!(description.contains("docs/operations.md#alarms"));
    assert!(read("docs/operations.md").contains("\n## Alarms\n"));
    assert!(description.len() <= 1024, "{}", description.len());
    // Amazon CloudWatch API Reference, "PutCompositeAlarm".
    for place in PLACES {
        let rule = alarm_rule(place);
        assert!(rule.len() <= 10_240, "{} characters", rule.len());
        assert!(rule.split(" OR ").count() <= 100);
    }
    // The name that CloudWatch shows is among those that may publish.
    let name = alarm["AlarmName"]["Fn::Sub"].as_str().unwrap();
    assert!(name.starts_with("${AWS::StackName}-"), "{name}");
}

#[test]
fn a_wait_for_a_quota_raises_an_alarm() {
    let alarm = properties("QuotaWaitAlarm");
    assert_eq!(alarm["Namespace"], lambda_kit::metrics::NAMESPACE);
    assert_eq!(alarm["MetricName"], "QuotaWaitSeconds");
    assert_eq!(alarm["Statistic"], "Maximum");
    let machine = &properties("PolicyApprovalStateMachine")["StateMachineName"];
    assert_eq!(
        alarm["Dimensions"],
        json!([{"Name": "StateMachine", "Value": machine}])
    );
    let when = [&alarm["ComparisonOperator"], &alarm["Threshold"]];
    assert_eq!(when, [&json!("GreaterThanThreshold"), &json!(300)]);
    let how_long = [&alarm["Period"], &alarm["EvaluationPeriods"]];
    assert_eq!(how_long, [&json!(300), &json!(1)]);
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
    // No alarm and no rule publishes to the chat, which shares the key of the e-mails: whoever
    // takes that key away silences the e-mails too.
    let topics = of_type("AWS::SNS::Topic");
    let topics: Vec<_> = topics.filter(|(name, _)| *name != "ChatTopic").collect();
    let keys: BTreeSet<_> = topics
        .iter()
        .filter_map(|(_, it)| referred(&it["KmsMasterKeyId"]))
        .collect();
    assert_eq!(
        keys.len(),
        topics.len(),
        "each mailbox has a key of its own"
    );
    let key = |topic| referred(&properties(topic)["KmsMasterKeyId"]);
    assert_eq!(key("ChatTopic"), key("AlertTopic"));
    let mut policies = Vec::new();
    let of_mails = of_type("AWS::SNS::TopicPolicy").filter(|(name, _)| *name != "ChatTopicPolicy");
    for (name, policy) in of_mails {
        policies.push((name, &policy["PolicyDocument"], json!("sns:Publish")));
    }
    for key in keys {
        assert_eq!(properties(key)["EnableKeyRotation"], true);
        let actions = json!(["kms:Decrypt", "kms:GenerateDataKey*"]);
        policies.push((key, &properties(key)["KeyPolicy"], actions));
    }
    assert_eq!(policies.len(), 2 * topics.len());
    for (name, policy, actions) in policies {
        let of = |service: &str| {
            let statement = many(&policy["Statement"])
                .into_iter()
                .find(|statement| statement["Principal"]["Service"] == service)
                .unwrap_or_else(|| panic!("{name}: {service} may not {actions}"));
            assert_eq!(statement["Effect"], "Allow");
            assert_eq!(statement["Action"], actions);
            &statement["Condition"]
        };
        let account = &of("cloudwatch.amazonaws.com")["StringEquals"]["aws:SourceAccount"];
        assert_eq!(account, &json!({"Ref": "AWS::AccountId"}), "{name}");
        let condition = of("events.amazonaws.com");
        if actions == "sns:Publish" {
            // The rules of the watch, and no others.
            let rules = many(&condition["ArnEquals"]["aws:SourceArn"]);
            let rules: BTreeSet<_> = rules.into_iter().filter_map(referred).collect();
            assert_eq!(rules, watch_rules(), "{name}");
        } else {
            // SNS documents that it does not support this key for EventBridge and an encrypted
            // topic, so the condition must hold without it.
            for place in PLACES {
                let condition = resolved_in(place, condition);
                let rules = condition["ArnLikeIfExists"]["aws:SourceArn"].as_str();
                let here = resolved_in(place, &json!({"Fn::GetAtt": ["WatchRules", "Arn"]}));
                let here = here.as_str().unwrap().split_once("rule/").unwrap().0;
                assert_eq!(rules, Some(format!("{here}rule/*").as_str()), "{name}");
                assert_eq!(condition.as_object().unwrap().len(), 1, "{name}");
            }
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
        format!(r#"{{{namespace},StateMachine,Response}} MetricName=\"Responded\""#),
        format!(r#"{{{namespace},StateMachine,Outcome}} MetricName=\"Ended\""#),
        format!(r#""{namespace}", "TimeToContainment", "StateMachine""#),
        format!(r#""{namespace}", "TimeToDecision", "StateMachine""#),
        format!(
            r#""{namespace}", "RestrictedGrants", "StateMachine", "${{AWS::StackName}}-sweep""#
        ),
        format!(r#""{namespace}", "ProofOfLife", "StateMachine", "${{AWS::StackName}}-incidents""#),
    ] {
        assert!(body.contains(&text), "{text}");
    }
}
