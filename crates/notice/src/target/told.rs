use incident::message::{Reason, ToldOf};
use incident::target::{Credentials, Owner, OwnerKind, Told};
use percent_encoding::utf8_percent_encode;

use super::SEGMENT;
use crate::text::shell_quoted;

/// A trust policy that lets nobody in.
const NOBODY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}"#;

pub(super) fn name(told: &Told) -> String {
    match told {
        Told::Attachment { owner, policy } | Told::Detachment { owner, policy } => {
            format!("{} on {} {}", policy.name(), owner.kind, owner.name)
        }
        Told::Membership { user, group } | Told::Departure { user, group } => {
            format!("user {user} and group {group}")
        }
        Told::Boundary { owner, .. } => format!("boundary of {} {}", owner.kind, owner.name),
        Told::Trust { role, .. } => format!("trust of role {role}"),
        Told::Credentials {
            user, credentials, ..
        } => match credentials {
            Credentials::AccessKey(_) => format!("access key of user {user}"),
            Credentials::Password => format!("password of user {user}"),
        },
        Told::Renaming { owner, .. } => format!("{} {}", owner.kind, owner.name),
    }
}

/// What the call did, as the end of a sentence about who did it.
pub(crate) fn done(told: &Told) -> String {
    match told {
        Told::Attachment { owner, policy } => {
            format!(
                "attached the policy {} to the {}",
                policy.as_str(),
                words(owner)
            )
        }
        Told::Detachment { owner, policy } => {
            format!(
                "detached the policy {} from the {}",
                policy.as_str(),
                words(owner)
            )
        }
        Told::Membership { user, group } => format!("added the user {user} to the group {group}"),
        Told::Departure { user, group } => {
            format!("removed the user {user} from the group {group}")
        }
        Told::Boundary {
            owner,
            boundary: Some(boundary),
        } => format!(
            "set the permissions boundary of the {} to {}",
            words(owner),
            boundary.as_str()
        ),
        Told::Boundary { owner, .. } => {
            format!("removed the permissions boundary of the {}", words(owner))
        }
        Told::Trust { role, is_new: true } => format!("created the role {role}"),
        Told::Trust { role, .. } => format!("changed the trust policy of the role {role}"),
        Told::Credentials {
            user, credentials, ..
        } => match credentials {
            Credentials::AccessKey(_) => format!("created an access key for the user {user}"),
            Credentials::Password => format!("set the password of the user {user}"),
        },
        Told::Renaming { owner, before } => {
            format!("renamed the {} {before} to {}", owner.kind, owner.name)
        }
    }
}

/// What it means for whoever reads of it.
pub(crate) fn meaning(told: &Told, of: &ToldOf, is_so: bool) -> &'static str {
    let no_boundary = of.reasons.contains(&Reason::NoBoundary);
    match told {
        _ if !is_so => "That granted restricted permissions for a while. It is no longer so.",
        Told::Boundary { .. } if no_boundary => {
            "No boundary limits the permissions any more. This IS IN FORCE."
        }
        Told::Boundary { .. } => "The boundary allows restricted permissions, and it IS IN FORCE.",
        Told::Detachment { .. } | Told::Departure { .. } => {
            "What went denied something, which may be allowed now. This IS IN FORCE."
        }
        Told::Trust { .. } => "The trust policy lets in somebody from outside, and it IS IN FORCE.",
        Told::Credentials { .. } => {
            "Whoever has these credentials has the restricted permissions of that user. This IS IN FORCE."
        }
        Told::Renaming { .. } => {
            "Its inline policies grant restricted permissions and go with the new name. This IS IN FORCE."
        }
        Told::Attachment { .. } | Told::Membership { .. } => {
            "That grants restricted permissions, which ARE IN FORCE."
        }
    }
}

/// The command that takes it back.
pub(crate) fn take_back(told: &Told) -> String {
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
        Told::Attachment { owner, policy } => policy_of("detach", owner, policy.as_str()),
        Told::Detachment { owner, policy } => policy_of("attach", owner, policy.as_str()),
        Told::Membership { user, group } => member("remove-user-from-group", user, group),
        Told::Departure { user, group } => member("add-user-to-group", user, group),
        Told::Boundary { owner, .. } => format!(
            "aws iam put-{kind}-permissions-boundary --{kind}-name {} --permissions-boundary ARN_OF_THE_BOUNDARY_BEFORE",
            shell_quoted(&owner.name),
            kind = owner.kind,
        ),
        Told::Trust { role, .. } => format!(
            "aws iam update-assume-role-policy --role-name {} --policy-document '{NOBODY}'",
            shell_quoted(role)
        ),
        Told::Credentials {
            user,
            credentials: Credentials::AccessKey(key),
            ..
        } => format!(
            "aws iam delete-access-key --user-name {} --access-key-id {}",
            shell_quoted(user),
            key.as_deref()
                .map_or("ACCESS_KEY_ID".to_owned(), shell_quoted)
        ),
        Told::Credentials { user, .. } => {
            format!(
                "aws iam delete-login-profile --user-name {}",
                shell_quoted(user)
            )
        }
        Told::Renaming { owner, before } => format!(
            "aws iam update-{kind} --{kind}-name {} --new-{kind}-name {}",
            shell_quoted(&owner.name),
            shell_quoted(before),
            kind = owner.kind,
        ),
    }
}

/// What the reader must know before the command is run.
pub(crate) fn before_taking_back(told: &Told) -> Option<&'static str> {
    match told {
        Told::Boundary { .. } => Some(
            "The record does not say which boundary was in force before. Look in CloudTrail for the call before this one.",
        ),
        Told::Trust { .. } => Some(
            "The command lets nobody assume the role any more. Then write the trust policy that you want.",
        ),
        Told::Credentials {
            credentials: Credentials::Password,
            ..
        } => Some(
            "The command removes the password, so that the user cannot sign in to the console.",
        ),
        Told::Attachment { .. }
        | Told::Detachment { .. }
        | Told::Membership { .. }
        | Told::Departure { .. }
        | Told::Credentials { .. }
        | Told::Renaming { .. } => None,
    }
}

pub(super) fn console_path(told: &Told) -> String {
    let page = |kind: OwnerKind, name: &str| {
        format!("{kind}s/details/{}", utf8_percent_encode(name, SEGMENT))
    };
    match told {
        Told::Attachment { owner, .. }
        | Told::Detachment { owner, .. }
        | Told::Boundary { owner, .. }
        | Told::Renaming { owner, .. } => page(owner.kind, &owner.name),
        Told::Membership { user, .. }
        | Told::Departure { user, .. }
        | Told::Credentials { user, .. } => page(OwnerKind::User, user),
        Told::Trust { role, .. } => page(OwnerKind::Role, role),
    }
}

fn words(owner: &Owner) -> String {
    format!("{} {}", owner.kind, owner.name)
}
