//! One life of a function: init, the first invocation and warm invocations.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

use crate::aws::Aws;
use crate::process::Process;
use crate::runtime_api::RuntimeApi;
use crate::subject::Subject;

/// How many warm invocations follow the first invocation.
const WARM: usize = 5;

/// The figures of one life.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    /// From the start to the first request for an event.
    pub(crate) init: Duration,
    /// Processor time from the start to the first request for an event.
    pub(crate) init_cpu: Duration,
    /// From the first event to its answer.
    pub(crate) first: Duration,
    /// Processor time from the start to the first answer.
    pub(crate) cold_cpu: Duration,
    /// From a later event to its answer: the median of several.
    pub(crate) warm: Duration,
    /// Processor time from a later event to its answer: the median of several.
    pub(crate) warm_cpu: Duration,
    /// The most memory held up to the first answer, in KiB.
    pub(crate) peak_memory: u64,
}

/// Starts a function and invokes it.
pub(crate) async fn live(subject: &Subject) -> Result<Life> {
    let mut api = RuntimeApi::start().await?;
    let aws = Aws::start().await?;
    let start = Instant::now();
    let mut process = Process::start(Command::new(subject.program()), &api, &aws)?;

    let mut waiting = process.expect(api.next()).await?;
    let init = start.elapsed();
    let init_cpu = process.cpu()?;

    aws.set(subject.stub_state());
    let start = Instant::now();
    api.give(waiting, &subject.payload)?;
    let answered = process.expect(api.answer()).await?;
    let first = start.elapsed();
    let cold_cpu = process.cpu()?;
    let peak_memory = process.peak_memory()?;
    check(subject, answered.body(), &aws)?;
    answered.take()?;

    let mut warm = Vec::with_capacity(WARM);
    let mut warm_cpu = Vec::with_capacity(WARM);
    for _ in 0..WARM {
        waiting = process.expect(api.next()).await?;
        aws.set(subject.stub_state());
        let (start, cpu) = (Instant::now(), process.cpu()?);
        api.give(waiting, &subject.payload)?;
        let answered = process.expect(api.answer()).await?;
        warm.push(start.elapsed());
        warm_cpu.push(process.cpu()?.saturating_sub(cpu));
        answered.take()?;
    }
    process.end().await?;
    Ok(Life {
        init,
        init_cpu,
        first,
        cold_cpu,
        warm: median(warm)?,
        warm_cpu: median(warm_cpu)?,
        peak_memory,
    })
}

/// Fails if a function did not do the work that is measured.
pub(crate) fn check(subject: &Subject, answer: &[u8], aws: &Aws) -> Result<()> {
    let calls = aws.calls();
    let has = |call: &str| calls.iter().any(|made| made == call);
    let answer = String::from_utf8_lossy(answer);
    let did_it = match subject.name {
        "validate-policy" => has("GetPolicyVersion") && answer.contains("remedy"),
        "remediate" => has("CreatePolicyVersion") && answer.contains("inPlace"),
        "notify" => has("Publish"),
        "approve-callback" => has("GetExecutionHistory") && answer.contains("\"statusCode\":200"),
        "revert" => has("SetDefaultPolicyVersion") && has("DeletePolicyVersion"),
        _ => calls.is_empty(),
    };
    ensure!(
        did_it,
        "`{}` did not do the work that is measured; it called {calls:?} and answered {answer}",
        subject.name
    );
    Ok(())
}

/// The value in the middle.
pub(crate) fn median<T: Ord + Copy>(mut values: Vec<T>) -> Result<T> {
    values.sort_unstable();
    values
        .get(values.len() / 2)
        .copied()
        .context("nothing was measured")
}
