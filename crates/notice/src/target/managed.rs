use incident::message::{ContainedVersions, DecisionAction};
use incident::target::ManagedPolicy;
use percent_encoding::utf8_percent_encode;

use super::SEGMENT;

pub(super) fn console_path(policy: &ManagedPolicy) -> String {
    let arn = utf8_percent_encode(policy.arn.as_str(), SEGMENT);
    format!("policies/details/{arn}?section=policy_versions")
}

pub(super) fn effect(action: DecisionAction, versions: Option<&ContainedVersions>) -> String {
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
        (DecisionAction::Expire, _) => {
            "After that the restricted permissions stay out, and the original version is kept."
                .to_owned()
        }
    }
}

pub(super) fn by_hand(policy: &ManagedPolicy, versions: &ContainedVersions) -> String {
    format!(
        "The original, version {version}, is kept. To bring it back, make it the default; the guard will take the restricted permissions out again and ask you once more:\n\n  aws iam set-default-policy-version --policy-arn {arn} --version-id {version}",
        // A policy's path may hold characters that a shell acts on.
        arn = format_args!("'{}'", policy.arn.as_str().replace('\'', r"'\''")),
        version = versions.original
    )
}
