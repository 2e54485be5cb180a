//! TLS as every client uses it.

mod p256;
mod provider;
mod roots;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::{ClientConfig, RootCertStore};

/// A function talks to one endpoint, or two.
const SESSIONS: usize = 4;

/// TLS 1.2 and 1.3 on ring, trusting Amazon's roots, or those in the file that `SSL_CERT_FILE` names.
///
/// ring, because the SDK's default (aws-lc) gathers entropy for 43 ms of processor time at the first handshake.
/// The roots are part of the executable, because reading the system's takes ten times as long as everything else in init; the variable serves those whose traffic goes through an inspecting proxy or to endpoints of their own, and the partitions that have other roots.
pub(crate) fn config() -> ClientConfig {
    trusting(roots::roots())
}

#[expect(
    clippy::expect_used,
    reason = "the provider and the versions are constants that go together"
)]
fn trusting(roots: RootCertStore) -> ClientConfig {
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider::provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    // The default makes room for hundreds.
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    config
}
