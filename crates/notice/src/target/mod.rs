//! The words of each kind of target, and its place in the console.

mod inline;
mod managed;
pub(crate) mod told;

use incident::Target;
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

/// The target in a sentence or a subject: short, and known to be one line.
#[must_use]
pub fn name(target: &Target) -> String {
    let name = match target {
        Target::Managed(policy) => policy.arn.name().to_owned(),
        Target::Inline(policy) => inline::name(policy),
        Target::Told(told) => told::name(told),
    };
    plain(&name, MAX_NAME)
}

/// Its page, as a path below the console of IAM.
pub(crate) fn console_path(target: &Target) -> String {
    match target {
        Target::Managed(policy) => managed::console_path(policy),
        Target::Inline(policy) => inline::console_path(policy),
        Target::Told(told) => told::console_path(told),
    }
}

/// What an answer does, in one or two sentences. `contained` is what was done to the policy, where it is known.
#[must_use]
pub fn effect(action: DecisionAction, target: &Target, contained: Option<&Contained>) -> String {
    let versions = contained.and_then(|contained| contained.versions.as_ref());
    match target {
        Target::Managed(_) => managed::effect(action, versions),
        // Nothing is decided about what is told of.
        Target::Inline(_) | Target::Told(_) => {
            let is_removed = contained.is_some_and(|contained| contained.removed);
            inline::effect(action, is_removed).to_owned()
        }
    }
}

/// How to bring the original back once no link can.
#[must_use]
pub fn by_hand(target: &Target, contained: &Contained) -> String {
    match (target, &contained.versions) {
        (Target::Managed(policy), Some(versions)) => managed::by_hand(policy, versions),
        _ => inline::by_hand(contained.removed).to_owned(),
    }
}

/// What the reader of a mail about a deleted target should know; nothing where a deletion is what it seems.
pub(crate) fn gone(target: &Target) -> Option<String> {
    match target {
        Target::Managed(_) | Target::Told(_) => None,
        Target::Inline(policy) => Some(inline::gone(policy)),
    }
}
