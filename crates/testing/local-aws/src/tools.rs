//! The tools that the project installs below `.local/tools`, with pinned versions and hashes.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

use crate::workspace::Lock;
use crate::{command, report, workspace};

/// Succeeds where Python can install the tools: the pinned packages support 3.10 and newer.
pub const PYTHON_CHECK: [&str; 3] = [
    "python3",
    "-c",
    "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))",
];
/// Succeeds where npm can install the tools.
pub const NPM_CHECK: [&str; 2] = ["npm", "--version"];

/// A set of programs with its own environment. `requirements` has a file of pins for each.
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

    /// The name of the folder and of the pins, and the name for a person.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Emulator => ("emulator", "the AWS emulator"),
            Self::Sam => ("sam", "the SAM CLI"),
            Self::Builder => ("builder", "cargo-lambda"),
            Self::AwsCli => ("awscli", "the AWS CLI"),
            Self::Linters => ("linters", "the linters"),
            Self::Node => ("npm", "the tools for Node"),
            Self::Interpreter => ("interpreter", "the second interpreter"),
        }
    }

    fn folder(self) -> PathBuf {
        workspace::local("tools").join(self.names().0)
    }

    /// The folder of the tool's programs.
    pub fn bin(self) -> PathBuf {
        self.folder().join(match self {
            Self::Node => "node_modules/.bin",
            _ => "bin",
        })
    }

    fn pins(self) -> PathBuf {
        workspace::own("requirements").join(match self {
            Self::Node => "npm/package-lock.json".to_owned(),
            _ => format!("{}.txt", self.names().0),
        })
    }

    /// A copy of the pins, written last: a tool is ready if its stamp equals its pins.
    fn stamp(self) -> PathBuf {
        self.folder().join("installed-pins")
    }

    fn is_ready(self) -> bool {
        std::fs::read(self.pins())
            .is_ok_and(|pins| std::fs::read(self.stamp()).is_ok_and(|it| it == pins))
    }

    async fn install(self) -> Result<()> {
        let (name, description) = self.names();
        report::step(&format!(
            "installing {description} into .local/tools/{name}"
        ));
        let folder = self.folder();
        let log = format!("setup-{name}");
        let mut install = if self == Self::Node {
            ensure!(
                command::answers(&NPM_CHECK).await,
                "npm is missing: install Node.js 18 or newer with npm (Debian: apt-get install nodejs npm) and run this again"
            );
            workspace::create_dir(&folder)?;
            for file in ["package.json", "package-lock.json"] {
                let source = workspace::own("requirements/npm").join(file);
                std::fs::copy(&source, folder.join(file))
                    .with_context(|| format!("cannot copy `{}`", source.display()))?;
            }
            let mut npm = command::program("npm");
            npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
            npm
        } else {
            ensure!(
                command::answers(&PYTHON_CHECK).await,
                "python3, its module venv or a version from 3.10 on is missing: install it (Debian: apt-get install python3 python3-venv) and run this again"
            );
            let mut venv = command::program("python3");
            venv.args(["-m", "venv", "--clear"]).arg(&folder);
            command::run_logged(venv, "python3 -m venv", &log).await?;
            let mut pip = command::program(folder.join("bin/python"));
            pip.args("-m pip install --disable-pip-version-check --no-input".split(' '))
                // The pins are complete and name wheels only, so pip resolves nothing and runs no
                // build.
                .args("--progress-bar off --no-deps --only-binary :all:".split(' '))
                .args(["--require-hashes", "--requirement"])
                .arg(self.pins());
            pip
        };
        install.current_dir(&folder);
        command::run_logged(install, &format!("installing {description}"), &log).await?;
        std::fs::copy(self.pins(), self.stamp())
            .with_context(|| format!("cannot mark {description} as installed"))?;
        Ok(())
    }
}

/// Installs the `tools` that are missing.
pub async fn ensure(tools: &[Tool]) -> Result<()> {
    if tools.iter().all(|tool| tool.is_ready()) {
        return Ok(());
    }
    let _lock = Lock::to_make("setup").await?;
    for tool in tools {
        // Another run may have installed the tool while this run waited.
        if !tool.is_ready() {
            tool.install().await?;
        }
    }
    Ok(())
}

/// The search path with the programs of `tool` before everything else.
pub fn search_path(tool: Tool) -> Result<std::ffi::OsString> {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(tool.bin()).chain(std::env::split_paths(&inherited));
    std::env::join_paths(folders).context("cannot put the tools on the search path")
}

/// The SAM CLI, with the builder on its search path, and without telemetry.
pub fn sam() -> Result<Command> {
    let mut sam = command::program(Tool::Sam.bin().join("sam"));
    sam.env("PATH", search_path(Tool::Builder)?)
        .env("SAM_CLI_TELEMETRY", "0");
    Ok(sam)
}
