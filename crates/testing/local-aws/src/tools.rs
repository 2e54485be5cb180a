//! The tools that the project installs below `.local/tools`, with pinned versions and checked hashes.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;
use tokio::process::Command;

use crate::workspace::Lock;
use crate::{command, report, workspace};

/// The oldest Python that the pinned packages support.
const OLDEST_PYTHON: (u32, u32) = (3, 10);

/// A set of programs with its own environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// MiniStack, the emulator of AWS.
    Emulator,
    Sam,
    /// `cargo lambda`, with zig as its linker.
    Builder,
    /// The AWS CLI, for machines without one.
    AwsCli,
    /// cfn-lint, checkov, statelint and cargo-deny.
    Linters,
    /// asl-validator and axe-core, which exist only as npm packages.
    Node,
    /// moto, whose interpreter runs the state machine a second time.
    Interpreter,
}

impl Tool {
    pub const ALL: [Self; 7] = [
        Self::Emulator,
        Self::Sam,
        Self::Builder,
        Self::AwsCli,
        Self::Linters,
        Self::Node,
        Self::Interpreter,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Emulator => "emulator",
            Self::Sam => "sam",
            Self::Builder => "builder",
            Self::AwsCli => "awscli",
            Self::Linters => "linters",
            Self::Node => "npm",
            Self::Interpreter => "interpreter",
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Emulator => "the AWS emulator",
            Self::Sam => "the SAM CLI",
            Self::Builder => "cargo-lambda",
            Self::AwsCli => "the AWS CLI",
            Self::Linters => "the linters",
            Self::Node => "the tools for Node",
            Self::Interpreter => "the second interpreter",
        }
    }

    fn folder(self) -> PathBuf {
        workspace::local("tools").join(self.name())
    }

    /// The folder of the tool's programs.
    pub fn bin(self) -> PathBuf {
        match self {
            Self::Node => self.folder().join("node_modules/.bin"),
            _ => self.folder().join("bin"),
        }
    }

    /// The file that pins the tool and everything that it needs.
    fn pins(self) -> PathBuf {
        match self {
            Self::Node => workspace::own("requirements/npm/package-lock.json"),
            _ => workspace::own("requirements").join(format!("{}.txt", self.name())),
        }
    }

    /// A copy of the installed pins, written last. If it differs from the pins, the tool is not ready.
    fn stamp(self) -> PathBuf {
        self.folder().join("installed-pins")
    }

    fn is_ready(self) -> Result<bool> {
        let pins = read(&self.pins())?;
        Ok(std::fs::read(self.stamp()).is_ok_and(|installed| installed == pins))
    }
}

/// Installs the `tools` that are missing. If all are there, returns at once.
///
/// # Errors
///
/// Fails if something that the tools need is missing on this machine, or cannot be downloaded.
pub async fn ensure(tools: &[Tool]) -> Result<()> {
    let all_ready = |tools: &[Tool]| {
        tools.iter().try_fold(true, |ready, tool| {
            Ok::<_, anyhow::Error>(ready && tool.is_ready()?)
        })
    };
    if all_ready(tools)? {
        return Ok(());
    }
    let _lock = Lock::to_make("setup").await?;
    for &tool in tools {
        // Another run may have installed the tool while this run waited.
        if !tool.is_ready()? {
            report::step(&format!(
                "installing {} into .local/tools/{}",
                tool.describe(),
                tool.name()
            ));
            match tool {
                Tool::Node => install_with_npm(tool).await?,
                _ => install_with_pip(tool).await?,
            }
            std::fs::copy(tool.pins(), tool.stamp())
                .with_context(|| format!("cannot mark {} as installed", tool.describe()))?;
        }
    }
    Ok(())
}

async fn install_with_pip(tool: Tool) -> Result<()> {
    check_python().await?;
    let folder = tool.folder();
    let mut make = command::program("python3");
    make.args(["-m", "venv", "--clear"]).arg(&folder);
    command::run_logged(
        make,
        "creating a virtual environment",
        &format!("setup-{}", tool.name()),
    )
    .await?;
    let mut install = command::program(folder.join("bin/python"));
    install
        .args([
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-input",
            "--progress-bar",
            "off",
        ])
        // The pins are complete and name wheels only, so pip resolves nothing and runs no build.
        .args([
            "--no-deps",
            "--only-binary",
            ":all:",
            "--require-hashes",
            "--requirement",
        ])
        .arg(tool.pins());
    let what = format!("installing {} with pip", tool.describe());
    command::run_logged(install, &what, &format!("setup-{}", tool.name())).await
}

async fn install_with_npm(tool: Tool) -> Result<()> {
    check_node().await?;
    let folder = tool.folder();
    workspace::create_dir(&folder)?;
    for name in ["package.json", "package-lock.json"] {
        let source = workspace::own("requirements/npm").join(name);
        std::fs::copy(&source, folder.join(name))
            .with_context(|| format!("cannot copy `{}`", source.display()))?;
    }
    let mut install = command::program("npm");
    install
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
        .current_dir(&folder);
    command::run_logged(
        install,
        "installing the tools for Node with npm",
        "setup-npm",
    )
    .await
}

/// Checks that this machine has what the tools for Node need.
///
/// # Errors
///
/// Says what is missing, and how to install it.
pub async fn check_node() -> Result<()> {
    if !answers("npm", &["--version"]).await {
        bail!(
            "npm is missing: install Node.js 18 or newer with npm (Debian: apt-get install nodejs npm) and run this again"
        );
    }
    Ok(())
}

/// Checks that this machine has what the tools in Python need.
///
/// # Errors
///
/// Says what is missing, and how to install it.
pub async fn check_python() -> Result<()> {
    let (major, minor) = OLDEST_PYTHON;
    let wanted = format!(
        "install Python {major}.{minor} or newer with venv (Debian: apt-get install python3 python3-venv) and run this again"
    );
    let mut ask = command::program("python3");
    ask.args([
        "-c",
        "import ensurepip, sys, venv; print(sys.version_info[0], sys.version_info[1])",
    ]);
    let Ok(answer) = command::run_captured(ask, "python3").await else {
        bail!("python3 or its module venv is missing: {wanted}");
    };
    let version: Vec<u32> = answer
        .split_whitespace()
        .filter_map(|part| part.parse().ok())
        .collect();
    if version < vec![major, minor] {
        bail!(
            "python3 has version {}, which is too old: {wanted}",
            answer.trim().replace(' ', ".")
        );
    }
    Ok(())
}

/// Whether a program can be run.
pub async fn answers(name: &str, arguments: &[&str]) -> bool {
    let mut ask = command::program(name);
    ask.args(arguments);
    command::run_captured(ask, name).await.is_ok()
}

/// The search path with the programs of `tools` before everything else.
///
/// # Errors
///
/// Fails if the name of a folder cannot be part of a search path.
pub fn search_path(tools: &[Tool]) -> Result<std::ffi::OsString> {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let folders = tools
        .iter()
        .map(|tool| tool.bin())
        .chain(std::env::split_paths(&inherited));
    std::env::join_paths(folders).context("cannot put the tools on the search path")
}

/// The SAM CLI, with the builder on its search path, and without telemetry.
///
/// # Errors
///
/// Fails if the search path cannot be made.
pub fn sam() -> Result<Command> {
    let mut sam = command::program(Tool::Sam.bin().join("sam"));
    sam.env("PATH", search_path(&[Tool::Builder])?)
        .env("SAM_CLI_TELEMETRY", "0");
    Ok(sam)
}

/// A temporary folder for a program that leaves files behind, as `sam deploy` does for each function.
///
/// The folder is deleted when the value is dropped.
///
/// # Errors
///
/// Fails if the folder cannot be created.
pub fn scratch() -> Result<TempDir> {
    TempDir::with_prefix("iam-policy-guard-").context("cannot create a temporary folder")
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
}
