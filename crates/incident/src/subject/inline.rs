//! An inline policy of a role, a user or a group: one document, without versions.

use std::fmt;

use iam_policy::{GRANTS_NOTHING, Quota};
use serde::{Deserialize, Serialize};

use crate::Snapshot;
use crate::containment::Containment;
use crate::message::{DecisionAction, Kept, ObservedPolicy};
use crate::restoration::Restoration;
use crate::step::{ContainedRest, Rest, Step};
use crate::subject::{Compared, UniqueId};

/// How many documents are put into the execution before they are overwritten, at most.
///
/// Whoever writes a new one each time must not hold the containment off for ever. After that, a document is overwritten that only its record holds.
const MAX_KEPT: usize = 2;
/// How often one run writes at most. More than one for each candidate means that somebody else writes too, or that IAM shows old answers.
const MAX_PUTS: usize = 4;

/// An inline policy, by its name and its owner's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InlinePolicy {
    pub owner: Owner,
    /// Its name, unique for this owner.
    pub name: String,
}

impl InlinePolicy {
    /// The quota of its owner's kind, which all inline policies of the owner share.
    #[must_use]
    pub fn quota(&self) -> Quota {
        match self.owner.kind {
            OwnerKind::Role => Quota::ROLE_INLINE,
            OwnerKind::User => Quota::USER_INLINE,
            OwnerKind::Group => Quota::GROUP_INLINE,
        }
    }
}

impl fmt::Display for InlinePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "inline policy `{}` of {}", self.name, self.owner)
    }
}

/// The role, user or group that an inline policy belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    pub kind: OwnerKind,
    pub name: String,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name)
    }
}

/// The kinds of principal that can have an inline policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OwnerKind {
    Role,
    User,
    Group,
}

impl fmt::Display for OwnerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Role => "role",
            Self::User => "user",
            Self::Group => "group",
        })
    }
}

/// What IAM answered about an inline policy at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObservedInline {
    /// Which owner of this name it is.
    pub identity: UniqueId,
    /// The document in force; none where the owner has no such policy.
    pub document: Option<Snapshot>,
}

/// The next step so that the remediated document is in force and the original is in the execution.
pub(crate) fn contain(run: &mut Containment<'_>, look: &ObservedInline) -> Step {
    let Some(current) = &look.document else {
        return contain_absent(run, &look.identity);
    };
    let seen = ObservedPolicy {
        identity: look.identity.clone(),
        version: None,
        document: current.clone(),
    };
    if let Some(rest) = run.other_subject(seen) {
        return Step::Rest(rest);
    }
    let analysis = run.analysis;
    if !analysis.is_restricted(current) {
        let original = originals(run)
            .filter(|original| analysis.is_remediation(current, original))
            .last();
        return match original {
            // It may be how things stood before somebody wrote the original again.
            Some(_) if !run.is_believed(false) => Step::Rest(Rest::NotVisible),
            Some(original) => contained(original, current, false),
            None if run.waited => Step::Rest(Rest::Superseded),
            None => Step::Rest(Rest::NotVisible),
        };
    }
    let mut kept = std::iter::once(&run.judged.document).chain(&run.kept.originals);
    let is_kept = kept.any(|original| analysis.is_equivalent(original, current));
    if !is_kept && run.kept.originals.len() < MAX_KEPT {
        let mut kept = run.kept.clone();
        kept.originals.push(current.beside(&kept.originals));
        return Step::Rest(Rest::KeepFirst(kept));
    }
    match run.candidate(current) {
        Some(_) if run.memory.overwritten.len() >= MAX_PUTS => Step::Rest(Rest::NotVisible),
        Some(document) => {
            run.memory.overwritten.push(current.clone());
            Step::Put(document)
        }
        None if run.kept.removes => {
            run.memory.overwritten.push(current.clone());
            Step::Delete
        }
        // IAM refuses even what grants nothing: the owner's other policies fill the quota.
        None => Step::Rest(Rest::KeepFirst(Kept {
            removes: true,
            ..run.kept.clone()
        })),
    }
}

/// The owner has no such policy: the guard deleted it, or somebody else did, or IAM does not show it yet.
fn contain_absent(run: &Containment<'_>, identity: &UniqueId) -> Step {
    let is_same = identity.compare(&run.judged.identity) == Compared::Same;
    let original = originals(run).last();
    match original.filter(|_| is_same && run.kept.removes && run.is_believed(false)) {
        Some(original) => contained(original, &Snapshot::new(GRANTS_NOTHING), true),
        None if run.waited => Step::Rest(Rest::Gone),
        None => Step::Rest(Rest::NotVisible),
    }
}

/// What was in force and restricted, as far as the execution and this run know; the newest last.
fn originals<'r>(run: &'r Containment<'_>) -> impl DoubleEndedIterator<Item = &'r Snapshot> {
    std::iter::once(&run.judged.document)
        .chain(&run.kept.originals)
        .chain(&run.memory.overwritten)
        .filter(|original| run.analysis.is_restricted(original))
}

fn contained(original: &Snapshot, document: &Snapshot, removed: bool) -> Step {
    Step::Rest(Rest::Contained(ContainedRest {
        original: original.clone(),
        original_version: None,
        original_created: None,
        quarantine_version: None,
        document: document.clone(),
        created: true,
        removed,
    }))
}

/// The next step so that the administrator's decision is in force.
pub(crate) fn restore(run: &mut Restoration<'_>, look: &ObservedInline) -> Step {
    match look.identity.compare(run.identity) {
        Compared::Same => {}
        Compared::MadeAgain => return Step::Rest(Rest::Superseded),
        Compared::Ambiguous => return not_as_left(run),
    }
    let is = |document: &Snapshot| {
        let current = look.document.as_ref();
        current.is_some_and(|current| run.analysis.is_equivalent(current, document))
    };
    let is_quarantined = match &look.document {
        None => run.removed,
        Some(_) => !run.removed && is(run.remediated),
    };
    match run.action {
        DecisionAction::Allow if is(run.original) && run.is_believed() => Step::Rest(Rest::Settled),
        // Either IAM does not show the write yet, or a new incident of the same document has begun: whoever writes again at once fights.
        DecisionAction::Allow if is_quarantined && run.memory.has_written => {
            Step::Rest(Rest::NotVisible)
        }
        DecisionAction::Allow if is_quarantined => Step::Put(run.original.as_str().to_owned()),
        DecisionAction::Deny | DecisionAction::Expire if is_quarantined => {
            Step::Rest(Rest::Settled)
        }
        _ if look.document.is_none() && run.waited => Step::Rest(Rest::Gone),
        DecisionAction::Allow | DecisionAction::Deny | DecisionAction::Expire => not_as_left(run),
    }
}

fn not_as_left(run: &Restoration<'_>) -> Step {
    Step::Rest(if run.waited {
        Rest::Superseded
    } else {
        Rest::NotVisible
    })
}
