//! The curve P-256 from the crate `p256`: key agreement, and signatures of certificates and handshakes.
//!
//! ring has it too, together with 150 KB of precomputed points that nothing makes smaller; they were up to a tenth of a function's archive.
//! They make the curve faster where a server is busy with it, and a function needs it once, if at all: X25519 is agreed on first, and AWS has certificates of RSA.

use ::p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use ::p256::ecdsa::{Signature, VerifyingKey};
use ::p256::elliptic_curve::sec1::ToSec1Point as _;
use ::p256::{PublicKey, SecretKey, ecdh};
use ring::digest::{self, SHA256, SHA384};
use ring::rand::{SecureRandom as _, SystemRandom};
use rustls::crypto::{ActiveKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup};
use rustls::pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};
use rustls::{Error, NamedGroup, PeerMisbehaved};

/// Key agreement on secp256r1, the group that every implementation of TLS 1.3 must have (RFC 8446, "Mandatory-to-Implement Cipher Suites").
pub(super) static SECP256R1: &dyn SupportedKxGroup = &Secp256r1;

/// ECDSA on P-256 over SHA-256.
pub(super) static ECDSA_P256_SHA256: &dyn SignatureVerificationAlgorithm = &Ecdsa {
    hash: &SHA256,
    id: alg_id::ECDSA_SHA256,
};

/// ECDSA on P-256 over SHA-384.
pub(super) static ECDSA_P256_SHA384: &dyn SignatureVerificationAlgorithm = &Ecdsa {
    hash: &SHA384,
    id: alg_id::ECDSA_SHA384,
};

#[derive(Debug)]
struct Secp256r1;

struct Exchange {
    secret: SecretKey,
    public: Vec<u8>,
}

#[derive(Debug)]
struct Ecdsa {
    hash: &'static digest::Algorithm,
    id: AlgorithmIdentifier,
}

impl SupportedKxGroup for Secp256r1 {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let random = SystemRandom::new();
        // A number that is no key of the curve comes once in four thousand million times.
        let secret = loop {
            let mut bytes = [0; 32];
            random.fill(&mut bytes).map_err(|_| GetRandomFailed)?;
            if let Ok(secret) = SecretKey::from_slice(&bytes) {
                break secret;
            }
        };
        let public = secret.public_key().to_sec1_point(false).as_bytes().to_vec();
        Ok(Box::new(Exchange { secret, public }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::secp256r1
    }
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer_public_key: &[u8]) -> Result<SharedSecret, Error> {
        let peer = uncompressed(peer_public_key)
            .and_then(|point| PublicKey::from_sec1_bytes(point).ok())
            .ok_or(PeerMisbehaved::InvalidKeyShare)?;
        let shared = ecdh::diffie_hellman(self.secret.to_nonzero_scalar(), peer.as_affine());
        Ok(SharedSecret::from(shared.raw_secret_bytes().as_slice()))
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::secp256r1
    }
}

impl SignatureVerificationAlgorithm for Ecdsa {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let key = uncompressed(public_key)
            .and_then(|point| VerifyingKey::from_sec1_bytes(point).ok())
            .ok_or(InvalidSignature)?;
        let signature = Signature::from_der(signature).map_err(|_| InvalidSignature)?;
        key.verify_prehash(digest::digest(self.hash, message).as_ref(), &signature)
            .map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P256
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.id
    }
}

/// A point as two coordinates, the only form that TLS 1.3 has (RFC 8446, "ECDHE Parameters") and that ring takes in certificates.
fn uncompressed(point: &[u8]) -> Option<&[u8]> {
    (point.first() == Some(&4)).then_some(point)
}

/// ring is the oracle: it has the same curve by other means.
#[cfg(test)]
mod tests {
    use ::p256::ecdsa::SigningKey;
    use ::p256::ecdsa::signature::hazmat::PrehashSigner as _;
    use rustls::crypto::ring::kx_group;
    use webpki::ring;

    use super::*;

    const PAIRS: [[&dyn SignatureVerificationAlgorithm; 2]; 2] = [
        [ECDSA_P256_SHA256, ring::ECDSA_P256_SHA256],
        [ECDSA_P256_SHA384, ring::ECDSA_P256_SHA384],
    ];

    #[test]
    fn a_secret_is_agreed_on_with_ring() {
        for _ in 0..8 {
            let ours = SECP256R1.start().unwrap();
            let rings = kx_group::SECP256R1.start().unwrap();
            assert_eq!(ours.group(), rings.group());
            let (our_key, rings_key) = (ours.pub_key().to_vec(), rings.pub_key().to_vec());
            let secret = ours.complete(&rings_key).unwrap();
            assert_eq!(
                secret.secret_bytes(),
                rings.complete(&our_key).unwrap().secret_bytes()
            );
        }
    }

    #[test]
    fn what_is_no_point_of_the_curve_is_refused() {
        let key = SECP256R1.start().unwrap().pub_key().to_vec();
        let mut beside = key.clone();
        *beside.last_mut().unwrap() ^= 1;
        let compressed = [&[2], &key[1..33]].concat();
        for wrong in [
            &beside[..],
            &compressed,
            &key[..64],
            &[0],
            &[4],
            &[],
            &[4; 65],
        ] {
            let ours = SECP256R1.start().unwrap().complete(wrong);
            let rings = kx_group::SECP256R1.start().unwrap().complete(wrong);
            assert!(ours.is_err() && rings.is_err(), "{wrong:?}");
        }
        assert!(SECP256R1.start().unwrap().complete(&key).is_ok());
    }

    #[test]
    fn a_signature_is_verified_as_ring_does() {
        let signing = SigningKey::from_slice(&[7; 32]).unwrap();
        let key = signing
            .verifying_key()
            .to_sec1_point(false)
            .as_bytes()
            .to_vec();
        let compressed = signing
            .verifying_key()
            .to_sec1_point(true)
            .as_bytes()
            .to_vec();
        let message = b"what is signed";
        for (algorithms, hash) in PAIRS.into_iter().zip([&SHA256, &SHA384]) {
            let hashed = digest::digest(hash, message);
            let signature: Signature = signing.sign_prehash(hashed.as_ref()).unwrap();
            let signature = signature.to_der().as_bytes().to_vec();
            let verify = |key: &[u8], message: &[u8], signature: &[u8]| {
                let [ours, rings] = algorithms
                    .map(|algorithm| algorithm.verify_signature(key, message, signature).is_ok());
                assert_eq!(ours, rings, "{key:x?} {message:x?} {signature:x?}");
                ours
            };
            assert!(verify(&key, message, &signature));
            assert!(!verify(&key, b"something else", &signature));
            assert!(!verify(&compressed, message, &signature));
            // Every bit counts, those of the encoding too.
            for bit in 0..signature.len() * 8 {
                let mut altered = signature.clone();
                altered[bit / 8] ^= 1 << (bit % 8);
                assert!(!verify(&key, message, &altered), "bit {bit}");
            }
            for bit in 0..key.len() * 8 {
                let mut altered = key.clone();
                altered[bit / 8] ^= 1 << (bit % 8);
                assert!(!verify(&altered, message, &signature), "bit {bit}");
            }
            for length in 0..signature.len() {
                assert!(!verify(&key, message, &signature[..length]), "{length}");
            }
        }
    }

    #[test]
    fn the_algorithms_are_named_as_ring_names_them() {
        for [ours, rings] in PAIRS {
            assert_eq!(ours.public_key_alg_id(), rings.public_key_alg_id());
            assert_eq!(ours.signature_alg_id(), rings.signature_alg_id());
        }
    }
}
