use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// The settings of every SDK client of the functions, from the environment that Lambda provides.
///
/// `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` count (AWS SDKs and Tools Reference Guide,
/// "Service-specific endpoints").
pub async fn sdk_config() -> SdkConfig {
    // The SDK's own client. Its other cryptographic library, aws-lc-rs, takes 44 ms more of
    // processor time in a cold function (docs/performance.md).
    let http = Builder::new()
        .tls_provider(Provider::rustls(CryptoMode::Ring))
        .build_https();
    // An attempt is short, so that a lost connection leaves time for the next attempt before the
    // function's own timeout. After the third, the state machine retries.
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(12))
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .load()
        .await
}
