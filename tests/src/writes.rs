use anyhow::{Context as _, Result};
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use percent_encoding::percent_decode_str;

use crate::{InForce, World, document};

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
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::CreatePolicy,
        Self::CreatePolicyVersion,
        Self::SetDefaultPolicyVersion,
        Self::PutRolePolicy,
        Self::PutUserPolicy,
        Self::PutGroupPolicy,
    ];

    /// The name of the call.
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
        matches!(
            self,
            Self::CreatePolicy | Self::CreatePolicyVersion | Self::SetDefaultPolicyVersion
        )
    }
}

/// A policy that a story is about, made by one [`Write`] of a document.
#[derive(Clone, Debug)]
pub struct Target {
    /// The write.
    pub write: Write,
    /// The policy's name; no other policy's name holds it.
    pub name: String,
    /// The document that the write puts in force.
    pub original: String,
    arn: String,
}

impl Target {
    /// Makes what the write needs: the policy with a harmless version, or the owner of the inline policy.
    ///
    /// # Errors
    ///
    /// Where IAM refuses.
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
            arn: format!("arn:aws:iam::{}:policy/{name}", local::emulator::ACCOUNT),
        };
        let owner = target.owner();
        let harmless = document(&["ec2:DescribeVpcs"]);
        match write {
            Write::CreatePolicy => {}
            Write::CreatePolicyVersion => target.arn = world.create_policy(name, &harmless).await?,
            Write::SetDefaultPolicyVersion => {
                target.arn = world.create_policy(name, &harmless).await?;
                let original = &target.original;
                world.create_version(&target.arn, original, false).await?;
            }
            Write::PutRolePolicy => {
                let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
                let create = iam
                    .create_role()
                    .role_name(owner)
                    .assume_role_policy_document(trust);
                create.send().await.context("cannot create a role")?;
            }
            Write::PutUserPolicy => {
                let create = iam.create_user().user_name(owner);
                create.send().await.context("cannot create a user")?;
            }
            Write::PutGroupPolicy => {
                let create = iam.create_group().group_name(owner);
                create.send().await.context("cannot create a group")?;
            }
        }
        Ok(target)
    }

    /// Carries the write out, as the client `iam`.
    ///
    /// # Errors
    ///
    /// Where IAM refuses.
    pub async fn carry_out(&self, iam: &aws_sdk_iam::Client) -> Result<()> {
        let doing = || format!("{} of {}", self.write.event_name(), self.name);
        let (name, document) = (&self.name, &self.original);
        match self.write {
            Write::CreatePolicy => {
                let call = iam
                    .create_policy()
                    .policy_name(name)
                    .policy_document(document);
                call.send().await.with_context(doing)?;
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
            _ => self.put(iam, document).await.with_context(doing)?,
        }
        Ok(())
    }

    /// Writes another document over an inline policy, or makes it the default version of a managed one.
    ///
    /// # Errors
    ///
    /// Where IAM refuses.
    pub async fn overwrite(&self, iam: &aws_sdk_iam::Client, document: &str) -> Result<()> {
        if self.write.is_managed() {
            let call = iam.create_policy_version().policy_arn(&self.arn);
            let call = call.policy_document(document).set_as_default(true);
            call.send().await.context("cannot make a newer version")?;
            return Ok(());
        }
        self.put(iam, document).await
    }

    async fn put(&self, iam: &aws_sdk_iam::Client, document: &str) -> Result<()> {
        let (owner, name) = (self.owner(), &self.name);
        match self.write {
            Write::PutRolePolicy => {
                let call = iam.put_role_policy().role_name(owner);
                let call = call.policy_name(name).policy_document(document);
                call.send().await?;
            }
            Write::PutUserPolicy => {
                let call = iam.put_user_policy().user_name(owner);
                let call = call.policy_name(name).policy_document(document);
                call.send().await?;
            }
            _ => {
                let call = iam.put_group_policy().group_name(owner);
                let call = call.policy_name(name).policy_document(document);
                call.send().await?;
            }
        }
        Ok(())
    }

    /// Deletes the policy.
    ///
    /// # Errors
    ///
    /// Where IAM refuses.
    pub async fn delete(&self, world: &World) -> Result<()> {
        let iam = world.emulator.iam();
        let (owner, name) = (self.owner(), &self.name);
        match self.write {
            Write::PutRolePolicy => {
                let call = iam.delete_role_policy().role_name(owner).policy_name(name);
                call.send().await?;
            }
            Write::PutUserPolicy => {
                let call = iam.delete_user_policy().user_name(owner).policy_name(name);
                call.send().await?;
            }
            Write::PutGroupPolicy => {
                let call = iam
                    .delete_group_policy()
                    .group_name(owner)
                    .policy_name(name);
                call.send().await?;
            }
            _ => {
                let default = InForce::of(iam, &self.arn).await?.version;
                for version in world.versions(&self.arn).await? {
                    if version != default {
                        let call = iam.delete_policy_version().policy_arn(&self.arn);
                        call.version_id(version).send().await?;
                    }
                }
                iam.delete_policy().policy_arn(&self.arn).send().await?;
            }
        }
        Ok(())
    }

    /// The document in force; `None` where there is no such policy.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub async fn in_force(&self, world: &World) -> Result<Option<String>> {
        let iam = world.emulator.iam();
        let (owner, name) = (self.owner(), &self.name);
        let inline = match self.write {
            Write::PutRolePolicy => {
                let call = iam.get_role_policy().role_name(owner).policy_name(name);
                found(call.send().await)?.map(|answer| answer.policy_document)
            }
            Write::PutUserPolicy => {
                let call = iam.get_user_policy().user_name(owner).policy_name(name);
                found(call.send().await)?.map(|answer| answer.policy_document)
            }
            Write::PutGroupPolicy => {
                let call = iam.get_group_policy().group_name(owner).policy_name(name);
                found(call.send().await)?.map(|answer| answer.policy_document)
            }
            _ => {
                let policy = found(iam.get_policy().policy_arn(&self.arn).send().await)?;
                return match policy {
                    Some(_) => Ok(Some(InForce::of(iam, &self.arn).await?.document)),
                    None => Ok(None),
                };
            }
        };
        inline
            .map(|encoded| Ok(percent_decode_str(&encoded).decode_utf8()?.into_owned()))
            .transpose()
    }

    /// The documents of all versions by their identifiers; of an inline policy, the one document.
    ///
    /// # Errors
    ///
    /// Where they cannot be read.
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

    /// The ARN of a managed policy.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The name of an inline policy's owner.
    #[must_use]
    pub fn owner(&self) -> String {
        format!("{}-owner", self.name)
    }
}

/// What is not there is `None`; other errors stay errors.
fn found<T, E>(answer: Result<T, SdkError<E>>) -> Result<Option<T>>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code() == Some("NoSuchEntity") => Ok(None),
        Err(error) => Err(error.into()),
    }
}
