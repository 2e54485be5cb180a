//! The `approve-callback` function.

use approve_callback::{Settings, client, handle};
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_kit::start_logging();
    let settings = Settings::from_env()?;
    let states = client(&lambda_kit::sdk_config().await);
    // `handle` reads the payload, because a request that cannot be read gets a page too.
    lambda_kit::serve(async |payload: Box<RawValue>| Ok(handle(&settings, &states, &payload).await))
        .await
}
