//! HTTP requests as a browser or a link scanner sends them: no redirects, no cookies, no proxy.

use std::sync::LazyLock;

use anyhow::{Context as _, Result, anyhow};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, RequestBuilder, redirect};
use serde::de::DeserializeOwned;

/// One client for all requests, because reading the root certificates takes long.
static CLIENT: LazyLock<reqwest::Result<Client>> = LazyLock::new(|| {
    install_tls();
    Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        // An open connection would keep a server from stopping.
        .pool_max_idle_per_host(0)
        .build()
});

/// A response, with its body as text.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    headers: HeaderMap,
    /// The body. Bytes that are not UTF-8 are replaced.
    pub body: String,
}

impl Response {
    /// The first header of this name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.body)
            .with_context(|| format!("the answer is not the expected JSON: {}", self.body))
    }
}

/// Makes ring the cryptography of every client of this process. reqwest has none of its own here,
/// so a client that another crate makes with reqwest needs this call first.
pub fn install_tls() {
    // An error says that the process has chosen already.
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {}
}

/// Sends a GET request.
///
/// # Errors
///
/// Fails if there is no answer. An answer with any status is a success.
pub async fn get(url: &str) -> Result<Response> {
    send(client()?.get(url)).await
}

/// Sends a HEAD request, as link scanners do.
pub async fn head(url: &str) -> Result<Response> {
    send(client()?.head(url)).await
}

/// Sends a form by POST, as a browser does.
pub async fn post_form(url: &str, fields: &[(String, String)]) -> Result<Response> {
    send(form(client()?.post(url), fields)).await
}

/// Sends JSON by POST.
pub async fn post_json(url: &str, body: &serde_json::Value) -> Result<Response> {
    send(client()?.post(url).json(body)).await
}

pub(crate) fn client() -> Result<&'static Client> {
    let client = CLIENT.as_ref();
    client.map_err(|error| anyhow!("cannot make an HTTP client: {error}"))
}

pub(crate) fn form<N: AsRef<str>, V: AsRef<str>>(
    request: RequestBuilder,
    fields: &[(N, V)],
) -> RequestBuilder {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields.iter().map(|(name, value)| (name, value)));
    request
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(body.finish())
}

/// Sends a request and reads the whole answer.
pub(crate) async fn send(request: RequestBuilder) -> Result<Response> {
    // The errors of reqwest name the URL.
    let answer = request.send().await.context("no answer")?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let body = answer.bytes().await.context("the answer broke off")?;
    Ok(Response {
        status,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}
