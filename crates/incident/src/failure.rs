use std::fmt;

/// The name under which a function's error reaches the state machine.
///
/// `Retry` and `Catch` of the definition list these names; a test holds the two together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureName {
    /// The input is not a CloudTrail record of a watched call.
    RecordMalformed,
    /// The record is complete as far as it goes, but says nowhere which policy was written.
    RecordNamesNoPolicy,
    /// A message between two states is not what the state machine sends.
    PayloadMalformed,
    /// An AWS service throttled, failed on its side or could not be reached: the same call may succeed later.
    TransientAwsError,
    /// IAM does not show the change yet, or something else is in its place. IAM is eventually consistent, so this is retried before it is believed.
    ChangeNotVisible,
    /// The function was invoked in the name of an execution that does not call it.
    NotMine,
    /// The execution's history does not show yet that it calls the function.
    HistoryBehind,
    /// An AWS service refused the call for good, for instance for a missing permission.
    AwsRefused,
    /// IAM lets nobody change the role: a service-linked one, or one of IAM Identity Center.
    UnmodifiableEntity,
    /// An allow does not carry the key that only the links of the newest request have.
    DecisionUnproven,
    /// Steps were carried out, but the policy did not come to rest in a state that the function knows.
    PolicyUnsettled,
}

impl FailureName {
    pub const ALL: [Self; 11] = [
        Self::RecordMalformed,
        Self::RecordNamesNoPolicy,
        Self::PayloadMalformed,
        Self::TransientAwsError,
        Self::ChangeNotVisible,
        Self::NotMine,
        Self::HistoryBehind,
        Self::AwsRefused,
        Self::UnmodifiableEntity,
        Self::DecisionUnproven,
        Self::PolicyUnsettled,
    ];

    /// The name as the state machine sees it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RecordMalformed => "RecordMalformed",
            Self::RecordNamesNoPolicy => "RecordNamesNoPolicy",
            Self::PayloadMalformed => "PayloadMalformed",
            Self::TransientAwsError => "TransientAwsError",
            Self::ChangeNotVisible => "ChangeNotVisible",
            Self::NotMine => "NotMine",
            Self::HistoryBehind => "HistoryBehind",
            Self::AwsRefused => "AwsRefused",
            Self::UnmodifiableEntity => "UnmodifiableEntity",
            Self::DecisionUnproven => "DecisionUnproven",
            Self::PolicyUnsettled => "PolicyUnsettled",
        }
    }

    /// Whether the same call can succeed a little later, so that the state machine retries it.
    #[must_use]
    pub fn is_transient(self) -> bool {
        match self {
            Self::TransientAwsError
            | Self::ChangeNotVisible
            | Self::HistoryBehind
            | Self::PolicyUnsettled => true,
            Self::RecordMalformed
            | Self::RecordNamesNoPolicy
            | Self::PayloadMalformed
            | Self::NotMine
            | Self::AwsRefused
            | Self::UnmodifiableEntity
            | Self::DecisionUnproven => false,
        }
    }

    /// Whether no later try of a containment can succeed, so that the state machine makes none.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::RecordMalformed
            | Self::RecordNamesNoPolicy
            | Self::PayloadMalformed
            | Self::NotMine
            | Self::UnmodifiableEntity
            | Self::DecisionUnproven => true,
            // Somebody can give back a permission that a person took away.
            Self::AwsRefused
            | Self::TransientAwsError
            | Self::ChangeNotVisible
            | Self::HistoryBehind
            | Self::PolicyUnsettled => false,
        }
    }
}

impl fmt::Display for FailureName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
