//! The text about what a call added and a deny takes away.

use incident::message::DecisionAction;
use incident::subject::{Credentials, Owner, OwnerKind, ReportedCall};

use crate::text::plain;

/// What an answer does.
pub(super) fn effect(action: DecisionAction, call: &ReportedCall) -> String {
    match action {
        DecisionAction::Allow => "leaves it as it is now.".to_owned(),
        DecisionAction::Deny => format!("{}. Nothing else changes.", taking(call, false)),
        DecisionAction::Expire => "Without a decision, it stays as it is now.".to_owned(),
    }
}

/// What the guard did after a denial, as the rest of a sentence.
pub(crate) fn taken(call: &ReportedCall) -> String {
    taking(call, true)
}

fn taking(call: &ReportedCall, is_past: bool) -> String {
    let made = if is_past { "made" } else { "makes" };
    let text = match call {
        ReportedCall::Attachment { owner, policy } => {
            let verb = if is_past { "detached" } else { "detaches" };
            format!(
                "{verb} the policy {} from the {}",
                policy.name(),
                owner_name(owner)
            )
        }
        ReportedCall::AddedToGroup { user, group } => {
            let verb = if is_past { "removed" } else { "removes" };
            format!("{verb} the user {user} from the group {group}")
        }
        ReportedCall::Credentials {
            user,
            credentials: Credentials::Password,
            ..
        } => {
            let verb = if is_past { "deleted" } else { "deletes" };
            format!("{verb} the password of the user {user}")
        }
        ReportedCall::Credentials {
            user, credentials, ..
        } => {
            let id = match credentials {
                Credentials::AccessKey(Some(id))
                | Credentials::ActivatedKey(Some(id))
                | Credentials::ServiceSpecific(Some(id)) => format!(" {id}"),
                _ => String::new(),
            };
            let what = credentials.as_str();
            format!("{made} the {what}{id} of the user {user} inactive")
        }
        _ => format!("{made} no change"),
    };
    plain(&text, 700)
}

/// What the reader must know before a denial.
#[must_use]
pub fn caution(call: &ReportedCall) -> Option<&'static str> {
    Some(match call {
        ReportedCall::Attachment { .. } | ReportedCall::AddedToGroup { .. } => {
            "Was this there before? Then keep it: IAM answers a repeated call like a first one, and others may rely on it. Look in CloudTrail first."
        }
        ReportedCall::Credentials {
            credentials: Credentials::Password,
            ..
        } => "A session that began with the password goes on until it expires.",
        ReportedCall::Credentials { .. } => {
            "Was it in use before? Then look first for what needs it. It can be made active again. Sessions that began with it go on until they expire."
        }
        _ => return None,
    })
}

fn owner_name(owner: &Owner) -> String {
    let kind = match owner.kind {
        OwnerKind::Role => "role",
        OwnerKind::User => "user",
        OwnerKind::Group => "group",
    };
    format!("{kind} {}", owner.name)
}
