//! Everything that the policies of the account give, to see that nothing else changes.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use aws_sdk_iam::Client;
use aws_sdk_iam::types::{AttachedPolicy, EntityType, PolicyDetail};

/// One entry for each attachment, membership, inline policy and version.
pub(super) type Held = BTreeSet<String>;

/// What IAM shows of the whole account.
pub(super) async fn held(iam: &Client) -> Result<Held> {
    let mut held = Held::new();
    let read = iam.get_account_authorization_details();
    let read = [
        EntityType::User,
        EntityType::Role,
        EntityType::Group,
        EntityType::LocalManagedPolicy,
    ]
    .into_iter()
    .fold(read, |read, kind| read.filter(kind));
    let mut pages = read.into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.context("cannot read the account")?;
        for user in page.user_detail_list() {
            let name = format!("user {}", user.user_name().unwrap_or_default());
            holds(
                &mut held,
                &name,
                user.attached_managed_policies(),
                user.user_policy_list(),
            );
            for group in user.group_list() {
                held.insert(format!("{name} in {group}"));
            }
        }
        for role in page.role_detail_list() {
            let name = format!("role {}", role.role_name().unwrap_or_default());
            holds(
                &mut held,
                &name,
                role.attached_managed_policies(),
                role.role_policy_list(),
            );
        }
        for group in page.group_detail_list() {
            let name = format!("group {}", group.group_name().unwrap_or_default());
            holds(
                &mut held,
                &name,
                group.attached_managed_policies(),
                group.group_policy_list(),
            );
        }
        for policy in page.policies() {
            let arn = policy.arn().unwrap_or_default();
            for version in policy.policy_version_list() {
                let id = version.version_id().unwrap_or_default();
                let document = version.document().unwrap_or_default();
                let default = version.is_default_version();
                held.insert(format!("{arn} {id} {default} {document}"));
            }
        }
    }
    Ok(held)
}

fn holds(held: &mut Held, name: &str, attached: &[AttachedPolicy], inline: &[PolicyDetail]) {
    held.insert(name.to_owned());
    for policy in attached {
        held.insert(format!(
            "{name} attached {}",
            policy.policy_arn().unwrap_or_default()
        ));
    }
    for policy in inline {
        let document = policy.policy_document().unwrap_or_default();
        held.insert(format!(
            "{name} inline {} {document}",
            policy.policy_name().unwrap_or_default()
        ));
    }
}
