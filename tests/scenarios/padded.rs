//! Documents that are padded so that CloudTrail leaves out which policy they are for, and policies
//! that get another owner's name before they are contained.
//!
//! Each is contained as any other. The search looks at the whole account, so these scenarios run
//! beside none that write long documents.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::{Owner, SOON, Scenario, World, actions, document};
use local_aws::{Mail, poll};

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::new("padded::a_version_of_a_managed_policy", version),
        Scenario::new("padded::an_inline_policy_of_each_owner", inline),
        Scenario::new("padded::a_rename_takes_nothing_out_of_containment", renamed),
    ]
}

/// A restricted document with more white space than CloudTrail records.
fn padded() -> String {
    let document = document(&["s3:DeleteBucket", "s3:GetObject"]);
    document.replacen('{', &format!("{{{}", " ".repeat(105_000)), 1)
}

/// The request about the policy of this name.
async fn request(world: &World, name: &str) -> Result<Mail> {
    let asks = |mail: &Mail| mail.link_to("allow").is_some() && mail.message.contains(name);
    world.mail("the request", asks).await
}

async fn no_failure(world: &World, name: &str) -> Result<()> {
    let failures = world
        .mails_until_now(|mail| mail.subject.starts_with("Failed: ") && mail.message.contains(name))
        .await?;
    ensure!(failures.is_empty(), "{failures:?}");
    Ok(())
}

async fn version(world: Arc<World>) -> Result<()> {
    let name = "padded-managed";
    let harmless = document(&["ec2:DescribeVpcs"]);
    let arn = world.create_policy(name, &harmless).await?;
    // No other policy of this stack comes so far.
    for _ in 0..6 {
        let made = world.create_version(&arn, &harmless, false).await?;
        let delete = world.emulator.iam().delete_policy_version();
        delete.policy_arn(&arn).version_id(made).send().await?;
    }
    let made = world.create_version(&arn, &padded(), true).await?;
    ensure!(made == "v8", "{made}");
    let records = world
        .records("CreatePolicyVersion", r#""omitted":true"#)
        .await?;
    let record = records.last().context("CloudTrail has the document")?;
    ensure!(!record.to_string().contains(name), "{record}");
    request(&world, name).await?;
    let in_force = world.in_force(&arn).await?.document;
    ensure!(actions(&in_force)? == ["s3:GetObject"], "{in_force}");
    no_failure(&world, name).await
}

async fn inline(world: Arc<World>) -> Result<()> {
    let iam = world.emulator.iam();
    for owner in [Owner::Role, Owner::User, Owner::Group] {
        let name = &format!("padded-inline-{owner:?}").to_lowercase();
        owner.create(iam, name).await?;
        owner.put(iam, name, "hidden", &padded()).await?;
        request(&world, name).await?;
        let in_force = owner.get(iam, name, "hidden").await?.context("no policy")?;
        ensure!(actions(&in_force)? == ["s3:GetObject"], "{in_force}");
        no_failure(&world, name).await?;
    }
    Ok(())
}

async fn renamed(world: Arc<World>) -> Result<()> {
    let iam = world.emulator.iam();
    let (before, after) = ("padded-old-name", "padded-new-name");
    for owner in [Owner::User, Owner::Group] {
        owner.create(iam, before).await?;
        for policy in ["first", "second", "clean"] {
            let action = match policy {
                "clean" => "ec2:DescribeVpcs",
                _ => "s3:DeleteBucket",
            };
            owner.put(iam, before, policy, &document(&[action])).await?;
        }
        match owner {
            Owner::User => {
                let update = iam.update_user().user_name(before);
                update.new_user_name(after).send().await?;
            }
            _ => {
                let update = iam.update_group().group_name(before);
                update.new_group_name(after).send().await?;
            }
        }
        // Whichever came first, the containment under the old name or the rename.
        for policy in ["first", "second"] {
            poll("the containment under the new name", SOON, async || {
                let in_force = owner.get(iam, after, policy).await?;
                let in_force = in_force.context("no policy")?;
                Ok((!in_force.contains("DeleteBucket")).then_some(()))
            })
            .await?;
        }
        let clean = owner.get(iam, after, "clean").await?;
        ensure!(clean == Some(document(&["ec2:DescribeVpcs"])), "{clean:?}");
    }
    no_failure(&world, after).await
}
