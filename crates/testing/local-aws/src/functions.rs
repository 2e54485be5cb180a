//! Builds the five functions, for the local stack and for AWS.
//!
//! The build for AWS optimizes for size and start, which takes minutes. The local stack gets the
//! same code from the same tools in a faster profile, in a target folder of its own.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

use crate::tools::{self, Tool};
use crate::workspace::Lock;
use crate::{command, report, workspace};

/// The binaries, in the order in which the workflow calls them.
pub const BINARIES: [&str; 5] = [
    "validate-policy",
    "remediate",
    "notify",
    "approve-callback",
    "revert",
];

/// A processor architecture of Lambda.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Architecture {
    #[value(name = "arm64")]
    Arm64,
    #[value(name = "x86_64")]
    X86_64,
}

impl Architecture {
    /// The architecture of this machine: the emulator runs the functions directly.
    pub const HERE: Self = if cfg!(target_arch = "aarch64") {
        Self::Arm64
    } else {
        Self::X86_64
    };

    /// The template for this architecture: `template.yaml` for x86_64, and a copy beside it that
    /// differs in one line for arm64.
    ///
    /// The architecture is not a parameter, because a deployment could then contradict the
    /// binaries, and every invocation would fail.
    pub fn template(self) -> Result<PathBuf> {
        let original = workspace::root().join("template.yaml");
        if self == Self::X86_64 {
            return Ok(original);
        }
        let text = std::fs::read_to_string(&original).context("cannot read `template.yaml`")?;
        // The copy stands beside the original, so that its relative paths stay right.
        let copy = original.with_file_name("template.arm64.yaml");
        std::fs::write(&copy, for_arm64(&text)?).context("cannot write `template.arm64.yaml`")?;
        Ok(copy)
    }
}

fn for_arm64(template: &str) -> Result<String> {
    const LINE: &str = "\n    Architectures: [x86_64]\n";
    ensure!(
        template.matches(LINE).count() == 1,
        "`template.yaml` has to name its architecture once, as in `{}`",
        LINE.trim()
    );
    Ok(template.replace(LINE, &LINE.replace("x86_64", "arm64")))
}

/// The profile that `cargo lambda build --release` reads from its environment, so that a change is
/// built in seconds.
const FAST_PROFILE: [(&str, &str); 5] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
    ("CARGO_PROFILE_RELEASE_INCREMENTAL", "true"),
];

/// The lock on [`BUILD_DIR`].
pub(crate) const LOCK: &str = "build";

/// The folder with the built template, which stacks are deployed from.
pub const BUILD_DIR: &str = "sam/build";

/// Builds the functions and the template. This takes minutes the first time, and seconds if little
/// changed.
///
/// # Errors
///
/// Fails if a tool is missing or if the build fails. The messages of cargo are shown as they come.
pub async fn build() -> Result<()> {
    tools::ensure(&[Tool::Emulator, Tool::Sam, Tool::Builder]).await?;
    let _lock = Lock::to_make(LOCK).await?;

    report::step("building the five functions (minutes the first time, seconds after that)");
    // One call builds all functions and shows the progress of cargo. The SAM CLI then has nothing
    // left to build.
    let mut cargo = command::program("cargo");
    cargo.args(["lambda", "build", "--release"]);
    if Architecture::HERE == Architecture::Arm64 {
        cargo.arg("--arm64");
    }
    for binary in BINARIES {
        cargo.args(["--bin", binary]);
    }
    cargo.env("PATH", tools::search_path(Tool::Builder)?);
    fast(&mut cargo);
    command::run_shown(cargo, "cargo lambda build").await?;

    report::step("sam build");
    let mut sam = tools::sam()?;
    sam.args(["build", "--no-cached", "--parallel", "--build-dir"])
        .arg(workspace::local(BUILD_DIR))
        .arg("--template-file")
        .arg(Architecture::HERE.template()?);
    fast(&mut sam);
    command::run_logged(sam, "sam build", "sam-build").await
}

/// Builds what goes to AWS.
pub async fn build_for_aws(architecture: Architecture) -> Result<()> {
    tools::ensure(&[Tool::Sam, Tool::Builder]).await?;
    let mut sam = tools::sam()?;
    as_from_a_shell(&mut sam);
    sam.arg("build")
        .arg("--template-file")
        .arg(architecture.template()?);
    command::run_shown(sam, "sam build").await
}

/// The size in bytes of what Lambda stores of each function that [`build`] built, by its name in
/// the template.
///
/// # Errors
///
/// Fails if the functions are not built, or if `gzip` is missing.
pub fn compressed_sizes() -> Result<Vec<(String, usize)>> {
    let folder = workspace::local(BUILD_DIR);
    let reading = || format!("cannot read `{}`", folder.display());
    let mut sizes = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(reading)? {
        let entry = entry.with_context(reading)?;
        let path = entry.path().join("bootstrap");
        if !path.exists() {
            continue;
        }
        // gzip and zip share their compression, deflate.
        let mut gzip = std::process::Command::new("gzip");
        let gzip = gzip.arg("--stdout").arg(&path).output();
        let gzip = gzip.context("cannot start gzip")?;
        ensure!(
            gzip.status.success(),
            "cannot compress `{}`: {}",
            path.display(),
            String::from_utf8_lossy(&gzip.stderr).trim()
        );
        sizes.push((
            entry.file_name().to_string_lossy().into_owned(),
            gzip.stdout.len(),
        ));
    }
    ensure!(
        sizes.len() == BINARIES.len(),
        "`{}` has {} functions",
        folder.display(),
        sizes.len()
    );
    Ok(sizes)
}

/// Whether the functions are built as they go to AWS (in continuous integration), and not in the
/// faster profile.
pub fn are_built_for_aws() -> bool {
    std::env::var("CI").is_ok_and(|ci| ci == "true")
}

/// Removes the variables that cargo set for this process: some build scripts start over if these
/// variables differ.
pub fn as_from_a_shell(command: &mut Command) {
    let set_by_cargo = |name: &str| match name.strip_prefix("CARGO") {
        Some("" | "_BIN_NAME" | "_CRATE_NAME" | "_PRIMARY_PACKAGE" | "_TARGET_TMPDIR") => true,
        Some(rest) => rest.starts_with("_PKG_") || rest.starts_with("_MANIFEST_"),
        None => false,
    };
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(set_by_cargo) {
            command.env_remove(name);
        }
    }
}

/// Sets the fast profile, and keeps its build apart from the builds of other profiles.
///
/// Continuous integration has no earlier build, and tests the functions as they go to AWS.
fn fast(command: &mut Command) {
    as_from_a_shell(command);
    if are_built_for_aws() {
        return;
    }
    command
        .envs(FAST_PROFILE)
        .env("CARGO_TARGET_DIR", workspace::root().join("target/local"));
}

#[cfg(test)]
mod tests {
    use super::for_arm64;

    #[test]
    fn one_line_differs_for_arm64() -> anyhow::Result<()> {
        let text = std::fs::read_to_string(crate::workspace::root().join("template.yaml"))?;
        let other = for_arm64(&text)?;
        let differ = text.lines().zip(other.lines()).filter(|(a, b)| a != b);
        let differ: Vec<_> = differ.collect();
        let expected = ("    Architectures: [x86_64]", "    Architectures: [arm64]");
        assert_eq!(differ, [expected]);
        assert!(for_arm64(&other).is_err(), "not the template of the tree");
        Ok(())
    }
}
