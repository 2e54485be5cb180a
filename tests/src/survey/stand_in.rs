//! A server that stands in for the Lambda Runtime API, for IAM and for Step Functions.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::{Context as _, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex as Channel, mpsc};
use tokio::task::JoinHandle;

use super::Size;

/// The state machine of the incidents.
pub(super) const INCIDENTS: &str =
    "arn:aws:states:us-east-1:111122223333:stateMachine:guard-incidents";
const SWEEP: &str = "arn:aws:states:us-east-1:111122223333:execution:guard-sweep:";

/// The server. It stops when this is dropped.
pub(super) struct StandIn {
    port: u16,
    shared: Arc<Shared>,
    payloads: mpsc::Sender<Value>,
    answers: Channel<mpsc::Receiver<Bytes>>,
    serving: JoinHandle<()>,
}

struct Shared {
    size: Size,
    payloads: Channel<mpsc::Receiver<Value>>,
    answers: mpsc::Sender<Bytes>,
    pages: AtomicUsize,
    claims: AtomicUsize,
    sweeps: AtomicUsize,
    /// The output of the last sweep.
    output: Mutex<Option<String>>,
}

/// The time now, as Step Functions writes it.
pub(super) fn now() -> String {
    let time = aws_smithy_types::DateTime::from(SystemTime::now());
    let format = aws_smithy_types::date_time::Format::DateTime;
    time.fmt(format).unwrap_or_default()
}

impl StandIn {
    pub(super) async fn start(size: Size) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("the stand-in for AWS found no port")?;
        let port = listener.local_addr().context("no port")?.port();
        let (payloads, taken) = mpsc::channel(1);
        let (answered, answers) = mpsc::channel(1);
        let shared = Arc::new(Shared {
            size,
            payloads: Channel::new(taken),
            answers: answered,
            pages: AtomicUsize::new(0),
            claims: AtomicUsize::new(0),
            sweeps: AtomicUsize::new(0),
            output: Mutex::new(None),
        });
        let serving = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self {
            port,
            shared,
            payloads,
            answers: Channel::new(answers),
            serving,
        })
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// One invocation of the function, and what it answers.
    pub(super) async fn invoke(&self, payload: Value) -> Result<Bytes> {
        let sent = self.payloads.send(payload).await;
        sent.ok().context("the stand-in for AWS has stopped")?;
        let answer = self.answers.lock().await.recv().await;
        answer.context("the stand-in for AWS has stopped")
    }

    /// The ARN of a new sweep.
    pub(super) fn begin_sweep(&self) -> String {
        let number = self.shared.sweeps.fetch_add(1, Ordering::Relaxed) + 1;
        format!("{SWEEP}{number}")
    }

    /// The output of that sweep.
    pub(super) fn end_sweep(&self, output: &Value) {
        let mut last = self
            .shared
            .output
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *last = Some(output.to_string());
    }

    /// The pages of IAM and the claims so far.
    pub(super) fn counts(&self) -> (usize, usize) {
        let of = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        (of(&self.shared.pages), of(&self.shared.claims))
    }

    pub(super) fn forget_counts(&self) {
        self.shared.pages.store(0, Ordering::Relaxed);
        self.shared.claims.store(0, Ordering::Relaxed);
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        tokio::spawn(serve_connection(stream, Arc::clone(&shared)));
    }
}

async fn serve_connection(stream: TcpStream, shared: Arc<Shared>) {
    let answer = service_fn(move |request| answer(request, Arc::clone(&shared)));
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
    // It ends with an error when the function is stopped.
    if connection.await.is_err() {}
}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Full<Bytes>>, hyper::http::Error> {
    let (parts, body) = request.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return plain(StatusCode::BAD_REQUEST, "no body"),
    };
    let path = parts.uri.path();
    if path.ends_with("/invocation/next") {
        let Some(payload) = shared.payloads.lock().await.recv().await else {
            return plain(StatusCode::GONE, "");
        };
        return Response::builder()
            .header("lambda-runtime-aws-request-id", "one")
            .header("lambda-runtime-deadline-ms", "9999999999999")
            .header(
                "lambda-runtime-invoked-function-arn",
                "arn:aws:lambda:us-east-1:111122223333:function:validate-policy",
            )
            .body(Full::new(payload.to_string().into()));
    }
    if path.contains("/invocation/") {
        let status = match shared.answers.send(body).await {
            Ok(()) => StatusCode::ACCEPTED,
            // Nobody waits for it any more.
            Err(_) => StatusCode::GONE,
        };
        return plain(status, "");
    }
    let target = parts.headers.get("x-amz-target");
    match target.and_then(|target| target.to_str().ok()) {
        Some(target) => states(target, &body, &shared),
        None => iam(&body, &shared),
    }
}

fn iam(body: &Bytes, shared: &Shared) -> Result<Response<Full<Bytes>>, hyper::http::Error> {
    shared.pages.fetch_add(1, Ordering::Relaxed);
    let parameters = url::form_urlencoded::parse(body);
    let mut markers = parameters.filter(|(name, _)| name == "Marker");
    let start = markers.next().and_then(|(_, marker)| marker.parse().ok());
    let page = shared.size.page(start.unwrap_or(0));
    Response::builder()
        .header("content-type", "text/xml")
        .body(Full::new(page.into()))
}

fn states(
    target: &str,
    body: &Bytes,
    shared: &Shared,
) -> Result<Response<Full<Bytes>>, hyper::http::Error> {
    let sweeps = shared.sweeps.load(Ordering::Relaxed);
    let output = shared
        .output
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let item = |number: usize, status: &str| {
        json!({
            "executionArn": format!("{SWEEP}{number}"), "stateMachineArn": INCIDENTS,
            "name": number.to_string(), "status": status, "startDate": 1_780_000_000 + number,
        })
    };
    let body = match target.rsplit('.').next() {
        Some("ListExecutions") => {
            let request: Value = serde_json::from_slice(body).unwrap_or_default();
            let is_running = request.get("statusFilter") == Some(&json!("RUNNING"));
            let items = match (is_running, &output) {
                (true, _) => vec![item(sweeps, "RUNNING")],
                (false, Some(_)) => vec![item(sweeps - 1, "SUCCEEDED")],
                (false, None) => Vec::new(),
            };
            json!({"executions": items})
        }
        Some("DescribeExecution") => json!({
            "executionArn": SWEEP, "stateMachineArn": INCIDENTS, "status": "SUCCEEDED",
            "startDate": 1_780_000_000, "output": output,
        }),
        _ => {
            shared.claims.fetch_add(1, Ordering::Relaxed);
            json!({"executionArn": SWEEP, "startDate": 1_780_000_000})
        }
    };
    Response::builder()
        .header("content-type", "application/x-amz-json-1.0")
        .body(Full::new(body.to_string().into()))
}

fn plain(
    status: StatusCode,
    text: &'static str,
) -> Result<Response<Full<Bytes>>, hyper::http::Error> {
    Response::builder()
        .status(status)
        .body(Full::new(Bytes::from_static(text.as_bytes())))
}
