//! What IAM shows of a reported call. These are reads only.

use aws_sdk_iam::types::AccessKeyMetadata;
use incident::subject::{
    Credentials, Named, NotRead, Owner, OwnerKind, ReportedCall, ReportedState, Reserved,
};
use incident::{PolicyArn, Timestamp};

use crate::added::added;
use crate::error::classify;
use crate::held::{Held, policy_arn};
use crate::managed::incomplete;
use crate::observe::found;
use crate::{PolicyStore, StoreError};

impl PolicyStore {
    /// What IAM shows of what a call did at this time.
    ///
    /// # Errors
    ///
    /// If IAM cannot be reached or refuses.
    pub async fn reported(
        &self,
        call: &ReportedCall,
        time: Timestamp,
    ) -> Result<ReportedState, StoreError> {
        match call {
            // Users renew their own credentials every day, so there is nothing to read.
            ReportedCall::Credentials {
                is_own: true,
                by_key: false,
                ..
            } => Ok(ReportedState::default()),
            ReportedCall::Credentials {
                user,
                credentials: Credentials::AccessKey(made),
                is_own: true,
                ..
            } => self.second_key(user, made.as_deref()).await,
            // These are reported whatever IAM shows.
            ReportedCall::RootCredentials { .. } | ReportedCall::Rare { .. } => Ok(ReportedState {
                is_in_effect: true,
                ..ReportedState::default()
            }),
            ReportedCall::Attachment { owner, policy } => {
                self.attachment(owner, policy, None).await
            }
            ReportedCall::Detachment { owner, policy } => {
                self.attachment(owner, policy, Some(time)).await
            }
            ReportedCall::AddedToGroup { user, group } => {
                self.membership(user, group, true, time).await
            }
            ReportedCall::RemovedFromGroup { user, group } => {
                self.membership(user, group, false, time).await
            }
            ReportedCall::Boundary { owner, boundary } => {
                self.boundary(owner, boundary.as_ref()).await
            }
            // It is in the record of what someone gives it that a new role holds anything.
            ReportedCall::Trust { role, is_new: true } => self.trust(role).await,
            ReportedCall::Trust { role, .. } | ReportedCall::AcquiredRole { role } => {
                let trust = self.trust(role).await?;
                let held = self.held_by(named(OwnerKind::Role, role)).await?;
                Ok(ReportedState {
                    policies: held.policies,
                    has_more: held.has_more,
                    ..trust
                })
            }
            ReportedCall::InstanceProfile { role, profile } => {
                let role = named(OwnerKind::Role, role);
                let profiles = found(self.profiles_of(&role.name).await)?;
                let is_it = |one: &String| one.eq_ignore_ascii_case(profile);
                let is_so = profiles.is_some_and(|profiles| profiles.iter().any(is_it));
                let reserved = self.reserved_role(&role).await?;
                Ok(ReportedState {
                    is_in_effect: is_so,
                    reserved,
                    ..self.held_by(role).await?
                })
            }
            // A session that began with the credentials outlives them, so whether they still exist
            // does not matter.
            ReportedCall::Credentials {
                user, credentials, ..
            } => {
                let user = named(OwnerKind::User, user);
                let shown = found(self.owner_id(&user).await)?;
                let identity = shown.map(|(identity, _)| identity);
                // Another user has the name now.
                let Some(identity) = identity.filter(|it| is_from(Some(it.created), time)) else {
                    return Ok(ReportedState {
                        absent: Some(user),
                        ..ReportedState::default()
                    });
                };
                let added = self.added_credentials(&user, identity, credentials).await?;
                Ok(ReportedState {
                    added,
                    ..self.held_by(user).await?
                })
            }
            ReportedCall::Renaming { owner, .. } => self.held_by(owner.clone()).await,
        }
    }

    /// The state of an attachment, or of a detachment at this time.
    async fn attachment(
        &self,
        owner: &Owner,
        policy: &PolicyArn,
        detached: Option<Timestamp>,
    ) -> Result<ReportedState, StoreError> {
        let attached = found(self.attached(owner).await)?;
        let absent = attached.is_none().then(|| owner.clone());
        let is_it = |one: &PolicyArn| one.is_same(policy);
        let is_wanted = detached.is_none();
        let is_so = attached.is_some_and(|attached| attached.iter().any(is_it) == is_wanted);
        let document = found(self.managed_document(policy).await)?;
        let identity = document.as_ref().map(|(identity, _)| identity.clone());
        let created = identity.as_ref().map(|identity| identity.created);
        // A policy that is deleted was detached before. What it granted is in its own records.
        let not_read = match detached {
            Some(time) if absent.is_none() && !is_from(created, time) => {
                let named = Named::Policy(policy.clone());
                Some(self.not_read(named, owner).await?)
            }
            _ => None,
        };
        let shown = found(self.owner_id(owner).await)?;
        let (owner_id, reserved) = shown.unzip();
        Ok(ReportedState {
            is_in_effect: is_so,
            absent,
            policies: document.into_iter().map(|(_, document)| document).collect(),
            not_read,
            reserved: reserved.flatten(),
            added: added(owner_id, identity, is_so).filter(|_| is_wanted),
            ..ReportedState::default()
        })
    }

    async fn not_read(&self, named: Named, other_side: &Owner) -> Result<NotRead, StoreError> {
        let mut held = Held::default();
        found(self.add_all(other_side, &mut held).await)?;
        Ok(NotRead {
            named,
            held: held.policies,
            has_more: held.has_more,
        })
    }

    /// Who alone can change a role, if its name looks as if that were not everybody.
    async fn reserved_role(&self, owner: &Owner) -> Result<Option<Reserved>, StoreError> {
        if owner.kind != OwnerKind::Role || !Reserved::is_likely(&owner.name) {
            return Ok(None);
        }
        let shown = found(self.owner_id(owner).await)?;
        Ok(shown.and_then(|(_, reserved)| reserved))
    }

    async fn membership(
        &self,
        user: &str,
        group: &str,
        is_wanted: bool,
        time: Timestamp,
    ) -> Result<ReportedState, StoreError> {
        let user = named(OwnerKind::User, user);
        let groups = found(self.groups_of(&user.name).await)?;
        let absent = groups.is_none().then(|| user.clone());
        // IAM takes names in any letter case.
        let is_it = |one: &String| one.eq_ignore_ascii_case(group);
        let is_so = groups.is_some_and(|groups| groups.iter().any(is_it) == is_wanted);
        let mut held = Held::default();
        let group = named(OwnerKind::Group, group);
        let shown = found(self.owner_id(&group).await)?;
        if shown.is_some() {
            found(self.add_policies(&group, &mut held).await)?;
        }
        let group_id = shown.map(|(identity, _)| identity);
        let created = group_id.as_ref().map(|identity| identity.created);
        let user_id = if is_wanted {
            found(self.owner_id(&user).await)?
        } else {
            None
        };
        let added = added(user_id.map(|(identity, _)| identity), group_id, is_so);
        let not_read = if absent.is_none() && !is_from(created, time) {
            Some(self.not_read(Named::Owner(group), &user).await?)
        } else {
            None
        };
        Ok(ReportedState {
            is_in_effect: is_so,
            absent,
            not_read,
            added,
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
            reserved: self.reserved_role(owner).await?,
            ..ReportedState::default()
        };
        if let Some(arn) = &state.boundary {
            // One that was deleted allows nothing.
            let document = found(self.managed_document(arn).await)?;
            state.policies.extend(document.map(|(_, held)| held));
        }
        if let Some(arn) = wanted.filter(|_| !is_so) {
            let document = found(self.managed_document(arn).await)?;
            state
                .recorded_boundary
                .extend(document.map(|(_, held)| held));
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
            reserved: role.as_ref().and_then(|role| Reserved::of_path(&role.path)),
            trust: role.and_then(|role| role.assume_role_policy_document),
            ..ReportedState::default()
        })
    }

    /// Whether a user has another key besides the one that it made with a key, and in that case
    /// what it holds.
    async fn second_key(
        &self,
        user: &str,
        made: Option<&str>,
    ) -> Result<ReportedState, StoreError> {
        let Some(keys) = found(self.access_keys(user).await)? else {
            return Ok(ReportedState {
                absent: Some(named(OwnerKind::User, user)),
                ..ReportedState::default()
            });
        };
        let is_made = |key: &AccessKeyMetadata| key.access_key_id.as_deref() == made;
        let has_second_key = keys.len() > 1;
        let held = if has_second_key {
            self.held_by(named(OwnerKind::User, user)).await?
        } else {
            ReportedState::default()
        };
        Ok(ReportedState {
            is_in_effect: made.is_none() || keys.iter().any(is_made),
            has_second_key,
            ..held
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
}

pub(crate) fn named(kind: OwnerKind, name: &str) -> Owner {
    Owner {
        kind,
        name: name.to_owned(),
    }
}

/// Whether what has a name now can be what a call named at `time`. IAM's dates have whole seconds,
/// and names come back after a deletion or a rename.
fn is_from(created: Option<Timestamp>, time: Timestamp) -> bool {
    created.is_some_and(|created| created.as_second() <= time.as_second())
}
