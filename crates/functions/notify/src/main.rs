//! The `notify` function.

use lambda_kit::{Executions, Sweeps};
use notify::{Settings, client, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_kit::start_logging();
    let settings = Settings::from_env()?;
    let config = lambda_kit::sdk_config().await;
    let (sns, executions) = (client(&config), Executions::from_env(&config)?);
    let sweeps = Sweeps::beside(&executions)?;
    lambda_kit::serve(|call| handle(&settings, &sns, &executions, &sweeps, call)).await
}
