//! The documents of AWS managed policies, from a file.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::found::{Content, Found};
use crate::source::Span;

/// AWS managed policies by their names, which are unique.
#[derive(Debug, Default)]
pub struct ManagedPolicies {
    documents: Option<HashMap<String, String>>,
}

/// A document, or what tools write around it.
#[derive(Deserialize)]
struct Described {
    #[serde(rename = "Document", alias = "document")]
    document: Box<RawValue>,
}

impl ManagedPolicies {
    /// Reads a file: one JSON object that has a member for each policy, its key the name or the ARN, its value the document.
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

    /// Adds what attaches a policy by its ARN, of which `arn` is known as far as it is.
    pub fn attach<'s>(&'s self, found: &mut Found<'s>, at: &str, span: Span, arn: Option<&str>) {
        let Some(arn) = arn else {
            found.not_judged(
                at,
                span,
                "attaches a policy whose ARN is not known before the deployment",
            );
            return;
        };
        if !is_aws_managed(arn) {
            found.not_judged(
                at,
                span,
                format!("attaches `{arn}`, of which the document is not here"),
            );
            return;
        }
        let Some(documents) = &self.documents else {
            found.not_judged(
                at,
                span,
                format!("attaches the AWS managed policy `{}`; give its document with --managed-policies", name(arn)),
            );
            return;
        };
        match documents.get(name(arn)) {
            Some(document) => found.policy(
                format!("{at} ({})", name(arn)),
                span,
                Content::Elsewhere {
                    text: document.as_str().into(),
                    what: format!("the AWS managed policy `{}`", name(arn)),
                },
            ),
            None => found.not_judged(
                at,
                span,
                format!(
                    "attaches the AWS managed policy `{}`, which the file of --managed-policies does not have",
                    name(arn)
                ),
            ),
        }
    }
}

/// Whether AWS owns the policy; of the ARN, the partition need not be known.
pub fn is_aws_managed(arn: &str) -> bool {
    arn.contains(":iam::aws:policy/")
}

fn name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
