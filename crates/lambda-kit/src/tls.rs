//! TLS as every client uses it.

use std::path::Path;
use std::sync::Arc;

use ring::rand::SecureRandom as _;
use rustls::client::Resumption;
use rustls::crypto::ring::cipher_suite::{
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    TLS13_AES_128_GCM_SHA256, TLS13_AES_256_GCM_SHA384,
};
use rustls::crypto::ring::kx_group::{SECP256R1, SECP384R1};
use rustls::crypto::{
    CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom, WebPkiSupportedAlgorithms,
};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::SigningKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme};
use webpki::ring::{
    ECDSA_P256_SHA256, ECDSA_P256_SHA384, ECDSA_P384_SHA256, ECDSA_P384_SHA384,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256_LEGACY_KEY, RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
};

use crate::settings::optional;

/// A function talks to one endpoint, or two.
const SESSIONS: usize = 4;

/// The roots that Amazon's certificates for AWS end in, as the repository of Amazon Trust Services (amazontrust.com) publishes them and asks to trust all five.
const AMAZON_ROOTS: [&[u8]; 5] = [
    include_bytes!("../roots/AmazonRootCA1.cer"),
    include_bytes!("../roots/AmazonRootCA2.cer"),
    include_bytes!("../roots/AmazonRootCA3.cer"),
    include_bytes!("../roots/AmazonRootCA4.cer"),
    include_bytes!("../roots/SFSRootCAG2.cer"),
];

/// TLS 1.2 and 1.3 on ring, trusting Amazon's roots, or those in the file that `SSL_CERT_FILE` names.
///
/// ring, because the SDK's default (aws-lc) gathers entropy for 43 ms of processor time at the first handshake.
/// The roots are part of the executable, because reading the system's takes ten times as long as everything else in init; the variable serves those whose traffic goes through an inspecting proxy or to endpoints of their own, and the partitions that have other roots.
#[expect(
    clippy::expect_used,
    reason = "the provider and the versions are constants that go together"
)]
pub(crate) fn config() -> ClientConfig {
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_root_certificates(roots())
        .with_no_client_auth();
    // The default makes room for hundreds.
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    config
}

/// ring with what a client of AWS needs, because the rest would be a tenth of an executable.
///
/// AES-128-GCM and secp256r1 are what every implementation of TLS 1.3 must have (RFC 8446, "Mandatory-to-Implement Cipher Suites" and "Mandatory-to-Implement Extensions"); FIPS endpoints have no others.
fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![
            TLS13_AES_128_GCM_SHA256,
            TLS13_AES_256_GCM_SHA384,
            TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        ],
        kx_groups: vec![SECP256R1, SECP384R1],
        signature_verification_algorithms: SIGNATURES,
        secure_random: &SystemRandom,
        key_provider: &NoClientKeys,
    }
}

/// RSA and ECDSA, the signatures of public certificates: Ed25519 is in none of them.
static SIGNATURES: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[
        ECDSA_P256_SHA256,
        ECDSA_P256_SHA384,
        ECDSA_P384_SHA256,
        ECDSA_P384_SHA384,
        RSA_PKCS1_2048_8192_SHA256,
        RSA_PKCS1_2048_8192_SHA384,
        RSA_PKCS1_2048_8192_SHA512,
        RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
        RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
    ],
    // TLS 1.3 takes the first algorithm of a scheme; in TLS 1.2 a scheme leaves the curve open.
    mapping: &[
        (
            SignatureScheme::ECDSA_NISTP256_SHA256,
            &[ECDSA_P256_SHA256, ECDSA_P384_SHA256],
        ),
        (
            SignatureScheme::ECDSA_NISTP384_SHA384,
            &[ECDSA_P384_SHA384, ECDSA_P256_SHA384],
        ),
        (
            SignatureScheme::RSA_PSS_SHA256,
            &[RSA_PSS_2048_8192_SHA256_LEGACY_KEY],
        ),
        (
            SignatureScheme::RSA_PSS_SHA384,
            &[RSA_PSS_2048_8192_SHA384_LEGACY_KEY],
        ),
        (
            SignatureScheme::RSA_PSS_SHA512,
            &[RSA_PSS_2048_8192_SHA512_LEGACY_KEY],
        ),
        (
            SignatureScheme::RSA_PKCS1_SHA256,
            &[RSA_PKCS1_2048_8192_SHA256],
        ),
        (
            SignatureScheme::RSA_PKCS1_SHA384,
            &[RSA_PKCS1_2048_8192_SHA384],
        ),
        (
            SignatureScheme::RSA_PKCS1_SHA512,
            &[RSA_PKCS1_2048_8192_SHA512],
        ),
    ],
};

/// ring's source of random bytes, which is the operating system's.
#[derive(Debug)]
struct SystemRandom;

impl SecureRandom for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        ring::rand::SystemRandom::new()
            .fill(bytes)
            .map_err(|_| GetRandomFailed)
    }
}

/// The functions sign their requests and show no certificate.
#[derive(Debug)]
struct NoClientKeys;

impl KeyProvider for NoClientKeys {
    fn load_private_key(
        &self,
        _: PrivateKeyDer<'static>,
    ) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General(
            "the functions authenticate themselves by signatures of their requests".to_owned(),
        ))
    }
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
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(AMAZON_ROOTS.map(CertificateDer::from_slice));
    roots
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_in_roots_are_amazons_as_mozilla_has_them() {
        let roots = compiled_in().roots;
        assert_eq!(roots.len(), AMAZON_ROOTS.len());
        for root in &roots {
            let known = webpki_roots::TLS_SERVER_ROOTS.iter().any(|known| {
                known.subject == root.subject
                    && known.subject_public_key_info == root.subject_public_key_info
            });
            assert!(known, "{root:?}");
        }
    }
}
