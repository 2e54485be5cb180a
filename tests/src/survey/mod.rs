//! One survey of a large account: the real function, with a stand-in for the Lambda Runtime API,
//! for `GetAccountAuthorizationDetails` and for Step Functions.

mod account;
mod stand_in;

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use local_aws::{functions, workspace};
use serde_json::{Value, json};

pub use account::Size;
use stand_in::StandIn;

/// The longest that a survey may take.
const DEADLINE: Duration = Duration::from_secs(300);
/// The lists that the documentation recommends for production.
const LISTS: &str = "@privilege-escalation,@iam-administration,@credential-exposure,@audit-tampering,@data-destruction,s3:DeleteBucket";

/// What a survey took.
#[derive(Clone, Debug)]
pub struct Surveyed {
    pub time: Duration,
    /// The calls to IAM.
    pub pages: usize,
    /// The calls to Step Functions.
    pub claims: usize,
    /// The memory of the function before it, and the most that it took, in KiB.
    pub idle: u64,
    pub peak: u64,
    /// The bytes of the answer.
    pub answer: usize,
    /// The restricted grants in force.
    pub restricted: u64,
}

/// Surveys an account of this size, and then once more with the first output as that of the sweep
/// before.
///
/// # Errors
///
/// Fails if the function is not built, fails, or takes too long.
pub async fn run(size: Size) -> Result<[Surveyed; 2]> {
    let stand_in = StandIn::start(size).await?;
    let program = workspace::local(functions::BUILD_DIR).join("ValidatePolicyFunction/bootstrap");
    let mut function = function(&program, &stand_in)?;
    let pid = function.id().context("the function has ended")?;
    // An invocation that fails at once: what it takes is what an idle function takes.
    stand_in.invoke(json!({})).await?;
    let first = survey(&stand_in, pid).await?;
    let second = survey(&stand_in, pid).await?;
    function.kill().await.context("cannot stop the function")?;
    Ok([first, second])
}

fn function(program: &Path, stand_in: &StandIn) -> Result<tokio::process::Child> {
    let endpoint = stand_in.endpoint();
    let mut function = tokio::process::Command::new(program);
    function
        .env_clear()
        .env(
            "AWS_LAMBDA_RUNTIME_API",
            endpoint.trim_start_matches("http://"),
        )
        .env("AWS_ENDPOINT_URL", &endpoint)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "none")
        .env("AWS_LAMBDA_FUNCTION_NAME", "validate-policy")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("STATE_MACHINE_ARN", stand_in::INCIDENTS)
        .env("RESTRICTED_ACTIONS", LISTS)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    let started = function.spawn();
    started.with_context(|| format!("cannot start {}: build it first", program.display()))
}

async fn survey(stand_in: &StandIn, pid: u32) -> Result<Surveyed> {
    let idle = memory(pid, "VmRSS")?;
    stand_in.forget_counts();
    let start = Instant::now();
    let payload = json!({
        "task": "survey", "execution": stand_in.begin_sweep(),
        "startedAt": stand_in::now(), "report": false,
    });
    let answer = tokio::time::timeout(DEADLINE, stand_in.invoke(payload)).await;
    let answer = answer.context("the survey takes more than five minutes")??;
    let time = start.elapsed();
    let read: Value = serde_json::from_slice(&answer).context("the answer is not JSON")?;
    let Some(output) = read.get("sweep") else {
        bail!("the survey failed: {read}");
    };
    let restricted = output.pointer("/counts/restricted");
    let restricted = restricted.and_then(Value::as_object);
    let restricted = restricted.context("the answer has no counts")?;
    let kinds = ["managed", "inline", "attachments", "memberships"];
    let restricted = kinds
        .iter()
        .filter_map(|kind| restricted.get(*kind)?.as_u64());
    let (pages, claims) = stand_in.counts();
    stand_in.end_sweep(output);
    ensure!(
        output.get("tooWide").is_none(),
        "the account holds more than a sweep can remember"
    );
    Ok(Surveyed {
        time,
        pages,
        claims,
        idle,
        peak: memory(pid, "VmHWM")?,
        answer: answer.len(),
        restricted: restricted.sum(),
    })
}

/// A line of the status of a process, in KiB.
fn memory(pid: u32, name: &str) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|line| line.split_whitespace().next());
    let number = number.and_then(|number| number.parse().ok());
    number.with_context(|| format!("{path} has no {name}"))
}
