//! The text about calls that the guard reports and does not revert.

use incident::message::{Reason, Report, VerdictResult};
use incident::subject::{Credentials, Owner, OwnerKind, ReportedCall};
use percent_encoding::utf8_percent_encode;

use super::{SEGMENT, credentials, rare};

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
        ReportedCall::AcquiredRole { role } => format!("role {role} from a template"),
        ReportedCall::InstanceProfile { role, profile } => {
            format!("role {role} in instance profile {profile}")
        }
        ReportedCall::Credentials {
            user, credentials, ..
        } => format!("{} of user {user}", credentials.as_str()),
        ReportedCall::RootCredentials { credentials } => {
            format!("{} of the root user", credentials.as_str())
        }
        ReportedCall::Rare { call, named } => rare::name(*call, named.as_deref()),
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
        ReportedCall::AcquiredRole { role } => {
            format!("got the role {role} from a role template of AWS")
        }
        ReportedCall::InstanceProfile { role, profile } => {
            format!("gave the role {role} to the instance profile {profile}")
        }
        ReportedCall::Credentials {
            user, credentials, ..
        } => credentials::predicate(credentials, &format!("the user {user}")),
        ReportedCall::RootCredentials { credentials } => {
            credentials::predicate(credentials, "the root user")
        }
        ReportedCall::Rare { call, named } => rare::predicate(*call, named.as_deref()),
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
    let is_outsider = |reason: &Reason| matches!(reason, Reason::ExternalPrincipal { .. });
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
        ReportedCall::Trust { .. } if report.reasons.contains(&Reason::OtherCall) => {
            "Another call has replaced that trust policy. The one that IS IN FORCE lets in a principal from outside."
        }
        ReportedCall::Trust { .. } if report.reasons.iter().any(is_outsider) => {
            "The trust policy lets in a principal from outside, and it IS IN FORCE."
        }
        ReportedCall::Trust { .. } => {
            "The role holds restricted permissions, and the trust policy says who gets them. It IS IN FORCE."
        }
        ReportedCall::AcquiredRole { .. } if report.reasons.iter().any(is_grant) => {
            "The template gave it restricted permissions, which ARE IN FORCE."
        }
        ReportedCall::AcquiredRole { .. } => {
            "Its trust policy lets in a principal from outside, and it IS IN FORCE."
        }
        ReportedCall::InstanceProfile { .. } => {
            "Whoever can sign in to an instance with that profile has the restricted permissions of the role. This IS IN FORCE."
        }
        ReportedCall::Rare { call, .. } => rare::consequence(*call),
        ReportedCall::Credentials {
            credentials: Credentials::WithoutMfa(_),
            ..
        } => {
            "The user has restricted permissions, and whoever knows the password can use them without the device. This IS IN FORCE."
        }
        ReportedCall::Credentials {
            credentials: Credentials::ServiceSpecific(_) | Credentials::SshKey(_),
            ..
        } => {
            "The user has restricted permissions, and anyone with this credential acts as the user in the service that it is for. This IS IN FORCE."
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
    let is_outsider = |reason: &Reason| matches!(reason, Reason::ExternalPrincipal { .. });
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
        ReportedCall::Trust { .. } if report.reasons.iter().any(is_outsider) => {
            "The trust policy let in a principal from outside for a while, and sessions that began then go on until they expire."
        }
        ReportedCall::Trust { .. } => {
            "For a while, the trust policy let others have what the role holds, and sessions that began then go on until they expire."
        }
        ReportedCall::AcquiredRole { .. } => {
            "The role is gone or has nothing left, and what the template gave it is not known any more."
        }
        ReportedCall::Attachment { .. }
        | ReportedCall::AddedToGroup { .. }
        | ReportedCall::Credentials { .. }
        | ReportedCall::RootCredentials { .. }
        | ReportedCall::InstanceProfile { .. }
        | ReportedCall::Rare { .. }
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
        ReportedCall::Trust { .. } | ReportedCall::InstanceProfile { .. } => {
            "It has since been undone, or the role was deleted."
        }
        ReportedCall::AcquiredRole { .. } => {
            "Sessions that began with it go on until they expire: look in CloudTrail for what was done with them."
        }
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
        ReportedCall::Trust { role, .. }
        | ReportedCall::AcquiredRole { role }
        | ReportedCall::InstanceProfile { role, .. } => page(OwnerKind::Role, role),
        ReportedCall::Rare { call, .. } => rare::console_path(*call).to_owned(),
        ReportedCall::RootCredentials { .. } => "security_credentials".to_owned(),
    }
}

fn owner_name(owner: &Owner) -> String {
    format!("{} {}", owner.kind, owner.name)
}
