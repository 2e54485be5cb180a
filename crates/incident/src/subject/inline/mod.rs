//! An inline policy of a role, a user or a group: one document, without versions.

mod contain;
mod restore;

use std::fmt;

use iam_policy::Quota;
use serde::{Deserialize, Serialize};

use crate::Snapshot;
use crate::message::{Contained, ObservedPolicy};
use crate::reconcile::{Action, Call, Changeable, Document};
use crate::subject::{Reserved, UniqueId};

/// An inline policy, by its name and its owner's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InlinePolicy {
    pub owner: Owner,
    /// Its name, unique for this owner.
    pub name: String,
}

impl fmt::Display for InlinePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "inline policy `{}` of {}", self.name, self.owner)
    }
}

impl Changeable for InlinePolicy {
    type Observed = ObservedInline;
    type Action = InlineAction;

    fn call(&self, action: InlineAction) -> Action {
        let (put, delete) = match self.owner.kind {
            OwnerKind::Role => (Call::PutRolePolicy, Call::DeleteRolePolicy),
            OwnerKind::User => (Call::PutUserPolicy, Call::DeleteUserPolicy),
            OwnerKind::Group => (Call::PutGroupPolicy, Call::DeleteGroupPolicy),
        };
        match action {
            InlineAction::Put(document) => Action::new(put).with_document(document),
            InlineAction::Delete => Action::new(delete),
        }
    }
}

impl Document for InlinePolicy {
    type Trace = InlineTrace;

    /// The quota of its owner's kind, which all inline policies of the owner share.
    fn quota(&self) -> Quota {
        match self.owner.kind {
            OwnerKind::Role => Quota::ROLE_INLINE,
            OwnerKind::User => Quota::USER_INLINE,
            OwnerKind::Group => Quota::GROUP_INLINE,
        }
    }

    fn in_force(observed: &ObservedInline) -> Option<ObservedPolicy> {
        Some(ObservedPolicy {
            identity: observed.identity.clone(),
            version: None,
            document: observed.document.clone()?,
        })
    }

    fn trace(contained: &Contained) -> Option<InlineTrace> {
        match (&contained.versions, contained.removed) {
            (Some(_), _) => None,
            (None, true) => Some(InlineTrace::Deleted),
            (None, false) => Some(InlineTrace::Rewritten),
        }
    }
}

/// The calls that change an inline policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InlineAction {
    /// `Put…Policy` with this document, over the one that is there.
    Put(String),
    /// `Delete…Policy`.
    Delete,
}

/// How the containment of an inline policy left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InlineTrace {
    /// The remediated document stands in the place of the original.
    Rewritten,
    /// The policy was deleted, because the quota left no room even for a document that grants
    /// nothing.
    Deleted,
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
    /// Who alone can change the owner. Only roles can be protected.
    pub reserved: Option<Reserved>,
    /// The document in force; none where the owner has no such policy.
    pub document: Option<Snapshot>,
}
