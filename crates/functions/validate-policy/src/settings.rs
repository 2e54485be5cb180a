//! The settings that the template gives the function.

use incident::judgement::GuardConfig;
use lambda_kit::{
    Executions, SettingError, Sweeps, optional, parsed, required, restricted_actions,
};

use crate::SweepConfig;

/// The rules that changes are judged by.
///
/// # Errors
///
/// If the restricted list is missing, or a setting cannot be read.
pub fn guard_config() -> Result<GuardConfig, SettingError> {
    let (partition, account) = home()?;
    Ok(GuardConfig {
        restricted: restricted_actions()?,
        mode: parsed("MODE")?.unwrap_or_default(),
        exempt: parsed("EXEMPT_PRINCIPALS")?.unwrap_or_default(),
        account,
        partition,
        trusted: parsed("TRUSTED_ACCOUNTS")?.unwrap_or_default(),
        notify_on_allowed: parsed("NOTIFY_ON_ALLOWED")?.unwrap_or(true),
    })
}

/// The settings of the sweep beside these incidents.
///
/// # Errors
///
/// If a setting is missing or cannot be read.
pub fn sweep_config(incidents: &Executions) -> Result<SweepConfig, SettingError> {
    let mut config = SweepConfig::new(Sweeps::beside(incidents)?);
    if let Some(most) = parsed("SWEEP_MOST")? {
        config.most = most;
    }
    config.baseline = optional("SWEEP_BASELINE")?.unwrap_or_default();
    Ok(config)
}

/// The partition and the account of the state machine, which are those of the function.
fn home() -> Result<(String, String), SettingError> {
    const NAME: &str = "STATE_MACHINE_ARN";
    let arn = required(NAME)?;
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        [_, partition, _, _, account, ..] => Ok(((*partition).to_owned(), (*account).to_owned())),
        _ => Err(SettingError::Unusable {
            name: NAME,
            problem: "it is not the ARN of a state machine".to_owned(),
            value: arn,
        }),
    }
}
