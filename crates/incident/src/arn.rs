//! The parts of an Amazon Resource Name.

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE` (IAM User Guide, "IAM identifiers").
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arn<'a> {
    pub(crate) partition: &'a str,
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    /// Everything after the fifth colon, which can contain more colons.
    pub(crate) resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits a text; `None` if it has fewer than six parts or does not begin with `arn:`.
    pub(crate) fn split(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
        Some(Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }
}

/// Whether AWS could have written a text as an ARN: short enough, and of visible ASCII characters.
pub(crate) fn is_plain(text: &str) -> bool {
    text.len() <= 2048 && text.chars().all(|c| c.is_ascii_graphic())
}
