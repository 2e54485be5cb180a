//! What is told of a call that the guard does not undo.

use iam_policy::{ActionPattern, ExternalPrincipal, Truncated};
use serde::{Deserialize, Serialize};

use super::{is_false, is_zero};
use crate::Subject;
use crate::subject::Owner;

/// The bytes of JSON that the reasons may take.
const REASON_BYTES: usize = 8 * 1024;
/// The bytes that the patterns of one reason may take.
const PATTERN_BYTES: usize = 1024;

/// `told`: why a call that is not undone is told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Why, in the order in which IAM shows the policies.
    pub reasons: Vec<Reason>,
    /// How many more reasons there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_reasons: usize,
    /// Whether the guard only monitors. It would have changed nothing in any case.
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

/// One reason to tell of a call.
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
        /// The restricted patterns of which it grants something.
        restricted: Vec<ActionPattern>,
        /// How many more such patterns there are.
        #[serde(default, skip_serializing_if = "is_zero")]
        more_restricted: usize,
    },
    /// IAM has no user or group of this name any more, and a rename keeps what it held.
    Absent { owner: Owner },
    /// What is in force is not what the call wrote.
    OtherCall,
    /// A policy that went holds a `Deny`.
    Denied { policy: Subject },
    /// There is no permissions boundary any more.
    NoBoundary,
    /// A trust policy lets in somebody from outside.
    ExternalPrincipal { outsider: ExternalPrincipal },
    /// It lets in this many more.
    MoreExternalPrincipals { more: usize },
    /// There are more policies than the guard reads.
    Unread,
}

impl Reason {
    pub(crate) fn grants(policy: &Subject, patterns: &[&ActionPattern]) -> Self {
        let patterns = Truncated::within(PATTERN_BYTES, patterns.iter().copied());
        Self::Grants {
            policy: policy.clone(),
            more_restricted: patterns.more(),
            restricted: patterns.into_shown(),
        }
    }
}
