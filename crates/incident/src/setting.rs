//! Parameters of the stack that take one of a few words.

use strum::VariantNames;

/// The value of a parameter is not one of the words that it takes; the message lists these words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be {0}")]
pub struct UnknownValue(String);

impl UnknownValue {
    /// The error for a parameter of type `T`. The reader of the parameters adds its name and value.
    #[must_use]
    pub fn of<T: VariantNames>(_value: &str) -> Self {
        let words: Vec<String> = T::VARIANTS.iter().map(|word| format!("`{word}`")).collect();
        Self(match words.split_last() {
            Some((last, rest @ [_, ..])) => format!("{} or {last}", rest.join(", ")),
            _ => words.concat(),
        })
    }
}
