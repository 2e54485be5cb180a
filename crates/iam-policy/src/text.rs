//! The text of a document: its encoding, its white space and its size.

use std::borrow::Cow;

/// The JSON text of a document: decoded if it is percent-encoded (RFC 3986), otherwise as it is.
///
/// The Get calls of IAM return percent-encoded documents; the request parameters in CloudTrail hold
/// them plain. JSON cannot begin with `%`, so the first character distinguishes them. A `+` is a
/// plus sign in both.
///
/// ```
/// use iam_policy::decode_document;
///
/// assert_eq!(decode_document("%7B%22Id%22%3A%22a+b%22%7D"), r#"{"Id":"a+b"}"#);
/// assert_eq!(decode_document(r#"{"Id":"100%25"}"#), r#"{"Id":"100%25"}"#);
/// ```
#[must_use]
pub fn decode_document(text: &str) -> Cow<'_, str> {
    if !text.trim_start().starts_with('%') {
        return Cow::Borrowed(text);
    }
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .unwrap_or(Cow::Borrowed(text))
}

/// The size of a document as IAM's quota counts it: characters, without white space outside
/// strings.
///
/// The text need not be valid JSON. A percent-encoded text is decoded first.
#[must_use]
pub fn quota_size(text: &str) -> usize {
    let text = decode_document(text);
    let mut size = 0;
    outside_white_space(&text, |part| size += part.chars().count());
    size
}

/// The JSON text without the white space between its tokens.
pub(crate) fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    outside_white_space(json, |part| out.push_str(part));
    out
}

/// Calls `keep` with the stretches of `json` between runs of white space that are outside strings.
fn outside_white_space<'a>(json: &'a str, mut keep: impl FnMut(&'a str)) {
    let mut from = 0;
    let mut in_string = false;
    let mut escaped = false;
    for (at, c) in json.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ if !in_string && is_white_space(c) => {
                keep(json.get(from..at).unwrap_or_default());
                from = at + 1;
            }
            _ => {}
        }
    }
    keep(json.get(from..).unwrap_or_default());
}

/// White space as JSON defines it.
fn is_white_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}
