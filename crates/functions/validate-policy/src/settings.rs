//! The settings that the template gives the function.

use incident::judgement::GuardConfig;
use lambda_kit::{SettingError, parsed, required, restricted_actions};

/// The rules that changes are judged by.
///
/// # Errors
///
/// If the restricted list is missing, or a setting cannot be read.
pub fn guard_config() -> Result<GuardConfig, SettingError> {
    Ok(GuardConfig {
        restricted: restricted_actions()?,
        mode: parsed("MODE")?.unwrap_or_default(),
        exempt: parsed("EXEMPT_PRINCIPALS")?.unwrap_or_default(),
        account: account()?,
        trusted: parsed("TRUSTED_ACCOUNTS")?.unwrap_or_default(),
        notify_on_allowed: parsed("NOTIFY_ON_ALLOWED")?.unwrap_or(true),
    })
}

/// The account of the state machine, which is the account of the function.
fn account() -> Result<String, SettingError> {
    const NAME: &str = "STATE_MACHINE_ARN";
    let arn = required(NAME)?;
    match arn.split(':').nth(4) {
        Some(account) => Ok(account.to_owned()),
        None => Err(SettingError::Unusable {
            name: NAME,
            problem: "it is not the ARN of a state machine".to_owned(),
            value: arn,
        }),
    }
}
