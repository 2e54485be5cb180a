//! The number of characters that IAM allows in a document.

/// The number of characters that a policy document may have, without white space outside strings.
///
/// The figures are those of "IAM and AWS STS quotas". A quota of inline policies applies to the sum
/// of all inline policies of one owner, so a caller that knows the other policies passes the
/// remainder through [`Quota::characters`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quota(usize);

impl Quota {
    /// A managed policy: 6,144 characters.
    pub const MANAGED: Quota = Quota(6_144);
    /// All inline policies of one role: 10,240 characters.
    pub const ROLE_INLINE: Quota = Quota(10_240);
    /// All inline policies of one user: 2,048 characters.
    pub const USER_INLINE: Quota = Quota(2_048);
    /// All inline policies of one group: 5,120 characters.
    pub const GROUP_INLINE: Quota = Quota(5_120);

    /// A quota of `n` characters.
    #[must_use]
    pub const fn characters(n: usize) -> Quota {
        Quota(n)
    }

    /// The number of characters allowed.
    #[must_use]
    pub const fn limit(self) -> usize {
        self.0
    }
}
