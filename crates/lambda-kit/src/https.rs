//! The HTTP client of the SDK clients: HTTP/1.1, over TLS or in the clear for the local stack, with connections that are kept.
//!
//! The SDK's own client also brings HTTP/2, proxies, a pool with timers and the system's certificates. None of it is of use to a function
//! that makes one call at a time to one endpoint, and all of it is paid for at every cold start (`docs/performance.md`).

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderValue, Request, Response, Uri, header};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::tls;

/// The client; clones share their connections.
#[derive(Clone)]
pub(crate) struct Https {
    tls: TlsConnector,
    idle: Arc<Mutex<Vec<Kept>>>,
    connect_timeout: Option<Duration>,
}

/// A connection that waits for the next request.
struct Kept {
    endpoint: Endpoint,
    sender: SendRequest<SdkBody>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Endpoint {
    is_tls: bool,
    host: String,
    port: u16,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl std::fmt::Debug for Https {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Https").finish_non_exhaustive()
    }
}

impl HttpClient for Https {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Self {
            connect_timeout: settings.connect_timeout(),
            ..self.clone()
        })
    }
}

impl HttpConnector for Https {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.clone();
        HttpConnectorFuture::new(async move { client.send(request).await })
    }
}

impl Https {
    /// A client without connections.
    pub(crate) fn new() -> Self {
        Self {
            tls: TlsConnector::from(Arc::new(tls::config())),
            idle: Arc::default(),
            connect_timeout: None,
        }
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let mut request = request
            .try_into_http1x()
            .map_err(|error| ConnectorError::user(error.into()))?;
        let endpoint = address(&mut request).map_err(ConnectorError::user)?;
        while let Some(mut sender) = self.kept(&endpoint) {
            if sender.ready().await.is_err() {
                // AWS closed it in the meantime, as it does with every idle connection.
                continue;
            }
            match sender.try_send_request(request).await {
                Ok(response) => return self.finish(endpoint, sender, response),
                Err(mut error) => match error.take_message() {
                    // Closed before anything was written, so that nothing can happen twice.
                    Some(unsent) => request = unsent,
                    None => return Err(ConnectorError::io(error.into_error().into())),
                },
            }
        }
        let mut sender = self.connect(&endpoint).await?;
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| ConnectorError::io(error.into()))?;
        self.finish(endpoint, sender, response)
    }

    fn kept(&self, endpoint: &Endpoint) -> Option<SendRequest<SdkBody>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let place = idle.iter().position(|kept| kept.endpoint == *endpoint)?;
        Some(idle.swap_remove(place).sender)
    }

    /// Keeps the connection, which is ready again as soon as the body was read.
    fn finish(
        &self,
        endpoint: Endpoint,
        sender: SendRequest<SdkBody>,
        response: Response<Incoming>,
    ) -> Result<HttpResponse, ConnectorError> {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Kept { endpoint, sender });
        HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
            .map_err(|error| ConnectorError::other(error.into(), None))
    }

    async fn connect(&self, endpoint: &Endpoint) -> Result<SendRequest<SdkBody>, ConnectorError> {
        let connecting = async {
            let stream = self.open(endpoint).await?;
            let (sender, connection) = handshake(TokioIo::new(stream))
                .await
                .map_err(io::Error::other)?;
            // Whatever ends the connection reaches the request that is on it.
            tokio::spawn(async move { if connection.await.is_err() {} });
            Ok(sender)
        };
        let connected: io::Result<_> = match self.connect_timeout {
            Some(limit) => tokio::time::timeout(limit, connecting)
                .await
                .map_err(|error| ConnectorError::timeout(error.into()))?,
            None => connecting.await,
        };
        connected.map_err(|error| match error.kind() {
            // What rustls says of a certificate or a protocol stays so.
            io::ErrorKind::InvalidData => ConnectorError::other(error.into(), None),
            _ => ConnectorError::io(error.into()),
        })
    }

    async fn open(&self, endpoint: &Endpoint) -> io::Result<Box<dyn Stream>> {
        let stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await?;
        stream.set_nodelay(true)?;
        if !endpoint.is_tls {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(endpoint.host.clone()).map_err(io::Error::other)?;
        Ok(Box::new(self.tls.connect(name, stream).await?))
    }
}

/// Gives a request the form that it has on a connection of its own, and tells where it goes.
fn address(request: &mut Request<SdkBody>) -> Result<Endpoint, BoxError> {
    let uri = request.uri();
    let is_tls = uri.scheme() == Some(&Scheme::HTTPS);
    let host = uri.host().ok_or("the endpoint has no host")?;
    let default_port = if is_tls { 443 } else { 80 };
    let port = uri.port_u16().unwrap_or(default_port);
    let endpoint = Endpoint {
        is_tls,
        host: host.trim_matches(['[', ']']).to_owned(),
        port,
    };
    // The same name that the signature covers.
    let name = if port == default_port {
        HeaderValue::from_str(host)?
    } else {
        HeaderValue::try_from(format!("{host}:{port}"))?
    };
    let target = uri
        .path_and_query()
        .cloned()
        .unwrap_or(PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from(target);
    request.headers_mut().entry(header::HOST).or_insert(name);
    Ok(endpoint)
}

#[cfg(test)]
#[path = "https_tests.rs"]
mod tests;
