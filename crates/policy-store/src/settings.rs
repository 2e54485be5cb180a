use iam_policy::RestrictedActions;
use lambda_kit::SettingError;

/// The variable that holds the restricted list.
const RESTRICTED_ACTIONS: &str = "RESTRICTED_ACTIONS";

/// The restricted list, for every function that judges documents.
///
/// # Errors
///
/// Where it is missing or cannot be read; a function that knows no list must not run.
pub fn restricted_actions() -> Result<RestrictedActions, SettingError> {
    let list = lambda_kit::required(RESTRICTED_ACTIONS)?;
    RestrictedActions::parse(&list).map_err(|error| SettingError::Unusable {
        name: RESTRICTED_ACTIONS,
        problem: error.to_string(),
        value: list,
    })
}
