//! The certificates that trust starts from.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};

use crate::settings::optional;

/// The roots that Amazon's certificates for AWS end in, as the repository of Amazon Trust Services (amazontrust.com) publishes them and asks to trust all five.
const AMAZON_ROOTS: [&[u8]; 5] = [
    include_bytes!("../../roots/AmazonRootCA1.cer"),
    include_bytes!("../../roots/AmazonRootCA2.cer"),
    include_bytes!("../../roots/AmazonRootCA3.cer"),
    include_bytes!("../../roots/AmazonRootCA4.cer"),
    include_bytes!("../../roots/SFSRootCAG2.cer"),
];

/// Amazon's roots, or those in the file that `SSL_CERT_FILE` names.
pub(super) fn roots() -> RootCertStore {
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
