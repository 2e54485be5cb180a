//! The verdict on a policy, with its reasons.

use iam_policy::{Finding, Response};
use serde::Serialize;

use crate::source::Span;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Clean,
    /// It grants only what is reported and stays.
    Reported,
    Restricted,
    /// The verdict depends on something that is not known before the deployment.
    Unknown,
}

impl Verdict {
    /// The verdict on a known document with this response.
    pub fn of(response: Option<Response>) -> Self {
        match response {
            None => Self::Clean,
            Some(response) if response.removes() => Self::Restricted,
            Some(_) => Self::Reported,
        }
    }

    /// The verdict on a document that has one of two verdicts; none if these differ too much. What
    /// is at most reported counts as reported.
    pub fn joined(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Clean, Self::Reported) | (Self::Reported, Self::Clean) => Some(Self::Reported),
            _ => (self == other).then_some(self),
        }
    }
}

/// A reason for a verdict.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    Finding(Finding, Response),
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
    /// A finding of the engine. What may grant anything gets the strictest response of the lists.
    pub fn finding(finding: Finding, strictest: Response) -> Self {
        let response = match &finding {
            Finding::Grant(grant) => grant.response,
            _ => strictest,
        };
        Self::Finding(finding, response)
    }

    /// Whether it is a finding that is only reported.
    pub fn is_reported(&self) -> bool {
        matches!(self, Self::Finding(_, response) if !response.removes())
    }

    /// One sentence without a full stop.
    pub fn message(&self) -> String {
        match self {
            Self::Finding(finding, Response::Contain) => finding.to_string(),
            Self::Finding(finding, response) => format!("{finding}; response: {response}"),
            Self::Unknown(reason) => reason.clone(),
        }
    }
}
