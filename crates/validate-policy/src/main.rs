//! The `validate-policy` function.

use validate_policy::{LazyStore, Settings, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_kit::start_logging();
    let settings = Settings::from_env()?;
    let store = LazyStore::new();
    lambda_kit::serve(|request| handle(&settings, &store, request)).await
}
