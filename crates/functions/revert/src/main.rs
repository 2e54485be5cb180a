//! The `revert` function.

use policy_store::PolicyStore;
use revert::{Settings, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_kit::start_logging();
    let settings = Settings::from_env()?;
    let store = PolicyStore::new(&lambda_kit::sdk_config());
    lambda_kit::serve(|request| handle(&settings, &store, request)).await
}
