use incident::message::{Reason, Report, VerdictResult};
use incident::subject::{Credentials, Owner, OwnerKind, ReportedCall};
use percent_encoding::utf8_percent_encode;

use super::SEGMENT;
use crate::text::shell_quoted;

/// A trust policy that lets nobody in.
const NOBODY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}"#;

pub(super) fn name(told: &ReportedCall) -> String {
    match told {
        ReportedCall::Attachment { owner, policy } => {
            format!("{} on {}", policy.name(), words(owner))
        }
        ReportedCall::Detachment { owner, policy } => {
            format!("removal of {} from {}", policy.name(), words(owner))
        }
        ReportedCall::Membership { user, group } => format!("user {user} in group {group}"),
        ReportedCall::Departure { user, group } => {
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
        ReportedCall::Renaming { owner, .. } => format!("{} {}", owner.kind, owner.name),
    }
}

/// What the call did, as the end of a sentence about who did it.
pub(crate) fn done(told: &ReportedCall) -> String {
    match told {
        ReportedCall::Attachment { owner, policy } => {
            format!(
                "attached the policy {} to the {}",
                policy.as_str(),
                words(owner)
            )
        }
        ReportedCall::Detachment { owner, policy } => {
            format!(
                "detached the policy {} from the {}",
                policy.as_str(),
                words(owner)
            )
        }
        ReportedCall::Membership { user, group } => {
            format!("added the user {user} to the group {group}")
        }
        ReportedCall::Departure { user, group } => {
            format!("removed the user {user} from the group {group}")
        }
        ReportedCall::Boundary {
            owner,
            boundary: Some(boundary),
        } => format!(
            "set the permissions boundary of the {} to {}",
            words(owner),
            boundary.as_str()
        ),
        ReportedCall::Boundary { owner, .. } => {
            format!("removed the permissions boundary of the {}", words(owner))
        }
        ReportedCall::Trust { role, is_new: true } => format!("created the role {role}"),
        ReportedCall::Trust { role, .. } => format!("changed the trust policy of the role {role}"),
        ReportedCall::Credentials {
            user, credentials, ..
        } => match credentials {
            Credentials::AccessKey(_) => format!("created an access key for the user {user}"),
            Credentials::Password => format!("set the password of the user {user}"),
        },
        ReportedCall::Renaming { owner, before } => {
            format!("renamed the {} {before} to {}", owner.kind, owner.name)
        }
    }
}

/// What it means for whoever reads of it.
pub(crate) fn meaning(told: &ReportedCall, of: &Report, result: VerdictResult) -> String {
    match result {
        VerdictResult::Gone => absent(of),
        VerdictResult::Reported => in_force(told, of).to_owned(),
        _ => passed(told, of),
    }
}

fn in_force(told: &ReportedCall, of: &Report) -> &'static str {
    let is_grant = |reason: &Reason| matches!(reason, Reason::Grants { .. });
    match told {
        ReportedCall::Boundary { .. } if of.reasons.contains(&Reason::NoBoundary) => {
            "No boundary limits the permissions any more. This IS IN FORCE."
        }
        ReportedCall::Boundary { .. } => {
            "The boundary allows restricted permissions, and it IS IN FORCE."
        }
        ReportedCall::Detachment { .. } => {
            "The policy denied something that may now be allowed. This IS IN FORCE."
        }
        ReportedCall::Departure { .. } => {
            "A policy of the group denied something that may now be allowed. This IS IN FORCE."
        }
        ReportedCall::Trust { .. } => {
            "The trust policy lets in somebody from outside, and it IS IN FORCE."
        }
        ReportedCall::Credentials { .. } => {
            "Whoever has these credentials has the restricted permissions of that user. This IS IN FORCE."
        }
        ReportedCall::Renaming { .. } => {
            "A rename keeps everything, and what has the new name keeps its restricted permissions. This IS IN FORCE."
        }
        ReportedCall::Attachment { .. } | ReportedCall::Membership { .. }
            if !of.reasons.iter().any(is_grant) =>
        {
            "That may grant restricted permissions; if it does, they ARE IN FORCE."
        }
        ReportedCall::Attachment { .. } | ReportedCall::Membership { .. } => {
            "That grants restricted permissions, which ARE IN FORCE."
        }
    }
}

fn passed(told: &ReportedCall, of: &Report) -> String {
    let what = match told {
        ReportedCall::Boundary { .. } if of.reasons.contains(&Reason::NoBoundary) => {
            "For a while, no boundary limited the permissions."
        }
        ReportedCall::Boundary { .. } => {
            "For a while, the boundary allowed restricted permissions."
        }
        ReportedCall::Detachment { .. } => {
            "The policy denied something that may have been allowed for a while."
        }
        ReportedCall::Departure { .. } => {
            "A policy of the group denied something that may have been allowed for a while."
        }
        ReportedCall::Trust { .. } => {
            "The trust policy let in somebody from outside for a while, and sessions that began then go on until they expire."
        }
        ReportedCall::Attachment { .. }
        | ReportedCall::Membership { .. }
        | ReportedCall::Credentials { .. }
        | ReportedCall::Renaming { .. } => "That granted restricted permissions for a while.",
    };
    let now = match told {
        ReportedCall::Attachment { owner, .. }
        | ReportedCall::Detachment { owner, .. }
        | ReportedCall::Boundary { owner, .. }
            if owner.kind == OwnerKind::Role =>
        {
            "It has since been undone, or the role was deleted."
        }
        ReportedCall::Trust { .. } => "It has since been undone, or the role was deleted.",
        // A record knows names only.
        _ => {
            "It has since been undone, at least for whoever has the name now. If somebody moved the name by a rename, another e-mail reports that."
        }
    };
    format!("{what} {now}")
}

/// A renamed user or group keeps what it holds, and the call does not say what its new name is.
fn absent(of: &Report) -> String {
    let owner = of.reasons.iter().find_map(|reason| match reason {
        Reason::Absent { owner } => Some(owner),
        _ => None,
    });
    let (kind, call) = match owner.map(|owner| owner.kind) {
        Some(OwnerKind::Group) => ("group", "UpdateGroup"),
        _ => ("user", "UpdateUser"),
    };
    format!(
        "IAM no longer has a {kind} of this name. If somebody renamed the {kind}, this IS STILL IN FORCE under the new name: look in CloudTrail for an {call} call. If somebody deleted it, nothing is left to do."
    )
}

/// The command that takes it back.
pub(crate) fn take_back(told: &ReportedCall) -> String {
    let policy_of = |verb: &str, owner: &Owner, policy: &str| {
        format!(
            "aws iam {verb}-{kind}-policy --{kind}-name {} --policy-arn {}",
            shell_quoted(&owner.name),
            shell_quoted(policy),
            kind = owner.kind,
        )
    };
    let member = |verb: &str, user: &str, group: &str| {
        format!(
            "aws iam {verb} --user-name {} --group-name {}",
            shell_quoted(user),
            shell_quoted(group)
        )
    };
    match told {
        ReportedCall::Attachment { owner, policy } => policy_of("detach", owner, policy.as_str()),
        ReportedCall::Detachment { owner, policy } => policy_of("attach", owner, policy.as_str()),
        ReportedCall::Membership { user, group } => member("remove-user-from-group", user, group),
        ReportedCall::Departure { user, group } => member("add-user-to-group", user, group),
        ReportedCall::Boundary { owner, .. } => format!(
            "aws iam put-{kind}-permissions-boundary --{kind}-name {} --permissions-boundary ARN_OF_THE_BOUNDARY_BEFORE",
            shell_quoted(&owner.name),
            kind = owner.kind,
        ),
        ReportedCall::Trust { role, .. } => format!(
            "aws iam update-assume-role-policy --role-name {} --policy-document '{NOBODY}'",
            shell_quoted(role)
        ),
        ReportedCall::Credentials {
            user,
            credentials: Credentials::AccessKey(key),
            ..
        } => format!(
            "aws iam delete-access-key --user-name {} --access-key-id {}",
            shell_quoted(user),
            key.as_deref()
                .map_or("ACCESS_KEY_ID".to_owned(), shell_quoted)
        ),
        ReportedCall::Credentials { user, .. } => {
            format!(
                "aws iam delete-login-profile --user-name {}",
                shell_quoted(user)
            )
        }
        ReportedCall::Renaming { owner, before } => format!(
            "aws iam update-{kind} --{kind}-name {} --new-{kind}-name {}",
            shell_quoted(&owner.name),
            shell_quoted(before),
            kind = owner.kind,
        ),
    }
}

/// Why no command takes it back, of a role that IAM lets nobody change by hand.
pub(crate) fn unmodifiable(told: &ReportedCall) -> Option<&'static str> {
    let role = match told {
        ReportedCall::Attachment { owner, .. }
        | ReportedCall::Detachment { owner, .. }
        | ReportedCall::Boundary { owner, .. }
            if owner.kind == OwnerKind::Role =>
        {
            &owner.name
        }
        ReportedCall::Trust { role, .. } => role,
        _ => return None,
    };
    if role.starts_with("AWSReservedSSO_") {
        Some("Change the permission set in IAM Identity Center: nobody can change its role in IAM.")
    } else if role.starts_with("AWSServiceRoleFor") {
        Some(
            "Change it in the service that the role belongs to: nobody can change its role in IAM.",
        )
    } else {
        None
    }
}

/// What the reader must know before the command is run.
pub(crate) fn before_taking_back(told: &ReportedCall) -> Option<&'static str> {
    Some(match told {
        ReportedCall::Attachment { .. } | ReportedCall::Membership { .. } => {
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
            "The command lets nobody assume the role any more. Then write the trust policy that you want. Sessions that began before go on until they expire; to end them, choose Revoke sessions on the page of the role."
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
            "Older records and e-mails have the old name. Look in CloudTrail for what somebody attached to it, and for credentials that somebody made for it."
        }
        ReportedCall::Detachment { .. } | ReportedCall::Departure { .. } => return None,
    })
}

pub(super) fn console_path(told: &ReportedCall) -> String {
    let page = |kind: OwnerKind, name: &str| {
        format!("{kind}s/details/{}", utf8_percent_encode(name, SEGMENT))
    };
    match told {
        ReportedCall::Attachment { owner, .. }
        | ReportedCall::Detachment { owner, .. }
        | ReportedCall::Boundary { owner, .. }
        | ReportedCall::Renaming { owner, .. } => page(owner.kind, &owner.name),
        ReportedCall::Membership { user, .. }
        | ReportedCall::Departure { user, .. }
        | ReportedCall::Credentials { user, .. } => page(OwnerKind::User, user),
        ReportedCall::Trust { role, .. } => page(OwnerKind::Role, role),
    }
}

fn words(owner: &Owner) -> String {
    format!("{} {}", owner.kind, owner.name)
}
