//! How many hold a policy.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How many users, groups and roles hold a policy.
///
/// Displayed, it reads `held by 3 roles and 1 group (7 users)`.
///
/// ```
/// use iam_account::HeldBy;
///
/// let held = HeldBy { roles: 3, groups: 1, members: 7, ..HeldBy::default() };
/// assert_eq!(held.to_string(), "held by 3 roles and 1 group (7 users)");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HeldBy {
    /// The roles.
    pub roles: usize,
    /// The users who have the policy themselves.
    pub users: usize,
    /// The groups.
    pub groups: usize,
    /// The users who have it only as members of these groups, each counted once.
    pub members: usize,
    /// Whether more may hold it, because not all was read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub at_least: bool,
}

impl HeldBy {
    /// The users who have the policy themselves or as members of a group.
    #[must_use]
    pub fn all_users(&self) -> usize {
        self.users + self.members
    }
}

impl fmt::Display for HeldBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |count: usize, one: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {one}s"),
        };
        let mut parts = Vec::new();
        if self.roles > 0 {
            parts.push(counted(self.roles, "role"));
        }
        if self.users > 0 {
            parts.push(counted(self.users, "user"));
        }
        if self.groups > 0 {
            // Members who have the policy themselves too are among the users.
            let others = if self.users > 0 { "other user" } else { "user" };
            let members = counted(self.members, others);
            parts.push(format!("{} ({members})", counted(self.groups, "group")));
        }
        let at_least = if self.at_least { "at least " } else { "" };
        match parts.as_slice() {
            [] if self.at_least => f.write_str("held by an unknown number of principals"),
            [] => f.write_str("held by no principal"),
            [one] => write!(f, "held by {at_least}{one}"),
            [first @ .., last] => {
                write!(f, "held by {at_least}{} and {last}", first.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_a_sentence() {
        let text = |roles, users, groups, members| {
            let held = HeldBy {
                roles,
                users,
                groups,
                members,
                at_least: false,
            };
            held.to_string()
        };
        assert_eq!(text(0, 0, 0, 0), "held by no principal");
        assert_eq!(text(1, 0, 0, 0), "held by 1 role");
        assert_eq!(
            text(0, 2, 1, 0),
            "held by 2 users and 1 group (0 other users)"
        );
        assert_eq!(
            text(2, 1, 2, 1),
            "held by 2 roles, 1 user and 2 groups (1 other user)"
        );
        let cut = HeldBy {
            groups: 2,
            members: 1000,
            at_least: true,
            ..HeldBy::default()
        };
        assert_eq!(cut.to_string(), "held by at least 2 groups (1000 users)");
        let unknown = HeldBy {
            at_least: true,
            ..HeldBy::default()
        };
        assert_eq!(
            unknown.to_string(),
            "held by an unknown number of principals"
        );
    }
}
