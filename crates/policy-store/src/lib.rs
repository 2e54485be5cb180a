//! IAM as an incident sees it: targets, looked at and settled, with errors sorted by what to do about them.
//!
//! Every call that the guard makes to IAM is in this crate, so it is also the list of permissions that the functions' roles need.

mod error;
mod inline;
mod managed;
mod settle;
mod told;

use aws_config::SdkConfig;
use incident::{Look, Target, VersionId};

pub use error::{StoreError, StoreErrorKind};
pub use settle::Settled;

#[derive(Clone, Debug)]
pub struct PolicyStore {
    client: aws_sdk_iam::Client,
}

impl PolicyStore {
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            client: aws_sdk_iam::Client::new(config),
        }
    }

    /// Takes a ready client, for tests.
    #[must_use]
    pub fn from_client(client: aws_sdk_iam::Client) -> Self {
        Self { client }
    }

    /// What is in force, and the version `named` of a managed policy; `None` where IAM shows no such managed policy, or no owner of an inline one.
    ///
    /// # Errors
    ///
    /// If IAM cannot be reached or refuses.
    pub async fn in_force(
        &self,
        target: &Target,
        named: Option<&VersionId>,
    ) -> Result<Option<Look>, StoreError> {
        found(match target {
            Target::Managed(policy) => self
                .managed_in_force(policy, named)
                .await
                .map(Look::Managed),
            Target::Inline(policy) => self.inline_look(policy).await.map(Look::Inline),
            Target::Told(told) => Err(StoreError::misplaced(told)),
        })
    }

    /// All that IAM holds of a target, and `None` as above.
    async fn look(
        &self,
        target: &Target,
        earlier: Option<&Look>,
    ) -> Result<Option<Look>, StoreError> {
        found(match target {
            Target::Managed(policy) => self.managed_look(policy, earlier).await.map(Look::Managed),
            Target::Inline(policy) => self.inline_look(policy).await.map(Look::Inline),
            Target::Told(told) => Err(StoreError::misplaced(told)),
        })
    }
}

/// What is not there is `None`; other errors stay errors.
fn found(look: Result<Look, StoreError>) -> Result<Option<Look>, StoreError> {
    match look {
        Ok(look) => Ok(Some(look)),
        Err(error) if error.kind == StoreErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
