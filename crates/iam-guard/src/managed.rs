//! The documents of AWS managed policies.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::LazyLock;

use anyhow::{Context as _, anyhow};
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::found::{Content, FoundPolicies};
use crate::source::Span;

/// The documents that come with the command, as `managed-policies.py` writes them.
static BUILT_IN: LazyLock<Result<Documents, String>> = LazyLock::new(|| {
    let compressed = include_bytes!("../data/aws-managed-policies.json.gz");
    let mut text = String::new();
    GzDecoder::new(compressed.as_slice())
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    parse(&text).map_err(|error| error.to_string())
});

/// The date of the documents that come with the command.
pub const DATE: &str = include_str!("../data/aws-managed-policies.date");

/// Policies by their names, which are unique.
type Documents = BTreeMap<String, Managed>;

#[derive(Debug)]
struct Managed {
    /// The name with its path, such as `job-function/ViewOnlyAccess`.
    full_name: String,
    document: String,
}

/// AWS managed policies: those that come with the command, and those that somebody adds, which win.
#[derive(Debug, Default)]
pub struct ManagedPolicies {
    added: Documents,
}

/// A document inside the object that other tools write.
#[derive(Deserialize)]
struct Described {
    #[serde(rename = "Document", alias = "document")]
    document: Box<RawValue>,
}

fn parse(text: &str) -> serde_json::Result<Documents> {
    let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text)?;
    let documents = members.into_iter().map(|(key, value)| {
        let described = serde_json::from_str::<Described>(value.get());
        let document = described.map_or(value, |described| described.document);
        let full_name = key
            .split_once(":policy/")
            .map_or(key.as_str(), |(_, it)| it);
        let managed = Managed {
            full_name: full_name.to_owned(),
            document: document.get().to_owned(),
        };
        (name(&key).to_owned(), managed)
    });
    Ok(documents.collect())
}

impl ManagedPolicies {
    /// Adds the documents of a file: one JSON object with a member for each policy. The key is the
    /// name or the ARN, the value is the document.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is not such an object.
    pub fn with(path: &Path) -> anyhow::Result<Self> {
        let problem = || format!("reading the AWS managed policies in {}", path.display());
        let text = std::fs::read_to_string(path).with_context(problem)?;
        let added = parse(&text).with_context(problem)?;
        Ok(Self { added })
    }

    /// The names with their paths, and the documents, of those that come with the command.
    ///
    /// # Errors
    ///
    /// If they cannot be read, which would be an error in the build.
    pub fn built_in() -> anyhow::Result<impl Iterator<Item = (&'static str, &'static str)>> {
        let documents = BUILT_IN.as_ref().map_err(|error| anyhow!("{error}"))?;
        let policies = documents.values();
        Ok(policies.map(|it| (it.full_name.as_str(), it.document.as_str())))
    }

    /// The document of an AWS managed policy.
    pub fn document(&self, arn: &str) -> Option<&str> {
        if !is_aws_managed(arn) {
            return None;
        }
        let name = name(arn);
        let managed = match self.added.get(name) {
            Some(managed) => managed,
            None => BUILT_IN.as_ref().ok()?.get(name)?,
        };
        Some(&managed.document)
    }

    /// Adds an attachment of the policy with this ARN; `None` for an unknown ARN.
    pub fn attach<'s>(
        &'s self,
        found: &mut FoundPolicies<'s>,
        at: &str,
        span: Span,
        arn: Option<&str>,
    ) {
        let reason = match arn {
            None => NOT_KNOWN.to_owned(),
            // A variable or a dynamic reference. That of the partition does not matter.
            Some(arn) if name(arn).contains(['{', '}']) => NOT_KNOWN.to_owned(),
            Some(arn) if !is_aws_managed(arn) => {
                format!("attaches `{arn}`, whose document is not here")
            }
            Some(arn) => {
                let name = name(arn);
                if let Some(document) = self.document(arn) {
                    let content = Content::Text {
                        text: document.into(),
                        what: Some(format!("the AWS managed policy `{name}`")),
                    };
                    return found.policy(format!("{at} ({name})"), span, content);
                }
                format!(
                    "attaches the AWS managed policy `{name}`, which was not known on {DATE}; give its document with --managed-policies"
                )
            }
        };
        found.not_judged(at, span, reason);
    }
}

const NOT_KNOWN: &str = "attaches a policy whose ARN is not known before the deployment";

/// Whether AWS owns the policy. The partition of the ARN may be unknown.
pub fn is_aws_managed(arn: &str) -> bool {
    arn.contains(":iam::aws:policy/")
}

fn name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_that_come_with_the_command_are_policies() {
        let restricted = "s3:DeleteBucket".parse().unwrap();
        let mut count = 0;
        for (name, document) in ManagedPolicies::built_in().unwrap() {
            let judgement = iam_policy::judge(document, &restricted);
            assert!(judgement.document().is_ok(), "{name}");
            count += 1;
        }
        assert_eq!(count, 1582);
        assert_eq!(DATE.len(), "2026-01-31".len());
        let managed = ManagedPolicies::default();
        let arn = "arn:aws-cn:iam::aws:policy/AdministratorAccess";
        assert!(managed.document(arn).is_some());
        let arn = "arn:aws:iam::111122223333:policy/AdministratorAccess";
        assert_eq!(managed.document(arn), None);
    }
}
