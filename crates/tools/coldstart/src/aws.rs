//! A stub of AWS behind HTTPS: enough of IAM, SNS and Step Functions for one invocation of each function.
//!
//! Its certificate is made on the spot; the functions trust it through `SSL_CERT_FILE`, which names it among as many others as a platform trusts.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_RSA_SHA256,
};
use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::answers::{StubResponse, StubState};

/// The host name in the certificate.
const HOST: &str = "localhost";

/// The stub.
#[derive(Debug)]
pub(crate) struct Aws {
    address: SocketAddr,
    roots: NamedTempFile,
    state: Arc<Mutex<StubState>>,
    _server: JoinSet<()>,
}

impl Aws {
    /// Listens on a free port of the loopback interface.
    pub(crate) async fn start() -> Result<Self> {
        let (roots, acceptor) = certify().context("cannot make a certificate")?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("cannot listen for AWS")?;
        let address = listener.local_addr().context("cannot listen for AWS")?;
        let state = Arc::new(Mutex::new(StubState::default()));
        let mut server = JoinSet::new();
        server.spawn(serve(listener, acceptor, Arc::clone(&state)));
        Ok(Self {
            address,
            roots,
            state,
            _server: server,
        })
    }

    /// The value of `AWS_ENDPOINT_URL`.
    pub(crate) fn endpoint(&self) -> String {
        format!("https://{HOST}:{}", self.address.port())
    }

    /// The value of `SSL_CERT_FILE`.
    pub(crate) fn roots(&self) -> &Path {
        self.roots.path()
    }

    /// Sets the state of the account that an invocation starts from.
    pub(crate) fn set(&self, state: StubState) {
        *lock(&self.state) = state;
    }

    /// The calls that the stub answered since [`Aws::set`].
    pub(crate) fn calls(&self) -> Vec<String> {
        lock(&self.state).calls().to_vec()
    }
}

/// An RSA key of 2,048 bits that opens nothing but tests; ring cannot make one.
const KEY: &[u8] = include_bytes!("../testdata/rsa-2048.pk8.der");

/// Makes a root, an intermediate certificate and a certificate for [`HOST`], all of RSA as at the endpoints of AWS.
///
/// Most of a handshake goes into checking signatures, and signatures of ECDSA take ten times as long.
fn certify() -> Result<(NamedTempFile, TlsAcceptor)> {
    let authority = |name: &str| -> Result<CertificateParams> {
        let mut params = CertificateParams::new([])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        Ok(params)
    };
    let key =
        || KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(KEY), &PKCS_RSA_SHA256);
    let root = CertifiedIssuer::self_signed(authority("root")?, key()?)?;
    let between = CertifiedIssuer::signed_by(authority("intermediate")?, key()?, &root)?;
    let key = key()?;
    let certificate = CertificateParams::new([HOST.to_owned()])?.signed_by(&key, &between)?;

    let file = NamedTempFile::with_prefix("roots-")?;
    // Mozilla's roots, which are the platform's in the Lambda runtime: reading them is a large part of a cold start.
    let mut trusted: String = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|root| pem::encode(&pem::Pem::new("CERTIFICATE", root.to_vec())))
        .collect();
    trusted += &root.pem();
    std::fs::write(file.path(), trusted)?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone(), between.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )?;
    Ok((file, TlsAcceptor::from(Arc::new(config))))
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, state: Arc<Mutex<StubState>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        // Without this, an answer in two parts waits 40 ms for an acknowledgement.
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        let (acceptor, state) = (acceptor.clone(), Arc::clone(&state));
        connections.spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&state)));
            // If a function does not trust the stub, it reports that itself. If it was killed, the error here means nothing.
            if let Ok(stream) = acceptor.accept(stream).await
                && http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await
                    .is_err()
            {}
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<Mutex<StubState>>,
) -> Result<Response<Full<Bytes>>> {
    let target = request
        .headers()
        .get("X-Amz-Target")
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let body = request.into_body().collect().await?.to_bytes();
    let StubResponse {
        status,
        content_type,
        body,
    } = lock(&state).answer(target.as_deref(), &body);
    let mut response = Response::builder()
        .status(StatusCode::from_u16(status)?)
        .header("Content-Type", content_type);
    response = response.header("x-amzn-RequestId", "e9f4f3a2-0000-4000-8000-000000000000");
    Ok(response.body(Full::from(body))?)
}

fn lock(state: &Mutex<StubState>) -> MutexGuard<'_, StubState> {
    // A panic in another thread leaves no half-finished change here.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
