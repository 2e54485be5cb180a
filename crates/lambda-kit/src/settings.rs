//! The only reader of environment variables.

use std::env::{VarError, var};
use std::fmt::Display;
use std::str::FromStr;

use iam_policy::{Response, RestrictedActions};

/// An environment variable that is not as the template sets it. The function stops during init,
/// before it takes an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    #[error(
        "could not read the settings: the environment variable `{0}` is not set; deploy the function with the template, which sets it"
    )]
    Missing(&'static str),
    /// It has a value that the function cannot use.
    #[error(
        "could not read the settings: the environment variable `{name}` is `{value}`: {problem}; correct the parameter of the template and deploy again"
    )]
    Unusable {
        name: &'static str,
        value: String,
        problem: String,
    },
}

/// Reads a required variable.
///
/// # Errors
///
/// If it is not set, empty or not Unicode.
pub fn required(name: &'static str) -> Result<String, SettingError> {
    optional(name)?.ok_or(SettingError::Missing(name))
}

/// Reads an optional variable; an empty one counts as missing.
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

/// Reads an optional variable as a `T`.
///
/// # Errors
///
/// If its value is not a `T`.
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

/// The three restricted lists, for every function that judges documents.
///
/// An entry that names no known action is restricted too, and is a warning in the log of each cold
/// start.
///
/// # Errors
///
/// If the list is missing or cannot be read: a function without a list must not run.
pub fn restricted_actions() -> Result<RestrictedActions, SettingError> {
    let contained = required("RESTRICTED_ACTIONS")?;
    let asked = optional("ASK_ACTIONS")?.unwrap_or_default();
    let reported = optional("REPORT_ACTIONS")?.unwrap_or_default();
    let restricted = RestrictedActions::of_lists(|response| match response {
        Response::Ask => &asked,
        Response::Report => &reported,
        _ => &contained,
    });
    let restricted = restricted.map_err(|error| SettingError::Unusable {
        name: "RESTRICTED_ACTIONS, ASK_ACTIONS or REPORT_ACTIONS",
        value: [contained.as_str(), &asked, &reported].join(" | "),
        problem: error.to_string(),
    })?;
    for unknown in restricted.warnings() {
        tracing::warn!(
            entry = %unknown.pattern(),
            "in the parameters restrictedActions, askActions and reportActions, {unknown}"
        );
    }
    Ok(restricted)
}
