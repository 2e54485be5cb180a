//! What IAM shows of a reported call. These are reads only.

use incident::subject::{
    HeldPolicy, InlinePolicy, ManagedPolicy, Owner, OwnerKind, ReportedCall, ReportedState,
};
use incident::{PolicyArn, Subject};

use crate::error::classify;
use crate::managed::incomplete;
use crate::observe::found;
use crate::owner::list_for_owner;
use crate::{PolicyStore, StoreError};

/// How many policies are read for one call at most. Each takes one or two calls to IAM, and the
/// function has half a minute.
///
/// A user can hold more: by default 10 attached policies, and as many in each of 10 groups (IAM
/// User Guide, "IAM and AWS STS quotas").
const MAX_POLICIES: usize = 60;

impl PolicyStore {
    /// What IAM shows of what a call did.
    ///
    /// # Errors
    ///
    /// If IAM cannot be reached or refuses.
    pub async fn reported(&self, call: &ReportedCall) -> Result<ReportedState, StoreError> {
        // Users renew their own credentials every day, so there is nothing to read.
        if let ReportedCall::Credentials { is_own: true, .. } = call {
            return Ok(ReportedState::default());
        }
        match call {
            ReportedCall::Attachment { owner, policy } => {
                self.attachment(owner, policy, true).await
            }
            ReportedCall::Detachment { owner, policy } => {
                self.attachment(owner, policy, false).await
            }
            ReportedCall::AddedToGroup { user, group } => self.membership(user, group, true).await,
            ReportedCall::RemovedFromGroup { user, group } => {
                self.membership(user, group, false).await
            }
            ReportedCall::Boundary { owner, boundary } => {
                self.boundary(owner, boundary.as_ref()).await
            }
            ReportedCall::Trust { role, .. } => self.trust(role).await,
            // A session that began with the credentials outlives them, so whether they still exist
            // does not matter.
            ReportedCall::Credentials { user, .. } => {
                self.held_by(named(OwnerKind::User, user)).await
            }
            ReportedCall::Renaming { owner, .. } => self.held_by(owner.clone()).await,
        }
    }

    async fn attachment(
        &self,
        owner: &Owner,
        policy: &PolicyArn,
        is_wanted: bool,
    ) -> Result<ReportedState, StoreError> {
        let attached = found(self.attached(owner).await)?;
        let absent = attached.is_none().then(|| owner.clone());
        let is_it = |one: &PolicyArn| one.is_same(policy);
        let is_so = attached.is_some_and(|attached| attached.iter().any(is_it) == is_wanted);
        let policy = found(self.managed_document(policy).await)?;
        Ok(ReportedState {
            is_in_effect: is_so,
            absent,
            policies: policy.into_iter().collect(),
            ..ReportedState::default()
        })
    }

    async fn membership(
        &self,
        user: &str,
        group: &str,
        is_wanted: bool,
    ) -> Result<ReportedState, StoreError> {
        let groups = found(self.groups_of(user).await)?;
        let absent = groups.is_none().then(|| named(OwnerKind::User, user));
        // IAM takes names in any letter case.
        let is_it = |one: &String| one.eq_ignore_ascii_case(group);
        let is_so = groups.is_some_and(|groups| groups.iter().any(is_it) == is_wanted);
        let mut held = Held::default();
        let group = named(OwnerKind::Group, group);
        found(self.add_policies(&group, &mut held).await)?;
        Ok(ReportedState {
            is_in_effect: is_so,
            absent,
            ..held.into_state()
        })
    }

    async fn boundary(
        &self,
        owner: &Owner,
        wanted: Option<&PolicyArn>,
    ) -> Result<ReportedState, StoreError> {
        let shown = found(self.boundary_of(owner).await)?;
        let is_so = match (&shown, wanted) {
            (Some(Some(shown)), Some(wanted)) => shown.is_same(wanted),
            (Some(None), None) => true,
            _ => false,
        };
        let mut state = ReportedState {
            is_in_effect: is_so,
            absent: shown.is_none().then(|| owner.clone()),
            boundary: shown.flatten(),
            ..ReportedState::default()
        };
        if let Some(arn) = &state.boundary {
            // One that was deleted allows nothing.
            state
                .policies
                .extend(found(self.managed_document(arn).await)?);
        }
        if let Some(arn) = wanted.filter(|_| !is_so) {
            state
                .recorded_boundary
                .extend(found(self.managed_document(arn).await)?);
        }
        Ok(state)
    }

    async fn boundary_of(&self, owner: &Owner) -> Result<Option<PolicyArn>, StoreError> {
        let doing = format!("read {owner}");
        let name = &owner.name;
        let boundary = match owner.kind {
            OwnerKind::User => {
                let answer = self.client.get_user().user_name(name).send().await;
                let answer = answer.map_err(|error| classify(&doing, &error))?;
                answer.user.and_then(|user| user.permissions_boundary)
            }
            // A group has none.
            OwnerKind::Role | OwnerKind::Group => {
                let answer = self.client.get_role().role_name(name).send().await;
                let answer = answer.map_err(|error| classify(&doing, &error))?;
                answer.role.and_then(|role| role.permissions_boundary)
            }
        };
        let arn = boundary.and_then(|boundary| boundary.permissions_boundary_arn);
        arn.map(|arn| policy_arn(&doing, &arn)).transpose()
    }

    async fn trust(&self, name: &str) -> Result<ReportedState, StoreError> {
        let doing = format!("read role `{name}`");
        let answer = self.client.get_role().role_name(name).send().await;
        let answer = found(answer.map_err(|error| classify(&doing, &error)))?;
        let role = answer.map(|answer| answer.role.ok_or_else(|| incomplete(&doing, "no role")));
        let role = role.transpose()?;
        Ok(ReportedState {
            is_in_effect: role.is_some(),
            absent: role.is_none().then(|| named(OwnerKind::Role, name)),
            trust: role.and_then(|role| role.assume_role_policy_document),
            ..ReportedState::default()
        })
    }

    /// What an owner holds that still exists.
    async fn held_by(&self, owner: Owner) -> Result<ReportedState, StoreError> {
        let mut held = Held::default();
        let is_so = found(self.add_all(&owner, &mut held).await)?.is_some();
        Ok(ReportedState {
            is_in_effect: is_so,
            absent: (!is_so).then_some(owner),
            ..held.into_state()
        })
    }

    /// Adds what an owner holds: inline, attached, and for a user through groups.
    async fn add_all(&self, owner: &Owner, held: &mut Held) -> Result<(), StoreError> {
        self.add_policies(owner, held).await?;
        if owner.kind == OwnerKind::User {
            for group in self.groups_of(&owner.name).await? {
                let group = named(OwnerKind::Group, &group);
                found(self.add_policies(&group, held).await)?;
            }
        }
        Ok(())
    }

    async fn add_policies(&self, owner: &Owner, held: &mut Held) -> Result<(), StoreError> {
        self.add_inline(owner, held).await?;
        for policy in self.attached(owner).await? {
            if !held.has_room() {
                return Ok(());
            }
            held.policies
                .extend(found(self.managed_document(&policy).await)?);
        }
        Ok(())
    }

    async fn add_inline(&self, owner: &Owner, held: &mut Held) -> Result<(), StoreError> {
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

    /// The default version of a managed policy, an AWS managed one too, with its whole text.
    async fn managed_document(&self, arn: &PolicyArn) -> Result<HeldPolicy, StoreError> {
        let policy = ManagedPolicy { arn: arn.clone() };
        let (_, default) = self.identity(&policy).await?;
        let document = self.version_document(&policy, &default).await?;
        Ok(HeldPolicy {
            policy: Subject::Managed(policy),
            document,
        })
    }

    async fn attached(&self, owner: &Owner) -> Result<Vec<PolicyArn>, StoreError> {
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

    async fn inline_names(&self, owner: &Owner) -> Result<Vec<String>, StoreError> {
        let doing = format!("list the inline policies of {owner}");
        list_for_owner!(
            self,
            owner,
            doing,
            [list_role_policies, list_user_policies, list_group_policies]
        )
    }

    async fn groups_of(&self, user: &str) -> Result<Vec<String>, StoreError> {
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
struct Held {
    policies: Vec<HeldPolicy>,
    has_more: bool,
}

impl Held {
    fn has_room(&mut self) -> bool {
        self.has_more |= self.policies.len() >= MAX_POLICIES;
        !self.has_more
    }

    fn into_state(self) -> ReportedState {
        ReportedState {
            policies: self.policies,
            has_more: self.has_more,
            ..ReportedState::default()
        }
    }
}

fn named(kind: OwnerKind, name: &str) -> Owner {
    Owner {
        kind,
        name: name.to_owned(),
    }
}

fn policy_arn(doing: &str, arn: &str) -> Result<PolicyArn, StoreError> {
    PolicyArn::parse(arn).map_err(|_| incomplete(doing, "the ARN of a policy that is none"))
}
