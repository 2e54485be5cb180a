//! Every watched write, with every answer.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::{Scenario, Target, World, Write, actions, document, expect_parts};

pub(crate) fn answered() -> Vec<Scenario> {
    let allowed = [
        ("writes::create_policy_allowed", Write::CreatePolicy),
        (
            "writes::create_policy_version_allowed",
            Write::CreatePolicyVersion,
        ),
        (
            "writes::set_default_policy_version_allowed",
            Write::SetDefaultPolicyVersion,
        ),
        ("writes::put_role_policy_allowed", Write::PutRolePolicy),
        ("writes::put_user_policy_allowed", Write::PutUserPolicy),
        ("writes::put_group_policy_allowed", Write::PutGroupPolicy),
    ];
    let denied = [
        ("writes::create_policy_denied", Write::CreatePolicy),
        (
            "writes::create_policy_version_denied",
            Write::CreatePolicyVersion,
        ),
        (
            "writes::set_default_policy_version_denied",
            Write::SetDefaultPolicyVersion,
        ),
        ("writes::put_role_policy_denied", Write::PutRolePolicy),
        ("writes::put_user_policy_denied", Write::PutUserPolicy),
        ("writes::put_group_policy_denied", Write::PutGroupPolicy),
    ];
    let mut scenarios = with_answer("allow", allowed);
    scenarios.extend(with_answer("deny", denied));
    scenarios.extend([
        Scenario::new(
            "writes::a_version_that_is_not_in_force_is_reported_and_left_alone",
            not_in_force,
        ),
        Scenario::new(
            "writes::a_reported_version_is_judged_once_it_is_in_force",
            put_in_force,
        ),
    ]);
    scenarios
}

/// On a stack whose time for a decision is short.
pub(crate) fn expiring() -> Vec<Scenario> {
    let expired = [
        ("expiry::create_policy", Write::CreatePolicy),
        ("expiry::create_policy_version", Write::CreatePolicyVersion),
        (
            "expiry::set_default_policy_version",
            Write::SetDefaultPolicyVersion,
        ),
        ("expiry::put_role_policy", Write::PutRolePolicy),
        ("expiry::put_user_policy", Write::PutUserPolicy),
        ("expiry::put_group_policy", Write::PutGroupPolicy),
    ];
    with_answer("expire", expired)
}

fn with_answer(answer: &'static str, writes: [(&'static str, Write); 6]) -> Vec<Scenario> {
    let scenario = |(name, write)| Scenario::new(name, move |world| play(world, write, answer));
    writes.into_iter().map(scenario).collect()
}

/// White space and an order that a rewritten document would not keep.
fn original() -> String {
    format!(
        "{{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": {}\n}}",
        r#"[{"Sid": "Story", "Effect": "Allow", "Action": ["s3:DeleteBucket", "s3:GetObject"], "Resource": "*"}]"#
    )
}

async fn play(world: Arc<World>, write: Write, answer: &'static str) -> Result<()> {
    let name = format!("{}-{answer}-scenario", write.event_name());
    let target = Target::prepare(&world, write, &name, original()).await?;
    target.carry_out(world.emulator.iam()).await?;
    let incident = world.asking(&name).await?;
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
    expect_parts(&report, &[&name])?;
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
    expect_parts(&report, &["s3:DeleteBucket"])?;
    ensure!(world.in_force(&arn).await?.document == harmless);
    ensure!(world.versions(&arn).await? == ["v1", "v2"]);
    Ok(())
}

async fn put_in_force(world: Arc<World>) -> Result<()> {
    let arn = world
        .create_policy("put-in-force-later", &document(&["ec2:DescribeVpcs"]))
        .await?;
    let version = world.create_version(&arn, &original(), false).await?;
    let incident = world
        .incident("CreatePolicyVersion", "put-in-force-later")
        .await?;
    ensure!(incident.outcome().await? == "notInForce");
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
