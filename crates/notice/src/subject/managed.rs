//! The text about managed policies.

use incident::message::{ContainedVersions, DecisionAction};
use incident::subject::ManagedPolicy;
use percent_encoding::utf8_percent_encode;

use super::SEGMENT;
use crate::text::shell_quoted;

pub(super) fn console_path(policy: &ManagedPolicy) -> String {
    let arn = utf8_percent_encode(policy.arn.as_str(), SEGMENT);
    format!("policies/details/{arn}?section=policy_versions")
}

pub(super) fn effect(action: DecisionAction, versions: Option<&ContainedVersions>) -> String {
    match (action, versions) {
        (DecisionAction::Allow, Some(versions)) => format!(
            "puts the original version {} back in force, with everything that it grants.",
            versions.original
        ),
        (DecisionAction::Allow, None) => {
            "puts the original back in force, with everything that it grants.".to_owned()
        }
        (DecisionAction::Deny, Some(versions)) => format!(
            "keeps the restricted permissions out and deletes the original version {}.",
            versions.original
        ),
        (DecisionAction::Deny, None) => "keeps the restricted permissions out.".to_owned(),
        (DecisionAction::Expire, _) => {
            "Without a decision, the restricted permissions stay out, and the guard keeps the original version."
                .to_owned()
        }
    }
}

pub(super) fn by_hand(policy: &ManagedPolicy, versions: &ContainedVersions) -> String {
    format!(
        "The guard kept the original version {version}. To bring it back, make it the default version:\n\n  aws iam set-default-policy-version --policy-arn {arn} --version-id {version}\n\nThe guard then removes the restricted permissions again and asks you once more.",
        arn = shell_quoted(policy.arn.as_str()),
        version = versions.original
    )
}
