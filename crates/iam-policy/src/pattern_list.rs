//! Patterns in one string, separated by commas: the JSON form of the patterns of a finding or a
//! loss.
//!
//! A pattern may contain commas after its colon. Reading therefore splits only where a pattern can
//! begin: before a piece with a colon, and around a lone `*`.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer};
use serde::ser::Serializer;

use crate::ActionPattern;
use crate::json::Text;

/// The patterns as their text.
pub(crate) struct Listed<'p>(pub(crate) &'p [ActionPattern]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, pattern) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            f.write_str(pattern.as_str())?;
        }
        Ok(())
    }
}

pub(crate) fn serialize<S: Serializer>(
    patterns: &[ActionPattern],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&Listed(patterns))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<ActionPattern>, D::Error> {
    let Text(list) = Text::deserialize(deserializer)?;
    let mut texts: Vec<String> = Vec::new();
    for piece in list.split(',').filter(|_| !list.is_empty()) {
        match texts.last_mut() {
            Some(last) if piece != "*" && !piece.contains(':') => {
                last.push(',');
                last.push_str(piece);
            }
            _ => texts.push(piece.to_owned()),
        }
    }
    texts
        .iter()
        .map(|text| text.parse().map_err(de::Error::custom))
        .collect()
}
