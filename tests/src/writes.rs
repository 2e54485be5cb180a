use anyhow::{Context as _, Result};
use local_aws::policies;

use crate::owner::{Owner, found};
use crate::{World, document};

/// The calls that put a policy document in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Write {
    /// A managed policy is made.
    CreatePolicy,
    /// A managed policy gets a new default version.
    CreatePolicyVersion,
    /// A version that was not in force becomes the default.
    SetDefaultPolicyVersion,
    /// An inline policy of a role is written.
    PutRolePolicy,
    /// An inline policy of a user is written.
    PutUserPolicy,
    /// An inline policy of a group is written.
    PutGroupPolicy,
}

impl Write {
    pub const ALL: [Self; 6] = [
        Self::CreatePolicy,
        Self::CreatePolicyVersion,
        Self::SetDefaultPolicyVersion,
        Self::PutRolePolicy,
        Self::PutUserPolicy,
        Self::PutGroupPolicy,
    ];

    #[must_use]
    pub fn event_name(self) -> &'static str {
        match self {
            Self::CreatePolicy => "CreatePolicy",
            Self::CreatePolicyVersion => "CreatePolicyVersion",
            Self::SetDefaultPolicyVersion => "SetDefaultPolicyVersion",
            Self::PutRolePolicy => "PutRolePolicy",
            Self::PutUserPolicy => "PutUserPolicy",
            Self::PutGroupPolicy => "PutGroupPolicy",
        }
    }

    /// Whether the policy has versions.
    #[must_use]
    pub fn is_managed(self) -> bool {
        self.inline_of().is_none()
    }

    /// What the inline policy belongs to; `None` for a managed policy.
    fn inline_of(self) -> Option<Owner> {
        match self {
            Self::CreatePolicy | Self::CreatePolicyVersion | Self::SetDefaultPolicyVersion => None,
            Self::PutRolePolicy => Some(Owner::Role),
            Self::PutUserPolicy => Some(Owner::User),
            Self::PutGroupPolicy => Some(Owner::Group),
        }
    }
}

/// The policy of a scenario, with the [`Write`] that puts its document in force.
#[derive(Clone, Debug)]
pub struct Target {
    pub write: Write,
    /// The policy's name, which is no part of another policy's name.
    pub name: String,
    /// The document that the write puts in force.
    pub original: String,
    arn: String,
}

impl Target {
    /// Creates what the write needs: the policy with a harmless version, or the owner of the inline
    /// policy.
    pub async fn prepare(
        world: &World,
        write: Write,
        name: &str,
        original: String,
    ) -> Result<Self> {
        let iam = world.emulator.iam();
        let mut target = Self {
            write,
            name: name.to_owned(),
            original,
            arn: format!(
                "arn:aws:iam::{}:policy/{name}",
                local_aws::emulator::ACCOUNT
            ),
        };
        if let Some(owner) = write.inline_of() {
            owner.create(iam, &target.owner()).await?;
            return Ok(target);
        }
        let harmless = document(&["ec2:DescribeVpcs"]);
        if write != Write::CreatePolicy {
            target.arn = world.create_policy(name, &harmless).await?;
        }
        if write == Write::SetDefaultPolicyVersion {
            let original = &target.original;
            world.create_version(&target.arn, original, false).await?;
        }
        Ok(target)
    }

    /// Carries the write out, as the client `iam`.
    pub async fn carry_out(&self, iam: &aws_sdk_iam::Client) -> Result<()> {
        let doing = || format!("{} of {}", self.write.event_name(), self.name);
        let (name, document) = (&self.name, &self.original);
        match self.write {
            Write::CreatePolicy => {
                policies::create(iam, name, document).await?;
            }
            Write::CreatePolicyVersion => {
                let call = iam.create_policy_version().policy_arn(&self.arn);
                let call = call.policy_document(document).set_as_default(true);
                call.send().await.with_context(doing)?;
            }
            Write::SetDefaultPolicyVersion => {
                let call = iam.set_default_policy_version().policy_arn(&self.arn);
                call.version_id("v2").send().await.with_context(doing)?;
            }
            Write::PutRolePolicy | Write::PutUserPolicy | Write::PutGroupPolicy => {
                self.put(iam, document).await.with_context(doing)?;
            }
        }
        Ok(())
    }

    /// Writes another document over an inline policy, or makes it the default version of a managed
    /// one.
    pub async fn overwrite(&self, iam: &aws_sdk_iam::Client, document: &str) -> Result<()> {
        if !self.write.is_managed() {
            return self.put(iam, document).await;
        }
        let call = iam.create_policy_version().policy_arn(&self.arn);
        let call = call.policy_document(document).set_as_default(true);
        call.send().await.context("cannot make a newer version")?;
        Ok(())
    }

    async fn put(&self, iam: &aws_sdk_iam::Client, document: &str) -> Result<()> {
        let owner = self.write.inline_of().context("no inline policy")?;
        owner.put(iam, &self.owner(), &self.name, document).await
    }

    /// Deletes the policy.
    pub async fn delete(&self, world: &World) -> Result<()> {
        let iam = world.emulator.iam();
        match self.write.inline_of() {
            Some(owner) => owner.delete(iam, &self.owner(), &self.name).await,
            None => policies::delete(iam, &self.arn).await,
        }
    }

    /// Deletes the policy and the owner of an inline one, and creates them again under the same
    /// names. The last of the documents is in force.
    pub async fn make_again(&self, world: &World, documents: &[&str]) -> Result<()> {
        self.delete(world).await?;
        let iam = world.emulator.iam();
        let mut documents = documents.iter();
        if let Some(owner) = self.write.inline_of() {
            owner.remove(iam, &self.owner()).await?;
            owner.create(iam, &self.owner()).await?;
        } else if let Some(first) = documents.next() {
            world.create_policy(&self.name, first).await?;
        }
        for document in documents {
            self.overwrite(iam, document).await?;
        }
        Ok(())
    }

    /// The document in force; `None` where there is no such policy.
    pub async fn in_force(&self, world: &World) -> Result<Option<String>> {
        let iam = world.emulator.iam();
        if let Some(owner) = self.write.inline_of() {
            return owner.get(iam, &self.owner(), &self.name).await;
        }
        let policy = iam.get_policy().policy_arn(&self.arn).send().await;
        match found(policy)? {
            Some(_) => Ok(Some(world.in_force(&self.arn).await?.document)),
            None => Ok(None),
        }
    }

    /// The documents of all versions by their identifiers; of an inline policy, the one document.
    pub async fn documents(&self, world: &World) -> Result<Vec<(String, String)>> {
        if !self.write.is_managed() {
            let in_force = self.in_force(world).await?;
            return Ok(in_force
                .map(|document| ("inline".to_owned(), document))
                .into_iter()
                .collect());
        }
        let mut documents = Vec::new();
        for version in world.versions(&self.arn).await? {
            let document = world.version(&self.arn, &version).await?;
            documents.push((version, document));
        }
        Ok(documents)
    }

    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    #[must_use]
    pub fn owner(&self) -> String {
        format!("{}-owner", self.name)
    }
}
