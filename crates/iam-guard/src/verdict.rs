//! What is said of a policy.

use iam_policy::{Finding, Judgement};
use serde::Serialize;

use crate::partial::Places;
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
pub enum Note {
    Finding(Finding),
    /// Something that the verdict depends on is not known: a sentence without a full stop.
    Unknown(String),
}

/// A reason and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Noted {
    pub note: Note,
    pub span: Span,
}

/// A verdict with its reasons, and the place of the document.
#[derive(Debug)]
pub struct Opinion {
    pub verdict: Verdict,
    pub notes: Vec<Noted>,
    pub span: Span,
}

/// How many bytes of findings one policy has at most.
const MAX_FINDINGS: usize = 100_000;

impl Opinion {
    /// The opinion on a document that violates.
    pub fn restricted(judgement: &Judgement<'_>, places: &Places, span: Span) -> Self {
        let findings = judgement.findings(MAX_FINDINGS).into_shown();
        let noted = |finding: Finding| Noted {
            span: places.of(&finding).unwrap_or_else(|| span.clone()),
            note: Note::Finding(finding),
        };
        Self {
            verdict: Verdict::Restricted,
            notes: findings.into_iter().map(noted).collect(),
            span,
        }
    }

    /// The opinion on a document of which nothing is known.
    pub fn unknown(reason: String, span: Span) -> Self {
        Self {
            verdict: Verdict::Unknown,
            notes: vec![Noted {
                note: Note::Unknown(reason),
                span: span.clone(),
            }],
            span,
        }
    }

    pub fn clean(span: Span) -> Self {
        Self {
            verdict: Verdict::Clean,
            notes: Vec::new(),
            span,
        }
    }
}

impl Note {
    /// One sentence without a full stop.
    pub fn message(&self) -> String {
        match self {
            Self::Finding(finding) => finding.to_string(),
            Self::Unknown(reason) => reason.clone(),
        }
    }
}
