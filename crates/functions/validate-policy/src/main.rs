//! The `validate-policy` function.

use policy_store::PolicyStore;
use validate_policy::handle;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_kit::start_logging();
    let rules = lambda_kit::rules()?;
    let store = PolicyStore::new(&lambda_kit::sdk_config());
    lambda_kit::serve(|request| handle(&rules, &store, request)).await
}
