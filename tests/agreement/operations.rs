//! Undelivered events, logs, encryption, and what the public can reach.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::transformed::{many, of_type, properties, referred, resolved, resources, transformed};
use crate::{DEFINITIONS, read};

/// Only the local AWS takes unencrypted connections. Its account number belongs to no account on
/// AWS.
#[test]
fn only_encrypted_connections_are_taken() {
    // Neither value is the number of an account on AWS.
    let local = [local_aws::emulator::ACCOUNT, "AWS::AccountId"];
    let local = local.map(|account| json!({"Fn::Equals": [{"Ref": "AWS::AccountId"}, account]}));
    let is_aws = json!({"Fn::Not": [{"Fn::Or": local}]});
    let not_encrypted = json!({"Bool": {"aws:SecureTransport": "false"}});
    assert_eq!(transformed()["Conditions"]["IsAws"], is_aws);
    assert!(
        local_aws::emulator::ACCOUNT
            .chars()
            .all(|digit| digit == '0')
    );
    for (policy, action) in [
        ("UndeliveredEventsQueuePolicy", "sqs:*"),
        ("AlertTopicPolicy", "sns:Publish"),
        ("AlarmTopicPolicy", "sns:Publish"),
    ] {
        let statements = many(&properties(policy)["PolicyDocument"]["Statement"]);
        let choice = &statements.last().unwrap()["Fn::If"];
        assert_eq!(choice[0], "IsAws", "{policy}");
        assert_eq!(choice[2], json!({"Ref": "AWS::NoValue"}), "{policy}");
        let deny = &choice[1];
        assert_eq!(
            (&deny["Effect"], &deny["Principal"]),
            (&json!("Deny"), &json!("*"))
        );
        assert_eq!(deny["Action"], action);
        assert_eq!(deny["Condition"], not_encrypted, "{policy}");
    }
    // The chat is published to by one role only, so its policy denies and allows nothing.
    assert_eq!(
        resources()["ChatTopicPolicy"]["Condition"],
        "MakesChatTopicOnAws"
    );
    let chat = &properties("ChatTopicPolicy")["PolicyDocument"]["Statement"];
    let [deny] = many(chat)[..] else {
        panic!("{chat}");
    };
    assert_eq!(
        (&deny["Effect"], &deny["Principal"]),
        (&json!("Deny"), &json!("*"))
    );
    assert_eq!(deny["Condition"], not_encrypted);
}

#[test]
fn every_rule_keeps_undelivered_events() {
    let arn = |value: &Value| resolved(value).as_str().unwrap().to_owned();
    let queue = &properties("UndeliveredEventsQueuePolicy")["PolicyDocument"]["Statement"][0];
    let sources = many(&queue["Condition"]["ArnEquals"]["aws:SourceArn"]);
    let sources: BTreeSet<_> = sources.into_iter().map(arn).collect();
    let rules = of_type("AWS::Events::Rule").map(|(name, _)| name);
    let rules = rules.map(|name| arn(&json!({"Fn::GetAtt": [name, "Arn"]})));
    assert_eq!(sources, rules.collect());
    for (rule, properties) in of_type("AWS::Events::Rule") {
        assert!(
            properties["State"].is_null() || properties["State"] == "ENABLED",
            "{rule}"
        );
        for target in many(&properties["Targets"]) {
            let target = if target["Fn::If"].is_array() {
                &target["Fn::If"][1]
            } else {
                target
            };
            let kept = referred(&target["DeadLetterConfig"]["Arn"]);
            assert_eq!(kept, Some("UndeliveredEventsQueue"), "{rule}");
        }
    }
}

#[test]
fn nothing_is_open_to_the_public_but_the_pages() {
    assert_eq!(of_type("AWS::Lambda::Url").count(), 0);
    for (name, permission) in of_type("AWS::Lambda::Permission") {
        assert_eq!(
            permission["Principal"], "apigateway.amazonaws.com",
            "{name}"
        );
        assert_eq!(
            referred(&permission["FunctionName"]),
            Some("ApproveCallbackFunction")
        );
        assert!(
            permission["SourceArn"].to_string().contains("ApprovalApi"),
            "{name}"
        );
    }
    for stage in of_type("AWS::ApiGateway::Stage").map(|(_, stage)| stage) {
        let all = &stage["MethodSettings"][0];
        assert_eq!(
            (&all["HttpMethod"], &all["ResourcePath"]),
            (&json!("*"), &json!("/*"))
        );
        // Each page reads an execution, and the account has few of these reads.
        assert_eq!(all["ThrottlingRateLimit"], 5);
        assert_eq!(all["ThrottlingBurstLimit"], 20);
    }
    for (name, resource) in resources() {
        let policy = ["PolicyDocument", "KeyPolicy"];
        for document in policy.map(|key| &resource["Properties"][key]) {
            for statement in many(&document["Statement"]) {
                let any_principal =
                    statement["Principal"] == "*" || statement["Principal"]["AWS"] == "*";
                assert!(
                    !any_principal || statement["Effect"] == "Deny",
                    "{name}: {statement}"
                );
            }
        }
    }
}

/// Every public page is behind the stage, with its throttling and its log.
#[test]
fn there_is_one_stage() {
    let stages: Vec<_> = of_type("AWS::ApiGateway::Stage").collect();
    assert_eq!(stages.len(), 1);
    assert_eq!(stages[0].1["StageName"], "Prod");
    // A deployment can create a stage too: SAM adds `Stage` unless the API has a version.
    for (name, deployment) in of_type("AWS::ApiGateway::Deployment") {
        assert!(deployment["StageName"].is_null(), "{name}: {deployment}");
    }
    for output in ["ApiUrl", "AllowUrl", "DenyUrl"] {
        let url = transformed()["Outputs"][output]["Value"].to_string();
        assert!(url.contains("/Prod"), "{url}");
    }
}

#[test]
fn logs_hold_no_tokens() {
    for stage in of_type("AWS::ApiGateway::Stage").map(|(_, stage)| stage) {
        let format = stage["AccessLogSetting"]["Fn::If"][1]["Format"]
            .as_str()
            .unwrap();
        let line: Value = serde_json::from_str(format).unwrap();
        assert!(
            format.contains("$context.requestId"),
            "API Gateway asks for it"
        );
        for variable in line.as_object().unwrap().values() {
            let known = [
                "$context.requestId",
                "$context.requestTime",
                "$context.identity.sourceIp",
                "$context.identity.userAgent",
                "$context.httpMethod",
                "$context.path",
                "$context.status",
                "$context.responseLatency",
                "$context.error.responseType",
            ];
            assert!(known.contains(&variable.as_str().unwrap()), "{variable}");
        }
        assert_eq!(stage["MethodSettings"][0]["DataTraceEnabled"], false);
    }
    for (machine, _) in DEFINITIONS {
        let logging = &properties(machine)["LoggingConfiguration"];
        assert_eq!(logging["IncludeExecutionData"], false, "{machine}");
        assert_eq!(logging["Level"], "ALL", "{machine}");
    }
}

#[test]
fn logs_end_with_their_retention_and_outlive_the_stack() {
    for (name, resource) in resources() {
        if resource["Type"] == "AWS::Logs::LogGroup" {
            let parameter = match name.as_str() {
                "RevertLogs" => "CaseRetentionDays",
                _ => "LogRetentionDays",
            };
            let kept = &resource["Properties"]["RetentionInDays"]["Ref"];
            assert_eq!(kept, parameter, "{name}");
            assert_eq!(resource["DeletionPolicy"], "RetainExceptOnCreate", "{name}");
        }
    }
    for (name, function) in of_type("AWS::Lambda::Function") {
        assert_eq!(function["LoggingConfig"]["LogFormat"], "JSON", "{name}");
        let group = referred(&function["LoggingConfig"]["LogGroup"]).unwrap();
        assert!(resources().contains_key(group), "{name}");
        assert_eq!(function["TracingConfig"]["Mode"], "Active", "{name}");
    }
    for (machine, _) in DEFINITIONS {
        let tracing = &properties(machine)["TracingConfiguration"];
        assert_eq!(tracing["Enabled"], true, "{machine}");
    }
}

#[test]
fn a_trail_is_made_on_request_only_and_sees_every_write() {
    for name in ["Trail", "TrailBucket", "TrailBucketPolicy"] {
        assert_eq!(resources()[name]["Condition"], "MakesTrail", "{name}");
    }
    let condition = &transformed()["Conditions"]["MakesTrail"]["Fn::Equals"];
    assert_eq!(condition, &json!([{"Ref": "CreateTrail"}, "true"]));
    assert_eq!(
        transformed()["Parameters"]["CreateTrail"]["Default"],
        "false"
    );

    let trail = properties("Trail");
    for switch in [
        "IsLogging",
        "IsMultiRegionTrail",
        "IncludeGlobalServiceEvents",
        "EnableLogFileValidation",
    ] {
        assert_eq!(trail[switch], true, "{switch}");
    }
    let events = json!([{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": true}]);
    assert_eq!(trail["EventSelectors"], events);
    assert_eq!(resources()["Trail"]["DependsOn"], "TrailBucketPolicy");

    let bucket = properties("TrailBucket");
    assert_eq!(
        resources()["TrailBucket"]["DeletionPolicy"],
        "RetainExceptOnCreate"
    );
    let blocked = bucket["PublicAccessBlockConfiguration"]
        .as_object()
        .unwrap();
    assert!(blocked.len() == 4 && blocked.values().all(|blocked| *blocked == true));
    let encryption = &bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
    assert_eq!(
        encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"],
        "AES256"
    );
    let name = trail["TrailName"]["Fn::Sub"].as_str().unwrap();
    for statement in &many(&properties("TrailBucketPolicy")["PolicyDocument"]["Statement"])[..2] {
        let source = statement["Condition"]["ArnEquals"]["aws:SourceArn"].to_string();
        assert!(source.contains(&format!(":trail/{name}")), "{statement}");
    }
}

#[test]
fn the_stack_goes_only_where_events_arrive() {
    let assertion = &transformed()["Rules"]["RegionOfIamEvents"]["Assertions"][0];
    let regions = json!([["us-east-1", "us-gov-west-1", "cn-north-1"], {"Ref": "AWS::Region"}]);
    assert_eq!(assertion["Assert"]["Fn::Contains"], regions);
    assert!(
        assertion["AssertDescription"]
            .as_str()
            .unwrap()
            .contains("us-east-1")
    );
}

#[test]
fn every_parameter_is_documented_once_with_its_default() {
    let (readme, page) = (read("README.md"), read("docs/parameters.md"));
    let mut everyday = 0;
    for (name, parameter) in transformed()["Parameters"].as_object().unwrap() {
        let default = match &parameter["Default"] {
            Value::Null => "none".to_owned(),
            Value::String(text) if text.is_empty() => "empty".to_owned(),
            Value::String(text) => format!("`{text}`"),
            value => format!("`{value}`"),
        };
        let row = format!("\n| `{name}` | {default}");
        let is_everyday = readme.contains(&row);
        assert_ne!(is_everyday, page.contains(&row), "once: {row}");
        everyday += usize::from(is_everyday);
        assert!(
            parameter["Description"].is_string(),
            "{name} has no description"
        );
        let limited = ["AllowedValues", "AllowedPattern", "MinValue"];
        assert!(
            limited.iter().any(|limit| !parameter[limit].is_null()),
            "{name} takes anything"
        );
        assert!(
            parameter["ConstraintDescription"].is_string(),
            "{name} turns away without a sentence"
        );
    }
    assert_eq!(everyday, 5, "the README has those for every day");
}
