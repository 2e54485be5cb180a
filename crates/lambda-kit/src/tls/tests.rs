//! Handshakes with a server that can everything that ring can.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
};
use rustls::crypto::ring::{self, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConnection, Error, ProtocolVersion, ServerConfig, ServerConnection,
    SupportedProtocolVersion,
};

use super::*;

/// Opens nothing but this test and the stub of AWS in `crates/tools/coldstart`; ring cannot make RSA keys.
const RSA_KEY: &[u8] = include_bytes!("../../testdata/rsa-2048.pk8.der");

fn rsa() -> KeyPair {
    KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(RSA_KEY), &PKCS_RSA_SHA256)
        .unwrap()
}

/// A root that signs with this key, and a server below it with the same.
fn server(
    key: impl Fn() -> KeyPair,
    version: &'static SupportedProtocolVersion,
) -> (CertificateDer<'static>, ServerConnection) {
    server_that_agrees_on(&ring::default_provider().kx_groups, key, version)
}

/// The same with these groups for the agreement on a key.
fn server_that_agrees_on(
    groups: &[&'static dyn SupportedKxGroup],
    key: impl Fn() -> KeyPair,
    version: &'static SupportedProtocolVersion,
) -> (CertificateDer<'static>, ServerConnection) {
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let root = CertifiedIssuer::self_signed(authority, key()).unwrap();
    let key = key();
    let certificate = CertificateParams::new(["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &root)
        .unwrap();
    let provider = CryptoProvider {
        kx_groups: groups.to_vec(),
        ..ring::default_provider()
    };
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    let server = ServerConnection::new(Arc::new(config)).unwrap();
    (root.der().clone(), server)
}

/// Carries what each side says to the other until both are done: the version that they agreed on.
fn shake_hands(
    root: CertificateDer<'static>,
    mut server: ServerConnection,
) -> Result<ProtocolVersion, Error> {
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = ClientConnection::new(Arc::new(trusting(roots)), name).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut said = Vec::new();
        client.write_tls(&mut said).unwrap();
        server.read_tls(&mut said.as_slice()).unwrap();
        server.process_new_packets()?;
        let mut said = Vec::new();
        server.write_tls(&mut said).unwrap();
        client.read_tls(&mut said.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    Ok(client.protocol_version().unwrap())
}

#[test]
fn every_kind_of_public_certificate_is_accepted() {
    let p256 = || KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let p384 = || KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    for version in [&TLS12, &TLS13] {
        for (root, server) in [
            server(rsa, version),
            server(p256, version),
            server(p384, version),
        ] {
            assert_eq!(shake_hands(root, server), Ok(version.version));
        }
    }
}

#[test]
fn a_key_is_agreed_on_with_whoever_knows_one_group_only() {
    for version in [&TLS12, &TLS13] {
        for group in [kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1] {
            let (root, server) = server_that_agrees_on(&[group], rsa, version);
            assert_eq!(shake_hands(root, server), Ok(version.version), "{group:?}");
        }
    }
}

#[test]
fn a_certificate_from_elsewhere_is_refused() {
    let p256 = || KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let (_, server_of_one) = server(p256, &TLS13);
    let (root_of_another, _) = server(p256, &TLS13);
    let error = shake_hands(root_of_another, server_of_one).unwrap_err();
    assert!(matches!(error, Error::InvalidCertificate(_)), "{error:?}");
}

#[test]
fn what_no_public_certificate_has_is_refused() {
    let ed25519 = || KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let (root, server) = server(ed25519, &TLS13);
    assert!(shake_hands(root, server).is_err());
}
