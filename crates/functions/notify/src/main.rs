//! The `notify` function.

use lambda_kit::Executions;
use notify::{Settings, client, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_kit::start_logging();
    let settings = Settings::from_env()?;
    let config = lambda_kit::sdk_config().await;
    let (sns, executions) = (client(&config), Executions::from_env(&config)?);
    lambda_kit::serve(|call| handle(&settings, &sns, &executions, call)).await
}
