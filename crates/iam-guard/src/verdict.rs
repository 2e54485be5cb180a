//! The verdict on a policy, with its reasons.

use iam_policy::Finding;
use serde::Serialize;

use crate::source::Span;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Clean,
    Restricted,
    /// The verdict depends on something that is not known before the deployment.
    Unknown,
}

/// A reason for a verdict.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    Finding(Finding),
    /// A value is not known: a sentence without a full stop.
    Unknown(String),
}

/// A reason and its place in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct LocatedReason {
    pub reason: Reason,
    pub span: Span,
}

/// A verdict with its reasons, and the place of the document.
#[derive(Debug)]
pub struct Assessment {
    pub verdict: Verdict,
    pub reasons: Vec<LocatedReason>,
    pub span: Span,
}

impl Assessment {
    pub fn clean(span: Span) -> Self {
        Self {
            verdict: Verdict::Clean,
            reasons: Vec::new(),
            span,
        }
    }

    /// An assessment with one reason, which is about the whole document.
    pub fn because(verdict: Verdict, reason: Reason, span: Span) -> Self {
        Self {
            verdict,
            reasons: vec![LocatedReason {
                reason,
                span: span.clone(),
            }],
            span,
        }
    }
}

impl Reason {
    /// One sentence without a full stop.
    pub fn message(&self) -> String {
        match self {
            Self::Finding(finding) => finding.to_string(),
            Self::Unknown(reason) => reason.clone(),
        }
    }
}
