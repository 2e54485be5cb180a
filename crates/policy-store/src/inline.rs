use incident::{InlineOwner, OwnerKind};

use crate::error::sort;
use crate::{PolicyStore, StoreError, StoreErrorKind};

impl PolicyStore {
    /// The document of an inline policy, percent-encoded as IAM answers it.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::NotFound`] where there is no such policy or owner.
    pub async fn inline_document(
        &self,
        owner: &InlineOwner,
        name: &str,
    ) -> Result<String, StoreError> {
        let doing = format!("read inline policy `{name}` of {owner}");
        match owner.kind {
            OwnerKind::Role => self
                .client
                .get_role_policy()
                .role_name(&owner.name)
                .policy_name(name)
                .send()
                .await
                .map(|answer| answer.policy_document)
                .map_err(|error| sort(&doing, &error)),
            OwnerKind::User => self
                .client
                .get_user_policy()
                .user_name(&owner.name)
                .policy_name(name)
                .send()
                .await
                .map(|answer| answer.policy_document)
                .map_err(|error| sort(&doing, &error)),
            OwnerKind::Group => self
                .client
                .get_group_policy()
                .group_name(&owner.name)
                .policy_name(name)
                .send()
                .await
                .map(|answer| answer.policy_document)
                .map_err(|error| sort(&doing, &error)),
        }
    }

    /// Writes an inline policy over the one that is there.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::TooLarge`] or [`StoreErrorKind::DocumentRefused`] where a smaller or plainer document is needed.
    pub async fn put_inline(
        &self,
        owner: &InlineOwner,
        name: &str,
        document: &str,
    ) -> Result<(), StoreError> {
        let doing = format!("write inline policy `{name}` of {owner}");
        tracing::info!(owner = %owner, policy_name = name, "writing an inline policy");
        let put = match owner.kind {
            OwnerKind::Role => self
                .client
                .put_role_policy()
                .role_name(&owner.name)
                .policy_name(name)
                .policy_document(document)
                .send()
                .await
                .map(|_| ())
                .map_err(|error| sort(&doing, &error)),
            OwnerKind::User => self
                .client
                .put_user_policy()
                .user_name(&owner.name)
                .policy_name(name)
                .policy_document(document)
                .send()
                .await
                .map(|_| ())
                .map_err(|error| sort(&doing, &error)),
            OwnerKind::Group => self
                .client
                .put_group_policy()
                .group_name(&owner.name)
                .policy_name(name)
                .policy_document(document)
                .send()
                .await
                .map(|_| ())
                .map_err(|error| sort(&doing, &error)),
        };
        // An inline policy has no versions, so the limit can only be one of length.
        put.map_err(|error| match error.kind {
            StoreErrorKind::VersionLimit => StoreError {
                kind: StoreErrorKind::TooLarge,
                ..error
            },
            _ => error,
        })
    }
}
