//! The key in the links of an e-mail, which proves that an allow comes from its recipient.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use strum::{EnumString, VariantNames};

use crate::UnknownValue;

/// The parameter `DecideBy`: what an allow needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, VariantNames)]
#[strum(parse_err_ty = UnknownValue, parse_err_fn = UnknownValue::of::<Self>)]
pub enum DecideBy {
    /// The task token, which every principal that can read executions can see.
    Token,
    /// The token and the key, which only the links of the e-mail have.
    Mail,
}

/// The key in the links of one request: 128 random bits, as 22 characters of base64url.
///
/// It is a secret until it is used, so `Debug` hides it and there is no `Display`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LinkKey([u8; LinkKey::BYTES]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not the key of a link")]
pub struct LinkKeyError;

impl LinkKey {
    pub const BYTES: usize = 16;

    /// The key of these bytes, which must be random.
    #[must_use]
    pub fn from_random(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// Reads the key of a link.
    ///
    /// # Errors
    ///
    /// If the text is anything else.
    pub fn parse(text: &str) -> Result<Self, LinkKeyError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| LinkKeyError)?;
        bytes.try_into().map(Self).map_err(|_| LinkKeyError)
    }

    /// The key in clear, only for the links and the form that carry it, and for the answer.
    #[must_use]
    pub fn expose(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    #[must_use]
    pub fn digest(&self) -> KeyDigest {
        let digest = Sha256::digest(self.expose());
        KeyDigest(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkKey(..)")
    }
}

impl TryFrom<String> for LinkKey {
    type Error = LinkKeyError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<LinkKey> for String {
    fn from(key: LinkKey) -> Self {
        key.expose()
    }
}

/// The SHA-256 of a key's 22 characters, in hexadecimal digits.
///
/// The execution shows only this, so a principal that reads executions cannot find the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyDigest(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_of_the_22_characters() {
        let key = LinkKey::from_random([0xfb; 16]);
        assert_eq!(key.expose(), "-_v7-_v7-_v7-_v7-_v7-w");
        assert_eq!(LinkKey::parse(&key.expose()), Ok(key.clone()));
        assert_eq!(
            serde_json::to_string(&key.digest()).unwrap(),
            // printf %s -_v7-_v7-_v7-_v7-_v7-w | sha256sum
            "\"f2f449a24c06bb05434dc8ce7aa4242214d2503685e5087fa2521e284b77c0cb\""
        );
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "-_v7-_v7-_v7-_v7-_v7-",
            "-_v7-_v7-_v7-_v7-_v7-w==",
            "+/v7+/v7+/v7+/v7+/v7+w",
            "-_v7-_v7-_v7-_v7-_v7-x",
        ] {
            assert_eq!(LinkKey::parse(text), Err(LinkKeyError), "{text}");
        }
    }

    #[test]
    fn debug_hides_it() {
        assert_eq!(
            format!("{:?}", LinkKey::from_random([7; 16])),
            "LinkKey(..)"
        );
    }
}
