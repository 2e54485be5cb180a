use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpClient as _, SharedHttpClient, http_client_fn};
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

/// Settings for every SDK client of the functions.
///
/// A Lambda has its credentials, its region and its endpoints in the environment, so no other source is asked, and what would ask them (profiles, containers, instance metadata, STS) is not even linked: `aws_config`'s loader brings all of it along.
/// `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` are honoured (AWS SDKs and Tools Reference Guide, "Service-specific endpoints"); the local stack needs the first.
///
/// TLS and HTTP are the SDK's own client with its defaults. It trusts the roots of the platform, which AWS keeps up to date in the Lambda runtime, or those in the file that `SSL_CERT_FILE` names.
///
/// One attempt is short, so that a lost connection is noticed while there is time for the next; the state machine retries beyond that.
#[must_use]
pub fn sdk_config() -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(
            EnvironmentVariableCredentialsProvider::new(),
        ))
        .region(
            variable("AWS_REGION")
                .or_else(|| variable("AWS_DEFAULT_REGION"))
                .map(Region::new),
        )
        .service_config(ServiceEndpoints)
        .http_client(http_client())
        // The time limit of an attempt covers its body as well.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(2))
                .operation_attempt_timeout(Duration::from_secs(5))
                .operation_timeout(Duration::from_secs(12))
                .build(),
        )
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .build()
}

/// The SDK's own HTTP client.
///
/// By itself it reads the roots when an SDK client is made, which is about a third of the time of init, and prepares them once more at the first call.
/// Here it does both at the first call, and never for an invocation that calls nobody.
fn http_client() -> SharedHttpClient {
    let client = Builder::new()
        .tls_provider(Provider::rustls(CryptoMode::Ring))
        .build_https();
    http_client_fn(move |settings, components| client.http_connector(settings, components))
}

/// The endpoint of one service, where a variable names it; otherwise the one for all, if there is one.
#[derive(Debug)]
struct ServiceEndpoints;

impl LoadServiceConfig for ServiceEndpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().replace([' ', '-'], "_").to_uppercase();
        [format!("{}_{service}", key.env()), key.env().to_owned()]
            .iter()
            .find_map(|name| variable(name))
    }
}

/// A variable of the SDK; one that is not Unicode counts as missing.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
