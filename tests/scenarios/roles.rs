//! The permissions of the guard's roles: inline policies of each kind of owner, records that name
//! too little, and the guard's own roles, which the guard cannot change.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_sfn::types::ExecutionStatus;
use end_to_end::{Owner, SOON, Scenario, World, actions, document, expect_parts};
use local_aws::Closed;
use serde_json::{Value, json};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("roles::an_inline_policy_of_a_role", |world| {
            inline(world, Owner::Role)
        }),
        Scenario::new("roles::an_inline_policy_of_a_user", |world| {
            inline(world, Owner::User)
        }),
        Scenario::new("roles::an_inline_policy_of_a_group", |world| {
            inline(world, Owner::Group)
        }),
        Scenario::new(
            "roles::a_version_without_the_restricted_grants_is_used_again",
            used_again,
        ),
        Scenario::new(
            "roles::the_guard_cannot_rewrite_its_own_roles_and_says_so",
            own_roles,
        ),
    ]
}

/// The write of an inline policy, and the parameter that names its owner.
fn write_of(owner: Owner) -> (&'static str, &'static str) {
    match owner {
        Owner::Role => ("PutRolePolicy", "roleName"),
        Owner::User => ("PutUserPolicy", "userName"),
        Owner::Group => ("PutGroupPolicy", "groupName"),
    }
}

async fn inline(world: Arc<World>, owner: Owner) -> Result<()> {
    let iam = world.emulator.iam();
    let (event_name, member) = write_of(owner);
    let name = format!("inline-of-{member}");
    owner.create(iam, &name).await?;

    // The record has no document, so the guard reads it from IAM.
    owner
        .put(iam, &name, "harmless", &document(&["s3:GetObject"]))
        .await?;
    let request = json!({member: name, "policyName": "harmless"});
    let closed = judged(&world, event_name, &request, &json!({})).await?;
    ensure!(closed.status == ExecutionStatus::Succeeded, "{closed:?}");
    let result = closed
        .output
        .pointer("/outcome/result")
        .and_then(Value::as_str);
    ensure!(result == Some("clean"), "{closed:?}");

    let original = document(&["s3:DeleteBucket", "s3:GetObject"]);
    let policy = format!("restricted-by-{member}");
    owner.put(iam, &name, &policy, &original).await?;
    let incident = world.incident(event_name, &policy).await?;
    incident.request().await?;
    let remediated = owner.get(iam, &name, &policy).await?;
    let remediated = remediated.context("the policy is gone")?;
    ensure!(
        actions(&remediated)? == ["s3:GetObject"],
        "in force: {remediated}"
    );
    incident.answer("allow").await?;
    ensure!(incident.outcome().await? == "allowed");
    ensure!(owner.get(iam, &name, &policy).await? == Some(original));
    Ok(())
}

async fn used_again(world: Arc<World>) -> Result<()> {
    let harmless = document(&["s3:GetObject"]);
    let arn = world.create_policy("used-again", &harmless).await?;
    let restricted = document(&["s3:GetObject", "s3:DeleteBucket"]);
    world.create_version(&arn, &restricted, true).await?;
    let incident = world.asking(&arn).await?;
    ensure!(world.in_force(&arn).await?.version == "v1");
    ensure!(world.versions(&arn).await? == ["v1", "v2"]);
    incident.answer("deny").await?;
    ensure!(incident.outcome().await? == "denied");
    ensure!(world.versions(&arn).await? == ["v1"]);
    Ok(())
}

async fn own_roles(world: Arc<World>) -> Result<()> {
    let iam = world.emulator.iam();
    let resources = world.stack.resources().await?;
    for logical in ["PolicyApprovalRole", "ValidatePolicyRole"] {
        let role = resources.get(logical).context("no such role")?;
        let original = document(&["s3:DeleteBucket"]);
        Owner::Role.put(iam, role, "sneaked-in", &original).await?;
        let incident = world.incident("PutRolePolicy", role).await?;
        let mail = incident.report().await?;
        expect_parts(
            &mail,
            &["AwsRefused", "GRANTS RESTRICTED ACTIONS", "keeps trying"],
        )?;
        ensure!(
            Owner::Role.get(iam, role, "sneaked-in").await? == Some(original),
            "the guard rewrote a role of its own"
        );
        Owner::Role.delete(iam, role, "sneaked-in").await?;
        let stop = world.emulator.sfn().stop_execution();
        stop.execution_arn(incident.execution.arn()).send().await?;
    }
    Ok(())
}

/// Starts an execution by hand with a record of `event_name`, and waits for its end.
async fn judged(
    world: &World,
    event_name: &str,
    request: &Value,
    besides: &Value,
) -> Result<Closed> {
    let mut input = json!({
        "account": local_aws::emulator::ACCOUNT,
        "region": local_aws::emulator::REGION,
        "detail": {
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::000000000000:user/alice", "userName": "alice"},
            "eventTime": "2026-03-02T09:15:29Z",
            "eventSource": "iam.amazonaws.com",
            "eventName": event_name,
            "eventID": "7d3c4c0e-5f9f-4f5e-9f5a-2b1f8e6f0c11",
            "requestParameters": request,
            "responseElements": {"policyVersion": {"versionId": "v1", "isDefaultVersion": true}},
        },
    });
    if let (Value::Object(input), Value::Object(besides)) = (&mut input, besides) {
        input.extend(besides.clone());
    }
    let execution = world.start_by_hand(&input.to_string()).await?;
    execution.wait_until_closed(SOON).await
}
