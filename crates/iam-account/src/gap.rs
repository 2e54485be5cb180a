//! What an answer lacks, so that it does not tell who holds what.

use std::fmt;

use crate::entry::List;

/// Something that the answer lacks.
///
/// Displayed, it is one sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Gap {
    /// The answer has no pages.
    Page,
    /// The pages have no user, group or role.
    Principals,
    /// The last page says that more pages follow.
    Truncated {
        /// The account, if there are several ones.
        account: Option<String>,
    },
    /// No page has the list.
    List {
        /// The list.
        list: List,
        /// The account, if there are several ones.
        account: Option<String>,
    },
    /// A managed policy is attached, or is a permissions boundary, and its document is not there.
    Document {
        /// Its ARN.
        arn: String,
        /// The ARN of the first principal that has it.
        principal: String,
        /// How many other principals have it.
        more: usize,
    },
    /// The document of a policy cannot be read, so it may grant anything.
    Unreadable {
        /// The policy, as a part of a sentence.
        policy: String,
        /// The ARN of the first principal that has it.
        principal: String,
        /// How many other principals have it.
        more: usize,
        /// Why it cannot be read.
        reason: String,
    },
    /// The trust policy of a role is missing or cannot be read, so everybody may become the role.
    Trust {
        /// The ARN of the role.
        role: String,
        /// Why it cannot be read; `None` if it is missing.
        reason: Option<String>,
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
            Gap::Page => f.write_str("it has no pages"),
            Gap::Principals => f.write_str("it has no user, group or role"),
            Gap::Truncated { account } => {
                let of = of(account.as_deref());
                write!(f, "the last page{of} says that more pages follow")
            }
            Gap::List { list, account } => {
                let of = of(account.as_deref());
                write!(f, "no page{of} has the list `{}`", list.name())
            }
            Gap::Document {
                arn,
                principal,
                more,
            } => {
                write!(
                    f,
                    "no page has the document of `{arn}`, which `{principal}`"
                )?;
                f.write_str(&have(*more))
            }
            Gap::Unreadable {
                policy,
                principal,
                more,
                reason,
            } => {
                let have = have(*more);
                write!(
                    f,
                    "{policy}, which `{principal}`{have}, cannot be read: {reason}"
                )
            }
            Gap::Trust { role, reason } => match reason {
                Some(reason) => write!(f, "the trust policy of `{role}` cannot be read: {reason}"),
                None => write!(f, "no page has the trust policy of `{role}`"),
            },
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
            } => {
                let attachments = match counted {
                    1 => "attachment",
                    _ => "attachments",
                };
                write!(
                    f,
                    "the answer counts {counted} {attachments} of `{arn}` and has {shown} of them"
                )
            }
            Gap::Twice { arn } => write!(f, "two entries for `{arn}` differ"),
        }
    }
}

fn of(account: Option<&str>) -> String {
    account
        .map(|it| format!(" of the account {it}"))
        .unwrap_or_default()
}

fn have(more: usize) -> String {
    match more {
        0 => " has".to_owned(),
        more => format!(" and {more} more have"),
    }
}
