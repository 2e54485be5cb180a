//! The Lambda Runtime API, as one function sees it.
//!
//! Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::subject::FUNCTION_ARN;

/// The deadline for a function. On a loaded machine under valgrind, everything takes long, and a shorter deadline would save nothing.
const PATIENCE: Duration = Duration::from_secs(120);
/// The time that the function is told it has for an invocation.
const INVOCATION_DEADLINE: Duration = Duration::from_secs(300);

type Reply = Response<Full<Bytes>>;

/// One request of the function, and the way to answer it.
#[derive(Debug)]
struct Call {
    kind: Kind,
    body: Bytes,
    reply: oneshot::Sender<Reply>,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Next,
    Response,
    Error,
}

/// The Runtime API of one function.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    calls: mpsc::UnboundedReceiver<Call>,
    invocations: u32,
    _server: JoinSet<()>,
}

/// A function that waits for an event.
#[derive(Debug)]
#[must_use = "the function waits until it gets an event or is stopped"]
pub(crate) struct Waiting(oneshot::Sender<Reply>);

/// A function that answered an event, and waits until the answer is accepted.
#[derive(Debug)]
#[must_use = "the function waits until its answer is accepted or it is stopped"]
pub(crate) struct Answered {
    body: Bytes,
    reply: oneshot::Sender<Reply>,
}

impl RuntimeApi {
    /// Listens on a free port of the loopback interface.
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("cannot listen for the Runtime API")?;
        let address = listener
            .local_addr()
            .context("cannot listen for the Runtime API")?;
        let (sender, calls) = mpsc::unbounded_channel();
        let mut server = JoinSet::new();
        server.spawn(serve(listener, sender));
        Ok(Self {
            address,
            calls,
            invocations: 0,
            _server: server,
        })
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Waits until the function asks for an event.
    pub(crate) async fn next(&mut self) -> Result<Waiting> {
        let call = self.call("the function to ask for an event").await?;
        match call.kind {
            Kind::Next => Ok(Waiting(call.reply)),
            Kind::Response | Kind::Error => bail!(
                "the function sent something before it asked for an event: {}",
                text(&call.body)
            ),
        }
    }

    pub(crate) fn give(&mut self, waiting: Waiting, payload: &str) -> Result<()> {
        self.invocations += 1;
        let deadline = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .context("the clock is before 1970")?
            + INVOCATION_DEADLINE;
        let event = Response::builder()
            .header("Content-Type", "application/json")
            .header(
                "Lambda-Runtime-Aws-Request-Id",
                format!("8476a536-e9f4-11e8-9739-{:012}", self.invocations),
            )
            .header(
                "Lambda-Runtime-Deadline-Ms",
                deadline.as_millis().to_string(),
            )
            .header("Lambda-Runtime-Invoked-Function-Arn", FUNCTION_ARN)
            .header(
                "Lambda-Runtime-Trace-Id",
                "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1",
            )
            .body(Full::from(payload.to_owned()))
            .context("cannot create the event")?;
        waiting
            .0
            .send(event)
            .ok()
            .context("the function went away while it waited for an event")
    }

    /// Waits for the answer to the event.
    pub(crate) async fn answer(&mut self) -> Result<Answered> {
        let call = self.call("the function's answer").await?;
        match call.kind {
            Kind::Response => Ok(Answered {
                body: call.body,
                reply: call.reply,
            }),
            Kind::Error => bail!("the function failed: {}", text(&call.body)),
            Kind::Next => bail!("the function asked for another event before it answered"),
        }
    }

    async fn call(&mut self, what: &str) -> Result<Call> {
        tokio::time::timeout(PATIENCE, self.calls.recv())
            .await
            .with_context(|| {
                format!(
                    "waited {} s for {what}, without success",
                    PATIENCE.as_secs()
                )
            })?
            .context("the Runtime API has ended")
    }
}

impl Answered {
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// Accepts the answer. The function then asks for the next event.
    pub(crate) fn take(self) -> Result<()> {
        self.reply
            .send(status(StatusCode::ACCEPTED))
            .ok()
            .context("the function went away while it answered")
    }
}

async fn serve(listener: TcpListener, calls: mpsc::UnboundedSender<Call>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        // Without this, an answer in two parts waits 40 ms for an acknowledgement.
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        let calls = calls.clone();
        let service = service_fn(move |request| hand_over(request, calls.clone()));
        connections.spawn(async move {
            // The function can be killed in the middle of a connection, so an error here means nothing.
            if http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await
                .is_err()
            {}
        });
    }
}

async fn hand_over(
    request: Request<Incoming>,
    calls: mpsc::UnboundedSender<Call>,
) -> Result<Reply> {
    let path = request.uri().path();
    let kind = match (
        request.method(),
        path.strip_prefix("/2018-06-01/runtime/").unwrap_or(path),
    ) {
        (&Method::GET, "invocation/next") => Kind::Next,
        (&Method::POST, path) if path.ends_with("/response") => Kind::Response,
        (&Method::POST, path) if path.ends_with("/error") => Kind::Error,
        _ => return Ok(status(StatusCode::NOT_FOUND)),
    };
    let body = request.into_body().collect().await?.to_bytes();
    let (reply, answer) = oneshot::channel();
    calls
        .send(Call { kind, body, reply })
        .ok()
        .context("the measurement has stopped listening")?;
    answer
        .await
        .context("the measurement has stopped answering")
}

fn status(status: StatusCode) -> Reply {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}
