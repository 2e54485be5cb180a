use incident::subject::{InlinePolicy, ObservedInline, OwnerKind};
use incident::{Snapshot, UniqueId};

use crate::error::classify;
use crate::managed::{date, incomplete};
use crate::{PolicyStore, StoreError, StoreErrorKind};

impl PolicyStore {
    /// The document in force, where there is one, and whose it is.
    ///
    /// The identity is read last: if the owner was made again in between, it is that of the new one, so that the document does not pass for the old one's.
    pub(crate) async fn inline_look(
        &self,
        policy: &InlinePolicy,
    ) -> Result<ObservedInline, StoreError> {
        let document = match self.inline_document(policy).await {
            Ok(document) => Some(Snapshot::new(&document)),
            // The owner tells whether it is the policy that is missing.
            Err(error) if error.kind == StoreErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let identity = self.owner_identity(policy).await?;
        Ok(ObservedInline { identity, document })
    }

    pub(crate) async fn inline_document(
        &self,
        policy: &InlinePolicy,
    ) -> Result<String, StoreError> {
        let doing = format!("read {policy}");
        let (owner, name) = (&policy.owner.name, &policy.name);
        match policy.owner.kind {
            OwnerKind::Role => {
                let call = self.client.get_role_policy().role_name(owner);
                let answer = call.policy_name(name).send().await;
                answer
                    .map(|answer| answer.policy_document)
                    .map_err(|error| classify(&doing, &error))
            }
            OwnerKind::User => {
                let call = self.client.get_user_policy().user_name(owner);
                let answer = call.policy_name(name).send().await;
                answer
                    .map(|answer| answer.policy_document)
                    .map_err(|error| classify(&doing, &error))
            }
            OwnerKind::Group => {
                let call = self.client.get_group_policy().group_name(owner);
                let answer = call.policy_name(name).send().await;
                answer
                    .map(|answer| answer.policy_document)
                    .map_err(|error| classify(&doing, &error))
            }
        }
    }

    async fn owner_identity(&self, policy: &InlinePolicy) -> Result<UniqueId, StoreError> {
        let doing = format!("read {}", policy.owner);
        let name = &policy.owner.name;
        let found = match policy.owner.kind {
            OwnerKind::Role => {
                let answer = self.client.get_role().role_name(name).send().await;
                let answer = answer.map_err(|error| classify(&doing, &error))?;
                answer
                    .role
                    .map(|role| (role.role_id, date(Some(&role.create_date))))
            }
            OwnerKind::User => {
                let answer = self.client.get_user().user_name(name).send().await;
                let answer = answer.map_err(|error| classify(&doing, &error))?;
                answer
                    .user
                    .map(|user| (user.user_id, date(Some(&user.create_date))))
            }
            OwnerKind::Group => {
                // One member is enough: only the group itself is of interest.
                let call = self.client.get_group().group_name(name).max_items(1);
                let answer = call
                    .send()
                    .await
                    .map_err(|error| classify(&doing, &error))?;
                answer
                    .group
                    .map(|group| (group.group_id, date(Some(&group.create_date))))
            }
        };
        let (id, created) = found.ok_or_else(|| incomplete(&doing, "no owner"))?;
        Ok(UniqueId { id, created })
    }

    /// Deletes an inline policy.
    pub(crate) async fn delete_inline(&self, policy: &InlinePolicy) -> Result<(), StoreError> {
        let doing = format!("delete {policy}");
        let (owner, name) = (&policy.owner.name, &policy.name);
        tracing::info!(owner = %policy.owner, policy_name = name, "deleting an inline policy");
        match policy.owner.kind {
            OwnerKind::Role => {
                let call = self.client.delete_role_policy().role_name(owner);
                let answer = call.policy_name(name).send().await;
                answer.map(|_| ()).map_err(|error| classify(&doing, &error))
            }
            OwnerKind::User => {
                let call = self.client.delete_user_policy().user_name(owner);
                let answer = call.policy_name(name).send().await;
                answer.map(|_| ()).map_err(|error| classify(&doing, &error))
            }
            OwnerKind::Group => {
                let call = self.client.delete_group_policy().group_name(owner);
                let answer = call.policy_name(name).send().await;
                answer.map(|_| ()).map_err(|error| classify(&doing, &error))
            }
        }
    }

    /// Writes an inline policy over the one that is there.
    pub(crate) async fn put_inline(
        &self,
        policy: &InlinePolicy,
        document: &str,
    ) -> Result<(), StoreError> {
        let doing = format!("write {policy}");
        let (owner, name) = (&policy.owner.name, &policy.name);
        tracing::info!(owner = %policy.owner, policy_name = name, "writing an inline policy");
        let put = match policy.owner.kind {
            OwnerKind::Role => {
                let call = self.client.put_role_policy().role_name(owner);
                let call = call.policy_name(name).policy_document(document);
                let answer = call.send().await;
                answer.map(|_| ()).map_err(|error| classify(&doing, &error))
            }
            OwnerKind::User => {
                let call = self.client.put_user_policy().user_name(owner);
                let call = call.policy_name(name).policy_document(document);
                let answer = call.send().await;
                answer.map(|_| ()).map_err(|error| classify(&doing, &error))
            }
            OwnerKind::Group => {
                let call = self.client.put_group_policy().group_name(owner);
                let call = call.policy_name(name).policy_document(document);
                let answer = call.send().await;
                answer.map(|_| ()).map_err(|error| classify(&doing, &error))
            }
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
