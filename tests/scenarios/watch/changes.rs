//! Changes of the pages, of the alarms and of the stack.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use end_to_end::World;
use serde_json::json;

use super::{Call, hold};

pub(super) async fn pages(world: Arc<World>) -> Result<()> {
    let resources = world.stack.resources().await?;
    let api = resources.get("ApprovalApi").context("no API")?;
    let patch = |path: &str| json!([{"op": "replace", "path": path}]);
    let arn = format!("arn:aws:apigateway:us-east-1::/restapis/{api}");
    let stage = format!("{arn}/stages/Prod");
    let reported = |name, request| Call::new("aws.apigateway", name, request, true);
    let of_api = json!({"restApiId": api});
    let method = json!({"restApiId": api, "resourceId": "a1b2c3", "httpMethod": "POST"});
    let other = json!({"restApiId": "orders0000"});
    hold(
        &world,
        vec![
            // Other code behind the links.
            reported("UpdateIntegration", method.clone()),
            reported("PutIntegration", method.clone()),
            reported("DeleteIntegration", method.clone()),
            reported("PutIntegrationResponse", method.clone()),
            reported("PutMethod", method),
            reported("PutRestApi", of_api.clone()),
            reported("CreateDeployment", of_api.clone()),
            reported(
                "UpdateStage",
                json!({"restApiId": api, "stageName": "Prod", "patchOperations": patch("/deploymentId")}),
            ),
            // No pages, or not for everybody.
            reported("DeleteStage", json!({"restApiId": api, "stageName": "Prod"})),
            reported("DeleteRestApi", of_api),
            reported(
                "UpdateRestApi",
                json!({"restApiId": api, "patchOperations": patch("/policy")}),
            ),
            Call::new("aws.wafv2", "AssociateWebACL", json!({"resourceArn": stage}), true),
            reported("TagResource", json!({"resourceArn": arn})),
            Call::new("aws.apigateway", "UpdateStage", other.clone(), false),
            Call::new("aws.apigateway", "DeleteRestApi", other, false),
        ],
    )
    .await
}

pub(super) async fn alarms(world: Arc<World>) -> Result<()> {
    let name = format!("{}-executions-failed", world.stack.name());
    let composite = format!("{}-needs-you", world.stack.name());
    let call = |name, request, is_reported| Call::new("aws.monitoring", name, request, is_reported);
    let muted = |names: &[&str]| json!({"name": "night", "rule": {"schedule": {}}, "muteTargets": {"alarmNames": names}});
    hold(
        &world,
        vec![
            call("PutAlarmMuteRule", muted(&["orders", &name]), true),
            call("PutAlarmMuteRule", muted(&["orders"]), false),
            call(
                "SetAlarmState",
                json!({"alarmName": name, "stateValue": "OK"}),
                true,
            ),
            call(
                "SetAlarmState",
                json!({"alarmName": "orders", "stateValue": "OK"}),
                false,
            ),
            call(
                "DisableAlarmActions",
                json!({"alarmNames": [composite]}),
                true,
            ),
            call(
                "DeleteAlarms",
                json!({"alarmNames": ["orders", name]}),
                true,
            ),
            call("PutMetricAlarm", json!({"alarmName": name}), true),
            // Also with an alarm that suppresses its actions.
            call(
                "PutCompositeAlarm",
                json!({"alarmName": composite, "actionsSuppressor": "orders"}),
                true,
            ),
            call("EnableAlarmActions", json!({"alarmNames": [name]}), false),
        ],
    )
    .await
}

pub(super) async fn stack(world: Arc<World>) -> Result<()> {
    let call = |name, stack: &str, is_reported| {
        let request = json!({"stackName": stack});
        Call::new("aws.cloudformation", name, request, is_reported)
    };
    let own = world.stack.name();
    let mut calls = Vec::new();
    for name in [
        "UpdateStack",
        "DeleteStack",
        "RollbackStack",
        "ContinueUpdateRollback",
        "CancelUpdateStack",
        "SetStackPolicy",
        "UpdateTerminationProtection",
    ] {
        calls.push(call(name, own, true));
        calls.push(call(name, "orders", false));
    }
    // The record names no stack.
    calls.push(Call::new(
        "aws.cloudformation",
        "ExecuteStackRefactor",
        json!({"stackRefactorId": "9c384f70-4e07-4ed7-a65d-fee5eb430841"}),
        true,
    ));
    hold(&world, calls).await
}
