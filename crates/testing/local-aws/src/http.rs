//! A small HTTP client: no redirects, no cookies, and TLS for what is not on this machine.

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;

/// A response, with its body as text.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    /// The headers in the order in which they arrived, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body. Bytes that are not UTF-8 are replaced.
    pub body: String,
}

impl Response {
    /// The first header with this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Errors
    ///
    /// Fails if the body is not JSON of this form.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.body)
            .with_context(|| format!("the answer is not the expected JSON: {}", self.body))
    }
}

/// Sends a request and reads the whole answer, with any status.
///
/// # Errors
///
/// Fails if there is no answer.
pub async fn send(
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: String,
) -> Result<Response> {
    let mut request = Request::builder().method(method.clone()).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request
        .body(Full::new(Bytes::from(body)))
        .with_context(|| format!("cannot make a request for `{url}`"))?;
    // Each request has its own client, so that no connection is open when the server stops.
    let client = Client::builder(TokioExecutor::new());
    let answer = if url.starts_with("https:") {
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
            .context("cannot read the root certificates of this machine")?;
        let connector = tls.https_only().enable_http1().build();
        client.build(connector).request(request).await
    } else {
        client.build_http().request(request).await
    };
    let answer = answer.with_context(|| format!("no answer to {method} `{url}`"))?;
    let status = answer.status().as_u16();
    let headers = answer
        .headers()
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let bytes = answer
        .into_body()
        .collect()
        .await
        .with_context(|| format!("the answer to {method} `{url}` broke off"))?
        .to_bytes();
    Ok(Response {
        status,
        headers,
        body: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

/// Sends a GET request without headers.
///
/// # Errors
///
/// Fails if there is no answer.
pub async fn get(url: &str) -> Result<Response> {
    send(Method::GET, url, &[], String::new()).await
}

/// Sends a HEAD request without headers, as link scanners do.
///
/// # Errors
///
/// Fails if there is no answer.
pub async fn head(url: &str) -> Result<Response> {
    send(Method::HEAD, url, &[], String::new()).await
}

/// Sends a form by POST, as a browser does.
///
/// # Errors
///
/// Fails if there is no answer.
pub async fn post_form(url: &str, fields: &[(String, String)]) -> Result<Response> {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    send(
        Method::POST,
        url,
        &[("content-type", "application/x-www-form-urlencoded")],
        body,
    )
    .await
}

/// Sends JSON by POST.
///
/// # Errors
///
/// Fails if there is no answer.
pub async fn post_json(url: &str, body: &serde_json::Value) -> Result<Response> {
    send(
        Method::POST,
        url,
        &[("content-type", "application/json")],
        body.to_string(),
    )
    .await
}
