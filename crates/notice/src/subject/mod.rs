//! The text about each kind of subject, and its place in the console.

pub mod addition;
mod credentials;
mod inline;
mod managed;
mod rare;
pub(crate) mod reported;
pub(crate) mod undo;

use incident::Subject;
use incident::message::{Contained, DecisionAction};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

use crate::text::plain;

/// The longest name, in characters.
const MAX_NAME: usize = 300;

/// Characters that stay as they are inside one segment of a console link.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The name of the subject for a sentence or the subject of an e-mail: short, and on one line.
#[must_use]
pub fn name(subject: &Subject) -> String {
    let name = match subject {
        Subject::Managed(policy) => policy.arn.name().to_owned(),
        Subject::Inline(policy) => inline::name(policy),
        Subject::Reported(call) => reported::name(call),
    };
    plain(&name, MAX_NAME)
}

/// The page of the subject, as a path below the console of IAM.
pub(crate) fn console_path(subject: &Subject) -> String {
    match subject {
        Subject::Managed(policy) => managed::console_path(policy),
        Subject::Inline(policy) => inline::console_path(policy),
        Subject::Reported(call) => reported::console_path(call),
    }
}

/// What an answer does, in one or two sentences. `contained` is what the guard did, if known.
#[must_use]
pub fn effect(action: DecisionAction, subject: &Subject, contained: Option<&Contained>) -> String {
    if contained.is_some_and(|contained| contained.asked) {
        return asked_effect(action, subject);
    }
    let versions = contained.and_then(|contained| contained.versions.as_ref());
    match subject {
        Subject::Managed(_) => managed::effect(action, versions),
        Subject::Reported(call) => addition::effect(action, call),
        Subject::Inline(_) => {
            let is_removed = contained.is_some_and(|contained| contained.removed);
            inline::effect(action, is_removed).to_owned()
        }
    }
}

/// What an answer does to a document that is in force.
fn asked_effect(action: DecisionAction, subject: &Subject) -> String {
    match action {
        DecisionAction::Allow => "keeps the policy in force as it is now, with everything that it grants.",
        DecisionAction::Deny if matches!(subject, Subject::Managed(_)) => {
            "takes the restricted permissions out of force, and deletes the version that grants them."
        }
        DecisionAction::Deny => "takes the restricted permissions out of force.",
        DecisionAction::Expire => "Without a decision, the policy stays in force as it is now.",
    }
    .to_owned()
}

/// What to do by hand, once the links no longer work.
#[must_use]
pub fn by_hand(subject: &Subject, contained: &Contained) -> String {
    if contained.asked {
        return "If the restricted permissions should not stay, remove them by hand.".to_owned();
    }
    match (subject, &contained.versions) {
        (Subject::Managed(policy), Some(versions)) => managed::by_hand(policy, versions),
        _ => inline::by_hand(contained.removed).to_owned(),
    }
}

/// What the reader of an e-mail about a deleted subject should know besides.
pub(crate) fn gone(subject: &Subject) -> Option<String> {
    match subject {
        Subject::Managed(_) | Subject::Reported(_) => None,
        Subject::Inline(policy) => Some(inline::gone(policy)),
    }
}
