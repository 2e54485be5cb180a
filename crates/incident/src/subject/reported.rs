//! What the guard tells of and does not undo: to undo it without a memory of what was there before could break production.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::PolicyArn;
use crate::subject::{Owner, Subject};

/// What a call did, by the names of the things that it did it to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(
    tag = "what",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum ReportedCall {
    /// A managed policy was attached, an AWS managed one too.
    Attachment {
        owner: Owner,
        policy: PolicyArn,
    },
    Detachment {
        owner: Owner,
        policy: PolicyArn,
    },
    Membership {
        user: String,
        group: String,
    },
    /// A user was taken out of a group.
    Departure {
        user: String,
        group: String,
    },
    /// The permissions boundary of a role or user was put, or deleted where the record names none.
    Boundary {
        owner: Owner,
        #[serde(skip_serializing_if = "Option::is_none")]
        boundary: Option<PolicyArn>,
    },
    /// The trust policy of a role was written, with the role or later.
    Trust {
        role: String,
        is_new: bool,
    },
    /// A user got a way in: an access key or a password.
    Credentials {
        user: String,
        credentials: Credentials,
        /// Whether the user made them, as everybody renews their own.
        is_own: bool,
    },
    /// A user or a group got this name, and keeps what it holds.
    Renaming {
        owner: Owner,
        before: String,
    },
}

/// What a user can sign in with.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Credentials {
    /// An access key, by its identifier where the record has it.
    AccessKey(Option<String>),
    Password,
}

impl ReportedCall {
    /// The name of the principal that it is about.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Attachment { owner, .. }
            | Self::Detachment { owner, .. }
            | Self::Boundary { owner, .. }
            | Self::Renaming { owner, .. } => &owner.name,
            Self::Membership { user, .. }
            | Self::Departure { user, .. }
            | Self::Credentials { user, .. } => user,
            Self::Trust { role, .. } => role,
        }
    }

    /// Whether it takes something away, so that what it leaves behind may no longer be denied.
    #[must_use]
    pub fn takes_away(&self) -> bool {
        matches!(self, Self::Detachment { .. } | Self::Departure { .. })
    }
}

impl fmt::Display for ReportedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attachment { owner, policy } => write!(f, "policy `{policy}` on {owner}"),
            Self::Detachment { owner, policy } => {
                write!(f, "policy `{policy}`, no longer on {owner}")
            }
            Self::Membership { user, group } => write!(f, "user `{user}` in group `{group}`"),
            Self::Departure { user, group } => {
                write!(f, "user `{user}`, no longer in group `{group}`")
            }
            Self::Boundary { owner, .. } => write!(f, "permissions boundary of {owner}"),
            Self::Trust { role, .. } => write!(f, "trust policy of role `{role}`"),
            Self::Credentials {
                user, credentials, ..
            } => match credentials {
                Credentials::AccessKey(_) => write!(f, "access key of user `{user}`"),
                Credentials::Password => write!(f, "password of user `{user}`"),
            },
            Self::Renaming { owner, before } => write!(f, "{owner}, until now `{before}`"),
        }
    }
}

/// What IAM shows of it at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReportedState {
    /// Whether what the call did is still so.
    pub is_so: bool,
    /// Whom of those that the call names IAM does not have under that name.
    pub absent: Option<Owner>,
    /// The policies that it brings or takes, as far as IAM has them.
    pub policies: Vec<HeldPolicy>,
    /// Whether there are more policies than the guard reads.
    pub has_more: bool,
    /// The permissions boundary that is in force; `policies` has its document.
    pub boundary: Option<PolicyArn>,
    /// The permissions boundary that the record names, where another or none is in force.
    pub passed: Vec<HeldPolicy>,
    /// The trust policy.
    pub trust: Option<String>,
}

/// A policy that somebody holds, and what is in force of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HeldPolicy {
    pub policy: Subject,
    /// Its text, which of an AWS managed policy is longer than an execution could keep.
    pub document: String,
}
