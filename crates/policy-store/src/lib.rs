//! IAM as an incident sees it: subjects, looked at and settled, with errors sorted by what to do about them.
//!
//! Every call that the guard makes to IAM is in this crate, so it is also the list of permissions that the functions' roles need.

mod error;
mod inline;
mod managed;
mod reported;
mod settle;

use aws_config::SdkConfig;
use incident::{Observed, Subject, VersionId};

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
        subject: &Subject,
        named: Option<&VersionId>,
    ) -> Result<Option<Observed>, StoreError> {
        found(match subject {
            Subject::Managed(policy) => self
                .managed_in_force(policy, named)
                .await
                .map(Observed::Managed),
            Subject::Inline(policy) => self.inline_look(policy).await.map(Observed::Inline),
            Subject::Reported(told) => Err(StoreError::misplaced(told)),
        })
    }

    /// All that IAM holds of a subject, and `None` as above.
    async fn look(
        &self,
        subject: &Subject,
        earlier: Option<&Observed>,
    ) -> Result<Option<Observed>, StoreError> {
        found(match subject {
            Subject::Managed(policy) => self
                .managed_look(policy, earlier)
                .await
                .map(Observed::Managed),
            Subject::Inline(policy) => self.inline_look(policy).await.map(Observed::Inline),
            Subject::Reported(told) => Err(StoreError::misplaced(told)),
        })
    }
}

/// What is not there is `None`; other errors stay errors.
fn found(look: Result<Observed, StoreError>) -> Result<Option<Observed>, StoreError> {
    match look {
        Ok(look) => Ok(Some(look)),
        Err(error) if error.kind == StoreErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
