//! IAM as an incident sees it: policy documents, read and written, with errors sorted by what to do about them.
//!
//! Every call that the guard makes to IAM is in this crate, so it is also the list of permissions that the functions' roles need.

mod error;
mod inline;
mod managed;

use aws_config::SdkConfig;

pub use error::{StoreError, StoreErrorKind};

/// The policies of the account.
#[derive(Clone, Debug)]
pub struct PolicyStore {
    client: aws_sdk_iam::Client,
}

impl PolicyStore {
    /// Takes the settings that [`lambda_kit::sdk_config`] makes.
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
