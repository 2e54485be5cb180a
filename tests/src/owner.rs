use anyhow::{Context as _, Result};
use aws_sdk_iam::Client;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use percent_encoding::percent_decode_str;

const FOR_EC2: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// What can hold policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Role,
    User,
    Group,
}

impl Owner {
    /// Creates one called `name`.
    ///
    /// # Errors
    ///
    /// If IAM refuses.
    pub async fn create(self, iam: &Client, name: &str) -> Result<()> {
        match self {
            Self::Role => {
                let create = iam.create_role().role_name(name);
                let create = create.assume_role_policy_document(FOR_EC2);
                create.send().await.context("cannot create a role")?;
            }
            Self::User => {
                let create = iam.create_user().user_name(name);
                create.send().await.context("cannot create a user")?;
            }
            Self::Group => {
                let create = iam.create_group().group_name(name);
                create.send().await.context("cannot create a group")?;
            }
        }
        Ok(())
    }

    /// Removes the one called `name`, which has no policy any more.
    ///
    /// # Errors
    ///
    /// Where IAM refuses.
    pub async fn remove(self, iam: &Client, name: &str) -> Result<()> {
        match self {
            Self::Role => {
                let remove = iam.delete_role().role_name(name);
                remove.send().await.context("cannot delete a role")?;
            }
            Self::User => {
                let remove = iam.delete_user().user_name(name);
                remove.send().await.context("cannot delete a user")?;
            }
            Self::Group => {
                let remove = iam.delete_group().group_name(name);
                remove.send().await.context("cannot delete a group")?;
            }
        }
        Ok(())
    }

    /// Writes the inline policy `policy` of the one called `name`.
    ///
    /// # Errors
    ///
    /// If IAM refuses.
    pub async fn put(self, iam: &Client, name: &str, policy: &str, document: &str) -> Result<()> {
        match self {
            Self::Role => {
                let put = iam.put_role_policy().role_name(name).policy_name(policy);
                put.policy_document(document).send().await?;
            }
            Self::User => {
                let put = iam.put_user_policy().user_name(name).policy_name(policy);
                put.policy_document(document).send().await?;
            }
            Self::Group => {
                let put = iam.put_group_policy().group_name(name).policy_name(policy);
                put.policy_document(document).send().await?;
            }
        }
        Ok(())
    }

    /// Reads an inline policy; `None` where there is none.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub async fn get(self, iam: &Client, name: &str, policy: &str) -> Result<Option<String>> {
        let encoded = match self {
            Self::Role => {
                let get = iam.get_role_policy().role_name(name).policy_name(policy);
                found(get.send().await)?.map(|answer| answer.policy_document)
            }
            Self::User => {
                let get = iam.get_user_policy().user_name(name).policy_name(policy);
                found(get.send().await)?.map(|answer| answer.policy_document)
            }
            Self::Group => {
                let get = iam.get_group_policy().group_name(name).policy_name(policy);
                found(get.send().await)?.map(|answer| answer.policy_document)
            }
        };
        encoded
            .map(|encoded| Ok(percent_decode_str(&encoded).decode_utf8()?.into_owned()))
            .transpose()
    }

    /// Deletes an inline policy.
    ///
    /// # Errors
    ///
    /// If IAM refuses.
    pub async fn delete(self, iam: &Client, name: &str, policy: &str) -> Result<()> {
        match self {
            Self::Role => {
                let delete = iam.delete_role_policy().role_name(name);
                delete.policy_name(policy).send().await?;
            }
            Self::User => {
                let delete = iam.delete_user_policy().user_name(name);
                delete.policy_name(policy).send().await?;
            }
            Self::Group => {
                let delete = iam.delete_group_policy().group_name(name);
                delete.policy_name(policy).send().await?;
            }
        }
        Ok(())
    }
}

/// The calls that give somebody a policy that exists already.
impl Owner {
    /// Attaches a managed policy.
    ///
    /// # Errors
    ///
    /// If IAM refuses.
    pub async fn attach(self, iam: &Client, name: &str, policy: &str) -> Result<()> {
        match self {
            Self::Role => {
                let attach = iam.attach_role_policy().role_name(name);
                attach.policy_arn(policy).send().await?;
            }
            Self::User => {
                let attach = iam.attach_user_policy().user_name(name);
                attach.policy_arn(policy).send().await?;
            }
            Self::Group => {
                let attach = iam.attach_group_policy().group_name(name);
                attach.policy_arn(policy).send().await?;
            }
        }
        Ok(())
    }

    /// Detaches a managed policy.
    ///
    /// # Errors
    ///
    /// If IAM refuses.
    pub async fn detach(self, iam: &Client, name: &str, policy: &str) -> Result<()> {
        match self {
            Self::Role => {
                let detach = iam.detach_role_policy().role_name(name);
                detach.policy_arn(policy).send().await?;
            }
            Self::User => {
                let detach = iam.detach_user_policy().user_name(name);
                detach.policy_arn(policy).send().await?;
            }
            Self::Group => {
                let detach = iam.detach_group_policy().group_name(name);
                detach.policy_arn(policy).send().await?;
            }
        }
        Ok(())
    }
}

/// Puts a user into a group.
///
/// # Errors
///
/// If IAM refuses.
pub async fn join(iam: &Client, user: &str, group: &str) -> Result<()> {
    let add = iam.add_user_to_group().user_name(user);
    add.group_name(group).send().await?;
    Ok(())
}

/// A new access key of a user, made by somebody else: its identifier.
///
/// # Errors
///
/// If IAM refuses.
pub async fn access_key(iam: &Client, user: &str) -> Result<String> {
    let answer = iam.create_access_key().user_name(user).send().await?;
    Ok(answer.access_key.context("no key")?.access_key_id)
}

/// What is not there is `None`; other errors stay errors.
pub(crate) fn found<T, E>(answer: Result<T, SdkError<E>>) -> Result<Option<T>>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code() == Some("NoSuchEntity") => Ok(None),
        Err(error) => Err(error.into()),
    }
}
