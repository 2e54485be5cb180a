//! What an answer lacks, so that it does not tell who holds what.

use std::fmt;

use crate::entry::List;

/// Something that the answer lacks.
///
/// Displayed, it is one sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Gap {
    /// The last page says that more pages follow.
    Truncated,
    /// No page has the list.
    List(List),
    /// A managed policy is attached, or is a permissions boundary, and its document is not there.
    Document {
        /// Its ARN.
        arn: String,
        /// The ARN of the first principal that has it.
        principal: String,
        /// How many other principals have it.
        more: usize,
    },
    /// The entry of a managed policy does not say which version is the default, or lacks it.
    DefaultVersion {
        /// The ARN of the policy.
        arn: String,
    },
    /// A user is in a group that the answer does not have.
    Group {
        /// The name of the group.
        group: String,
        /// The ARN of the user.
        user: String,
    },
    /// A managed policy is attached to more principals than the answer has.
    Attachments {
        /// The ARN of the policy.
        arn: String,
        /// To how many it is attached.
        counted: u64,
        /// How many of them the answer has.
        shown: u64,
    },
    /// Two entries with the same ARN differ.
    Twice {
        /// The ARN.
        arn: String,
    },
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Gap::Truncated => f.write_str("the last page says that more pages follow"),
            Gap::List(list) => write!(f, "no page has the list `{}`", list.name()),
            Gap::Document {
                arn,
                principal,
                more,
            } => {
                write!(
                    f,
                    "no page has the document of `{arn}`, which `{principal}`"
                )?;
                match more {
                    0 => f.write_str(" has"),
                    more => write!(f, " and {more} more have"),
                }
            }
            Gap::DefaultVersion { arn } => {
                write!(f, "the default version of `{arn}` is missing or not clear")
            }
            Gap::Group { group, user } => {
                write!(f, "no page has the group `{group}`, which `{user}` is in")
            }
            Gap::Attachments {
                arn,
                counted,
                shown,
            } => write!(
                f,
                "the answer counts {counted} attachments of `{arn}` and has {shown} of them"
            ),
            Gap::Twice { arn } => write!(f, "two entries for `{arn}` differ"),
        }
    }
}
