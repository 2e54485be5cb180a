//! A value that is one text or a list of texts.

use serde::Deserialize;

use crate::entry::Text;

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Texts<'a> {
    One(#[serde(borrow)] Text<'a>),
    Many(#[serde(borrow)] Vec<Text<'a>>),
}

impl Texts<'_> {
    /// All texts, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        let texts = match self {
            Texts::One(text) => std::slice::from_ref(text),
            Texts::Many(texts) => texts,
        };
        texts.iter().map(|text| text.0.as_ref())
    }
}
