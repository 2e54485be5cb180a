//! The `notify` function.

use notify::{Settings, client, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_kit::start_logging();
    let settings = Settings::from_env()?;
    let sns = client(&lambda_kit::sdk_config().await);
    lambda_kit::serve(|request| handle(&settings, &sns, request)).await
}
