//! Text that e-mails and pages share.

use iam_policy::ActionPattern;
use incident::message::{AssessedState, Assessment, AttachedTo, Contained};
use incident::{LostDenial, Subject, Timestamp};

use crate::text::plain;

/// The longest list of roles, users and groups that a policy is attached to, in characters.
const MAX_HOLDERS: usize = 700;

/// A moment such as `2026-03-02 09:15:27 UTC`.
#[must_use]
pub fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// That an allow ends, and what the guard does then.
#[must_use]
pub fn allowed_until(until: Timestamp) -> String {
    format!(
        "It is allowed until {}. Then the guard takes the restricted permissions out again.",
        time(until)
    )
}

/// What is in force until a decision, after the words "In force now:".
#[must_use]
pub fn in_force(contained: &Contained) -> String {
    if contained.asked {
        return "the policy as it was written, with the restricted permissions. The guard changed nothing, and changes nothing before you decide.".to_owned();
    }
    if contained.removed {
        return "nothing of the policy. The guard deleted the whole policy, because the other inline policies fill the quota and left no room for a smaller one. The execution keeps the original document.".to_owned();
    }
    let losses = if contained.removal.losses.is_empty() {
        "Everything else that the policy grants still works."
    } else {
        "The guard also had to remove some other permissions: the e-mail lists them."
    };
    match &contained.versions {
        Some(versions) => format!(
            "version {}, without the restricted permissions. The guard keeps the original version {}. {losses}",
            versions.quarantine, versions.original
        ),
        None => format!(
            "the policy without the restricted permissions. The execution keeps the original document. {losses}"
        ),
    }
}

/// The patterns that a remediation leaves, because the guard only reports them.
#[must_use]
pub fn left(contained: &Contained) -> Option<String> {
    const MAX_LEFT: usize = 700;
    let left = &contained.left;
    let names: Vec<&str> = left.patterns.iter().map(ActionPattern::as_str).collect();
    let more = match left.more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!left.is_empty()).then(|| plain(&format!("{}{more}", names.join(", ")), MAX_LEFT))
}

/// What an e-mail adds if an earlier one reported a failure.
pub(crate) fn failure_is_over(failed_tries: u32) -> Option<String> {
    (failed_tries > 0).then(|| {
        let tries = if failed_tries == 1 { "try" } else { "tries" };
        format!(
            "The failure that the guard reported in an earlier e-mail is over, after {failed_tries} failed {tries}."
        )
    })
}

/// What a version denied, and the version in force does not.
pub(crate) fn lost_denial(lost: &LostDenial) -> String {
    let version = &lost.version;
    let denied = lost.denied.join(", ");
    match lost.more {
        0 => format!("version {version} denied {denied}"),
        _ if denied.is_empty() => {
            format!("version {version} denied actions whose names are too long to show")
        }
        more => format!("version {version} denied {denied} and {more} more"),
    }
}

/// What a policy is attached to, if known.
#[must_use]
pub fn attached_to(contained: &Contained) -> Option<String> {
    contained.attached_to.as_ref().map(holders)
}

/// Who holds a policy.
pub(crate) fn holders(attached: &AttachedTo) -> String {
    let names: Vec<String> = attached
        .first
        .iter()
        .map(|owner| format!("{} {}", owner.kind, owner.name))
        .collect();
    let (named, total) = (names.len(), attached.total);
    let more = match (total.saturating_sub(named), attached.has_more) {
        (0, false) => String::new(),
        (0, true) => " and more".to_owned(),
        (more, false) => format!(" and {more} more ({total} in all)"),
        (more, true) => format!(" and more than {more} others"),
    };
    if names.is_empty() {
        "no one yet".to_owned()
    } else {
        plain(&format!("{}{more}", names.join(", ")), MAX_HOLDERS)
    }
}

/// What the guard removed, in the order of the statements.
#[must_use]
pub fn edits(contained: &Contained) -> Vec<String> {
    if contained.removed {
        vec!["the whole policy, because the quota left no room for a smaller one".to_owned()]
    } else {
        let edits = contained.removal.edits.iter();
        edits.map(ToString::to_string).collect()
    }
}

/// What is in force after a failure.
pub(crate) fn assessed(assessment: &Assessment) -> String {
    let subject = assessment.change.as_ref().map(|change| &change.subject);
    let is_reported = matches!(subject, Some(Subject::Reported(_)));
    let what = |version: &Option<_>| match version {
        Some(version) => format!("version {version}"),
        None => "the inline policy".to_owned(),
    };
    match &assessment.in_force {
        AssessedState::Clean { .. } if is_reported => "nothing restricted by this call".to_owned(),
        AssessedState::Clean { version } => {
            format!("{}, which grants nothing restricted", what(version))
        }
        AssessedState::Restricted { .. } if is_reported => {
            "what the call did, which the guard REPORTS AS RESTRICTED. Look at it, and take it back by hand if it should not be so.".to_owned()
        }
        AssessedState::Restricted { version, .. } => format!(
            "{}, which GRANTS RESTRICTED ACTIONS. Remove them by hand.",
            what(version)
        ),
        AssessedState::Gone => "nothing, because the policy does not exist in IAM".to_owned(),
        AssessedState::Unknown { reason } => format!("unknown, because {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_shows_whole_seconds_in_utc() {
        let moment = "2026-03-02T10:15:31.950+01:00".parse().unwrap();
        assert_eq!(time(moment), "2026-03-02 09:15:31 UTC");
    }
}
