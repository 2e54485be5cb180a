use anyhow::{Context as _, Result};
use aws_sdk_iam::Client;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use percent_encoding::percent_decode_str;

const FOR_EC2: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// The kinds of owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Role,
    User,
    Group,
}

/// Sends a call of the owner's kind. The three calls differ in the name of the call and of the
/// parameter that names the owner.
macro_rules! send {
    ($owner:expr, $iam:expr, $name:expr, [$role:ident, $user:ident, $group:ident]
     $(, $parameter:ident = $value:expr)*) => {
        match $owner {
            Owner::Role => drop($iam.$role().role_name($name)$(.$parameter($value))*.send().await?),
            Owner::User => drop($iam.$user().user_name($name)$(.$parameter($value))*.send().await?),
            Owner::Group => drop($iam.$group().group_name($name)$(.$parameter($value))*.send().await?),
        }
    };
}

impl Owner {
    /// Creates the owner `name`.
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

    /// Deletes the owner `name`, which must have no policies.
    pub async fn remove(self, iam: &Client, name: &str) -> Result<()> {
        send!(self, iam, name, [delete_role, delete_user, delete_group]);
        Ok(())
    }

    /// Writes the inline policy `policy` of the owner `name`.
    pub async fn put(self, iam: &Client, name: &str, policy: &str, document: &str) -> Result<()> {
        send!(
            self,
            iam,
            name,
            [put_role_policy, put_user_policy, put_group_policy],
            policy_name = policy,
            policy_document = document
        );
        Ok(())
    }

    /// Reads an inline policy; `None` where there is none.
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
    pub async fn delete(self, iam: &Client, name: &str, policy: &str) -> Result<()> {
        send!(
            self,
            iam,
            name,
            [delete_role_policy, delete_user_policy, delete_group_policy],
            policy_name = policy
        );
        Ok(())
    }

    /// The managed policies that are attached.
    pub async fn attached(self, iam: &Client, name: &str) -> Result<Vec<String>> {
        let attached = match self {
            Self::Role => {
                let list = iam.list_attached_role_policies().role_name(name);
                list.send().await?.attached_policies
            }
            Self::User => {
                let list = iam.list_attached_user_policies().user_name(name);
                list.send().await?.attached_policies
            }
            Self::Group => {
                let list = iam.list_attached_group_policies().group_name(name);
                list.send().await?.attached_policies
            }
        };
        let attached = attached.unwrap_or_default().into_iter();
        Ok(attached.filter_map(|policy| policy.policy_arn).collect())
    }

    /// Attaches a managed policy.
    pub async fn attach(self, iam: &Client, name: &str, policy: &str) -> Result<()> {
        send!(
            self,
            iam,
            name,
            [attach_role_policy, attach_user_policy, attach_group_policy],
            policy_arn = policy
        );
        Ok(())
    }

    /// Detaches a managed policy.
    pub async fn detach(self, iam: &Client, name: &str, policy: &str) -> Result<()> {
        send!(
            self,
            iam,
            name,
            [detach_role_policy, detach_user_policy, detach_group_policy],
            policy_arn = policy
        );
        Ok(())
    }
}

/// Puts a user into a group.
pub async fn join(iam: &Client, user: &str, group: &str) -> Result<()> {
    let add = iam.add_user_to_group().user_name(user);
    add.group_name(group).send().await?;
    Ok(())
}

/// Creates an access key of a user as another principal, and answers with its identifier.
pub async fn access_key(iam: &Client, user: &str) -> Result<String> {
    let answer = iam.create_access_key().user_name(user).send().await?;
    Ok(answer.access_key.context("no key")?.access_key_id)
}

/// `NoSuchEntity` becomes `None`; other errors stay errors.
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

/// Gives a user a device for multi-factor authentication, and takes it away.
pub async fn without_mfa(iam: &Client, name: &str) -> Result<()> {
    let create = iam.create_virtual_mfa_device();
    let created = create.virtual_mfa_device_name(name).send().await?;
    let serial = created
        .virtual_mfa_device
        .context("no device")?
        .serial_number;
    let enable = iam.enable_mfa_device().user_name(name);
    let enable = enable.serial_number(&serial).authentication_code1("123456");
    enable.authentication_code2("654321").send().await?;
    let deactivate = iam.deactivate_mfa_device().user_name(name);
    deactivate.serial_number(&serial).send().await?;
    Ok(())
}
