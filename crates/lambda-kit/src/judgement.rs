//! What the functions that judge have in common: their rules, and what they say of a verdict.

use iam_policy::RestrictedActions;
use incident::ExecutionArn;
use incident::judgement::GuardConfig;
use incident::message::{Verdict, VerdictResult};

use crate::metrics;
use crate::settings::{SettingError, parsed, required};

const RESTRICTED_ACTIONS: &str = "RESTRICTED_ACTIONS";

/// The restricted list, for every function that judges documents.
///
/// An entry that names no known action is restricted all the same, and is a warning in the log of each cold start.
///
/// # Errors
///
/// If the list is missing or cannot be read: a function without a list must not run.
pub fn restricted_actions() -> Result<RestrictedActions, SettingError> {
    let list = required(RESTRICTED_ACTIONS)?;
    let restricted = match list.parse::<RestrictedActions>() {
        Ok(restricted) => restricted,
        Err(error) => {
            return Err(SettingError::Unusable {
                name: RESTRICTED_ACTIONS,
                problem: error.to_string(),
                value: list,
            });
        }
    };
    for unknown in restricted.warnings() {
        tracing::warn!(entry = %unknown.pattern(), "in the parameter restrictedActions, {unknown}");
    }
    Ok(restricted)
}

/// The rules, for the functions that judge changes.
///
/// # Errors
///
/// If the restricted list is missing, or a setting cannot be read.
pub fn rules() -> Result<GuardConfig, SettingError> {
    Ok(GuardConfig {
        restricted: restricted_actions()?,
        mode: parsed("MODE")?.unwrap_or_default(),
        exempt: parsed("EXEMPT_PRINCIPALS")?.unwrap_or_default(),
        account: account()?,
        trusted: parsed("TRUSTED_ACCOUNTS")?.unwrap_or_default(),
    })
}

/// The account of the state machine, and so of the function.
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

/// Logs and counts a verdict.
pub fn report_verdict(execution: &ExecutionArn, verdict: &Verdict) {
    let result = verdict.result.as_str();
    let findings = verdict.restricted.total();
    match verdict.result {
        VerdictResult::Exempt | VerdictResult::Monitored => {
            tracing::warn!(result, findings, "restricted actions stay in force");
        }
        VerdictResult::Withdrawn => {
            tracing::warn!(
                result,
                findings,
                "restricted actions were in force for a while"
            );
        }
        VerdictResult::Reported => {
            tracing::warn!(
                result,
                "restricted actions are in force by a call that is not undone"
            );
        }
        VerdictResult::Restricted
        | VerdictResult::Clean
        | VerdictResult::NotInForce
        | VerdictResult::Gone
        | VerdictResult::Overwritten
        | VerdictResult::AlreadyContained => tracing::info!(result, findings, "judged"),
    }
    metrics::judged(execution, verdict.result);
}
