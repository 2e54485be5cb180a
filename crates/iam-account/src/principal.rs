//! Users, groups and roles, and the policies that they have.

use std::fmt;

use serde::Serialize;

use crate::arn;
use crate::held::Held;
use crate::reach::Reach;
use crate::watched::Actions;

/// The kind of a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A user.
    User,
    /// A group, which gives its members what its policies grant.
    Group,
    /// A role.
    Role,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 3] = [Kind::User, Kind::Group, Kind::Role];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::User => "user",
            Kind::Group => "group",
            Kind::Role => "role",
        })
    }
}

/// Whether a principal holds something that is restricted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It holds nothing restricted.
    No,
    /// A policy that it has is not in the answer or cannot be read, and the others give it nothing
    /// restricted.
    Unknown,
    /// It holds something restricted, but only under conditions, for some resources, except where
    /// a policy denies it, or within a boundary that is not in the answer.
    Maybe,
    /// It holds something restricted.
    Yes,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::No => "no",
            Verdict::Unknown => "unknown",
            Verdict::Maybe => "maybe",
            Verdict::Yes => "yes",
        })
    }
}

/// A user, group or role of the answer.
#[derive(Debug)]
pub struct Principal {
    pub(crate) number: usize,
    pub(crate) kind: Kind,
    pub(crate) name: Box<str>,
    pub(crate) arn: Box<str>,
    /// The name and the document of each inline policy.
    pub(crate) inline: Vec<(Box<str>, usize)>,
    /// The managed policies.
    pub(crate) attached: Vec<usize>,
    /// The groups of a user, by their numbers.
    pub(crate) groups: Vec<usize>,
    /// The names of the groups that the answer does not have.
    pub(crate) unknown_groups: Vec<Box<str>>,
    pub(crate) boundary: Option<usize>,
    pub(crate) trust: Option<usize>,
    /// What takes grants away from each of its policies.
    pub(crate) limits: usize,
    pub(crate) held: Held,
    pub(crate) any_actions: Actions,
    pub(crate) sure_actions: Actions,
    /// Whether the document of a policy is not in the answer or cannot be read.
    pub(crate) lacks_document: bool,
    pub(crate) reach: Reach,
}

impl Principal {
    /// Whether it is a user, a group or a role.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Its account.
    #[must_use]
    pub fn account(&self) -> &str {
        arn::account(&self.arn)
    }

    /// Whether it holds something restricted.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if !self.held.sure.is_empty() {
            Verdict::Yes
        } else if !self.held.any.is_empty() {
            Verdict::Maybe
        } else if self.lacks_document || !self.unknown_groups.is_empty() {
            Verdict::Unknown
        } else {
            Verdict::No
        }
    }

    /// How many restricted patterns it holds for certain, and how many under conditions.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let (any, sure) = (self.held.any.len(), self.held.sure.len());
        (sure, any.saturating_sub(sure))
    }

    /// The names of the groups of a user that the answer does not have.
    pub fn unknown_groups(&self) -> impl Iterator<Item = &str> {
        self.unknown_groups.iter().map(Box::as_ref)
    }

    /// How many roles it can become, and how many of them hold something restricted.
    #[must_use]
    pub fn roles_in_reach(&self) -> (usize, usize) {
        (self.reach.roles, self.reach.holders)
    }

    /// Whether it may become more roles, because the search for them took too long.
    #[must_use]
    pub fn is_reach_cut(&self) -> bool {
        self.reach.is_cut
    }
}

/// A policy that a principal can have.
///
/// Displayed, it reads as a part of a sentence.
#[derive(Clone, Copy, Debug)]
pub enum PolicyRef<'a> {
    /// A managed policy.
    Managed {
        /// Its ARN.
        arn: &'a str,
    },
    /// An inline policy.
    Inline {
        /// The user, group or role that has it.
        owner: &'a Principal,
        /// Its name.
        name: &'a str,
    },
}

impl fmt::Display for PolicyRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PolicyRef::Managed { arn } => match arn::account(arn) {
                "aws" => write!(f, "AWS managed policy `{}`", arn::name(arn)),
                _ => write!(f, "policy `{}`", arn::name(arn)),
            },
            PolicyRef::Inline { owner, name } => {
                write!(
                    f,
                    "inline policy `{name}` of {} `{}`",
                    owner.kind, owner.name
                )
            }
        }
    }
}
