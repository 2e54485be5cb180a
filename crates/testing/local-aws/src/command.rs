//! Runs other programs, shows or keeps their output, and says what happened if one fails.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::process::Command;

use crate::{report, workspace};

/// How often a message says that a program that writes to a log is still running.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);
/// How many lines of a log a failure shows.
const SHOWN_LINES: usize = 40;

/// A program that ends with the process that started it.
pub fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .current_dir(workspace::root());
    command
}

/// Runs a program and shows its output.
pub async fn run_shown(mut command: Command, what: &str) -> Result<()> {
    let status = command.status().await;
    let status = status.with_context(|| format!("cannot start {what}"))?;
    ensure!(
        status.success(),
        "{what} failed ({status}); its output is above"
    );
    Ok(())
}

/// Runs a program with its output in the log `.local/log/<log>.log`, and reports every ten seconds
/// that it still runs.
///
/// # Errors
///
/// Fails if the program cannot be started, or if it fails. The message ends with the last lines of
/// the output.
pub async fn run_logged(mut command: Command, what: &str, log: &str) -> Result<()> {
    let path = log_path(log)?;
    let file = open_log(&path, what)?;
    let copy = file.try_clone();
    let copy = copy.with_context(|| format!("cannot write `{}`", path.display()))?;
    let child = command.stdout(file).stderr(copy).spawn();
    let mut child = child.with_context(|| format!("cannot start {what}"))?;
    let start = Instant::now();
    let status = loop {
        match tokio::time::timeout(SIGN_OF_LIFE, child.wait()).await {
            Ok(status) => break status.with_context(|| format!("cannot wait for {what}"))?,
            Err(_) => {
                let seconds = start.elapsed().as_secs();
                report::detail(&format!("still running after {seconds} s: {what}"));
            }
        }
    };
    if !status.success() {
        bail!("{what} failed ({status}):\n{}", tail(&path)?);
    }
    Ok(())
}

/// Runs a program and returns what it writes to its standard output.
///
/// # Errors
///
/// Fails if the program cannot be started, or if it fails. The message has the standard error of
/// the program.
pub async fn run_captured(mut command: Command, what: &str) -> Result<String> {
    let output = command.output().await;
    let output = output.with_context(|| format!("cannot start {what}"))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        bail!("{what} failed ({}): {}", output.status, message.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program can be run with these arguments and succeeds.
pub async fn answers(call: &[&str]) -> bool {
    let Some((name, arguments)) = call.split_first() else {
        return false;
    };
    let mut ask = program(name);
    ask.args(arguments);
    run_captured(ask, name).await.is_ok()
}

/// The last lines of a log.
pub fn tail(path: &Path) -> Result<String> {
    let text = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let shown = lines.split_at(lines.len().saturating_sub(SHOWN_LINES)).1;
    let (shown, path) = (shown.join("\n"), path.display());
    Ok(format!("{shown}\n(the whole log: {path})"))
}

/// The path of the log `name`. The function creates its folder.
pub fn log_path(name: &str) -> Result<PathBuf> {
    let folder = workspace::local("log");
    workspace::create_dir(&folder)?;
    Ok(folder.join(format!("{name}.log")))
}

/// Removes all but the newest `kept` of the logs with this prefix.
pub fn forget_old_logs(prefix: &str, kept: usize) -> Result<()> {
    let folder = workspace::local("log");
    let entries = std::fs::read_dir(&folder)
        .with_context(|| format!("cannot list `{}`", folder.display()))?;
    let mut logs: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    logs.sort();
    let surplus = logs.len().saturating_sub(kept);
    for (_, log) in logs.into_iter().take(surplus) {
        // Another run may have removed it already.
        if std::fs::remove_file(&log).is_err() {}
    }
    Ok(())
}

/// Empties a log and opens it for appending, so that two streams do not overwrite each other.
fn open_log(path: &Path, what: &str) -> Result<File> {
    let open = || {
        std::fs::write(path, format!("# {what}\n"))?;
        OpenOptions::new().append(true).open(path)
    };
    open().with_context(|| format!("cannot write `{}`", path.display()))
}
