//! The documents of AWS managed policies, from a file.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::found::{Content, FoundPolicies};
use crate::source::Span;

/// AWS managed policies by their names, which are unique.
#[derive(Debug, Default)]
pub struct ManagedPolicies {
    documents: Option<HashMap<String, String>>,
}

/// A document inside the object that other tools write.
#[derive(Deserialize)]
struct Described {
    #[serde(rename = "Document", alias = "document")]
    document: Box<RawValue>,
}

impl ManagedPolicies {
    /// Reads a file: one JSON object with a member for each policy. The key is the name or the ARN,
    /// the value is the document.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let problem = || format!("reading the AWS managed policies in {}", path.display());
        let text = std::fs::read_to_string(path).with_context(problem)?;
        let members: HashMap<String, Box<RawValue>> =
            serde_json::from_str(&text).with_context(problem)?;
        let documents = members.into_iter().map(|(key, value)| {
            let described = serde_json::from_str::<Described>(value.get());
            let document = described.map_or(value, |described| described.document);
            (name(&key).to_owned(), document.get().to_owned())
        });
        Ok(Self {
            documents: Some(documents.collect()),
        })
    }

    /// The document of an AWS managed policy.
    pub fn document(&self, arn: &str) -> Option<&str> {
        let documents = self.documents.as_ref().filter(|_| is_aws_managed(arn));
        documents?.get(name(arn)).map(String::as_str)
    }

    /// Adds an attachment of the policy with this ARN; `None` for an unknown ARN.
    pub fn attach<'s>(
        &'s self,
        found: &mut FoundPolicies<'s>,
        at: &str,
        span: Span,
        arn: Option<&str>,
    ) {
        let reason = match (arn, &self.documents) {
            (None, _) => {
                "attaches a policy whose ARN is not known before the deployment".to_owned()
            }
            (Some(arn), _) if !is_aws_managed(arn) => {
                format!("attaches `{arn}`, whose document is not here")
            }
            (Some(arn), None) => format!(
                "attaches the AWS managed policy `{}`; give its document with --managed-policies",
                name(arn)
            ),
            (Some(arn), Some(documents)) => {
                let name = name(arn);
                if let Some(document) = documents.get(name) {
                    let content = Content::Text {
                        text: document.as_str().into(),
                        what: Some(format!("the AWS managed policy `{name}`")),
                    };
                    return found.policy(format!("{at} ({name})"), span, content);
                }
                format!(
                    "attaches the AWS managed policy `{name}`, which the file of --managed-policies does not have"
                )
            }
        };
        found.not_judged(at, span, reason);
    }
}

/// Whether AWS owns the policy. The partition of the ARN may be unknown.
pub fn is_aws_managed(arn: &str) -> bool {
    arn.contains(":iam::aws:policy/")
}

fn name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
