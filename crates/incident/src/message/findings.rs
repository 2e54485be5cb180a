//! What a judgement found in a document and a remediation removed, truncated to what an execution
//! can carry.

use iam_policy::{ActionPattern, Edit, Finding, Judgement, Loss, Remediation, Response, Truncated};
use serde::{Deserialize, Serialize};

use super::is_zero;

/// The bytes of JSON that each list may take.
///
/// Together with the documents they keep the data of an execution below 128 KB (`tests/sizes.rs`).
const PATTERN_BYTES: usize = 3 * 1024;
const FINDING_BYTES: usize = 3 * 1024;
const EDIT_BYTES: usize = 3 * 1024;
const LOSS_BYTES: usize = 3 * 1024;

/// What is restricted in a document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Restricted {
    /// The strictest response among the patterns.
    #[serde(
        rename = "listed",
        default,
        skip_serializing_if = "Response::is_contain"
    )]
    pub response: Response,
    /// The restricted patterns that match something the document grants, in the order of the lists.
    /// If a remediation removes some of them, those that it leaves are not among them.
    #[serde(rename = "restricted", default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<ActionPattern>,
    /// How many more such patterns there are.
    #[serde(rename = "moreRestricted", default, skip_serializing_if = "is_zero")]
    pub more_patterns: usize,
    /// The findings, in the order of the statements; empty if nothing is restricted.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// How many more findings there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_findings: usize,
}

impl Restricted {
    /// How many findings there are.
    #[must_use]
    pub fn total(&self) -> usize {
        self.findings.len() + self.more_findings
    }

    /// Whether nothing is restricted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.total() == 0
    }
}

impl From<&Judgement<'_>> for Restricted {
    fn from(judgement: &Judgement<'_>) -> Self {
        let response = judgement.response().unwrap_or_default();
        let is_alike = |of: Response| of.removes() == response.removes();
        let patterns = judgement.met().filter(|(_, of)| is_alike(*of));
        let patterns = Truncated::within(PATTERN_BYTES, patterns.map(|(pattern, _)| pattern));
        let findings = judgement.findings(FINDING_BYTES);
        let more_findings = findings.more();
        let mut findings = findings.into_shown();
        findings.retain(|finding| finding.response().is_none_or(is_alike));
        Self {
            response,
            more_patterns: patterns.more(),
            patterns: patterns.into_shown(),
            more_findings,
            findings,
        }
    }
}

/// What a remediation removed from a document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Removal {
    /// Each edit, in the order of the statements.
    pub edits: Vec<Edit>,
    /// How many more edits there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_edits: usize,
    /// Grants that are not restricted and were lost, because quota or budget left no room for them.
    pub losses: Vec<Loss>,
    /// How many more losses there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_losses: usize,
}

impl From<&Remediation> for Removal {
    fn from(remediation: &Remediation) -> Self {
        let edits = Truncated::within(EDIT_BYTES, remediation.edits());
        let losses = Truncated::within(LOSS_BYTES, remediation.losses());
        Self {
            more_edits: edits.more(),
            edits: edits.into_shown(),
            more_losses: losses.more(),
            losses: losses.into_shown(),
        }
    }
}
