//! Policy documents inside an execution.

use std::fmt;

use iam_policy::{PolicyDocument, decode_document};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A policy document as IAM showed it, kept in the execution so that it can be restored or read.
///
/// A snapshot is the text as written if it has room. A longer text loses the white space between
/// its tokens, which has no meaning and does not count towards the quota. If the text is still too
/// long, the snapshot holds its beginning, its length and its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Snapshot(String);

/// How the end of a cut text begins.
const CUT: &str = "[cut: ";

impl Snapshot {
    /// The longest text that is kept as written, in bytes of a JSON string.
    pub const VERBATIM_BYTES: usize = 24 * 1024;
    /// The longest text that is not cut, in bytes of a JSON string: the longest policy, if every
    /// character has four bytes.
    const MAX_BYTES: usize = 4 * 10_240 + 2;
    /// How much of a longer text is kept, in bytes.
    const CUT_BYTES: usize = 4 * 1024;

    /// Takes a text, which may be percent-encoded as in the answers of IAM.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::within(text, Self::VERBATIM_BYTES)
    }

    /// Takes a text, and keeps it as written if it has at most `verbatim_bytes` bytes as a JSON
    /// string.
    #[must_use]
    pub fn within(text: &str, verbatim_bytes: usize) -> Self {
        let text = decode_document(text);
        if json_bytes(&text) <= verbatim_bytes {
            return Self(text.into_owned());
        }
        let text = without_white_space(&text);
        if json_bytes(&text) <= Self::MAX_BYTES {
            return Self(text);
        }
        let end = text.floor_char_boundary(Self::CUT_BYTES);
        let shown = text.get(..end).unwrap_or_default();
        Self(format!(
            "{shown}{CUT}{} bytes in all, SHA-256 {}]",
            text.len(),
            sha256(&text)
        ))
    }

    /// The SHA-256 of the text.
    pub(crate) fn digest(&self) -> String {
        sha256(&self.0)
    }

    /// The document without the white space between its tokens.
    #[must_use]
    pub fn compacted(&self) -> Self {
        Self(without_white_space(&self.0))
    }

    /// The snapshot to keep with others. Together, they have the room of one text that is kept as
    /// written.
    pub(crate) fn beside<'k>(&self, others: impl IntoIterator<Item = &'k Self>) -> Self {
        let used: usize = others.into_iter().map(|other| json_bytes(&other.0)).sum();
        Self::within(&self.0, Self::VERBATIM_BYTES.saturating_sub(used))
    }

    /// Whether this is only the beginning of a longer text, which can be neither shown nor
    /// restored.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.0.ends_with(']')
            && self.0.rfind(CUT).is_some()
            && self.0.parse::<PolicyDocument>().is_err()
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both documents are equivalent. IAM may have restructured one of them.
    #[must_use]
    pub fn is_equivalent(&self, other: &str) -> bool {
        is_equivalent(&self.0, other)
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(crate) fn sha256(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether two texts are equivalent documents, or the same text if one cannot be read.
pub(crate) fn is_equivalent(one: &str, other: &str) -> bool {
    match (
        one.parse::<PolicyDocument>(),
        other.parse::<PolicyDocument>(),
    ) {
        (Ok(one), Ok(other)) => one.is_equivalent(&other),
        _ => decode_document(one) == decode_document(other),
    }
}

/// The length of a text as a JSON string, in bytes.
fn json_bytes(text: &str) -> usize {
    let bytes = |c| match c {
        '"' | '\\' | '\n' | '\r' | '\t' => 2,
        c if c.is_ascii_control() => 6,
        c => c.len_utf8(),
    };
    text.chars().map(bytes).sum::<usize>() + 2
}

/// A text without the white space between JSON tokens. The text need not be valid JSON.
fn without_white_space(text: &str) -> String {
    let (mut in_string, mut is_escaped) = (false, false);
    let stays = |c: &char| {
        let stays = in_string || !matches!(c, ' ' | '\t' | '\n' | '\r');
        match c {
            '"' if !is_escaped => in_string = !in_string,
            _ => {}
        }
        is_escaped = in_string && *c == '\\' && !is_escaped;
        stays
    };
    text.chars().filter(stays).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{ "Version": "2012-10-17", "Statement": [{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}] }"#;

    #[test]
    fn a_document_is_kept_as_it_was_written() {
        assert_eq!(Snapshot::new(DOCUMENT).as_str(), DOCUMENT);
        let encoded =
            percent_encoding::utf8_percent_encode(DOCUMENT, percent_encoding::NON_ALPHANUMERIC);
        assert_eq!(Snapshot::new(&encoded.to_string()).as_str(), DOCUMENT);
    }

    #[test]
    fn a_padded_document_loses_only_its_padding() {
        for padding in ["\n", " ", "\t\r\n "] {
            let padded = DOCUMENT.replace(' ', &padding.repeat(40_000));
            let kept = Snapshot::new(&padded);
            assert_eq!(kept.as_str(), DOCUMENT.replace(' ', ""));
            assert!(kept.is_equivalent(DOCUMENT));
        }
    }

    #[test]
    fn white_space_inside_strings_stays() {
        let document = r#"{ "Sid" : "a \"b\" \\" , "Id" : " \\\\ " }"#;
        assert_eq!(
            Snapshot::new(document).compacted().as_str(),
            r#"{"Sid":"a \"b\" \\","Id":" \\\\ "}"#
        );
    }

    #[test]
    fn the_length_as_json_is_never_underestimated() {
        for text in [DOCUMENT, "\"\\\n\t\u{1}\u{7f}é漢😀"] {
            let kept = Snapshot::new(text);
            let json = serde_json::to_string(&kept).unwrap();
            assert!(json.len() <= json_bytes(text), "{json}");
        }
    }

    #[test]
    fn a_cut_text_differs_from_another_one() {
        let text = |last: &str| format!(r#"{{"Statement":"{}{last}"}}"#, " ".repeat(60_000));
        let (one, other) = (Snapshot::new(&text("a")), Snapshot::new(&text("b")));
        assert!(one.is_cut() && one.as_str().len() < 5_000);
        assert_ne!(one, other);
        assert!(!one.is_equivalent(other.as_str()));
        assert!(!Snapshot::new(DOCUMENT).is_cut());
    }
}
