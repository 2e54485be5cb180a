//! What IAM shows of a call that is told of. These are reads only.

use incident::target::{HeldPolicy, InlinePolicy, ManagedPolicy, Owner, OwnerKind, Told, ToldLook};
use incident::{PolicyArn, Target};

use crate::error::sort;
use crate::managed::incomplete;
use crate::{PolicyStore, StoreError, StoreErrorKind};

/// How many policies are read for one call, at most: each takes one or two calls to IAM, and the function has half a minute.
///
/// A user can hold more: by default 10 attached policies and as many in each of 10 groups (IAM User Guide, "IAM and AWS STS quotas").
const MAX_POLICIES: usize = 60;

impl PolicyStore {
    /// What IAM shows of what a call did; `None` where one of the things that it names does not exist.
    ///
    /// # Errors
    ///
    /// If IAM cannot be reached or refuses.
    pub async fn told(&self, told: &Told) -> Result<Option<ToldLook>, StoreError> {
        let look = match told {
            Told::Attachment { owner, policy } => self.attachment(owner, policy, true).await,
            Told::Detachment { owner, policy } => self.attachment(owner, policy, false).await,
            Told::Membership { user, group } => self.membership(user, group, true).await,
            Told::Departure { user, group } => self.membership(user, group, false).await,
            Told::Boundary { owner, .. } => self.boundary(owner).await,
            Told::Trust { role, .. } => self.trust(role).await,
            Told::Credentials { is_own: true, .. } => Ok(ToldLook::default()),
            Told::Credentials { user, .. } => self.held_by(user).await,
            Told::Renaming { owner, .. } => self.renamed(owner).await,
        };
        match look {
            Ok(look) => Ok(Some(look)),
            Err(error) if error.kind == StoreErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn attachment(
        &self,
        owner: &Owner,
        policy: &PolicyArn,
        is_wanted: bool,
    ) -> Result<ToldLook, StoreError> {
        let is_there = self.attached(owner).await?.contains(policy);
        Ok(ToldLook {
            is_so: is_there == is_wanted,
            policies: vec![self.managed_document(policy).await?],
            ..ToldLook::default()
        })
    }

    async fn membership(
        &self,
        user: &str,
        group: &str,
        is_wanted: bool,
    ) -> Result<ToldLook, StoreError> {
        let groups = self.groups_of(user).await?;
        // IAM takes names in any letter case.
        let is_there = groups.iter().any(|one| one.eq_ignore_ascii_case(group));
        let mut held = Held::default();
        let group = Owner {
            kind: OwnerKind::Group,
            name: group.to_owned(),
        };
        self.add_policies(&group, &mut held).await?;
        Ok(ToldLook {
            is_so: is_there == is_wanted,
            ..held.into_look()
        })
    }

    async fn boundary(&self, owner: &Owner) -> Result<ToldLook, StoreError> {
        let doing = format!("read {owner}");
        let name = &owner.name;
        let boundary = match owner.kind {
            OwnerKind::User => {
                let answer = self.client.get_user().user_name(name).send().await;
                let answer = answer.map_err(|error| sort(&doing, &error))?;
                answer.user.and_then(|user| user.permissions_boundary)
            }
            // A group has none.
            OwnerKind::Role | OwnerKind::Group => {
                let answer = self.client.get_role().role_name(name).send().await;
                let answer = answer.map_err(|error| sort(&doing, &error))?;
                answer.role.and_then(|role| role.permissions_boundary)
            }
        };
        let arn = boundary.and_then(|boundary| boundary.permissions_boundary_arn);
        let arn = arn.map(|arn| policy_arn(&doing, &arn)).transpose()?;
        let mut policies = Vec::new();
        if let Some(arn) = &arn {
            policies.push(self.managed_document(arn).await?);
        }
        Ok(ToldLook {
            is_so: true,
            policies,
            boundary: arn,
            ..ToldLook::default()
        })
    }

    async fn trust(&self, role: &str) -> Result<ToldLook, StoreError> {
        let doing = format!("read role `{role}`");
        let answer = self.client.get_role().role_name(role).send().await;
        let answer = answer.map_err(|error| sort(&doing, &error))?;
        let role = answer.role.ok_or_else(|| incomplete(&doing, "no role"))?;
        Ok(ToldLook {
            is_so: true,
            trust: role.assume_role_policy_document,
            ..ToldLook::default()
        })
    }

    /// What a user holds: inline, attached, and through groups.
    async fn held_by(&self, user: &str) -> Result<ToldLook, StoreError> {
        let mut held = Held::default();
        let own = Owner {
            kind: OwnerKind::User,
            name: user.to_owned(),
        };
        self.add_policies(&own, &mut held).await?;
        for group in self.groups_of(user).await? {
            let group = Owner {
                kind: OwnerKind::Group,
                name: group,
            };
            self.add_policies(&group, &mut held).await?;
        }
        Ok(ToldLook {
            is_so: true,
            ..held.into_look()
        })
    }

    async fn renamed(&self, owner: &Owner) -> Result<ToldLook, StoreError> {
        let mut held = Held::default();
        self.add_inline(owner, &mut held).await?;
        Ok(ToldLook {
            is_so: true,
            ..held.into_look()
        })
    }

    async fn add_policies(&self, owner: &Owner, held: &mut Held) -> Result<(), StoreError> {
        self.add_inline(owner, held).await?;
        for policy in self.attached(owner).await? {
            if !held.has_room() {
                return Ok(());
            }
            held.add(self.managed_document(&policy).await)?;
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
            let document = self.inline_document(&policy).await;
            held.add(document.map(|document| HeldPolicy {
                policy: Target::Inline(policy),
                document,
            }))?;
        }
        Ok(())
    }

    /// The default version of a managed policy, an AWS managed one too, with its whole text.
    async fn managed_document(&self, arn: &PolicyArn) -> Result<HeldPolicy, StoreError> {
        let policy = ManagedPolicy { arn: arn.clone() };
        let (_, default) = self.identity(&policy).await?;
        let document = self.version_document(&policy, &default).await?;
        Ok(HeldPolicy {
            policy: Target::Managed(policy),
            document,
        })
    }

    async fn attached(&self, owner: &Owner) -> Result<Vec<PolicyArn>, StoreError> {
        let doing = format!("list the policies that are attached to {owner}");
        let name = &owner.name;
        let attached = match owner.kind {
            OwnerKind::Role => {
                let pages = self.client.list_attached_role_policies().role_name(name);
                let all = pages.into_paginator().items().send().try_collect().await;
                all.map_err(|error| sort(&doing, &error))?
            }
            OwnerKind::User => {
                let pages = self.client.list_attached_user_policies().user_name(name);
                let all = pages.into_paginator().items().send().try_collect().await;
                all.map_err(|error| sort(&doing, &error))?
            }
            OwnerKind::Group => {
                let pages = self.client.list_attached_group_policies().group_name(name);
                let all = pages.into_paginator().items().send().try_collect().await;
                all.map_err(|error| sort(&doing, &error))?
            }
        };
        let arns = attached.into_iter().filter_map(|policy| policy.policy_arn);
        arns.map(|arn| policy_arn(&doing, &arn)).collect()
    }

    async fn inline_names(&self, owner: &Owner) -> Result<Vec<String>, StoreError> {
        let doing = format!("list the inline policies of {owner}");
        let name = &owner.name;
        match owner.kind {
            OwnerKind::Role => {
                let pages = self.client.list_role_policies().role_name(name);
                let all = pages.into_paginator().items().send().try_collect().await;
                all.map_err(|error| sort(&doing, &error))
            }
            OwnerKind::User => {
                let pages = self.client.list_user_policies().user_name(name);
                let all = pages.into_paginator().items().send().try_collect().await;
                all.map_err(|error| sort(&doing, &error))
            }
            OwnerKind::Group => {
                let pages = self.client.list_group_policies().group_name(name);
                let all = pages.into_paginator().items().send().try_collect().await;
                all.map_err(|error| sort(&doing, &error))
            }
        }
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
            .map_err(|error| sort(&doing, &error))?;
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

    /// Adds a policy that was read; one that was deleted between two calls is not there.
    fn add(&mut self, read: Result<HeldPolicy, StoreError>) -> Result<(), StoreError> {
        match read {
            Ok(policy) => self.policies.push(policy),
            Err(error) if error.kind == StoreErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn into_look(self) -> ToldLook {
        ToldLook {
            policies: self.policies,
            has_more: self.has_more,
            ..ToldLook::default()
        }
    }
}

fn policy_arn(doing: &str, arn: &str) -> Result<PolicyArn, StoreError> {
    PolicyArn::parse(arn).map_err(|_| incomplete(doing, "the ARN of a policy that is none"))
}
