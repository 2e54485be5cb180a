//! The whole account, page by page.

use std::time::Duration;

use aws_sdk_iam::config::timeout::TimeoutConfig;
use aws_sdk_iam::primitives::DateTime;
use aws_sdk_iam::types::{
    AttachedPermissionsBoundary, AttachedPolicy, GroupDetail, ManagedPolicyDetail, PolicyDetail,
    RoleDetail, UserDetail,
};
use incident::subject::{Owner, OwnerKind, Reserved};
use incident::survey::{SurveyedInline, SurveyedPolicy, SurveyedPrincipal};
use incident::{PolicyArn, UniqueId, VersionId};

use crate::error::classify;
use crate::managed::{date, incomplete};
use crate::{PolicyStore, StoreError};

/// How many entries a page has at most. IAM may return fewer.
const PAGE: i32 = 200;

/// A page of the account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SurveyedPage {
    pub principals: Vec<SurveyedPrincipal>,
    pub policies: Vec<SurveyedPolicy>,
    /// Where the next page begins; `None` after the last one.
    pub next: Option<String>,
}

impl PolicyStore {
    /// A page of all users, groups, roles and managed policies; of AWS's own policies those that
    /// are in use (IAM API Reference, "GetAccountAuthorizationDetails").
    ///
    /// # Errors
    ///
    /// If IAM cannot be reached or refuses, or the answer lacks what every entry has.
    pub async fn account_page(&self, marker: Option<&str>) -> Result<SurveyedPage, StoreError> {
        const DOING: &str = "read the users, groups, roles and policies of the account";
        // A page takes longer than any other answer that the functions read.
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(Duration::from_secs(20))
            .operation_timeout(Duration::from_secs(60))
            .build();
        let page = self
            .client
            .get_account_authorization_details()
            .max_items(PAGE)
            .set_marker(marker.map(str::to_owned))
            .customize()
            .config_override(aws_sdk_iam::config::Builder::new().timeout_config(timeouts))
            .send()
            .await
            .map_err(|error| classify(DOING, &error))?;
        let mut read = SurveyedPage::default();
        for user in page.user_detail_list.unwrap_or_default() {
            read.principals.push(of_user(user).map_err(lacks)?);
        }
        for group in page.group_detail_list.unwrap_or_default() {
            read.principals.push(of_group(group).map_err(lacks)?);
        }
        for role in page.role_detail_list.unwrap_or_default() {
            read.principals.push(of_role(role).map_err(lacks)?);
        }
        for policy in page.policies.unwrap_or_default() {
            read.policies.push(of_policy(policy).map_err(lacks)?);
        }
        if page.is_truncated && page.marker.is_none() {
            return Err(lacks(
                "a page that says that more follow, and not where".to_owned(),
            ));
        }
        read.next = page.marker.filter(|_| page.is_truncated);
        Ok(read)
    }
}

fn lacks(what: String) -> StoreError {
    incomplete("read an entry of the account", &what)
}

fn of_user(user: UserDetail) -> Result<SurveyedPrincipal, String> {
    let (owner, identity) = named(
        OwnerKind::User,
        user.user_name,
        user.user_id,
        user.create_date.as_ref(),
    )?;
    Ok(SurveyedPrincipal {
        arn: user.arn.unwrap_or_default(),
        inline: inline(&owner, user.user_policy_list)?,
        attached: attached(&owner, user.attached_managed_policies)?,
        boundary: boundary(&owner, user.permissions_boundary)?,
        groups: user.group_list.unwrap_or_default(),
        reserved: None,
        trust: None,
        owner,
        identity,
    })
}

fn of_group(group: GroupDetail) -> Result<SurveyedPrincipal, String> {
    let (owner, identity) = named(
        OwnerKind::Group,
        group.group_name,
        group.group_id,
        group.create_date.as_ref(),
    )?;
    Ok(SurveyedPrincipal {
        arn: group.arn.unwrap_or_default(),
        inline: inline(&owner, group.group_policy_list)?,
        attached: attached(&owner, group.attached_managed_policies)?,
        boundary: None,
        groups: Vec::new(),
        reserved: None,
        trust: None,
        owner,
        identity,
    })
}

fn of_role(role: RoleDetail) -> Result<SurveyedPrincipal, String> {
    let (owner, identity) = named(
        OwnerKind::Role,
        role.role_name,
        role.role_id,
        role.create_date.as_ref(),
    )?;
    Ok(SurveyedPrincipal {
        arn: role.arn.unwrap_or_default(),
        inline: inline(&owner, role.role_policy_list)?,
        attached: attached(&owner, role.attached_managed_policies)?,
        boundary: boundary(&owner, role.permissions_boundary)?,
        groups: Vec::new(),
        reserved: role.path.as_deref().and_then(Reserved::of_path),
        trust: role.assume_role_policy_document,
        owner,
        identity,
    })
}

fn of_policy(policy: ManagedPolicyDetail) -> Result<SurveyedPolicy, String> {
    let arn = policy.arn.ok_or("a policy without an ARN")?;
    let arn = PolicyArn::parse(&arn).map_err(|error| error.to_string())?;
    let default = policy
        .default_version_id
        .ok_or_else(|| format!("`{arn}` without a default version"))?;
    let mut versions = policy.policy_version_list.unwrap_or_default().into_iter();
    let version = versions
        .find(|version| version.version_id.as_ref() == Some(&default))
        .ok_or_else(|| format!("`{arn}` without its default version {default}"))?;
    let document = version
        .document
        .ok_or_else(|| format!("version {default} of `{arn}` without a document"))?;
    Ok(SurveyedPolicy {
        identity: UniqueId {
            id: policy
                .policy_id
                .ok_or_else(|| format!("`{arn}` without an id"))?,
            created: date(policy.create_date.as_ref()),
        },
        version: VersionId::parse(&default).map_err(|error| error.to_string())?,
        created: date(version.create_date.as_ref()),
        document: iam_policy::decode_document(&document).into_owned(),
        reserved: policy.path.as_deref().and_then(Reserved::of_path),
        attachments: policy
            .attachment_count
            .and_then(|count| u64::try_from(count).ok()),
        arn,
    })
}

fn named(
    kind: OwnerKind,
    name: Option<String>,
    id: Option<String>,
    created: Option<&DateTime>,
) -> Result<(Owner, UniqueId), String> {
    let name = name.ok_or_else(|| format!("a {kind} without a name"))?;
    let id = id.ok_or_else(|| format!("{kind} `{name}` without an id"))?;
    let created = date(created);
    Ok((Owner { kind, name }, UniqueId { id, created }))
}

fn inline(
    owner: &Owner,
    policies: Option<Vec<PolicyDetail>>,
) -> Result<Vec<SurveyedInline>, String> {
    let policies = policies.unwrap_or_default().into_iter();
    let policies = policies.map(
        |policy| match (policy.policy_name, policy.policy_document) {
            (Some(name), Some(document)) => Ok(SurveyedInline {
                name,
                document: iam_policy::decode_document(&document).into_owned(),
            }),
            _ => Err(format!("an inline policy of {owner} without its document")),
        },
    );
    policies.collect()
}

fn attached(
    owner: &Owner,
    policies: Option<Vec<AttachedPolicy>>,
) -> Result<Vec<PolicyArn>, String> {
    let arns = policies.unwrap_or_default().into_iter();
    arns.map(|policy| parsed(owner, policy.policy_arn))
        .collect()
}

fn boundary(
    owner: &Owner,
    boundary: Option<AttachedPermissionsBoundary>,
) -> Result<Option<PolicyArn>, String> {
    boundary
        .map(|boundary| parsed(owner, boundary.permissions_boundary_arn))
        .transpose()
}

fn parsed(owner: &Owner, arn: Option<String>) -> Result<PolicyArn, String> {
    let arn = arn.ok_or_else(|| format!("a policy of {owner} without an ARN"))?;
    PolicyArn::parse(&arn).map_err(|error| format!("{owner}: {error}"))
}
