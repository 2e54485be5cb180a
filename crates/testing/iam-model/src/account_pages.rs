//! The calls that list the whole account.

use crate::account_details::whole_account;
use crate::query::{Call, CallResult, policy_members};
use crate::xml::Xml;
use crate::{Account, OwnerKind};

/// The managed policies, all on one page.
pub(crate) fn list_policies(account: &Account) -> CallResult {
    let members = account
        .policies
        .iter()
        .fold(Xml::default(), |members, (arn, policy)| {
            let updated = policy.versions.iter().map(|version| version.created).max();
            let policy =
                policy_members(arn, policy).date("UpdateDate", updated.unwrap_or_default());
            members.element("member", policy)
        });
    Ok(Xml::default()
        .element("Policies", members)
        .text("IsTruncated", false))
}

/// The owners of one kind with their inline policies, page by page: `Marker` is the number of the
/// owners before. Without a filter, the whole account.
pub(crate) fn authorization_details(call: &Call, account: &Account) -> CallResult {
    let Some(wanted) = call.optional("Filter.member.1") else {
        return whole_account(call, account);
    };
    let number = |name: &str| call.optional(name).and_then(|text| text.parse().ok());
    let (start, size) = (
        number("Marker").unwrap_or(0),
        number("MaxItems").unwrap_or(100),
    );
    let owners = account.owners.iter();
    let of_kind: Vec<_> = owners
        .filter(|((kind, _), _)| kind.as_str() == wanted)
        .collect();
    let page = of_kind.iter().skip(start).take(size);
    let members = page.fold(Xml::default(), |members, ((kind, name), owner)| {
        let policies = owner
            .inline
            .iter()
            .fold(Xml::default(), |policies, (policy, document)| {
                let policy = Xml::default().text("PolicyName", policy);
                policies.element("member", policy.document("PolicyDocument", document))
            });
        let kind = kind.as_str();
        let owner = Xml::default().text(&format!("{kind}Name"), name);
        members.element(
            "member",
            owner.element(&format!("{kind}PolicyList"), policies),
        )
    });
    let answer = OwnerKind::ALL.iter().fold(Xml::default(), |answer, kind| {
        let list = format!("{}DetailList", kind.as_str());
        if kind.as_str() == wanted {
            answer.element(&list, members.clone())
        } else {
            answer.element(&list, Xml::default())
        }
    });
    let end = start + size;
    let answer = answer.text("IsTruncated", end < of_kind.len());
    Ok(if end < of_kind.len() {
        answer.text("Marker", end)
    } else {
        answer
    })
}
