//! Reads that find a policy whose name no record has.

use aws_sdk_iam::types::{EntityType, PolicyDetail, PolicyScopeType};
use incident::subject::ManagedPolicy;
use incident::{OwnerKind, PolicyArn, Target, Timestamp};

use crate::error::classify;
use crate::managed::date;
use crate::{PolicyStore, StoreError};

/// How many pages of a thousand managed policies are read.
const PAGES_OF_POLICIES: usize = 10;
/// How many owners a page of the account has. Each can have more than ten thousand characters.
const OWNERS: i32 = 300;

/// A document that is at least as long as wanted, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongDocument {
    pub target: Target,
    pub document: String,
}

/// A part of the account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountPage {
    pub long: Vec<LongDocument>,
    /// Where the next page begins; `None` after the last one.
    pub next: Option<String>,
}

impl PolicyStore {
    /// The customer managed policies whose last change was between these times, the earliest change
    /// first.
    ///
    /// # Errors
    ///
    /// If IAM cannot be reached or refuses.
    pub async fn changed_between(
        &self,
        start: Timestamp,
        end: Timestamp,
    ) -> Result<Vec<ManagedPolicy>, StoreError> {
        let doing = "list the customer managed policies";
        let mut changed = Vec::new();
        let mut next = None;
        for _ in 0..PAGES_OF_POLICIES {
            let page = self
                .client
                .list_policies()
                .scope(PolicyScopeType::Local)
                .max_items(1000)
                .set_marker(next)
                .send()
                .await
                .map_err(|error| classify(doing, &error))?;
            for policy in page.policies.unwrap_or_default() {
                let updated = date(policy.update_date.as_ref());
                let arn = policy.arn.as_deref().map(PolicyArn::parse);
                let times = start.as_second()..=end.as_second();
                if let Some(Ok(arn)) = arn
                    && times.contains(&updated.as_second())
                {
                    changed.push((updated, ManagedPolicy { arn }));
                }
            }
            next = page.marker.filter(|_| page.is_truncated);
            if next.is_none() {
                break;
            }
        }
        changed.sort_by_key(|(updated, ..)| *updated);
        Ok(changed.into_iter().map(|(_, policy)| policy).collect())
    }

    /// The inline policies of the owners of this kind, as far as they have `length` bytes; of roles
    /// instead the trust policies, if `is_trust`.
    ///
    /// # Errors
    ///
    /// If IAM cannot be reached or refuses.
    pub async fn long_documents(
        &self,
        kind: OwnerKind,
        is_trust: bool,
        length: usize,
        marker: Option<&str>,
    ) -> Result<AccountPage, StoreError> {
        let doing = format!("search the policies of all {kind}s");
        let page = self
            .client
            .get_account_authorization_details()
            .filter(match kind {
                OwnerKind::Role => EntityType::Role,
                OwnerKind::User => EntityType::User,
                OwnerKind::Group => EntityType::Group,
            })
            .max_items(OWNERS)
            .set_marker(marker.map(str::to_owned))
            .send()
            .await
            .map_err(|error| classify(&doing, &error))?;
        let mut documents = Vec::new();
        let mut inline = |owner: Option<String>, policies: Option<Vec<PolicyDetail>>| {
            let policies = policies.unwrap_or_default().into_iter();
            documents
                .extend(policies.map(|it| (owner.clone(), it.policy_name, it.policy_document)));
        };
        for user in page.user_detail_list.unwrap_or_default() {
            inline(user.user_name, user.user_policy_list);
        }
        for group in page.group_detail_list.unwrap_or_default() {
            inline(group.group_name, group.group_policy_list);
        }
        let roles = page.role_detail_list.unwrap_or_default().into_iter();
        if is_trust {
            documents
                .extend(roles.map(|role| (role.role_name, None, role.assume_role_policy_document)));
        } else {
            for role in roles {
                inline(role.role_name, role.role_policy_list);
            }
        }
        let long = documents
            .into_iter()
            .filter_map(|(owner, policy, document)| {
                let document = document?;
                let document = iam_policy::decode_document(&document);
                (document.len() >= length).then(|| LongDocument {
                    target: Target::of(kind, &owner.unwrap_or_default(), policy.as_deref()),
                    document: document.into_owned(),
                })
            });
        Ok(AccountPage {
            long: long.collect(),
            next: page.marker.filter(|_| page.is_truncated),
        })
    }
}
