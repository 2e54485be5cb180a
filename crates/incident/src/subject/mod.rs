//! The things that an incident can be about.
//!
//! A subject has one module here: the events that name it and where in the record, its identity, and its pure next step.
//! Its words are in the crate `notice`, its calls in `policy-store`.

pub mod inline;
pub mod managed;
pub mod reported;

use std::fmt;

use iam_policy::Quota;
use serde::{Deserialize, Serialize};

pub use inline::{InlinePolicy, ObservedInline, Owner, OwnerKind};
pub use managed::{ManagedPolicy, ObservedManaged, Version};
pub use reported::{Credentials, HeldPolicy, ReportedCall, ReportedState};

use crate::{Snapshot, Timestamp, VersionId};

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
            Self::Reported(told) => told.name(),
        }
    }

    /// How long its document may be.
    #[must_use]
    pub fn quota(&self) -> Quota {
        match self {
            // What is told of is only judged, which no quota changes.
            Self::Managed(_) | Self::Reported(_) => Quota::MANAGED,
            Self::Inline(policy) => policy.quota(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Managed(policy) => policy.fmt(f),
            Self::Inline(policy) => policy.fmt(f),
            Self::Reported(told) => told.fmt(f),
        }
    }
}

/// What tells a subject from another one that has its name later.
///
/// Names come back after a deletion, unique identifiers never do (IAM User Guide, "IAM identifiers").
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UniqueId {
    /// The `PolicyId` of a managed policy; the `RoleId`, `UserId` or `GroupId` of an inline policy's owner.
    pub id: String,
    /// The `CreateDate` of the same thing.
    pub created: Timestamp,
}

/// How the identity of a look compares with the expected one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compared {
    Same,
    MadeAgain,
    /// It is another thing, and a stale answer of IAM could look the same.
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
    /// Which of the things that ever had this name it is.
    #[must_use]
    pub fn identity(&self) -> &UniqueId {
        match self {
            Self::Managed(look) => &look.identity,
            Self::Inline(look) => &look.identity,
        }
    }

    /// The document in force; none of an inline policy that its owner does not have.
    #[must_use]
    pub fn document(&self) -> Option<&Snapshot> {
        match self {
            Self::Managed(look) => Some(&look.default.document),
            Self::Inline(look) => look.document.as_ref(),
        }
    }

    /// The version in force, of a managed policy.
    #[must_use]
    pub fn version(&self) -> Option<&VersionId> {
        match self {
            Self::Managed(look) => Some(&look.default.id),
            Self::Inline(_) => None,
        }
    }
}
