//! The `revert` function.

use lambda_kit::{Claims, Executions, SettingError};
use policy_store::PolicyStore;
use revert::handle;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_kit::start_logging();
    let restricted = lambda_kit::restricted_actions()?;
    let decide_by = lambda_kit::parsed("DECIDE_BY")?.ok_or(SettingError::Missing("DECIDE_BY"))?;
    let config = lambda_kit::sdk_config().await;
    let claims = Claims::from_env(Executions::from_env(&config)?)?;
    let store = PolicyStore::new(&config);
    lambda_kit::serve(|request| handle(&restricted, decide_by, &claims, &store, request)).await
}
