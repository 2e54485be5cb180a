//! Entries as `iam-account` reads them: the same code as that of `iam-guard account`.

use std::borrow::Cow;

use iam_account::{
    Attachment, Boundary, DocumentText, Entry, GroupEntry, InlinePolicy, PolicyEntry,
    PolicyVersion, RoleEntry, Text, UserEntry,
};
use incident::PolicyArn;
use incident::subject::OwnerKind;
use incident::survey::{SurveyedPolicy, SurveyedPrincipal};

pub(super) fn of_principal(principal: &SurveyedPrincipal) -> Entry<'_> {
    let name = text(&principal.owner.name);
    let arn = text(&principal.arn);
    let inline = principal.inline.iter().map(|inline| InlinePolicy {
        policy_name: text(&inline.name),
        policy_document: document(&inline.document),
    });
    let inline = inline.collect();
    let attached = principal.attached.iter().map(|arn| Attachment {
        policy_arn: of_arn(arn),
    });
    let attached = attached.collect();
    let boundary = principal.boundary.as_ref().map(|arn| Boundary {
        permissions_boundary_arn: of_arn(arn),
    });
    match principal.owner.kind {
        OwnerKind::User => Entry::User(UserEntry {
            user_name: name,
            arn,
            user_policy_list: inline,
            group_list: principal.groups.iter().map(|group| text(group)).collect(),
            attached_managed_policies: attached,
            permissions_boundary: boundary,
        }),
        OwnerKind::Group => Entry::Group(GroupEntry {
            group_name: name,
            arn,
            group_policy_list: inline,
            attached_managed_policies: attached,
        }),
        OwnerKind::Role => Entry::Role(RoleEntry {
            role_name: name,
            arn,
            assume_role_policy_document: principal.trust.as_deref().map(document),
            role_policy_list: inline,
            attached_managed_policies: attached,
            permissions_boundary: boundary,
        }),
    }
}

pub(super) fn of_policy(policy: &SurveyedPolicy) -> Entry<'_> {
    Entry::Policy(PolicyEntry {
        arn: of_arn(&policy.arn),
        default_version_id: Some(text(policy.version.as_str())),
        attachment_count: policy.attachments,
        policy_version_list: vec![PolicyVersion {
            version_id: Some(text(policy.version.as_str())),
            is_default_version: Some(true),
            document: Some(document(&policy.document)),
        }],
    })
}

fn of_arn(arn: &PolicyArn) -> Text<'_> {
    text(arn.as_str())
}

fn text(text: &str) -> Text<'_> {
    Text(Cow::Borrowed(text))
}

fn document(text: &str) -> DocumentText<'_> {
    DocumentText(Cow::Borrowed(text))
}
