//! Why the guard reports a call that it does not revert.

use iam_policy::{ActionPattern, Entrants, ExternalPrincipal, Truncated};
use serde::{Deserialize, Serialize};

use super::{is_false, is_zero};
use crate::Subject;
use crate::subject::{Named, Owner, Reserved};

/// The bytes of JSON that the reasons may take.
const REASON_BYTES: usize = 8 * 1024;
/// The bytes that the patterns of one reason may take.
const PATTERN_BYTES: usize = 1024;

/// `report`: why the guard reports a call that it does not revert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The reasons, in the order in which IAM lists the policies.
    pub reasons: Vec<Reason>,
    /// How many more reasons there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_reasons: usize,
    /// Whether `Mode` is `Monitor`. The guard does not revert the call in either mode.
    #[serde(default, skip_serializing_if = "is_false")]
    pub monitored: bool,
}

impl Report {
    #[must_use]
    pub fn new(reasons: &[Reason], monitored: bool) -> Self {
        let reasons = Truncated::within(REASON_BYTES, reasons);
        Self {
            more_reasons: reasons.more(),
            reasons: reasons.into_shown(),
            monitored,
        }
    }
}

/// One reason to report a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "reason",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Reason {
    /// A policy grants something restricted.
    Grants {
        policy: Subject,
        /// The restricted patterns that match something it grants.
        restricted: Vec<ActionPattern>,
        /// How many more such patterns there are.
        #[serde(default, skip_serializing_if = "is_zero")]
        more_restricted: usize,
    },
    /// IAM no longer has a user or group with this name. If it was renamed, it kept its policies.
    Absent { owner: Owner },
    /// Another call wrote what is in force.
    OtherCall,
    /// A removed policy contains a `Deny`.
    Denied {
        policy: Subject,
        /// What it allows, which would come back with the `Deny`: an action, or everything but some
        /// actions. A policy that cannot be read may allow anything, so it has `*` here.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        allows: Vec<String>,
        /// How many more such entries there are.
        #[serde(default, skip_serializing_if = "is_zero")]
        more_allows: usize,
    },
    /// No permissions boundary is set.
    NoBoundary,
    /// A trust policy lets an external principal assume the role.
    #[serde(alias = "outsider")]
    ExternalPrincipal {
        #[serde(alias = "outsider")]
        principal: ExternalPrincipal,
    },
    /// Who may assume a role that holds something restricted.
    Entrants {
        principals: Vec<String>,
        /// How many more there are.
        #[serde(default, skip_serializing_if = "is_zero")]
        more: usize,
        /// Whether they could not do so before, as far as IAM showed.
        are_new: bool,
    },
    /// Whom the trust policy of the call let in, until another one replaced it.
    LetInBefore {
        principals: Vec<String>,
        /// How many more there are.
        #[serde(default, skip_serializing_if = "is_zero")]
        more: usize,
    },
    /// The trust policy lets in this many more external principals.
    #[serde(alias = "moreOutsiders")]
    MoreExternalPrincipals { more: usize },
    /// There are more policies than the guard reads.
    Unread,
    /// IAM has nothing of this name any more, so what it held or denied is unknown.
    NotRead { named: Named },
    /// The credentials are those of the root user.
    RootUser,
    /// The guard reports every such call.
    Rare,
    /// IAM lets no caller change the role or the policy.
    Reserved { by: Reserved },
    /// What was added contains a `Deny`, so the guard does not ask whether to take it away.
    HoldsDenial,
    /// Only the list of what the guard reports names what the policy grants.
    OnlyReported,
}

impl Reason {
    pub(crate) fn denied(policy: &Subject, allows: &[String]) -> Self {
        let allows = Truncated::within(PATTERN_BYTES, allows);
        Self::Denied {
            policy: policy.clone(),
            more_allows: allows.more(),
            allows: allows.into_shown(),
        }
    }

    pub(crate) fn entrants(entrants: &Entrants) -> Self {
        let principals = Truncated::within(PATTERN_BYTES, &entrants.principals);
        Self::Entrants {
            more: principals.more(),
            principals: principals.into_shown(),
            are_new: entrants.are_new,
        }
    }

    pub(crate) fn let_in_before(entrants: &Entrants) -> Self {
        let principals = Truncated::within(PATTERN_BYTES, &entrants.principals);
        Self::LetInBefore {
            more: principals.more(),
            principals: principals.into_shown(),
        }
    }

    pub(crate) fn grants(policy: &Subject, patterns: &[&ActionPattern]) -> Self {
        let patterns = Truncated::within(PATTERN_BYTES, patterns.iter().copied());
        Self::Grants {
            policy: policy.clone(),
            more_restricted: patterns.more(),
            restricted: patterns.into_shown(),
        }
    }
}

#[cfg(test)]
mod tests {
    use iam_policy::{TrustedAccounts, judge_trust};
    use serde_json::{from_value, json, to_value};

    use super::*;
    use crate::subject::ReportedCall;

    const OPEN: &str =
        r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}"#;

    #[test]
    fn executions_of_the_version_before_can_be_read() {
        let found = judge_trust(OPEN, "111122223333", &TrustedAccounts::default());
        let principal = found.shown()[0].clone();
        let before = json!({"reason": "outsider", "outsider": principal});
        let now = Reason::ExternalPrincipal { principal };
        assert_eq!(from_value::<Reason>(before).unwrap(), now);
        assert_eq!(from_value::<Reason>(to_value(&now).unwrap()).unwrap(), now);
        let before = json!({"reason": "moreOutsiders", "more": 2});
        let now = Reason::MoreExternalPrincipals { more: 2 };
        assert_eq!(from_value::<Reason>(before).unwrap(), now);
        for (what, call) in [
            ("membership", added as fn(_, _) -> _),
            ("departure", removed),
        ] {
            let before = json!({"type": "told", "what": what, "user": "a", "group": "b"});
            let now = Subject::Reported(call("a".to_owned(), "b".to_owned()));
            assert_eq!(from_value::<Subject>(before).unwrap(), now);
        }
    }

    fn added(user: String, group: String) -> ReportedCall {
        ReportedCall::AddedToGroup { user, group }
    }

    fn removed(user: String, group: String) -> ReportedCall {
        ReportedCall::RemovedFromGroup { user, group }
    }
}
