//! IAM as an incident sees it: observations of subjects, the one loop that reconciles them, and
//! errors classified by what to do about them.
//!
//! Every call that the guard makes to IAM is in this crate, so it is also the list of permissions
//! that the roles of the functions need.

mod error;
mod inline;
mod managed;
mod owner;
mod reconcile;
mod reported;

use aws_config::SdkConfig;

pub use error::{StoreError, StoreErrorKind};
pub use reconcile::{Reconciled, Stored};

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
}
