//! Restricted documents in force, and the groups that hold them.

use std::rc::Rc;

use iam_policy::{Judgement, RestrictedActions};

use super::{Baseline, Grant, GrantId};
use crate::memory::{MemoryKey, Wanted};
use crate::message::Response;
use crate::{Subject, UniqueId, VersionId};

/// A restricted document in force.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) id: GrantId,
    pub(super) patterns: Rc<[u16]>,
    pub(super) response: Response,
    pub(super) key: Option<MemoryKey>,
    pub(super) wanted: Option<Rc<Wanted>>,
}

impl Judged {
    pub(super) fn grant(
        &self,
        subject: Subject,
        version: Option<VersionId>,
        baseline: Option<Baseline>,
    ) -> Grant {
        Grant {
            id: self.id.clone(),
            subject,
            version,
            key: self.key.clone(),
            document: self.wanted.clone(),
            patterns: Rc::clone(&self.patterns),
            response: self.response,
            baseline,
        }
    }
}

/// A group that may hold something restricted.
pub(super) struct Group {
    pub(super) id: GrantId,
    pub(super) identity: UniqueId,
    pub(super) patterns: Vec<u16>,
    pub(super) response: Response,
}

impl Group {
    pub(super) fn new<'j>(identity: &UniqueId, held: impl Iterator<Item = &'j Judged>) -> Self {
        let mut group = Self {
            id: GrantId::of_holding(identity),
            identity: identity.clone(),
            patterns: Vec::new(),
            response: Response::None,
        };
        for judged in held {
            group.patterns.extend(judged.patterns.iter());
            group.response = group.response.stricter(judged.response);
        }
        group.patterns.sort_unstable();
        group.patterns.dedup();
        group
    }

    pub(super) fn holds(&self) -> bool {
        !self.patterns.is_empty()
    }
}

/// What is attached or joined.
pub(super) struct Added<'p> {
    pub(super) identity: &'p UniqueId,
    /// What it gives, if that is restricted now.
    pub(super) held: Option<(Rc<[u16]>, Response)>,
    /// Whether the sweep before would have known it, had it been restricted then. IAM shows
    /// policies of AWS only while someone holds them.
    pub(super) was_there: bool,
}

/// The places in the list of the restricted patterns that a document meets.
pub(super) fn numbers(judgement: &Judgement<'_>, restricted: &RestrictedActions) -> Vec<u16> {
    let mut met = judgement.restricted_patterns().into_iter().peekable();
    let patterns = restricted.patterns().iter().enumerate();
    let numbers = patterns.filter(|(_, pattern)| met.next_if(|next| next == pattern).is_some());
    // The lists of a deployment have hundreds of patterns at most.
    numbers
        .filter_map(|(number, _)| u16::try_from(number).ok())
        .collect()
}
