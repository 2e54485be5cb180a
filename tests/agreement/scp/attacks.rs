//! The calls of an attacker who wants to remove the guard or to control it.

use xtask::deployed::Deployed;

use super::{ACCOUNT, DEPLOYER};

/// The calls of an attacker, each with the resource that AWS evaluates it for.
pub(super) fn attacks(stack: &Deployed) -> Vec<(String, String)> {
    let arn = |service: &str, rest: String| format!("arn:aws:{service}:us-east-1:{ACCOUNT}:{rest}");
    let mut calls = Vec::new();
    let mut call = |actions: &str, resource: &str| {
        calls.extend(
            actions
                .split(' ')
                .map(|it| (it.to_owned(), resource.to_owned())),
        );
    };
    for resource in &stack.resources {
        let id = resource.physical.as_str();
        match resource.kind.as_str() {
            "AWS::Lambda::Function" => {
                let function = arn("lambda", format!("function:{id}"));
                let every = "lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration lambda:DeleteFunction lambda:AddPermission \
                    lambda:RemovePermission lambda:PutFunctionConcurrency lambda:DeleteFunctionConcurrency lambda:InvokeFunction \
                    lambda:PublishVersion lambda:CreateAlias lambda:UpdateAlias lambda:CreateFunctionUrlConfig lambda:TagResource lambda:UntagResource \
                    lambda:PutFunctionEventInvokeConfig lambda:PutRuntimeManagementConfig lambda:PutFunctionCodeSigningConfig";
                call(every, &function);
                call(
                    "lambda:InvokeFunction lambda:UpdateAlias lambda:DeleteFunction",
                    &format!("{function}:live"),
                );
                call("lambda:AddPermission", &format!("{function}:$LATEST"));
            }
            "AWS::IAM::Role" => call(
                "iam:PassRole iam:UpdateAssumeRolePolicy iam:PutRolePolicy iam:AttachRolePolicy iam:DetachRolePolicy iam:DeleteRole \
                 iam:DeleteRolePolicy iam:PutRolePermissionsBoundary iam:DeleteRolePermissionsBoundary iam:UpdateRole iam:TagRole",
                &format!("arn:aws:iam::{ACCOUNT}:role/{id}"),
            ),
            "AWS::Events::Rule" => call(
                "events:DisableRule events:DeleteRule events:PutRule events:PutTargets events:RemoveTargets events:EnableRule",
                &arn("events", format!("rule/{id}")),
            ),
            "AWS::StepFunctions::StateMachine" => {
                let machine = "states:StartExecution states:UpdateStateMachine states:DeleteStateMachine states:TagResource \
                    states:PublishStateMachineVersion states:CreateStateMachineAlias states:UntagResource";
                call(machine, id);
                call(
                    "states:StartExecution states:DeleteStateMachineVersion",
                    &format!("{id}:1"),
                );
                call(
                    "states:UpdateStateMachineAlias states:DeleteStateMachineAlias",
                    &format!("{id}:live"),
                );
                let execution = id.replace(":stateMachine:", ":execution:") + ":one";
                call("states:StopExecution states:RedriveExecution", &execution);
            }
            "AWS::SNS::Topic" => {
                call(
                    "sns:Subscribe sns:SetTopicAttributes sns:DeleteTopic sns:AddPermission sns:RemovePermission sns:Publish \
                     sns:PutDataProtectionPolicy sns:TagResource",
                    id,
                );
                let subscription = format!("{id}:0d1e2f3a-0b1c-2d3e-4f5a-6b7c8d9e0f1a");
                call(
                    "sns:Unsubscribe sns:SetSubscriptionAttributes",
                    &subscription,
                );
            }
            "AWS::SQS::Queue" => {
                let name = id.rsplit('/').next().unwrap().to_owned();
                let every = "sqs:PurgeQueue sqs:DeleteQueue sqs:SetQueueAttributes sqs:DeleteMessage sqs:ReceiveMessage \
                    sqs:SendMessage sqs:AddPermission";
                call(every, &arn("sqs", name));
            }
            "AWS::KMS::Key" => call(
                "kms:DisableKey kms:ScheduleKeyDeletion kms:PutKeyPolicy kms:CreateGrant kms:RevokeGrant kms:Decrypt \
                 kms:DisableKeyRotation kms:DeleteImportedKeyMaterial",
                &arn("kms", format!("key/{id}")),
            ),
            "AWS::KMS::Alias" => call(
                "kms:UpdateAlias kms:DeleteAlias",
                &arn("kms", id.to_owned()),
            ),
            "AWS::Logs::LogGroup" => {
                let group = arn("logs", format!("log-group:{id}"));
                let every = "logs:DeleteLogGroup logs:PutRetentionPolicy logs:DeleteRetentionPolicy logs:AssociateKmsKey \
                    logs:PutSubscriptionFilter logs:PutDataProtectionPolicy";
                call(every, &group);
                call(every, &format!("{group}:*"));
                call(
                    "logs:DeleteLogStream",
                    &format!("{group}:log-stream:2026/03/02"),
                );
            }
            "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm" => call(
                "cloudwatch:DeleteAlarms cloudwatch:DisableAlarmActions cloudwatch:PutMetricAlarm cloudwatch:SetAlarmState \
                 cloudwatch:PutCompositeAlarm cloudwatch:PutAlarmMuteRule",
                &arn("cloudwatch", format!("alarm:{id}")),
            ),
            "AWS::CloudWatch::Dashboard" => call(
                "cloudwatch:DeleteDashboards",
                &format!("arn:aws:cloudwatch::{ACCOUNT}:dashboard/{id}"),
            ),
            "AWS::ApiGateway::RestApi" => {
                let api = format!("arn:aws:apigateway:us-east-1::/restapis/{id}");
                call(
                    "apigateway:DELETE apigateway:PATCH apigateway:PUT apigateway:UpdateRestApiPolicy",
                    &api,
                );
                for below in [
                    "stages/Prod",
                    "deployments",
                    "resources/x/methods/GET/integration",
                ] {
                    call(
                        "apigateway:PATCH apigateway:DELETE apigateway:POST apigateway:PUT",
                        &format!("{api}/{below}"),
                    );
                }
            }
            "AWS::CloudTrail::Trail" => call(
                "cloudtrail:StopLogging cloudtrail:DeleteTrail cloudtrail:UpdateTrail cloudtrail:PutEventSelectors",
                &arn("cloudtrail", format!("trail/{id}")),
            ),
            "AWS::S3::Bucket" => {
                call(
                    "s3:DeleteBucket s3:PutBucketPolicy s3:PutLifecycleConfiguration",
                    &format!("arn:aws:s3:::{id}"),
                );
                call(
                    "s3:DeleteObject s3:PutObject",
                    &format!("arn:aws:s3:::{id}/AWSLogs/1"),
                );
            }
            _ => {}
        }
    }
    call(
        "cloudformation:UpdateStack cloudformation:DeleteStack cloudformation:ExecuteChangeSet cloudformation:CreateChangeSet \
         cloudformation:SetStackPolicy cloudformation:CancelUpdateStack cloudformation:RollbackStack \
         cloudformation:ContinueUpdateRollback cloudformation:UpdateTerminationProtection cloudformation:CreateStackRefactor",
        &arn("cloudformation", format!("stack/{}/0d1e2f3a", stack.name)),
    );
    // A principal that can rewrite the deployer becomes the deployer.
    call(
        "iam:UpdateAssumeRolePolicy iam:PassRole iam:PutRolePolicy",
        DEPLOYER,
    );
    call(
        "states:SendTaskSuccess states:SendTaskFailure states:SendTaskHeartbeat",
        "*",
    );
    calls
}
