//! The published walkthrough, for both answers.

use std::sync::Arc;

use anyhow::{Result, ensure};
use end_to_end::{SOON, Scenario, World, actions, document, expect_parts};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("walkthrough::allow_brings_the_original_back", |world| {
            play(world, "my-bad-policy-aws-5-mins", "allow")
        }),
        Scenario::new("walkthrough::deny_keeps_the_remediation", |world| {
            play(world, "my-bad-policy-aws-6-mins", "deny")
        }),
    ]
}

async fn play(world: Arc<World>, name: &'static str, answer: &'static str) -> Result<()> {
    let original = document(&[
        "s3:GetBucketObjectLockConfiguration",
        "s3:DeleteObjectVersion",
        "s3:DeleteBucket",
    ]);
    let arn = world.create_policy(name, &original).await?;

    let incident = world.incident("CreatePolicy", name).await?;
    incident
        .execution
        .wait_until_entered("AskUser", SOON)
        .await?;
    let remediated = world.in_force(&arn).await?;
    ensure!(
        actions(&remediated.document)?
            == [
                "s3:GetBucketObjectLockConfiguration",
                "s3:DeleteObjectVersion"
            ],
        "in force: {remediated:?}"
    );
    ensure!(
        world.version(&arn, "v1").await? == original,
        "the original version is kept"
    );

    incident.answer(answer).await?;
    let outcome = incident.outcome().await?;
    let finally = world.in_force(&arn).await?;
    let last = if answer == "allow" {
        ensure!(outcome == "allowed", "outcome {outcome}");
        ensure!(
            (finally.version.as_str(), &finally.document) == ("v1", &original),
            "in force: {finally:?}"
        );
        ensure!(
            world.versions(&arn).await? == ["v1"],
            "only the original is left"
        );
        "Approved"
    } else {
        ensure!(outcome == "denied", "outcome {outcome}");
        ensure!(finally == remediated, "in force: {finally:?}");
        ensure!(
            world.versions(&arn).await? == ["v2"],
            "the original version is still there"
        );
        "Denied"
    };
    ensure!(
        incident.states().await?
            == [
                "ValidatePolicy",
                "ChooseAction",
                "TempRemove",
                "CheckQuarantine",
                "AskUser",
                "UsersChoice",
                last,
                "ReportOutcome",
                "Succeeded"
            ]
    );
    let report = incident.report().await?;
    expect_parts(&report, &[&arn])?;
    Ok(())
}
