//! What the answers to an incident do, in the words that the e-mails and the pages share.

use crate::PolicyRef;
use crate::message::{Contained, DecisionAction};

/// What an answer does, in one or two sentences.
///
/// `contained` is what was done to the policy, where it is known.
#[must_use]
pub fn effect(action: DecisionAction, policy: &PolicyRef, contained: Option<&Contained>) -> String {
    let versions = contained.and_then(|contained| contained.versions.as_ref());
    match (action, versions) {
        (DecisionAction::Allow, Some(versions)) => format!(
            "puts the original back in force, version {}, with all that it grants.",
            versions.original
        ),
        (DecisionAction::Allow, None) => {
            "puts the original back in force, with all that it grants.".to_owned()
        }
        (DecisionAction::Deny, Some(versions)) => format!(
            "keeps the restricted permissions out and deletes the original, version {}.",
            versions.original
        ),
        (DecisionAction::Deny, None) => "keeps the restricted permissions out.".to_owned(),
        (DecisionAction::Expire, _) => match policy {
            PolicyRef::Managed { .. } => {
                "After that the restricted permissions stay out, and the original version is kept."
            }
            PolicyRef::Inline { .. } => {
                "After that the restricted permissions stay out, and the original document is kept in the execution."
            }
        }
        .to_owned(),
    }
}

/// What is in force while a decision is waited for.
#[must_use]
pub fn in_force(contained: &Contained) -> String {
    let losses = if contained.losses.is_empty() {
        "Everything else that the policy grants still works."
    } else {
        "Some other permissions had to go with them; they are listed below."
    };
    match &contained.versions {
        Some(versions) => format!(
            "In force now: version {}, without the restricted permissions. The original, version {}, is kept. {losses}",
            versions.quarantine, versions.original
        ),
        None => format!(
            "In force now: the policy without the restricted permissions. The original document is kept. {losses}"
        ),
    }
}

/// How to bring the original back once no link can.
#[must_use]
pub fn by_hand(policy: &PolicyRef, contained: &Contained) -> String {
    match (policy, &contained.versions) {
        (PolicyRef::Managed { arn, .. }, Some(versions)) => format!(
            "The original, version {version}, is kept. To bring it back, make it the default; the guard will take the restricted permissions out again and ask you once more:\n\n  aws iam set-default-policy-version --policy-arn {arn} --version-id {version}",
            // A policy's path may hold characters that a shell acts on.
            arn = format_args!("'{}'", arn.as_str().replace('\'', r"'\''")),
            version = versions.original
        ),
        _ => "The original document is kept in the execution. To bring it back, put it to the policy again; the guard will take the restricted permissions out again and ask you once more.".to_owned(),
    }
}
