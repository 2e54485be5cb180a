//! The process of a function: started as Lambda starts it, and watched from outside.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use tempfile::NamedTempFile;
use tokio::process::{Child, Command};

use crate::aws::Aws;
use crate::runtime_api::RuntimeApi;
use crate::subject::Subject;

#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pid: Pid,
    output: NamedTempFile,
}

impl Process {
    /// Starts a program with the environment of a function, and with no variable of this process.
    pub(crate) fn start(mut program: Command, api: &RuntimeApi, aws: &Aws) -> Result<Self> {
        let shown = format!("{:?}", program.as_std().get_program());
        let output =
            NamedTempFile::new().context("cannot create a file for the output of a function")?;
        let streams = [output.reopen(), output.reopen()];
        let [Ok(stdout), Ok(stderr)] = streams else {
            bail!("cannot open the file for the output of a function");
        };
        let child = program
            .env_clear()
            .envs(Subject::environment().iter().copied())
            .env("PATH", "/usr/local/bin:/usr/bin/:/bin")
            .env("AWS_LAMBDA_RUNTIME_API", api.address())
            .env("AWS_ENDPOINT_URL", aws.endpoint())
            .env("SSL_CERT_FILE", aws.roots())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {shown}"))?;
        let pid = child.id().context("the function has already ended")?;
        Ok(Self {
            child,
            pid: Pid::from_raw(i32::try_from(pid).context("a process id is too large")?),
            output,
        })
    }

    /// Waits for something that the function should do, and fails if the function ends first.
    pub(crate) async fn expect<T>(&mut self, event: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            happened = event => happened,
            ended = self.child.wait() => {
                let status = ended.context("cannot wait for the function")?;
                let output = std::fs::read(self.output.path()).unwrap_or_default();
                bail!("the function ended ({status}): {}", String::from_utf8_lossy(&output));
            }
        }
    }

    /// The processor time of all threads of the function so far.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let clock = clock_getcpuclockid(self.pid).context("the function has already ended")?;
        Ok(Duration::from(clock_gettime(clock).context(
            "cannot read the processor time of the function",
        )?))
    }

    /// The most memory that the function held at any time (`VmHWM`), in KiB.
    pub(crate) fn peak_memory(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.pid);
        let status =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read `{path}`"))?;
        status
            .lines()
            .find_map(|line| {
                line.strip_prefix("VmHWM:")?
                    .trim()
                    .strip_suffix(" kB")?
                    .parse()
                    .ok()
            })
            .with_context(|| format!("`{path}` has no line `VmHWM`"))
    }

    /// Asks the function to end, and waits until it has ended.
    pub(crate) async fn end(mut self) -> Result<()> {
        kill(self.pid, Signal::SIGTERM).context("cannot end the function")?;
        self.child
            .wait()
            .await
            .context("cannot wait for the function")?;
        Ok(())
    }
}

/// The size of the archive that `sam deploy` uploads for this executable, in bytes.
pub(crate) fn zip_size(executable: &Path) -> Result<u64> {
    use std::io::{Cursor, Write as _};
    use zip::write::{SimpleFileOptions, ZipWriter};

    let bytes = std::fs::read(executable)
        .with_context(|| format!("cannot read `{}`", executable.display()))?;
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file(
        "bootstrap",
        SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated)
            .unix_permissions(0o755),
    )?;
    archive.write_all(&bytes)?;
    let archive = archive.finish().context("cannot create an archive")?;
    Ok(u64::try_from(archive.into_inner().len())?)
}
