//! TLS as every client uses it.

use std::path::Path;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::{ClientConfig, RootCertStore};

use crate::settings::optional;

/// A function talks to one endpoint, or two.
const SESSIONS: usize = 4;

/// TLS 1.2 and 1.3 on ring, trusting Mozilla's roots, or those in the file that `SSL_CERT_FILE` names.
///
/// ring, because the SDK's default (aws-lc) gathers entropy for 43 ms of processor time at the first handshake.
/// The roots are part of the executable (`webpki-roots`: Mozilla's CA certificates, which Amazon's are among), because reading the system's takes ten times as long as everything else in init; the variable serves those whose traffic goes through an inspecting proxy or to endpoints of their own.
#[expect(
    clippy::expect_used,
    reason = "the provider and the versions are constants that go together"
)]
pub(crate) fn config() -> ClientConfig {
    let mut config =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring supports TLS 1.2 and 1.3")
            .with_root_certificates(roots())
            .with_no_client_auth();
    // The default makes room for hundreds.
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    config
}

fn roots() -> RootCertStore {
    let file = match optional("SSL_CERT_FILE") {
        Ok(Some(file)) => file,
        Ok(None) => return compiled_in(),
        Err(error) => {
            tracing::warn!(%error, "the compiled-in roots are trusted instead");
            return compiled_in();
        }
    };
    match from_file(Path::new(&file)) {
        Ok(roots) if !roots.is_empty() => roots,
        Ok(_) => {
            tracing::warn!(
                file,
                "the file that `SSL_CERT_FILE` names holds no certificate that can be trusted; the compiled-in roots are trusted instead"
            );
            compiled_in()
        }
        Err(error) => {
            tracing::warn!(
                file,
                %error,
                "the file that `SSL_CERT_FILE` names cannot be read; the compiled-in roots are trusted instead"
            );
            compiled_in()
        }
    }
}

fn compiled_in() -> RootCertStore {
    RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    }
}

fn from_file(file: &Path) -> Result<RootCertStore, pem::Error> {
    let certificates = CertificateDer::pem_file_iter(file)?.collect::<Result<Vec<_>, _>>()?;
    let mut roots = RootCertStore::empty();
    let (_, unusable) = roots.add_parsable_certificates(certificates);
    if unusable > 0 {
        tracing::warn!(
            file = %file.display(),
            unusable,
            "the file that `SSL_CERT_FILE` names holds certificates that no trust can start from"
        );
    }
    Ok(roots)
}
