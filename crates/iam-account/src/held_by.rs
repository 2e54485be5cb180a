//! How many hold a policy.

use std::fmt;

/// How many users, groups and roles hold a policy.
///
/// Displayed, it reads `held by 3 roles and 1 group (7 users)`.
///
/// ```
/// use iam_account::HeldBy;
///
/// let held = HeldBy { roles: 3, users: 0, groups: 1, members: 7 };
/// assert_eq!(held.to_string(), "held by 3 roles and 1 group (7 users)");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldBy {
    /// The roles.
    pub roles: usize,
    /// The users who have the policy themselves.
    pub users: usize,
    /// The groups.
    pub groups: usize,
    /// The users who have it only as members of these groups, each counted once.
    pub members: usize,
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
        match parts.as_slice() {
            [] => f.write_str("held by no principal"),
            [one] => write!(f, "held by {one}"),
            [first @ .., last] => write!(f, "held by {} and {last}", first.join(", ")),
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
    }
}
