//! The emulator: MiniStack behind the launcher of this crate, on its own port.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use aws_sdk_iam::config::Credentials;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::process::{Child, ChildStdin};
use tokio::time::timeout;
use url::{Position, Url};

use crate::http::Response;
use crate::tools::{self, Tool};
use crate::{Clients, command, http, poll, workspace};

/// The Region that the events of IAM arrive in, and so the only Region for the stack.
pub const REGION: &str = "us-east-1";
/// The account of the root key `test`.
pub const ACCOUNT: &str = "000000000000";
/// The root key of the emulator. Its secret is the same text.
pub const ROOT_KEY: &str = "test";

/// How many logs are kept. Their names have the port, which differs from run to run.
const KEPT_LOGS: usize = 20;
/// The deadline for a start, which takes well under a second, and longer on a loaded machine.
const START_DEADLINE: Duration = Duration::from_secs(60);
/// The deadline for a stop. The launcher gives itself less time.
const STOP_DEADLINE: Duration = Duration::from_secs(35);

#[derive(Clone, Debug, Default)]
pub struct EmulatorOptions {
    /// The port on the loopback interface, or `None` for any free port.
    pub port: Option<u16>,
    /// Where the functions send their AWS calls, if something stands between them and the emulator.
    pub function_endpoint: Option<Url>,
}

/// A running emulator. It stops, with every function that it started, when this value is dropped or
/// this process ends.
#[derive(Debug)]
pub struct Emulator {
    port: u16,
    log: PathBuf,
    root: Clients,
    child: Child,
    // The launcher stops when its input ends.
    input: Option<ChildStdin>,
}

/// One AWS call of any client to any service, whether it reads or writes.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Call {
    /// Seconds since 1970.
    pub time: f64,
    pub principal: String,
    /// The ARN of the role, with its path, if a role session made the call.
    pub role: Option<String>,
    /// The IAM action, as in `iam:CreatePolicyVersion`.
    pub action: String,
    /// The ARN of the resource, or `*`.
    pub resource: String,
    pub status: u16,
}

/// How the events of CloudTrail are delivered. Absent settings stay as they are.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct CloudTrail {
    /// Whether events are dropped: the emulator neither delivers them nor keeps them for later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub muted: Option<bool>,
    /// How many times each event is delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copies: Option<u32>,
    /// How long the delivery of an event takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_seconds: Option<f64>,
    /// How long it takes until the event history has an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history_delay_seconds: Option<f64>,
}

impl Emulator {
    /// Starts an emulator and waits until it answers.
    ///
    /// # Errors
    ///
    /// Fails if the port is in use, or if the emulator does not start. The message has the end of
    /// its log.
    pub async fn start(options: EmulatorOptions) -> Result<Self> {
        tools::ensure(&[Tool::Emulator]).await?;
        let EmulatorOptions {
            port,
            function_endpoint,
        } = options;
        let port = port.map_or_else(free_port, Ok)?;
        let run_dir = workspace::local(format!("run/{port}"));
        workspace::create_dir(&run_dir)?;
        let log = command::log_path(&format!("emulator-{port}"))?;
        for prefix in ["emulator-", "deploy-", "delete-"] {
            command::forget_old_logs(prefix, KEPT_LOGS)?;
        }
        let writing = || format!("cannot write `{}`", log.display());
        let file = std::fs::File::create(&log).with_context(writing)?;
        let errors = file.try_clone().with_context(writing)?;

        let mut launcher = command::program(Tool::Emulator.bin().join("python"));
        launcher
            .arg(workspace::own("launcher/main.py"))
            // The functions inherit the environment, so it must not hold variables of the user.
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("GATEWAY_PORT", port.to_string())
            .env("LOCAL_RUN_DIR", &run_dir)
            .envs(function_endpoint.map(|url| ("LOCAL_FUNCTION_ENDPOINT", url.to_string())))
            .stdin(Stdio::piped())
            .stdout(file)
            .stderr(errors)
            // Ctrl-C must reach this process only. The launcher goes on until everything is cleaned
            // up.
            .process_group(0);
        let mut child = launcher.spawn().context("cannot start the emulator")?;
        let input = child.stdin.take();
        let credentials = Credentials::new(ROOT_KEY, ROOT_KEY, None, None, "local");
        let mut emulator = Self {
            port,
            log,
            root: Clients::new(REGION, Some(endpoint(port)), credentials),
            child,
            input,
        };
        emulator.wait_until_ready().await?;
        Ok(emulator)
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let url = self.url("/_ministack/ready");
        let (child, log) = (&mut self.child, &self.log);
        poll("the emulator to answer", START_DEADLINE, async || {
            if let Some(status) = child.try_wait().context("cannot check the emulator")? {
                bail!(
                    "the emulator ended during its start ({status}):\n{}",
                    command::tail(log)?
                );
            }
            let answer = http::get(&url).await;
            Ok(answer.is_ok_and(|it| it.status == 200).then_some(()))
        })
        .await
    }

    /// The URL that AWS clients use as their endpoint.
    pub fn endpoint(&self) -> String {
        endpoint(self.port)
    }

    /// The port on the loopback interface.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The log of the emulator, with a line for everything that it does.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The clients of the root user.
    pub fn clients(&self) -> &Clients {
        &self.root
    }

    pub fn iam(&self) -> &aws_sdk_iam::Client {
        &self.root.iam
    }

    pub fn sfn(&self) -> &aws_sdk_sfn::Client {
        &self.root.sfn
    }

    /// The clients of another caller: the access key of a user, or a role session.
    pub fn clients_of(&self, credentials: Credentials) -> Clients {
        Clients::new(REGION, Some(self.endpoint()), credentials)
    }

    /// The environment variables that point AWS tools to this emulator.
    pub fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_ACCESS_KEY_ID", ROOT_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", ROOT_KEY.to_owned()),
            ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ]
    }

    /// The URL on this machine for a link to an API of API Gateway. Other links stay as they are.
    pub fn local_link(&self, link: &str) -> String {
        local_link(&self.endpoint(), link).unwrap_or_else(|| link.to_owned())
    }

    /// Changes how the events of CloudTrail are delivered from now on.
    pub async fn set_cloudtrail(&self, settings: CloudTrail) -> Result<()> {
        let body = serde_json::to_value(settings);
        let body = body.context("cannot write the settings of CloudTrail")?;
        let Response { status, body, .. } =
            http::post_json(&self.url("/_local/cloudtrail"), &body).await?;
        ensure!(
            status == 200,
            "the emulator refuses the settings of CloudTrail: {body}"
        );
        Ok(())
    }

    /// Fires the rules that have a schedule, as if their time had come. Returns their names.
    pub async fn fire_schedules(&self) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Answer {
            fired: Vec<String>,
        }
        let url = self.url("/_local/schedules");
        let answer: Answer = http::post_json(&url, &Value::Null).await?.json()?;
        Ok(answer.fired)
    }

    /// The CloudTrail records so far, delivered or not, from number `since` on.
    pub async fn cloudtrail_records(&self, since: usize) -> Result<Vec<Value>> {
        self.items("cloudtrail", since).await
    }

    /// The AWS calls so far, from number `since` on.
    pub async fn calls(&self, since: usize) -> Result<Vec<Call>> {
        self.items("calls", since).await
    }

    async fn items<T: serde::de::DeserializeOwned>(
        &self,
        what: &str,
        since: usize,
    ) -> Result<Vec<T>> {
        #[derive(Deserialize)]
        struct Page<T> {
            items: Vec<T>,
        }
        let url = self.url(&format!("/_local/{what}?since={since}"));
        let page: Page<T> = http::get(&url).await?.json()?;
        Ok(page.items)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", endpoint(self.port))
    }

    /// Stops the emulator and every function that it started.
    pub async fn stop(mut self) -> Result<()> {
        self.input = None;
        match timeout(STOP_DEADLINE, self.child.wait()).await {
            Ok(status) => {
                let status = status.context("cannot wait for the emulator")?;
                ensure!(
                    status.success(),
                    "the emulator ended with an error ({status}):\n{}",
                    command::tail(&self.log)?
                );
                Ok(())
            }
            Err(_) => {
                self.child.kill().await.context("cannot end the emulator")?;
                bail!(
                    "the emulator did not stop within {} s and was killed",
                    STOP_DEADLINE.as_secs()
                );
            }
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.input = None;
        // No process may be left behind, so this waits. If the child has already ended, the first
        // check returns at once.
        let end = Instant::now() + STOP_DEADLINE;
        while Instant::now() < end && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A port on the loopback interface that is free at this moment.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|it| it.local_addr());
    Ok(address.context("cannot find a free port")?.port())
}

/// Whether a program can listen on a port of the loopback interface.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// The form with a path works in every browser and client. Names below `localhost` do not.
pub fn local_link(endpoint: &str, link: &str) -> Option<String> {
    let url = Url::parse(link).ok()?;
    let (api, domain) = url.host_str()?.split_once('.')?;
    domain.starts_with("execute-api.").then(|| {
        let rest = &url[Position::BeforePath..Position::AfterQuery];
        format!("{endpoint}/_aws/execute-api/{api}{rest}")
    })
}

fn endpoint(port: u16) -> String {
    format!("http://{}:{port}", Ipv4Addr::LOCALHOST)
}

#[cfg(test)]
mod tests {
    use super::local_link;

    #[test]
    fn only_links_to_an_api_are_translated_and_keep_their_query() {
        let cases = [
            (
                "https://ab12.execute-api.us-east-1.amazonaws.com/Prod/allow?token=a%2Bb%3D&x=1",
                Some("http://127.0.0.1:1/_aws/execute-api/ab12/Prod/allow?token=a%2Bb%3D&x=1"),
            ),
            (
                "https://ab12.execute-api.cn-north-1.amazonaws.com.cn/Prod",
                Some("http://127.0.0.1:1/_aws/execute-api/ab12/Prod"),
            ),
            ("https://console.aws.amazon.com/iam/home#/policies", None),
            ("not a link", None),
        ];
        for (link, expected) in cases {
            assert_eq!(
                local_link("http://127.0.0.1:1", link).as_deref(),
                expected,
                "{link}"
            );
        }
    }
}
