//! The text about calls that the guard reports and does not revert.

use incident::message::{Reason, Report, VerdictResult};
use incident::subject::{Credentials, Owner, OwnerKind, ReportedCall, Reserved};
use percent_encoding::utf8_percent_encode;

use super::SEGMENT;
use crate::text::option;

/// A trust policy that lets no principal assume the role.
const DENY_ALL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}"#;

pub(super) fn name(call: &ReportedCall) -> String {
    match call {
        ReportedCall::Attachment { owner, policy } => {
            format!("{} on {}", policy.name(), owner_name(owner))
        }
        ReportedCall::Detachment { owner, policy } => {
            format!("removal of {} from {}", policy.name(), owner_name(owner))
        }
        ReportedCall::AddedToGroup { user, group } => format!("user {user} in group {group}"),
        ReportedCall::RemovedFromGroup { user, group } => {
            format!("user {user} removed from group {group}")
        }
        ReportedCall::Boundary { owner, .. } => {
            format!("boundary of {} {}", owner.kind, owner.name)
        }
        ReportedCall::Trust { role, .. } => format!("trust policy of role {role}"),
        ReportedCall::Credentials {
            user, credentials, ..
        } => match credentials {
            Credentials::AccessKey(_) => format!("access key of user {user}"),
            Credentials::Password => format!("password of user {user}"),
        },
        ReportedCall::RootCredentials { credentials } => match credentials {
            Credentials::AccessKey(_) => "access key of the root user".to_owned(),
            Credentials::Password => "password of the root user".to_owned(),
        },
        ReportedCall::Renaming { owner, .. } => format!("{} {}", owner.kind, owner.name),
    }
}

/// The end of a sentence that begins with the caller: what the call did.
pub(crate) fn predicate(call: &ReportedCall) -> String {
    match call {
        ReportedCall::Attachment { owner, policy } => {
            format!(
                "attached the policy {} to the {}",
                policy.as_str(),
                owner_name(owner)
            )
        }
        ReportedCall::Detachment { owner, policy } => {
            format!(
                "detached the policy {} from the {}",
                policy.as_str(),
                owner_name(owner)
            )
        }
        ReportedCall::AddedToGroup { user, group } => {
            format!("added the user {user} to the group {group}")
        }
        ReportedCall::RemovedFromGroup { user, group } => {
            format!("removed the user {user} from the group {group}")
        }
        ReportedCall::Boundary {
            owner,
            boundary: Some(boundary),
        } => format!(
            "set the permissions boundary of the {} to {}",
            owner_name(owner),
            boundary.as_str()
        ),
        ReportedCall::Boundary { owner, .. } => {
            format!(
                "removed the permissions boundary of the {}",
                owner_name(owner)
            )
        }
        ReportedCall::Trust { role, is_new: true } => format!("created the role {role}"),
        ReportedCall::Trust { role, .. } => format!("changed the trust policy of the role {role}"),
        ReportedCall::Credentials {
            user, credentials, ..
        } => match credentials {
            Credentials::AccessKey(_) => format!("created an access key for the user {user}"),
            Credentials::Password => format!("set the password of the user {user}"),
        },
        ReportedCall::RootCredentials { credentials } => match credentials {
            Credentials::AccessKey(Some(id)) => {
                format!("created the access key {id} for the root user")
            }
            Credentials::AccessKey(None) => "created an access key for the root user".to_owned(),
            Credentials::Password => "set the password of the root user".to_owned(),
        },
        ReportedCall::Renaming { owner, before } => {
            format!("renamed the {} {before} to {}", owner.kind, owner.name)
        }
    }
}

/// What the call changed in permissions, and whether that is in force.
pub(crate) fn consequence(call: &ReportedCall, report: &Report, result: VerdictResult) -> String {
    match result {
        VerdictResult::Gone => renamed_or_deleted(report),
        VerdictResult::Reported => in_force(call, report).to_owned(),
        _ => withdrawn(call, report),
    }
}

fn in_force(call: &ReportedCall, report: &Report) -> &'static str {
    let is_grant = |reason: &Reason| matches!(reason, Reason::Grants { .. });
    let is_not_read = |reason: &Reason| matches!(reason, Reason::NotRead { .. });
    if report.reasons.iter().any(is_not_read) {
        return match call {
            ReportedCall::AddedToGroup { .. } => {
                "The group cannot be read any more, and the user holds restricted permissions, which ARE IN FORCE."
            }
            ReportedCall::RemovedFromGroup { .. } => {
                "The group cannot be read any more. It may have denied restricted permissions that the user holds. This IS IN FORCE."
            }
            _ => {
                "The policy cannot be read any more. It may have denied restricted permissions that are held without it. This IS IN FORCE."
            }
        };
    }
    match call {
        ReportedCall::RootCredentials { .. } => {
            "Anyone with these credentials can do everything in the account, and no policy limits it. This IS IN FORCE."
        }
        ReportedCall::Credentials { by_key: true, .. } => {
            "A key of the user made them, so whoever has that key keeps the restricted permissions of that user even if the key is deleted. This IS IN FORCE."
        }
        ReportedCall::Boundary { .. } if report.reasons.contains(&Reason::NoBoundary) => {
            "No boundary limits the permissions any more. This IS IN FORCE."
        }
        ReportedCall::Boundary { .. } => {
            "The boundary allows restricted permissions, and it IS IN FORCE."
        }
        ReportedCall::Detachment { .. } => {
            "The policy denied something that may now be allowed. This IS IN FORCE."
        }
        ReportedCall::RemovedFromGroup { .. } => {
            "A policy of the group denied something that may now be allowed. This IS IN FORCE."
        }
        ReportedCall::Trust { .. } => {
            "The trust policy lets in a principal from outside, and it IS IN FORCE."
        }
        ReportedCall::Credentials { .. } => {
            "Anyone with these credentials has the restricted permissions of that user. This IS IN FORCE."
        }
        ReportedCall::Renaming { .. } if report.monitored => {
            "A rename keeps everything, and what has the new name keeps its restricted permissions. This IS IN FORCE."
        }
        ReportedCall::Renaming { .. } => {
            "A rename keeps everything, and what has the new name keeps its restricted permissions. This IS IN FORCE, except that its own inline policies get incidents of their own."
        }
        ReportedCall::Attachment { .. } | ReportedCall::AddedToGroup { .. }
            if !report.reasons.iter().any(is_grant) =>
        {
            "That may grant restricted permissions; if it does, they ARE IN FORCE."
        }
        ReportedCall::Attachment { .. } | ReportedCall::AddedToGroup { .. } => {
            "That grants restricted permissions, which ARE IN FORCE."
        }
    }
}

fn withdrawn(call: &ReportedCall, report: &Report) -> String {
    let what = match call {
        ReportedCall::Boundary { .. } if report.reasons.contains(&Reason::NoBoundary) => {
            "For a while, no boundary limited the permissions."
        }
        ReportedCall::Boundary { .. } => {
            "For a while, the boundary allowed restricted permissions."
        }
        ReportedCall::Detachment { .. } => {
            "The policy denied something that may have been allowed for a while."
        }
        ReportedCall::RemovedFromGroup { .. } => {
            "A policy of the group denied something that may have been allowed for a while."
        }
        ReportedCall::Trust { .. } => {
            "The trust policy let in a principal from outside for a while, and sessions that began then go on until they expire."
        }
        ReportedCall::Attachment { .. }
        | ReportedCall::AddedToGroup { .. }
        | ReportedCall::Credentials { .. }
        | ReportedCall::RootCredentials { .. }
        | ReportedCall::Renaming { .. } => "That granted restricted permissions for a while.",
    };
    let now = match call {
        ReportedCall::Attachment { owner, .. }
        | ReportedCall::Detachment { owner, .. }
        | ReportedCall::Boundary { owner, .. }
            if owner.kind == OwnerKind::Role =>
        {
            "It has since been undone, or the role was deleted."
        }
        ReportedCall::Trust { .. } => "It has since been undone, or the role was deleted.",
        // A record names users and groups, and IAM can rename both.
        _ => {
            "It has since been undone, at least for the present owner of the name. If someone moved the name by a rename, another e-mail reports that."
        }
    };
    format!("{what} {now}")
}

/// IAM does not record the new name of a renamed user or group, which keeps its policies.
fn renamed_or_deleted(report: &Report) -> String {
    let owner = report.reasons.iter().find_map(|reason| match reason {
        Reason::Absent { owner } => Some(owner),
        _ => None,
    });
    let (kind, call) = match owner.map(|owner| owner.kind) {
        Some(OwnerKind::Group) => ("group", "UpdateGroup"),
        _ => ("user", "UpdateUser"),
    };
    format!(
        "IAM no longer has a {kind} of this name. If someone renamed the {kind}, this IS STILL IN FORCE under the new name: look in CloudTrail for an {call} call. If someone deleted it, nothing is left to do."
    )
}

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
        ReportedCall::Credentials {
            user,
            credentials: Credentials::AccessKey(key),
            ..
        } => format!(
            "aws iam delete-access-key {} {}",
            option("user-name", user),
            key.as_deref()
                .map_or("--access-key-id ACCESS_KEY_ID".to_owned(), |key| {
                    option("access-key-id", key)
                })
        ),
        ReportedCall::Credentials { user, .. } => {
            format!("aws iam delete-login-profile {}", option("user-name", user))
        }
        // Without the name of a user, a command would delete the credentials of who runs it.
        ReportedCall::RootCredentials { .. } => return None,
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
        ReportedCall::Trust { .. } => {
            "The command stops every principal from assuming the role. Then write the trust policy that you want. Sessions that began before go on until they expire; to end them, choose Revoke sessions on the page of the role."
        }
        ReportedCall::Credentials {
            credentials: Credentials::Password,
            ..
        } => {
            "The command removes the password, so that the user cannot sign in to the console. Sessions that began before go on until they expire; to end them, attach a policy to the user that denies everything to sessions from before (aws:TokenIssueTime)."
        }
        ReportedCall::Credentials { .. } => {
            "Sessions that began with the key go on until they expire; to end them, attach a policy to the user that denies everything to sessions from before (aws:TokenIssueTime)."
        }
        ReportedCall::Renaming { .. } => {
            "Older records and e-mails have the old name. Look in CloudTrail for what someone attached to it, and for credentials that someone made for it."
        }
        ReportedCall::Detachment { .. }
        | ReportedCall::RemovedFromGroup { .. }
        | ReportedCall::RootCredentials { .. } => return None,
    })
}

pub(super) fn console_path(call: &ReportedCall) -> String {
    let page = |kind: OwnerKind, name: &str| {
        format!("{kind}s/details/{}", utf8_percent_encode(name, SEGMENT))
    };
    match call {
        ReportedCall::Attachment { owner, .. }
        | ReportedCall::Detachment { owner, .. }
        | ReportedCall::Boundary { owner, .. }
        | ReportedCall::Renaming { owner, .. } => page(owner.kind, &owner.name),
        ReportedCall::AddedToGroup { user, .. }
        | ReportedCall::RemovedFromGroup { user, .. }
        | ReportedCall::Credentials { user, .. } => page(OwnerKind::User, user),
        ReportedCall::Trust { role, .. } => page(OwnerKind::Role, role),
        ReportedCall::RootCredentials { .. } => "security_credentials".to_owned(),
    }
}

fn owner_name(owner: &Owner) -> String {
    format!("{} {}", owner.kind, owner.name)
}
