//! The calls that Terraform and CloudFormation make when they apply the same document again.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use aws_sdk_iam::Client;
use aws_sdk_iam::types::PolicyVersion;
use end_to_end::{Scenario, Target, World, Write};
use futures_util::future::try_join_all;
use local_aws::policies;

use super::{contained, is_contained, mails, requests, restricted, settled};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![Scenario::new(
        "memory::terraform_and_cloudformation_apply_ten_times",
        apply,
    )]
}

/// How often each of them applies before the answer, and after it.
const TIMES: usize = 10;

/// A resource of Terraform or CloudFormation, by its type there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resource {
    TerraformManaged,
    TerraformInline,
    CloudFormationManaged,
    CloudFormationInline,
}

impl Resource {
    const ALL: [Self; 4] = [
        Self::TerraformManaged,
        Self::TerraformInline,
        Self::CloudFormationManaged,
        Self::CloudFormationInline,
    ];

    fn write(self) -> Write {
        match self {
            Self::TerraformManaged | Self::CloudFormationManaged => Write::CreatePolicyVersion,
            Self::TerraformInline | Self::CloudFormationInline => Write::PutRolePolicy,
        }
    }

    /// Applies the document of a target once; answers whether it wrote anything.
    async fn apply(self, world: &World, target: &Target) -> Result<bool> {
        let iam = world.emulator.iam();
        let document = restricted();
        match self {
            // The provider refreshes first, and writes only if IAM shows something else.
            Self::TerraformManaged => {
                let shown = policies::in_force(iam, target.arn()).await?.document;
                if is_same(&shown, &document)? {
                    return Ok(false);
                }
                prune(iam, target.arn()).await?;
                create_version(iam, target.arn(), &document).await?;
            }
            Self::TerraformInline => {
                let shown = target.in_force(world).await?;
                if let Some(shown) = shown
                    && is_same(&shown, &document)?
                {
                    return Ok(false);
                }
                target.overwrite(iam, &document).await?;
            }
            // CloudFormation compares templates and not what IAM shows, so an update of another
            // property writes the document again.
            Self::CloudFormationManaged => {
                prune(iam, target.arn()).await?;
                create_version(iam, target.arn(), &document).await?;
            }
            Self::CloudFormationInline => target.overwrite(iam, &document).await?,
        }
        Ok(true)
    }
}

fn is_same(one: &str, other: &str) -> Result<bool> {
    let read = |text| serde_json::from_str::<serde_json::Value>(text).context("not a document");
    Ok(read(one)? == read(other)?)
}

/// Deletes the oldest version that is not the default, if the policy has five.
async fn prune(iam: &Client, arn: &str) -> Result<()> {
    let listed = iam.list_policy_versions().policy_arn(arn).send().await?;
    let versions = listed.versions.unwrap_or_default();
    if versions.len() < 5 {
        return Ok(());
    }
    let others = versions.into_iter().filter(|it| !it.is_default_version);
    let age = |version: &PolicyVersion| version.create_date.map(|date| date.secs());
    let oldest = others.min_by_key(age).context("no other version")?;
    let id = oldest.version_id.context("no identifier")?;
    let delete = iam.delete_policy_version().policy_arn(arn).version_id(id);
    delete.send().await.context("cannot prune a version")?;
    Ok(())
}

async fn create_version(iam: &Client, arn: &str, document: &str) -> Result<()> {
    let create = iam.create_policy_version().policy_arn(arn);
    let create = create.policy_document(document).set_as_default(true);
    create.send().await.context("the apply failed")?;
    Ok(())
}

async fn apply(world: Arc<World>) -> Result<()> {
    try_join_all(Resource::ALL.map(|resource| applied(&world, resource))).await?;
    Ok(())
}

async fn applied(world: &World, resource: Resource) -> Result<()> {
    let (write, name) = (resource.write(), format!("memory-{resource:?}"));
    let (target, incident) = contained(world, write, &name).await?;
    let first = super::incidents(world, &name).await?.len();
    for number in 1..=TIMES {
        ensure!(resource.apply(world, &target).await?, "nothing to apply");
        let ends = settled(world, &name, first + number).await?;
        ensure!(ends.get("asking") == Some(&1), "{name}: {ends:?}");
        ensure!(is_contained(world, &target).await?, "{name}");
        let versions = target.documents(world).await?.len();
        ensure!(versions <= 3, "{name}: {versions} versions");
    }
    let sent = mails(world, &name).await?;
    ensure!(requests(&sent) == 1, "{name}: {sent:#?}");
    let before = sent.len();

    incident.answer("deny").await?;
    ensure!(incident.outcome().await? == "denied", "{name}");
    for number in 1..=TIMES {
        ensure!(resource.apply(world, &target).await?, "nothing to apply");
        settled(world, &name, first + TIMES + number).await?;
        ensure!(is_contained(world, &target).await?, "{name}");
        let versions = target.documents(world).await?.len();
        ensure!(versions <= 3, "{name}: {versions} versions");
    }
    // The outcome, and one mail about all ten.
    let sent = mails(world, &name).await?;
    let subjects: Vec<_> = sent.iter().map(|mail| &mail.subject).collect();
    ensure!(sent.len() == before + 2, "{name}: {subjects:?}");
    ensure!(requests(&sent) == 1, "{name}: {subjects:?}");
    Ok(())
}
