//! IAM as an incident sees it: observations of subjects, and errors classified by what to do about
//! them. The guard reads here; only the state machine writes.
//!
//! Every call that a function makes to IAM is in this crate, so it is also the list of permissions
//! that the roles of the functions need.

mod added;
mod error;
mod held;
mod holders;
mod inline;
mod managed;
mod observe;
mod owner;
mod reported;
mod search;
mod survey;

use aws_config::SdkConfig;

pub use error::{StoreError, StoreErrorKind};
pub use observe::Stored;
pub use search::{AccountPage, LongDocument};
pub use survey::SurveyedPage;

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
