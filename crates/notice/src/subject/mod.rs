//! The words of each kind of subject, and its place in the console.

mod inline;
mod managed;
pub(crate) mod reported;

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

/// The subject in a sentence or a subject: short, and known to be one line.
#[must_use]
pub fn name(subject: &Subject) -> String {
    let name = match subject {
        Subject::Managed(policy) => policy.arn.name().to_owned(),
        Subject::Inline(policy) => inline::name(policy),
        Subject::Reported(told) => reported::name(told),
    };
    plain(&name, MAX_NAME)
}

/// Its page, as a path below the console of IAM.
pub(crate) fn console_path(subject: &Subject) -> String {
    match subject {
        Subject::Managed(policy) => managed::console_path(policy),
        Subject::Inline(policy) => inline::console_path(policy),
        Subject::Reported(told) => reported::console_path(told),
    }
}

/// What an answer does, in one or two sentences. `contained` is what was done to the policy, where it is known.
#[must_use]
pub fn effect(action: DecisionAction, subject: &Subject, contained: Option<&Contained>) -> String {
    let versions = contained.and_then(|contained| contained.versions.as_ref());
    match subject {
        Subject::Managed(_) => managed::effect(action, versions),
        // Nothing is decided about what is told of.
        Subject::Inline(_) | Subject::Reported(_) => {
            let is_removed = contained.is_some_and(|contained| contained.removed);
            inline::effect(action, is_removed).to_owned()
        }
    }
}

/// How to bring the original back once no link can.
#[must_use]
pub fn by_hand(subject: &Subject, contained: &Contained) -> String {
    match (subject, &contained.versions) {
        (Subject::Managed(policy), Some(versions)) => managed::by_hand(policy, versions),
        _ => inline::by_hand(contained.removed).to_owned(),
    }
}

/// What the reader of a mail about a deleted subject should know; nothing where a deletion is what it seems.
pub(crate) fn gone(subject: &Subject) -> Option<String> {
    match subject {
        Subject::Managed(_) | Subject::Reported(_) => None,
        Subject::Inline(policy) => Some(inline::gone(policy)),
    }
}
