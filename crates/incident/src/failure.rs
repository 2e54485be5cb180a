//! The names of the errors that functions return to the state machine.

use strum::{Display, IntoStaticStr, VariantArray};

/// The name under which a function's error reaches the state machine.
///
/// `Retry` and `Catch` of the definition list these names; a test holds the two together.
#[derive(Clone, Copy, Debug, Display, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
pub enum FailureName {
    /// The input is not a CloudTrail record of a watched call.
    RecordMalformed,
    /// CloudTrail left the parameters out of the record, and nothing else in it names the policy.
    RecordNamesNoPolicy,
    /// A message between two states is not what the state machine sends.
    PayloadMalformed,
    /// An AWS service throttled the call, failed or could not be reached. The same call may succeed
    /// later.
    TransientAwsError,
    /// An AWS service got too many calls. The same call may succeed minutes later.
    Throttled,
    /// IAM does not show the change yet. Only the definition of the version before retries it: this
    /// one gets an answer, and waits.
    ChangeNotVisible,
    /// An AWS service refused the call, for instance because a permission is missing.
    AwsRefused,
    /// IAM does not allow changes to the role: it is service-linked, or belongs to IAM Identity
    /// Center.
    UnmodifiableEntity,
    /// An allow does not carry the key that only the links of the newest request have.
    DecisionUnproven,
    /// The policy did not come to rest after many actions and waits.
    PolicyUnsettled,
    /// No output of an earlier sweep can be read, so there is nothing to compare with.
    SweepUnreadable,
}

impl FailureName {
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The name as the state machine sees it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether the same call can succeed a little later, so that the state machine retries it.
    #[must_use]
    pub fn is_transient(self) -> bool {
        match self {
            Self::TransientAwsError | Self::Throttled => true,
            Self::ChangeNotVisible
            | Self::RecordMalformed
            | Self::RecordNamesNoPolicy
            | Self::PayloadMalformed
            | Self::AwsRefused
            | Self::UnmodifiableEntity
            | Self::DecisionUnproven
            | Self::PolicyUnsettled
            | Self::SweepUnreadable => false,
        }
    }

    /// Whether every later try of a containment fails as well, so that the state machine gives up.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::RecordMalformed
            | Self::RecordNamesNoPolicy
            | Self::PayloadMalformed
            | Self::UnmodifiableEntity
            | Self::DecisionUnproven => true,
            // An administrator can restore a permission that the guard lost.
            Self::AwsRefused
            | Self::TransientAwsError
            | Self::Throttled
            | Self::ChangeNotVisible
            | Self::PolicyUnsettled
            | Self::SweepUnreadable => false,
        }
    }
}
