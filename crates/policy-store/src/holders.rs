//! Who holds a policy: for people to read, so nothing waits for it and nothing fails for it.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_iam::types::PolicyUsageType;
use iam_account::HeldBy;
use incident::Subject;
use incident::message::{AttachedTo, Contained};
use incident::subject::{ManagedPolicy, Owner, OwnerKind};
use tokio::time::{Instant, timeout_at};

use crate::error::classify;
use crate::{PolicyStore, StoreError};

/// How many pages of a thousand holders are read.
const PAGES_OF_HOLDERS: usize = 5;
/// How many groups are read for their members, one page of a thousand each.
const GROUPS: usize = 10;
/// How long that may take. The request for a decision is sent after it.
const PATIENCE: Duration = Duration::from_secs(3);

impl PolicyStore {
    /// Writes into `contained` who holds the policy, as far as IAM says so.
    pub async fn add_holders(&self, subject: &Subject, contained: &mut Contained) {
        let holders = match subject {
            Subject::Managed(policy) => match self.list(policy).await {
                Ok((owners, has_more)) => {
                    contained.attached_to = Some(AttachedTo::new(owners.clone(), has_more));
                    Some((owners, has_more))
                }
                Err(error) => {
                    tracing::warn!(%error, "the e-mail cannot say who holds the policy");
                    None
                }
            },
            Subject::Inline(policy) => Some((vec![policy.owner.clone()], false)),
            Subject::Reported(_) => None,
        };
        if let Some((owners, has_more)) = holders {
            contained.held_by = Some(self.count(&owners, has_more).await);
        }
    }

    /// How many an owner is, a group with its members.
    pub async fn count_of(&self, owner: &Owner) -> HeldBy {
        self.count(std::slice::from_ref(owner), false).await
    }

    /// Who holds a managed policy, if IAM says so.
    pub async fn holders(&self, policy: &ManagedPolicy) -> Option<AttachedTo> {
        let attached_to = self.attached_to(policy).await;
        attached_to
            .inspect_err(
                |error| tracing::warn!(%error, "the e-mail cannot say who holds the policy"),
            )
            .ok()
    }

    /// Who holds a managed policy.
    ///
    /// # Errors
    ///
    /// If IAM cannot be reached or refuses.
    pub async fn attached_to(&self, policy: &ManagedPolicy) -> Result<AttachedTo, StoreError> {
        let (all, has_more) = self.list(policy).await?;
        Ok(AttachedTo::new(all, has_more))
    }

    /// The roles, users and groups that a managed policy is attached to, and whether there are
    /// more.
    async fn list(&self, policy: &ManagedPolicy) -> Result<(Vec<Owner>, bool), StoreError> {
        let doing = format!("list who holds {policy}");
        let named = |kind: OwnerKind, name: Option<String>| name.map(|name| Owner { kind, name });
        let mut all = Vec::new();
        let mut next = None;
        for _ in 0..PAGES_OF_HOLDERS {
            let held = self
                .client
                .list_entities_for_policy()
                .policy_arn(policy.arn.as_str())
                .policy_usage_filter(PolicyUsageType::PermissionsPolicy)
                .max_items(1000)
                .set_marker(next)
                .send()
                .await
                .map_err(|error| classify(&doing, &error))?;
            let groups = held.policy_groups.unwrap_or_default().into_iter();
            let users = held.policy_users.unwrap_or_default().into_iter();
            let roles = held.policy_roles.unwrap_or_default().into_iter();
            let page = roles
                .filter_map(|role| named(OwnerKind::Role, role.role_name))
                .chain(users.filter_map(|user| named(OwnerKind::User, user.user_name)))
                .chain(groups.filter_map(|group| named(OwnerKind::Group, group.group_name)));
            all.extend(page);
            next = held.marker.filter(|_| held.is_truncated);
            if next.is_none() {
                break;
            }
        }
        Ok((all, next.is_some()))
    }

    /// How many principals these owners are, with the members of the groups.
    ///
    /// What cannot be read in time is not counted, and the count says so.
    async fn count(&self, owners: &[Owner], has_more: bool) -> HeldBy {
        let of = |kind: OwnerKind| owners.iter().filter(move |owner| owner.kind == kind);
        let users: BTreeSet<&str> = of(OwnerKind::User).map(|it| it.name.as_str()).collect();
        let end = Instant::now() + PATIENCE;
        let mut members = BTreeSet::new();
        let mut at_least = has_more || of(OwnerKind::Group).nth(GROUPS).is_some();
        for group in of(OwnerKind::Group).take(GROUPS) {
            match timeout_at(end, self.members(&group.name)).await {
                Ok(Ok((names, has_more))) => {
                    members.extend(names);
                    at_least |= has_more;
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the e-mail cannot say who is in a group");
                    at_least = true;
                }
                Err(_) => {
                    tracing::warn!("IAM is slow, so the e-mail does not count all members");
                    at_least = true;
                    break;
                }
            }
        }
        HeldBy {
            roles: of(OwnerKind::Role).count(),
            users: users.len(),
            groups: of(OwnerKind::Group).count(),
            members: members
                .iter()
                .filter(|name| !users.contains(name.as_str()))
                .count(),
            at_least,
        }
    }

    /// The first thousand members of a group, and whether there are more.
    async fn members(&self, group: &str) -> Result<(Vec<String>, bool), StoreError> {
        let doing = format!("list the members of group `{group}`");
        let call = self.client.get_group().group_name(group).max_items(1000);
        let answer = call
            .send()
            .await
            .map_err(|error| classify(&doing, &error))?;
        let names = answer.users.into_iter().map(|user| user.user_name);
        Ok((names.collect(), answer.is_truncated))
    }
}
