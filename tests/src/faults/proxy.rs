use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use local_aws::{Emulator, http};
use serde::Deserialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use url::Url;

use super::quotas::Quotas;
use super::rules::{FaultRules, Pending};
use super::{Call, CallQuota, Fault, Injected, Limited, PAST_THE_TIMEOUT, Rule, call, process};

/// The proxy. It stops when this is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    port: u16,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    rules: FaultRules,
    quotas: Quotas,
    port: u16,
    /// The address of the emulator, which starts after the proxy.
    upstream: OnceLock<String>,
    client: Client<HttpConnector, Full<Bytes>>,
    /// The callers by their access keys.
    callers: Mutex<HashMap<String, String>>,
}

/// The connection is broken without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is broken on purpose")]
struct Broken;

impl FaultProxy {
    /// Listens on a free port of the loopback interface. Call [`FaultProxy::forward_to`] before the
    /// first request.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("the fault proxy found no port")?;
        let port = listener.local_addr().context("no port")?.port();
        let shared = Arc::new(Shared {
            rules: FaultRules::default(),
            quotas: Quotas::default(),
            port,
            upstream: OnceLock::new(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            callers: Mutex::default(),
        });
        let serving = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self {
            port,
            shared,
            serving,
        })
    }

    /// The endpoint for the functions.
    pub fn endpoint(&self) -> Result<Url> {
        let url = format!("http://{}:{}", Ipv4Addr::LOCALHOST, self.port);
        Url::parse(&url).with_context(|| format!("`{url}` is not a valid URL"))
    }

    /// Passes calls on to `emulator` from now on.
    pub fn forward_to(&self, emulator: &Emulator) -> Result<()> {
        let set = self.shared.upstream.set(emulator.endpoint());
        set.map_err(|_| anyhow::anyhow!("the fault proxy has an emulator already"))
    }

    /// Makes calls fail until the returned value is dropped.
    #[must_use = "the rule holds until the value is dropped"]
    pub fn inject(&self, rule: Rule) -> Injected {
        self.shared.rules.inject(rule)
    }

    /// Throttles calls beyond these quotas, whoever makes them, until the returned value is
    /// dropped.
    #[must_use = "the quotas hold until the value is dropped"]
    pub fn limit(&self, quotas: &[CallQuota]) -> Limited {
        self.shared.quotas.limit(quotas)
    }

    /// The calls so far whose parameters hold one of `marks`, in order.
    #[must_use]
    pub fn calls(&self, marks: &[String]) -> Vec<Call> {
        self.shared.rules.calls(marks)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        // A client may give a connection up before it is accepted; the proxy goes on.
        let Ok((stream, peer)) = listener.accept().await else {
            continue;
        };
        tokio::spawn(serve_connection(stream, peer, Arc::clone(&shared)));
    }
}

async fn serve_connection(stream: TcpStream, peer: SocketAddr, shared: Arc<Shared>) {
    let answer = service_fn(move |request| answer(request, peer, Arc::clone(&shared)));
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
    // It ends with an error when it is broken on purpose, or when the function is killed.
    if connection.await.is_err() {}
}

async fn answer(
    request: Request<Incoming>,
    peer: SocketAddr,
    shared: Arc<Shared>,
) -> Result<Response<Full<Bytes>>, Broken> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
    let mut is_refused = false;
    let met = match call::read(&parts.headers, &body) {
        Some((action, parameters)) => {
            is_refused = shared.quotas.refuse(&action);
            let caller = shared.caller_of(&parts.headers).await;
            shared.rules.meet(Call {
                caller,
                action,
                parameters,
            })
        }
        None => None,
    };
    let request = Request::from_parts(parts, Full::new(body));
    if is_refused {
        return Ok(refusal(&request, StatusCode::BAD_REQUEST, "Throttling"));
    }
    // On a task of its own, so that the call goes on if its caller goes away.
    let work = tokio::spawn(async move {
        match met {
            None => shared.pass_on(request).await,
            Some((fault, pending)) => shared.fail(fault, pending, request, peer).await,
        }
    });
    work.await.map_err(|_| Broken)?
}

impl Shared {
    async fn fail(
        &self,
        fault: Fault,
        pending: Pending,
        request: Request<Full<Bytes>>,
        peer: SocketAddr,
    ) -> Result<Response<Full<Bytes>>, Broken> {
        let answer = match fault {
            Fault::Throttle => Ok(refusal(&request, StatusCode::BAD_REQUEST, "Throttling")),
            Fault::Unmodifiable => Ok(refusal(
                &request,
                StatusCode::BAD_REQUEST,
                "UnmodifiableEntity",
            )),
            Fault::ServerError => Ok(refusal(
                &request,
                StatusCode::INTERNAL_SERVER_ERROR,
                "ServiceFailure",
            )),
            Fault::Drop => Err(Broken),
            Fault::LoseAnswer => {
                self.pass_on(request).await?;
                Err(Broken)
            }
            Fault::Delay => {
                let answer = self.pass_on(request).await;
                tokio::time::sleep(PAST_THE_TIMEOUT).await;
                answer
            }
            Fault::Late => {
                tokio::time::sleep(PAST_THE_TIMEOUT).await;
                self.pass_on(request).await
            }
            Fault::KillBefore => {
                self.kill(peer);
                Err(Broken)
            }
            Fault::KillAfter => {
                self.pass_on(request).await?;
                self.kill(peer);
                Err(Broken)
            }
        };
        drop(pending);
        answer
    }

    #[expect(
        clippy::print_stderr,
        reason = "a fault that could not be made must not pass for one that was survived"
    )]
    fn kill(&self, peer: SocketAddr) {
        if let Err(error) = process::kill_peer(peer.port(), self.port) {
            eprintln!("the function could not be killed: {error:#}");
        }
    }

    async fn pass_on(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<Full<Bytes>>, Broken> {
        let upstream = self.upstream.get().ok_or(Broken)?;
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        *request.uri_mut() = format!("{upstream}{path}")
            .parse::<Uri>()
            .map_err(|_| Broken)?;
        let answer = self.client.request(request).await.map_err(|_| Broken)?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(|_| Broken)?.to_bytes();
        Ok(Response::from_parts(parts, Full::new(body)))
    }

    /// The role and the session whose credentials signed a request; empty if no role has them. The
    /// session of a function's role has the function's name.
    async fn caller_of(&self, headers: &hyper::HeaderMap) -> String {
        #[derive(Deserialize)]
        struct Caller {
            principal: Option<String>,
        }
        let Some((key, _)) = call::credential(headers) else {
            return String::new();
        };
        let mut callers = self.callers.lock().await;
        if let Some(known) = callers.get(&key) {
            return known.clone();
        }
        let upstream = self.upstream.get().map_or("", String::as_str);
        let url = format!("{upstream}/_local/caller?key={key}");
        let caller = http::get(&url)
            .await
            .and_then(|answer| answer.json::<Caller>());
        let Some(principal) = caller.ok().and_then(|caller| caller.principal) else {
            return String::new();
        };
        let (_, name) = principal.split_once('/').unwrap_or_default();
        callers.insert(key, name.to_owned());
        name.to_owned()
    }
}

/// An error as the service's protocol has it.
fn refusal(
    request: &Request<Full<Bytes>>,
    status: StatusCode,
    code: &str,
) -> Response<Full<Bytes>> {
    let (kind, body) = if request.headers().contains_key("x-amz-target") {
        let code = match code {
            "Throttling" => "ThrottlingException",
            _ => "InternalFailure",
        };
        let body = format!(r#"{{"__type":"{code}","message":"made by the fault proxy"}}"#);
        ("application/x-amz-json-1.0", body)
    } else {
        let sender = if status.is_server_error() {
            "Receiver"
        } else {
            "Sender"
        };
        let body = format!(
            "<ErrorResponse><Error><Type>{sender}</Type><Code>{code}</Code><Message>made by the fault proxy</Message></Error><RequestId>0</RequestId></ErrorResponse>"
        );
        ("text/xml", body)
    };
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}
