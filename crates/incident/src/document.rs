use std::fmt;

use iam_policy::{PolicyDocument, decode_document};
use serde::{Deserialize, Serialize};

/// A policy document that travels in the execution, so that it can be put back or read later.
///
/// It is the text as it was written.
/// Only a text padded beyond what an execution can carry loses the white space between its tokens, which has no meaning and does not count for the quota.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeptDocument(String);

impl KeptDocument {
    /// The longest text kept as it is, in bytes of JSON: a third of the 262,144 bytes that a state may hold (Step Functions Developer Guide, "Quotas").
    pub const VERBATIM_BYTES: usize = 80_000;

    /// Keeps `text`, which may be percent-encoded as IAM's Get calls answer.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let text = decode_document(text);
        let escaped: usize = text.chars().map(json_bytes).sum();
        if escaped > Self::VERBATIM_BYTES {
            // A text that cannot be read is never that long: IAM parses what it stores.
            if let Ok(document) = text.parse::<PolicyDocument>() {
                return Self(document.to_json());
            }
        }
        Self(text.into_owned())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both mean the same, however IAM restructured one of them.
    #[must_use]
    pub fn same_meaning(&self, other: &str) -> bool {
        same_meaning(&self.0, other)
    }
}

impl fmt::Display for KeptDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether two texts are the same document: by meaning where both can be read, else letter for letter.
pub(crate) fn same_meaning(one: &str, other: &str) -> bool {
    match (
        one.parse::<PolicyDocument>(),
        other.parse::<PolicyDocument>(),
    ) {
        (Ok(one), Ok(other)) => one.same_meaning(&other),
        _ => decode_document(one) == decode_document(other),
    }
}

/// How many bytes a character takes in a JSON text.
fn json_bytes(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        c if c.is_ascii_control() => 6,
        c => c.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{ "Version": "2012-10-17", "Statement": [{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}] }"#;

    #[test]
    fn a_document_is_kept_as_it_was_written() {
        assert_eq!(KeptDocument::new(DOCUMENT).as_str(), DOCUMENT);
        let encoded =
            percent_encoding::utf8_percent_encode(DOCUMENT, percent_encoding::NON_ALPHANUMERIC);
        assert_eq!(KeptDocument::new(&encoded.to_string()).as_str(), DOCUMENT);
    }

    #[test]
    fn a_padded_document_loses_its_padding_only() {
        let padded = DOCUMENT.replacen(' ', &"\n".repeat(120_000), 1);
        let kept = KeptDocument::new(&padded);
        assert!(kept.as_str().len() < 200);
        assert!(kept.same_meaning(DOCUMENT));
    }
}
