//! The calls about inline policies.

use incident::subject::{InlinePolicy, ObservedInline, Owner, Reserved};
use incident::{OwnerKind, Snapshot, UniqueId};

use crate::error::classify;
use crate::managed::{date, incomplete};
use crate::observe::found;
use crate::owner::call_for_owner;
use crate::{PolicyStore, StoreError, Stored};

impl Stored for InlinePolicy {
    async fn read(&self, store: &PolicyStore) -> Result<ObservedInline, StoreError> {
        store.observe_inline(self).await
    }
}

impl PolicyStore {
    /// The inline policy in force; `None` where IAM shows no such owner.
    ///
    /// # Errors
    ///
    /// If IAM cannot be reached or refuses.
    pub async fn inline(
        &self,
        policy: &InlinePolicy,
    ) -> Result<Option<ObservedInline>, StoreError> {
        found(self.observe_inline(policy).await)
    }

    /// The document in force, if there is one, and whose it is.
    ///
    /// The unique id is read last: if the owner was made again in between, it is that of the new
    /// one, so that the document does not pass for one of the old owner.
    async fn observe_inline(&self, policy: &InlinePolicy) -> Result<ObservedInline, StoreError> {
        // If the owner is missing rather than the policy, the second call says so.
        let document = found(self.inline_document(policy).await)?;
        let (identity, reserved) = self.owner_id(&policy.owner).await?;
        Ok(ObservedInline {
            identity,
            reserved,
            document: document.map(|document| Snapshot::new(&document)),
        })
    }

    pub(crate) async fn inline_document(
        &self,
        policy: &InlinePolicy,
    ) -> Result<String, StoreError> {
        let doing = format!("read {policy}");
        call_for_owner!(
            self, policy.owner, doing,
            [get_role_policy, get_user_policy, get_group_policy].policy_name(&policy.name)
            => |answer| answer.policy_document
        )
    }

    /// Which owner has the name, and who alone can change it.
    pub(crate) async fn owner_id(
        &self,
        owner: &Owner,
    ) -> Result<(UniqueId, Option<Reserved>), StoreError> {
        let doing = format!("read {owner}");
        let name = &owner.name;
        let client = &self.client;
        let mut reserved = None;
        let found = match owner.kind {
            OwnerKind::Role => {
                let answer = client.get_role().role_name(name).send().await;
                let role = answer.map_err(|error| classify(&doing, &error))?.role;
                reserved = role.as_ref().and_then(|role| Reserved::of_path(&role.path));
                role.map(|role| (role.role_id, role.create_date))
            }
            OwnerKind::User => {
                let answer = client.get_user().user_name(name).send().await;
                let user = answer.map_err(|error| classify(&doing, &error))?.user;
                user.map(|user| (user.user_id, user.create_date))
            }
            OwnerKind::Group => {
                // One member is enough, because only the group itself is of interest.
                let call = client.get_group().group_name(name).max_items(1);
                let answer = call.send().await;
                let group = answer.map_err(|error| classify(&doing, &error))?.group;
                group.map(|group| (group.group_id, group.create_date))
            }
        };
        let (id, created) = found.ok_or_else(|| incomplete(&doing, "no owner"))?;
        let identity = UniqueId {
            id,
            created: date(Some(&created)),
        };
        Ok((identity, reserved))
    }
}
