//! How many characters IAM allows in a document.

/// How many characters a policy document may have, white space outside strings not counted.
///
/// The figures are those of "IAM and AWS STS quotas".
/// The quotas of inline policies hold for the sum over all inline policies of one identity, so whoever knows the
/// others passes what is left through [`Quota::characters`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quota(usize);

impl Quota {
    /// A managed policy: 6,144 characters.
    pub const MANAGED: Quota = Quota(6_144);
    /// All inline policies of one role: 10,240 characters.
    pub const ROLE_INLINE: Quota = Quota(10_240);
    /// All inline policies of one user: 2,048 characters.
    pub const USER_INLINE: Quota = Quota(2_048);
    /// All inline policies of one group: 5,120 characters.
    pub const GROUP_INLINE: Quota = Quota(5_120);

    /// A quota of `n` characters.
    #[must_use]
    pub const fn characters(n: usize) -> Quota {
        Quota(n)
    }

    /// The number of characters allowed.
    #[must_use]
    pub const fn limit(self) -> usize {
        self.0
    }
}

/// The size of a document as IAM's quota counts it: characters, white space outside strings left out.
///
/// This needs no JSON that can be read, so it measures every text; a percent-encoded one is decoded first.
#[must_use]
pub fn quota_size(text: &str) -> usize {
    let text = crate::decode_document(text);
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
