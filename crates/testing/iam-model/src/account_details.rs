//! `GetAccountAuthorizationDetails` without a filter: the whole account.

use crate::managed::is_aws_managed;
use crate::query::{Call, CallResult, policy_members, version_members};
use crate::xml::Xml;
use crate::{Account, Owner, OwnerKind, Policy};

/// An entry of an answer.
enum Entry<'a> {
    Owner(OwnerKind, &'a str, &'a Owner),
    Policy(&'a str, &'a Policy),
}

/// Users, groups, roles and managed policies, in this order and page by page; of AWS's own policies
/// those that are in use (IAM API Reference). `Marker` is the number of the entries before.
pub(crate) fn whole_account(call: &Call, account: &Account) -> CallResult {
    let number = |name: &str| call.optional(name).and_then(|text| text.parse().ok());
    let (start, size) = (
        number("Marker").unwrap_or(0),
        number("MaxItems").unwrap_or(100),
    );
    let entries = entries(account);
    let page: Vec<&Entry<'_>> = entries.iter().skip(start).take(size).collect();
    let mut answer = Xml::default();
    for kind in [OwnerKind::User, OwnerKind::Group, OwnerKind::Role] {
        let members = page.iter().fold(Xml::default(), |members, it| match it {
            Entry::Owner(of, name, owner) if *of == kind => {
                members.element("member", owner_members(account, kind, name, owner))
            }
            _ => members,
        });
        answer = answer.element(&format!("{}DetailList", kind.as_str()), members);
    }
    let policies = page.iter().fold(Xml::default(), |members, it| match it {
        Entry::Policy(arn, policy) => members.element("member", whole_policy(account, arn, policy)),
        Entry::Owner(..) => members,
    });
    let end = start + size;
    let is_truncated = end < entries.len();
    let answer = answer
        .element("Policies", policies)
        .text("IsTruncated", is_truncated);
    Ok(if is_truncated {
        answer.text("Marker", end)
    } else {
        answer
    })
}

fn entries(account: &Account) -> Vec<Entry<'_>> {
    let kinds = [OwnerKind::User, OwnerKind::Group, OwnerKind::Role];
    let owners = kinds.into_iter().flat_map(|kind| {
        let all = account.owners.iter();
        let of_kind = all.filter(move |((of, _), _)| *of == kind);
        of_kind.map(move |((_, name), owner)| Entry::Owner(kind, name, owner))
    });
    let policies = account.policies.iter();
    let policies = policies.filter(|(arn, _)| !is_aws_managed(arn) || account.is_in_use(arn));
    let policies = policies.map(|(arn, policy)| Entry::Policy(arn, policy));
    owners.chain(policies).collect()
}

fn owner_members(account: &Account, kind: OwnerKind, name: &str, owner: &Owner) -> Xml {
    let word = kind.as_str();
    let inline = owner
        .inline
        .iter()
        .fold(Xml::default(), |policies, (policy, document)| {
            let policy = Xml::default().text("PolicyName", policy);
            policies.element("member", policy.document("PolicyDocument", document))
        });
    let attached = account
        .attached(kind, name)
        .fold(Xml::default(), |policies, arn| {
            let name = arn.rsplit('/').next().unwrap_or(arn);
            let policy = Xml::default()
                .text("PolicyName", name)
                .text("PolicyArn", arn);
            policies.element("member", policy)
        });
    let arn = format!("arn:aws:iam::{}:{kind}{}{name}", account.id(), owner.path);
    let mut members = Xml::default()
        .text("Path", &owner.path)
        .text(&format!("{word}Name"), name)
        .text(&format!("{word}Id"), &owner.id)
        .text("Arn", arn)
        .date("CreateDate", owner.created)
        .element(&format!("{word}PolicyList"), inline)
        .element("AttachedManagedPolicies", attached);
    if let Some(arn) = &owner.boundary {
        let boundary = Xml::default()
            .text("PermissionsBoundaryType", "Policy")
            .text("PermissionsBoundaryArn", arn);
        members = members.element("PermissionsBoundary", boundary);
    }
    match kind {
        OwnerKind::User => {
            let groups = account.groups_of(name);
            let groups = groups.fold(Xml::default(), |groups, group| groups.text("member", group));
            members.element("GroupList", groups)
        }
        OwnerKind::Group => members,
        OwnerKind::Role => members
            .document("AssumeRolePolicyDocument", &owner.trust)
            .element("InstanceProfileList", Xml::default()),
    }
}

fn whole_policy(account: &Account, arn: &str, policy: &Policy) -> Xml {
    let newest_first = policy.versions.iter().rev();
    let versions = newest_first.fold(Xml::default(), |versions, version| {
        let version = version_members(version, policy).document("Document", &version.document);
        versions.element("member", version)
    });
    let updated = policy.versions.iter().map(|version| version.created).max();
    policy_members(arn, policy)
        .date("UpdateDate", updated.unwrap_or_default())
        .text("AttachmentCount", account.holders_of(arn).count())
        .text("PermissionsBoundaryUsageCount", account.bounded_by(arn))
        .text("IsAttachable", true)
        .element("PolicyVersionList", versions)
}
