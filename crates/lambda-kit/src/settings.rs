//! The only reader of environment variables.

use std::env::{VarError, var};
use std::fmt::Display;
use std::str::FromStr;

/// An environment variable that is not as the template sets it. The function stops in init, before it takes any event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    #[error(
        "could not read the settings: the environment variable `{0}` is not set; deploy the function with the template, which sets it"
    )]
    Missing(&'static str),
    /// It is set to something that the function cannot use.
    #[error(
        "could not read the settings: the environment variable `{name}` is `{value}`: {problem}; correct the parameter of the template and deploy again"
    )]
    Unusable {
        name: &'static str,
        value: String,
        problem: String,
    },
}

/// Reads a variable that must be there.
///
/// # Errors
///
/// If it is not set, empty or not Unicode.
pub fn required(name: &'static str) -> Result<String, SettingError> {
    optional(name)?.ok_or(SettingError::Missing(name))
}

/// Reads a variable that may be missing; an empty one counts as missing.
///
/// # Errors
///
/// If it is not Unicode.
pub fn optional(name: &'static str) -> Result<Option<String>, SettingError> {
    match var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(value)) => Err(SettingError::Unusable {
            name,
            value: value.to_string_lossy().into_owned(),
            problem: "it is not Unicode text".to_owned(),
        }),
    }
}

/// Reads a variable that may be missing and says more than text.
///
/// # Errors
///
/// If it is set to something that is not a `T`.
pub fn parsed<T>(name: &'static str) -> Result<Option<T>, SettingError>
where
    T: FromStr,
    T::Err: Display,
{
    let Some(value) = optional(name)? else {
        return Ok(None);
    };
    match value.parse() {
        Ok(parsed) => Ok(Some(parsed)),
        Err(error) => Err(SettingError::Unusable {
            name,
            problem: error.to_string(),
            value,
        }),
    }
}
