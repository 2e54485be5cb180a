//! The `validate-policy` function.

use lambda_kit::{Claims, Executions};
use policy_store::PolicyStore;
use validate_policy::{guard_config, handle, sweep_config};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_kit::start_logging();
    let rules = guard_config()?;
    let config = lambda_kit::sdk_config().await;
    let claims = Claims::from_env(Executions::from_env(&config)?)?;
    let sweep = sweep_config(claims.executions())?;
    let store = PolicyStore::new(&config);
    lambda_kit::serve(|request| handle(&rules, &claims, &sweep, &store, request)).await
}
