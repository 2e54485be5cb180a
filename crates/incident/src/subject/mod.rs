//! What an incident can be about.
//!
//! A subject has one module here: its name, its unique id, what IAM shows of it, and, if the guard
//! can change it, its actions and the decision tables that choose between them. Its words are in
//! the crate `notice`, its calls in `policy-store`.

pub mod addition;
pub mod inline;
pub mod managed;
pub mod reported;
mod reserved;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use addition::{Addable, Added, AddedAction, AddedIdentity, Addition};
pub use inline::{InlineAction, InlinePolicy, InlineTrace, ObservedInline, Owner, OwnerKind};
pub use managed::{ManagedAction, ManagedPolicy, ObservedManaged, Version};
pub use reported::{Credentials, HeldPolicy, Named, NotRead, ReportedCall, ReportedState};
pub use reserved::Reserved;

use crate::Timestamp;
use crate::message::ObservedPolicy;
use crate::reconcile::Document as _;

/// What an event names, and what IAM is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Subject {
    Managed(ManagedPolicy),
    Inline(InlinePolicy),
    /// Reported, and left as it is.
    #[serde(alias = "told")]
    Reported(ReportedCall),
}

impl Subject {
    /// The policy's name without its path or owner.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Managed(policy) => policy.arn.name(),
            Self::Inline(policy) => &policy.name,
            Self::Reported(call) => call.name(),
        }
    }
}

impl Subject {
    /// The names in one letter case. IAM takes names in any case, so a record with another one is
    /// about the same thing; its unique id is compared besides.
    pub(crate) fn folded(&self) -> String {
        let names = serde_json::to_string(self).unwrap_or_default();
        names.to_ascii_lowercase()
    }

    /// The name of the inline policy that the sweep writes once a day.
    pub const PROOF_OF_LIFE: &'static str = "proof-of-life";

    /// Whether it is the guard's own proof of life: that policy of the role `probe`, which nobody
    /// can assume.
    #[must_use]
    pub fn is_proof_of_life(&self, probe: &str) -> bool {
        match self {
            Self::Inline(policy) => {
                policy.name == Self::PROOF_OF_LIFE
                    && policy.owner.kind == OwnerKind::Role
                    && policy.owner.name == probe
            }
            Self::Managed(_) | Self::Reported(_) => false,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Managed(policy) => policy.fmt(f),
            Self::Inline(policy) => policy.fmt(f),
            Self::Reported(call) => call.fmt(f),
        }
    }
}

/// What distinguishes a subject from another one that takes its name later.
///
/// Names come back after a deletion; unique ids never do (IAM User Guide, "IAM identifiers").
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UniqueId {
    /// The `PolicyId` of a managed policy; the `RoleId`, `UserId` or `GroupId` of an inline
    /// policy's owner.
    pub id: String,
    /// The `CreateDate` of the same thing.
    pub created: Timestamp,
}

/// How an observed unique id compares with the expected one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compared {
    Same,
    MadeAgain,
    /// It is another one, and a stale answer of IAM could look the same.
    Ambiguous,
}

impl UniqueId {
    pub(crate) fn compare(&self, expected: &Self) -> Compared {
        if self == expected {
            Compared::Same
        } else if self.created > expected.created {
            Compared::MadeAgain
        } else {
            Compared::Ambiguous
        }
    }
}

/// What IAM answered about a subject at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Observed {
    Managed(ObservedManaged),
    Inline(ObservedInline),
}

impl Observed {
    /// Who alone can change it, by the path that IAM shows.
    #[must_use]
    pub fn reserved(&self) -> Option<Reserved> {
        match self {
            Self::Managed(observed) => observed.reserved,
            Self::Inline(observed) => observed.reserved,
        }
    }

    /// The policy in force; `None` where an owner has no such inline policy.
    #[must_use]
    pub fn in_force(&self) -> Option<ObservedPolicy> {
        match self {
            Self::Managed(observed) => Some(observed.in_force()),
            Self::Inline(observed) => InlinePolicy::in_force(observed),
        }
    }
}
