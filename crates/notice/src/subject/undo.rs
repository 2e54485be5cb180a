//! How to take back a call that the guard reports.

use incident::message::{Reason, Report};
use incident::subject::{Credentials, Owner, ReportedCall, Reserved};

use super::{credentials, rare};
use crate::text::option;

/// A trust policy that lets no principal assume the role.
const DENY_ALL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}"#;

/// The command that reverts the call.
pub(crate) fn undo_command(call: &ReportedCall) -> Option<String> {
    let named = |owner: &Owner| option(&format!("{}-name", owner.kind), &owner.name);
    let policy_of = |verb: &str, owner: &Owner, policy: &str| {
        format!(
            "aws iam {verb}-{}-policy {} {}",
            owner.kind,
            named(owner),
            option("policy-arn", policy)
        )
    };
    let member = |verb: &str, user: &str, group: &str| {
        format!(
            "aws iam {verb} {} {}",
            option("user-name", user),
            option("group-name", group)
        )
    };
    Some(match call {
        ReportedCall::Attachment { owner, policy } => policy_of("detach", owner, policy.as_str()),
        // The guard suggests nothing that grants: see `no_command`.
        ReportedCall::Detachment { .. } | ReportedCall::RemovedFromGroup { .. } => return None,
        ReportedCall::AddedToGroup { user, group } => member("remove-user-from-group", user, group),
        ReportedCall::Boundary { owner, .. } => format!(
            "aws iam put-{}-permissions-boundary {} --permissions-boundary ARN_OF_THE_BOUNDARY_BEFORE",
            owner.kind,
            named(owner),
        ),
        ReportedCall::Trust { role, .. } => format!(
            "aws iam update-assume-role-policy {} --policy-document '{DENY_ALL}'",
            option("role-name", role)
        ),
        ReportedCall::AcquiredRole { role } => format!(
            "aws iam update-assume-role-policy {} --policy-document '{DENY_ALL}'",
            option("role-name", role)
        ),
        ReportedCall::InstanceProfile { role, profile } => format!(
            "aws iam remove-role-from-instance-profile {} {}",
            option("instance-profile-name", profile),
            option("role-name", role)
        ),
        ReportedCall::Credentials {
            user, credentials, ..
        } => return credentials::undo_command(credentials, user),
        // Without the name of a user, a command would delete the credentials of who runs it.
        ReportedCall::RootCredentials { .. } | ReportedCall::Rare { .. } => return None,
        ReportedCall::Renaming { owner, before } => format!(
            "aws iam update-{} {} {}",
            owner.kind,
            named(owner),
            option(&format!("new-{}-name", owner.kind), before),
        ),
    })
}

/// Why no command reverts the call, if there is none.
pub(crate) fn no_command(call: &ReportedCall, report: &Report) -> Option<String> {
    if let ReportedCall::RootCredentials { .. } = call {
        return Some(
            "If nobody can explain the call, act as if the account was taken over. Sign in as the root user, and delete the access key or change the password under Security credentials. If the account is a member of an organization, its management account can delete both (Root access management in the console of IAM).".to_owned(),
        );
    }
    if let ReportedCall::Rare { call, .. } = call {
        return Some(rare::what_to_do(*call).to_owned());
    }
    if let ReportedCall::Credentials {
        credentials: Credentials::WithoutMfa(_),
        ..
    } = call
    {
        return Some(credentials::NO_DEVICE.to_owned());
    }
    let protected_or_lost = report.reasons.iter().find_map(|reason| match reason {
        Reason::Reserved { by } => Some(change_instead(*by).to_owned()),
        Reason::NotRead { named } => Some(format!(
            "No command does, because IAM does not have the {named} of the call any more: someone deleted it or gave it another name. Look in CloudTrail for what it was, and look at what is still granted."
        )),
        _ => None,
    });
    protected_or_lost.or_else(|| grants_too(call, report))
}

/// How many allowed actions an e-mail names.
const SHOWN_ALLOWS: usize = 12;

/// What would come back together with the `Deny` of a policy that went. Records can be forged, so
/// the guard suggests no command that grants anything.
fn grants_too(call: &ReportedCall, report: &Report) -> Option<String> {
    let how = match call {
        ReportedCall::Detachment { .. } => "attach the policy",
        ReportedCall::RemovedFromGroup { .. } => "add the user to the group",
        _ => return None,
    };
    let mut allowed: Vec<&str> = Vec::new();
    let mut more = report.more_reasons;
    for reason in &report.reasons {
        match reason {
            Reason::Denied {
                allows,
                more_allows,
                ..
            } => {
                allowed.extend(allows.iter().map(String::as_str));
                more += more_allows;
            }
            Reason::Unread => more += 1,
            _ => {}
        }
    }
    let shown = allowed.len().min(SHOWN_ALLOWS);
    more += allowed.len() - shown;
    let grants = match (allowed.get(..shown).unwrap_or_default(), more) {
        ([], 0) => "That grants nothing else, as far as the policies with a deny say.".to_owned(),
        ([], _) => "That also grants more than the guard can show.".to_owned(),
        (shown, 0) => format!("That also grants {}.", shown.join(", ")),
        (shown, more) => format!("That also grants {} and {more} more.", shown.join(", ")),
    };
    Some(format!(
        "To take it back, {how} again by hand. {grants} The guard suggests no command that can grant something: look at the policies first."
    ))
}

/// Where to change what IAM protects.
pub(crate) fn change_instead(by: Reserved) -> &'static str {
    match by {
        Reserved::IdentityCenter => {
            "Change the permission set in IAM Identity Center: IAM lets no one change what it made."
        }
        Reserved::Service => {
            "Change it in the AWS service that it belongs to: IAM lets no one change what that made."
        }
    }
}

/// What the reader must know before running the command.
pub(crate) fn undo_caution(call: &ReportedCall) -> Option<&'static str> {
    Some(match call {
        ReportedCall::Attachment { .. } | ReportedCall::AddedToGroup { .. } => {
            "If it was already so before this call, others may rely on it: look in CloudTrail first."
        }
        ReportedCall::Boundary {
            boundary: Some(_), ..
        } => {
            "The record does not say which boundary was in force before. Look in CloudTrail for the call before this one. If there was none before, keep this one: without a boundary, even more is allowed."
        }
        ReportedCall::Boundary { .. } => {
            "The record does not say which boundary was in force before. Look in CloudTrail for the call before this one."
        }
        ReportedCall::Trust { .. } | ReportedCall::AcquiredRole { .. } => {
            "The command stops every principal from assuming the role. Then write the trust policy that you want. Sessions that began before go on until they expire; to end them, choose Revoke sessions on the page of the role."
        }
        ReportedCall::InstanceProfile { .. } => {
            "Instances lose the permissions of the role as soon as their sessions expire. Look first for the ones that need it."
        }
        ReportedCall::Credentials { credentials, .. } => return credentials::caution(credentials),
        ReportedCall::Renaming { .. } => {
            "Older records and e-mails have the old name. Look in CloudTrail for what someone attached to it, and for credentials that someone made for it."
        }
        ReportedCall::Detachment { .. }
        | ReportedCall::RemovedFromGroup { .. }
        | ReportedCall::RootCredentials { .. }
        | ReportedCall::Rare { .. } => return None,
    })
}
