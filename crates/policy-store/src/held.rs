//! What a user, group or role holds: inline, attached, and for a user through groups.

use incident::subject::{HeldPolicy, InlinePolicy, ManagedPolicy, Owner, OwnerKind, ReportedState};
use incident::{PolicyArn, Subject, UniqueId};

use crate::error::classify;
use crate::managed::incomplete;
use crate::observe::found;
use crate::owner::list_for_owner;
use crate::reported::named;
use crate::{PolicyStore, StoreError};

/// How many policies are read for one call at most. Each takes one or two calls to IAM, and the
/// function has half a minute.
///
/// A user can hold more: by default 10 attached policies, and as many in each of 10 groups (IAM
/// User Guide, "IAM and AWS STS quotas").
const MAX_POLICIES: usize = 60;

impl PolicyStore {
    /// Adds what an owner holds: inline, attached, and for a user through groups.
    pub(crate) async fn add_all(&self, owner: &Owner, held: &mut Held) -> Result<(), StoreError> {
        self.add_policies(owner, held).await?;
        if owner.kind == OwnerKind::User {
            for group in self.groups_of(&owner.name).await? {
                let group = named(OwnerKind::Group, &group);
                found(self.add_policies(&group, held).await)?;
            }
        }
        Ok(())
    }

    pub(crate) async fn add_policies(
        &self,
        owner: &Owner,
        held: &mut Held,
    ) -> Result<(), StoreError> {
        self.add_inline(owner, held).await?;
        for policy in self.attached(owner).await? {
            if !held.has_room() {
                return Ok(());
            }
            let document = found(self.managed_document(&policy).await)?;
            held.policies.extend(document.map(|(_, held)| held));
        }
        Ok(())
    }

    pub(crate) async fn add_inline(
        &self,
        owner: &Owner,
        held: &mut Held,
    ) -> Result<(), StoreError> {
        for name in self.inline_names(owner).await? {
            if !held.has_room() {
                return Ok(());
            }
            let policy = InlinePolicy {
                owner: owner.clone(),
                name,
            };
            let document = found(self.inline_document(&policy).await)?;
            held.policies.extend(document.map(|document| HeldPolicy {
                policy: Subject::Inline(policy),
                document,
            }));
        }
        Ok(())
    }

    /// The default version of a managed policy, an AWS managed one too, with its whole text, and
    /// which policy of this name it is.
    pub(crate) async fn managed_document(
        &self,
        arn: &PolicyArn,
    ) -> Result<(UniqueId, HeldPolicy), StoreError> {
        let policy = ManagedPolicy { arn: arn.clone() };
        let shown = self.identity(&policy).await?;
        let document = self.version_document(&policy, &shown.default).await?;
        let held = HeldPolicy {
            policy: Subject::Managed(policy),
            document,
        };
        Ok((shown.identity, held))
    }

    pub(crate) async fn attached(&self, owner: &Owner) -> Result<Vec<PolicyArn>, StoreError> {
        let doing = format!("list the policies that are attached to {owner}");
        let attached = list_for_owner!(
            self,
            owner,
            doing,
            [
                list_attached_role_policies,
                list_attached_user_policies,
                list_attached_group_policies
            ]
        )?;
        let arns = attached.into_iter().filter_map(|policy| policy.policy_arn);
        arns.map(|arn| policy_arn(&doing, &arn)).collect()
    }

    pub(crate) async fn inline_names(&self, owner: &Owner) -> Result<Vec<String>, StoreError> {
        let doing = format!("list the inline policies of {owner}");
        list_for_owner!(
            self,
            owner,
            doing,
            [list_role_policies, list_user_policies, list_group_policies]
        )
    }

    pub(crate) async fn profiles_of(&self, role: &str) -> Result<Vec<String>, StoreError> {
        let doing = format!("list the instance profiles of role `{role}`");
        let pages = self
            .client
            .list_instance_profiles_for_role()
            .role_name(role);
        let profiles: Vec<_> = pages
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(|error| classify(&doing, &error))?;
        let names = profiles.into_iter();
        Ok(names.map(|profile| profile.instance_profile_name).collect())
    }

    pub(crate) async fn groups_of(&self, user: &str) -> Result<Vec<String>, StoreError> {
        let doing = format!("list the groups of user `{user}`");
        let pages = self.client.list_groups_for_user().user_name(user);
        let groups: Vec<_> = pages
            .into_paginator()
            .items()
            .send()
            .try_collect()
            .await
            .map_err(|error| classify(&doing, &error))?;
        Ok(groups.into_iter().map(|group| group.group_name).collect())
    }
}

/// Policies as they are read, up to the bound.
#[derive(Default)]
pub(crate) struct Held {
    pub(crate) policies: Vec<HeldPolicy>,
    pub(crate) has_more: bool,
}

impl Held {
    fn has_room(&mut self) -> bool {
        self.has_more |= self.policies.len() >= MAX_POLICIES;
        !self.has_more
    }

    pub(crate) fn into_state(self) -> ReportedState {
        ReportedState {
            policies: self.policies,
            has_more: self.has_more,
            ..ReportedState::default()
        }
    }
}

pub(crate) fn policy_arn(doing: &str, arn: &str) -> Result<PolicyArn, StoreError> {
    PolicyArn::parse(arn).map_err(|_| incomplete(doing, "the ARN of a policy that is none"))
}
