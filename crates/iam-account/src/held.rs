//! What the allows of one document give, among the denies of other documents and within a
//! permissions boundary.
//!
//! The engine of `iam-policy` judges documents, so the question is put as one. An `Allow` of a
//! boundary becomes a `Deny` of everything else: `Action` becomes the `NotAction` of a `Deny`, and
//! `NotAction` its `Action`. A boundary with several such statements allows what any of them
//! allows, so each one is judged, and the answers are joined. That is exact, because the union of
//! what is granted within each part is what is granted within the whole.

use iam_policy::{ActionPattern, judge};

use crate::bits::Bits;
use crate::document::{Part, Summary, document, is_certain, statement, write};
use crate::watched::Watched;

/// The restricted patterns that are held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// Patterns with an action that is granted, even if only in part.
    pub(crate) any: Bits,
    /// Patterns with an action that is granted without a condition and for all resources, and not
    /// denied under any condition or for any resource.
    pub(crate) sure: Bits,
}

impl Held {
    pub(crate) fn add(&mut self, other: &Held) {
        self.any.add(&other.any);
        self.sure.add(&other.sure);
    }
}

/// The permissions boundary of a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Boundary<D> {
    None,
    /// There is one, but its document is not known.
    Missing,
    Known(D),
}

/// What takes grants away from every document of a principal.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    any: Limit,
    sure: Limit,
    has_boundary: bool,
}

/// One reading of what takes grants away.
#[derive(Debug, Default)]
struct Limit {
    denies: Vec<String>,
    /// What the boundary leaves, in parts, each as the denial of everything else; `None` is a part
    /// that leaves everything.
    parts: Vec<Option<String>>,
}

impl Limits {
    /// What these documents deny, and what a boundary leaves.
    pub(crate) fn new(denying: &[&Summary], boundary: Boundary<&Summary>) -> Limits {
        let mut limits = Limits {
            has_boundary: !matches!(boundary, Boundary::None),
            ..Limits::default()
        };
        match boundary {
            Boundary::None => {
                limits.any.parts.push(None);
                limits.sure.parts.push(None);
            }
            Boundary::Missing => limits.any.parts.push(None),
            Boundary::Known(summary) => {
                limits.any.parts = parts(summary, false);
                limits.sure.parts = parts(summary, true);
            }
        }
        let of_boundary = match boundary {
            Boundary::Known(summary) => Some(summary),
            _ => None,
        };
        let denies = denying.iter().copied().chain(of_boundary);
        for deny in denies.flat_map(|it| &it.denies).filter(|it| it.meets) {
            if deny.is_wide {
                limits.any.denies.push(deny.text.to_string());
            }
            limits.sure.denies.extend(widened(deny));
        }
        limits
    }

    /// What the allows of this document give within the limits.
    pub(crate) fn held(&self, summary: &Summary, watched: &Watched) -> Held {
        let mut any = match self.any.denies.is_empty() && !self.has_boundary {
            true => summary.met.clone(),
            false => self.any.leave(summary.allows.iter(), watched),
        };
        if summary.doubt.is_some() {
            any = watched.everything();
        }
        let sure = match self.sure.denies.is_empty() && !self.has_boundary {
            true => summary.met_widely.clone(),
            false => {
                let wide = summary.allows.iter().filter(|allow| allow.is_wide);
                self.sure.leave(wide, watched)
            }
        };
        Held {
            sure: sure.and(&any),
            any,
        }
    }
}

impl Limit {
    /// The restricted patterns that these allows grant an action of, and the limit leaves.
    fn leave<'s>(&self, allows: impl Iterator<Item = &'s Part>, watched: &Watched) -> Bits {
        let allows = allows.filter(|allow| allow.meets);
        let allows: Vec<&str> = allows.map(|allow| allow.text.as_ref()).collect();
        let mut left = Bits::default();
        if allows.is_empty() {
            return left;
        }
        for part in &self.parts {
            let denies = self.denies.iter().chain(part).map(String::as_str);
            let statements: Vec<&str> = allows.iter().copied().chain(denies).collect();
            let judgement = judge(&document(&statements), watched.restricted());
            left.add(&watched.numbers(&judgement.restricted_patterns()));
        }
        left
    }
}

/// The denial of the same actions everywhere and always.
fn widened(deny: &Part) -> Option<String> {
    let statement = statement(&deny.text)?;
    let element = element(statement.is_negated());
    Some(write("Deny", element, statement.patterns()))
}

fn element(is_negated: bool) -> &'static str {
    match is_negated {
        true => "NotAction",
        false => "Action",
    }
}

/// What a boundary allows, in parts. With `only_sure`, only what it allows without a condition and
/// for all resources.
fn parts(boundary: &Summary, only_sure: bool) -> Vec<Option<String>> {
    if boundary.doubt.is_some() && !only_sure {
        return vec![None];
    }
    let mut named: Vec<ActionPattern> = Vec::new();
    let mut parts = Vec::new();
    for allow in boundary.allows.iter().filter(|allow| allow.meets) {
        if only_sure && !allow.is_wide {
            continue;
        }
        let Some(statement) = statement(&allow.text) else {
            continue;
        };
        let patterns = statement.patterns();
        if !statement.is_negated() {
            named.extend(patterns.iter().cloned());
        } else if patterns.iter().all(is_certain) {
            parts.push(Some(write("Deny", "Action", patterns)));
        } else if !only_sure {
            // IAM may read what the boundary leaves out in another way.
            return vec![None];
        }
    }
    if only_sure {
        named.retain(is_certain);
    } else if !named.iter().all(is_certain) {
        return vec![None];
    }
    if !named.is_empty() {
        parts.push(Some(write("Deny", "NotAction", &named)));
    }
    parts
}

#[cfg(test)]
#[path = "held_tests.rs"]
mod tests;
