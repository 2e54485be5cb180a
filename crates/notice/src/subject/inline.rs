//! The text about inline policies.

use incident::message::DecisionAction;
use incident::subject::{InlinePolicy, OwnerKind};
use percent_encoding::utf8_percent_encode;

use super::SEGMENT;

/// How to restore the original. `is_removed` is true if the guard deleted the policy.
pub(super) fn by_hand(is_removed: bool) -> &'static str {
    if is_removed {
        "The execution keeps the original document. To bring the policy back, write it again. The guard then removes the restricted permissions, or the whole policy if there is still no room for less, and asks you once more."
    } else {
        "The execution keeps the original document. To bring it back, write it to the policy again. The guard then removes the restricted permissions again and asks you once more."
    }
}

pub(super) fn name(policy: &InlinePolicy) -> String {
    let owner = &policy.owner;
    format!("{} of {} {}", policy.name, owner.kind, owner.name)
}

pub(super) fn console_path(policy: &InlinePolicy) -> String {
    let kind = policy.owner.kind;
    let owner = utf8_percent_encode(&policy.owner.name, SEGMENT);
    let name = utf8_percent_encode(&policy.name, SEGMENT);
    format!("{kind}s/details/{owner}/editPolicy/{name}")
}

/// What an answer does. `is_removed` is true if the guard deleted the policy.
pub(super) fn effect(action: DecisionAction, is_removed: bool) -> &'static str {
    match action {
        DecisionAction::Allow if is_removed => {
            "writes the original policy again, with everything that it grants. If there is a policy of that name by then, the guard leaves it alone."
        }
        DecisionAction::Deny if is_removed => {
            "leaves the policy deleted. The execution keeps the original document."
        }
        DecisionAction::Expire if is_removed => {
            "Without a decision, the policy stays deleted, and the execution keeps the original document."
        }
        DecisionAction::Allow => "puts the original back in force, with everything that it grants.",
        DecisionAction::Deny => "keeps the restricted permissions out.",
        DecisionAction::Expire => {
            "Without a decision, the restricted permissions stay out, and the execution keeps the original document."
        }
    }
}

/// Another event of the same write can find the policy missing because the guard deleted it, which
/// only the execution of the first event knows.
///
/// A user and a group can be renamed, and a rename keeps their inline policies; a role cannot.
pub(super) fn gone(policy: &InlinePolicy) -> String {
    let renamed = match policy.owner.kind {
        OwnerKind::Role => "",
        OwnerKind::User => {
            "\nIf someone renamed the user, the policy still exists under the new name. Look in CloudTrail for an UpdateUser call."
        }
        OwnerKind::Group => {
            "\nIf someone renamed the group, the policy still exists under the new name. Look in CloudTrail for an UpdateGroup call."
        }
    };
    format!(
        "If the guard deleted the policy itself, because the quota left no room for a smaller one, another e-mail says so and asks you to decide.{renamed}"
    )
}
