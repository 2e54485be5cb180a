use incident::message::DecisionAction;
use incident::target::{InlinePolicy, OwnerKind};
use percent_encoding::utf8_percent_encode;

use super::SEGMENT;

pub(super) const BY_HAND: &str = "The execution keeps the original document. To bring it back, write it to the policy again. The guard then removes the restricted permissions again and asks you once more.";

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

pub(super) fn effect(action: DecisionAction) -> &'static str {
    match action {
        DecisionAction::Allow => "puts the original back in force, with everything that it grants.",
        DecisionAction::Deny => "keeps the restricted permissions out.",
        DecisionAction::Expire => {
            "Without a decision, the restricted permissions stay out, and the execution keeps the original document."
        }
    }
}

/// A user and a group can be renamed, and a rename keeps their inline policies; a role cannot.
pub(super) fn gone(policy: &InlinePolicy) -> Option<&'static str> {
    match policy.owner.kind {
        OwnerKind::Role => None,
        OwnerKind::User => Some(
            "If somebody renamed the user, the policy still exists under the new name. Look in CloudTrail for an UpdateUser call.",
        ),
        OwnerKind::Group => Some(
            "If somebody renamed the group, the policy still exists under the new name. Look in CloudTrail for an UpdateGroup call.",
        ),
    }
}
