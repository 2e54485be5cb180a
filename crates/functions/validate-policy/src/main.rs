//! The `validate-policy` function.

use validate_policy::handle;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_kit::start_logging();
    let rules = lambda_kit::rules()?;
    lambda_kit::serve(async |request| handle(&rules, &request)).await
}
