//! Compares the command line with its goals, as ratios in one run: `make bench-cli`.
#![expect(clippy::print_stdout, reason = "the figures are the output")]

mod account;
mod logs;
mod plan;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};

const LIST: &str = "@privilege-escalation,@data-destruction,s3:DeleteBucket,s3:DeleteObject";
const ROUNDS: usize = 3;

fn main() -> Result<()> {
    let folder = PathBuf::from(
        std::env::args()
            .nth(1)
            .context("name a folder for the logs")?,
    );
    let guard = PathBuf::from(std::env::args().nth(2).context("name the command")?);
    let logs = folder.join("logs");
    let made = logs::make(&logs)?;
    println!(
        "{} files, {} MB, of which {} MB in files, {} records, {} of IAM",
        made.files,
        made.text / 1_000_000,
        made.stored / 1_000_000,
        made.records,
        made.iam
    );

    let (mut stock, mut own) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        stock.push(time(&mut grep(&logs))?);
        own.push(time(&mut guarded(&guard, "backtest", &logs))?);
    }
    // The largest of all child processes so far; zcat and grep are small.
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss() / 1024;
    let (stock, own) = (median(stock), median(own));
    let rate = |time: Duration| made.text as f64 / 1e6 / time.as_secs_f64();
    for (name, time) in [("zcat | grep -c", stock), ("backtest", own)] {
        let (seconds, rate) = (time.as_secs_f64(), rate(time));
        println!("{name:16} {seconds:.2} s, {rate:.0} MB/s");
    }
    goal(
        "throughput of backtest to zcat | grep -c",
        stock.as_secs_f64() / own.as_secs_f64(),
        ">=",
        0.5,
    );
    goal("peak memory of backtest in MB", peak as f64, "<=", 64.0);

    let plan = folder.join("plan.json");
    let text = plan::make(1000);
    std::fs::write(&plan, &text)?;
    let (mut parse, mut check) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS * 3 {
        let start = Instant::now();
        let value: serde_json::Value = serde_json::from_str(&text)?;
        parse.push(start.elapsed());
        drop(value);
        check.push(time(&mut guarded(&guard, "check", &plan))?);
    }
    let (parse, check) = (median(parse), median(check));
    println!(
        "plan of {} kB: parsed as JSON in {:.1} ms, checked in {:.1} ms",
        text.len() / 1000,
        parse.as_secs_f64() * 1e3,
        check.as_secs_f64() * 1e3
    );
    goal(
        "time of check to the time of parsing",
        check.as_secs_f64() / parse.as_secs_f64(),
        "<=",
        10.0,
    );
    std::fs::write(&plan, plan::make(10_000))?;
    time(&mut guarded(&guard, "check", &plan))?;
    // No other child process takes as much.
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss() / 1024;
    goal(
        "peak memory of check on a plan of 50 MB, in MB",
        peak as f64,
        "<=",
        176.0,
    );
    account::compare(&folder, &guard)
}

fn goal(what: &str, is: f64, comparison: &str, goal: f64) {
    let is_met = match comparison {
        ">=" => is >= goal,
        _ => is <= goal,
    };
    let met = if is_met { "met" } else { "NOT MET" };
    println!("{what}: {is:.2} (goal {comparison} {goal}: {met})");
}

fn grep(logs: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", "zcat \"$0\"/*.json.gz | grep -c iam.amazonaws.com"])
        .arg(logs);
    command.env("LC_ALL", "C");
    command
}

fn guarded(guard: &Path, subcommand: &str, input: &Path) -> Command {
    let mut command = Command::new(guard);
    command
        .args([subcommand, "--restricted", LIST, "--format", "json"])
        .arg(input);
    command
}

fn time(command: &mut Command) -> Result<Duration> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status()?;
    let time = start.elapsed();
    ensure!(
        matches!(status.code(), Some(0 | 1)),
        "{command:?} ended with {status}"
    );
    Ok(time)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
