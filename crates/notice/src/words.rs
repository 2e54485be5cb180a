//! What is in force, in the words that the e-mails and the pages share.

use incident::message::{AssessedState, Contained};

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

/// What is in force after a failure.
pub(crate) fn assessed(state: &AssessedState) -> String {
    let what = |version: &Option<_>| match version {
        Some(version) => format!("version {version}"),
        None => "the inline policy".to_owned(),
    };
    match state {
        AssessedState::Clean { version } => {
            format!("{}, which grants nothing restricted", what(version))
        }
        AssessedState::Restricted { version, findings } => {
            let list: Vec<String> = findings.iter().map(ToString::to_string).collect();
            format!(
                "{}, which GRANTS RESTRICTED ACTIONS; take them out by hand: {}",
                what(version),
                list.join("; ")
            )
        }
        AssessedState::Gone => "nothing: IAM shows no such policy".to_owned(),
        AssessedState::Unknown { reason } => format!("unknown, because {reason}"),
    }
}
