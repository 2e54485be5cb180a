//! The SDK's clients, for the emulator and for AWS.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_iam::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// The SDK clients of one caller.
#[derive(Clone, Debug)]
pub struct Clients {
    pub iam: aws_sdk_iam::Client,
    pub sfn: aws_sdk_sfn::Client,
    pub sns: aws_sdk_sns::Client,
    pub sqs: aws_sdk_sqs::Client,
}

impl Clients {
    /// The clients for these credentials, at an endpoint or, without one, at AWS.
    pub fn new(
        region: impl Into<String>,
        endpoint: Option<String>,
        credentials: Credentials,
    ) -> Self {
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(region.into()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http_client(endpoint.as_deref()));
        config.set_endpoint_url(endpoint);
        Self::of(&config.build())
    }

    /// The clients for the credentials that the environment of this process leads to: variables,
    /// a profile, or the role of the machine.
    pub async fn of_environment(region: impl Into<String>, endpoint: Option<String>) -> Self {
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .region(Region::new(region.into()))
            .http_client(http_client(endpoint.as_deref()));
        Self::of(&config.load().await)
    }

    fn of(config: &SdkConfig) -> Self {
        Self {
            iam: aws_sdk_iam::Client::new(config),
            sfn: aws_sdk_sfn::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
        }
    }
}

/// A client with TLS, unless the endpoint has none: reading the root certificates takes long.
fn http_client(endpoint: Option<&str>) -> SharedHttpClient {
    let http = aws_smithy_http_client::Builder::new();
    if endpoint.is_some_and(|it| it.starts_with("http:")) {
        http.build_http()
    } else {
        http.tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https()
    }
}
