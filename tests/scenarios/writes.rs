//! Every watched write, with every answer.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::{Scenario, Target, World, Write, actions, document};

pub(crate) fn answered() -> Vec<Scenario> {
    vec![
        Scenario::new("writes::create_policy_allowed", |world| {
            told(world, Write::CreatePolicy, "allow")
        }),
        Scenario::new("writes::create_policy_denied", |world| {
            told(world, Write::CreatePolicy, "deny")
        }),
        Scenario::new("writes::create_policy_version_allowed", |world| {
            told(world, Write::CreatePolicyVersion, "allow")
        }),
        Scenario::new("writes::create_policy_version_denied", |world| {
            told(world, Write::CreatePolicyVersion, "deny")
        }),
        Scenario::new("writes::set_default_policy_version_allowed", |world| {
            told(world, Write::SetDefaultPolicyVersion, "allow")
        }),
        Scenario::new("writes::set_default_policy_version_denied", |world| {
            told(world, Write::SetDefaultPolicyVersion, "deny")
        }),
        Scenario::new("writes::put_role_policy_allowed", |world| {
            told(world, Write::PutRolePolicy, "allow")
        }),
        Scenario::new("writes::put_role_policy_denied", |world| {
            told(world, Write::PutRolePolicy, "deny")
        }),
        Scenario::new("writes::put_user_policy_allowed", |world| {
            told(world, Write::PutUserPolicy, "allow")
        }),
        Scenario::new("writes::put_user_policy_denied", |world| {
            told(world, Write::PutUserPolicy, "deny")
        }),
        Scenario::new("writes::put_group_policy_allowed", |world| {
            told(world, Write::PutGroupPolicy, "allow")
        }),
        Scenario::new("writes::put_group_policy_denied", |world| {
            told(world, Write::PutGroupPolicy, "deny")
        }),
        Scenario::new(
            "writes::a_version_that_is_not_in_force_is_told_and_left_alone",
            not_in_force,
        ),
        Scenario::new(
            "writes::a_version_that_was_told_is_judged_once_it_is_in_force",
            put_in_force,
        ),
    ]
}

/// Told on a stack whose time for a decision is short.
pub(crate) fn expiring() -> Vec<Scenario> {
    vec![
        Scenario::new("expiry::create_policy", |world| {
            told(world, Write::CreatePolicy, "expire")
        }),
        Scenario::new("expiry::create_policy_version", |world| {
            told(world, Write::CreatePolicyVersion, "expire")
        }),
        Scenario::new("expiry::set_default_policy_version", |world| {
            told(world, Write::SetDefaultPolicyVersion, "expire")
        }),
        Scenario::new("expiry::put_role_policy", |world| {
            told(world, Write::PutRolePolicy, "expire")
        }),
        Scenario::new("expiry::put_user_policy", |world| {
            told(world, Write::PutUserPolicy, "expire")
        }),
        Scenario::new("expiry::put_group_policy", |world| {
            told(world, Write::PutGroupPolicy, "expire")
        }),
    ]
}

/// White space and order that a rewritten document would not have.
fn original() -> String {
    format!(
        "{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": {}\n}}",
        r#"[{"Sid": "Story", "Effect": "Allow", "Action": ["s3:DeleteBucket", "s3:GetObject"], "Resource": "*"}]"#
    )
}

async fn told(world: Arc<World>, write: Write, answer: &'static str) -> Result<()> {
    let name = format!("{}-{answer}-story", write.event_name());
    let target = Target::prepare(&world, write, &name, original()).await?;
    target.carry_out(world.emulator.iam()).await?;
    let incident = world.incident(write.event_name(), &name).await?;
    incident.request().await?;
    let remediated = target.in_force(&world).await?.context("no policy")?;
    ensure!(
        actions(&remediated)? == ["s3:GetObject"],
        "in force while the administrator thinks: {remediated}"
    );
    let outcome = match answer {
        "expire" => "expired",
        _ => {
            incident.answer(answer).await?;
            match answer {
                "allow" => "allowed",
                _ => "denied",
            }
        }
    };
    ensure!(incident.outcome().await? == outcome);
    let report = incident.report().await?;
    ensure!(
        report.message.contains(&name),
        "the report names the policy: {}",
        report.message
    );
    let in_force = target.in_force(&world).await?.context("no policy")?;
    let documents = target.documents(&world).await?;
    let is_kept = documents
        .iter()
        .any(|(_, document)| *document == original());
    if answer == "allow" {
        ensure!(in_force == original(), "in force: {in_force}");
        ensure!(
            !documents
                .iter()
                .any(|(_, document)| *document == remediated),
            "nothing of the guard is left: {documents:?}"
        );
    } else {
        ensure!(in_force == remediated, "in force: {in_force}");
        let expected = answer == "expire" && write.is_managed();
        ensure!(is_kept == expected, "versions: {documents:?}");
        let execution = incident.closed().await?.output.to_string();
        ensure!(
            execution.contains("s3:DeleteBucket"),
            "the original is in the execution: {execution}"
        );
    }
    Ok(())
}

async fn not_in_force(world: Arc<World>) -> Result<()> {
    let harmless = document(&["ec2:DescribeVpcs"]);
    let arn = world.create_policy("not-in-force", &harmless).await?;
    world
        .create_version(&arn, &document(&["s3:DeleteBucket"]), false)
        .await?;
    let incident = world
        .incident("CreatePolicyVersion", "not-in-force")
        .await?;
    ensure!(incident.outcome().await? == "notInForce");
    let report = incident.report().await?;
    ensure!(
        report.message.contains("s3:DeleteBucket"),
        "the report says what the version would grant: {}",
        report.message
    );
    ensure!(world.in_force(&arn).await?.document == harmless);
    ensure!(world.versions(&arn).await? == ["v1", "v2"]);
    Ok(())
}

async fn put_in_force(world: Arc<World>) -> Result<()> {
    let arn = world
        .create_policy("put-in-force-later", &document(&["ec2:DescribeVpcs"]))
        .await?;
    let version = world.create_version(&arn, &original(), false).await?;
    let told = world
        .incident("CreatePolicyVersion", "put-in-force-later")
        .await?;
    ensure!(told.outcome().await? == "notInForce");
    let call = world.emulator.iam().set_default_policy_version();
    call.policy_arn(&arn).version_id(&version).send().await?;
    let incident = world
        .incident("SetDefaultPolicyVersion", "put-in-force-later")
        .await?;
    incident.request().await?;
    ensure!(actions(&world.in_force(&arn).await?.document)? == ["s3:GetObject"]);
    incident.answer("allow").await?;
    ensure!(incident.outcome().await? == "allowed");
    let finally = world.in_force(&arn).await?;
    ensure!((finally.version, finally.document) == (version, original()));
    Ok(())
}
