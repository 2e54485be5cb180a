//! An inline policy of a role, a user or a group: one document, without versions.

use std::fmt;

use iam_policy::Quota;
use serde::{Deserialize, Serialize};

use crate::KeptDocument;
use crate::containment::Containment;
use crate::message::{DecisionAction, Seen};
use crate::restoration::Restoration;
use crate::step::{ContainedRest, Rest, Step};
use crate::target::{Compared, Identity};

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
pub struct InlineLook {
    /// Which owner of this name it is.
    pub identity: Identity,
    pub document: KeptDocument,
}

/// The next step so that the remediated document is in force and the original is in the execution.
pub(crate) fn contain(run: &mut Containment<'_>, look: &InlineLook) -> Step {
    let seen = Seen {
        identity: look.identity.clone(),
        version: None,
        document: look.document.clone(),
    };
    if let Some(rest) = run.other_target(seen) {
        return Step::Rest(rest);
    }
    let analysis = run.analysis;
    let current = &look.document;
    let mut originals = std::iter::once(&run.judged.document).chain(&run.kept.originals);
    if !analysis.is_restricted(current) {
        let written = run.memory.overwritten.iter();
        let original = originals
            .chain(written)
            .filter(|original| analysis.is_restricted(original))
            .filter(|original| analysis.is_remediation(current, original))
            .last();
        return match original {
            // It may be how things stood before somebody wrote the original again.
            Some(_) if !run.is_believed(false) => Step::Rest(Rest::NotVisible),
            Some(original) => Step::Rest(Rest::Contained(ContainedRest {
                original: original.clone(),
                original_version: None,
                original_created: None,
                quarantine_version: None,
                document: current.clone(),
                created: true,
            })),
            None if run.waited => Step::Rest(Rest::Superseded),
            None => Step::Rest(Rest::NotVisible),
        };
    }
    let is_kept = originals.any(|original| analysis.same_meaning(original, current));
    if !is_kept && run.kept.originals.len() < MAX_KEPT {
        let mut kept = run.kept.clone();
        kept.originals.push(current.beside(&kept.originals));
        return Step::Rest(Rest::KeepFirst(kept));
    }
    match run.candidate(current) {
        Some(document) if run.memory.overwritten.len() < MAX_PUTS => {
            run.memory.overwritten.push(current.clone());
            Step::Put(document)
        }
        _ => Step::Rest(Rest::NotVisible),
    }
}

/// The next step so that the administrator's decision is in force.
pub(crate) fn restore(run: &mut Restoration<'_>, look: &InlineLook) -> Step {
    match look.identity.compare(run.identity) {
        Compared::Same => {}
        Compared::MadeAgain => return Step::Rest(Rest::Superseded),
        Compared::Doubtful => return not_as_left(run),
    }
    let analysis = run.analysis;
    let is_original = analysis.same_meaning(&look.document, run.original);
    let is_quarantined = analysis.same_meaning(&look.document, run.remediated);
    match run.action {
        DecisionAction::Allow if is_original && run.is_believed() => Step::Rest(Rest::Settled),
        DecisionAction::Allow if is_original => not_as_left(run),
        // Either IAM does not show the write yet, or a new incident of the same document has begun: whoever writes again at once fights.
        DecisionAction::Allow if is_quarantined && run.memory.has_written => {
            Step::Rest(Rest::NotVisible)
        }
        DecisionAction::Allow if is_quarantined => Step::Put(run.original.as_str().to_owned()),
        DecisionAction::Deny | DecisionAction::Expire if is_quarantined => {
            Step::Rest(Rest::Settled)
        }
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
