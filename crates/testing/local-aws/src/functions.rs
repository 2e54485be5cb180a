//! Building the five functions for the local stack.
//!
//! The build for AWS optimises for size and start, which takes minutes. This module builds the same
//! code with the same tools in a faster profile, in a target folder of its own.

use std::collections::BTreeMap;

use anyhow::Result;
use tokio::process::Command;

use crate::architecture::{self, Architecture};
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

/// The profile that `cargo lambda build --release` reads from its environment, so that a change is seen soon.
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

/// Builds the functions and the template. This takes minutes the first time, and seconds if little changed.
///
/// # Errors
///
/// Fails if a tool is missing or if the build fails. The messages of cargo are shown as they come.
pub async fn build() -> Result<()> {
    tools::ensure(&[Tool::Emulator, Tool::Sam, Tool::Builder]).await?;
    let _lock = Lock::to_make(LOCK).await?;

    report::step("building the five functions (minutes the first time, seconds after that)");
    // One call builds all functions and shows the progress of cargo. The SAM CLI then has nothing left to build.
    let mut cargo = command::program("cargo");
    cargo.args(["lambda", "build", "--release"]);
    if Architecture::HERE == Architecture::Arm64 {
        cargo.arg("--arm64");
    }
    for binary in BINARIES {
        cargo.args(["--bin", binary]);
    }
    cargo.env("PATH", tools::search_path(&[Tool::Builder])?);
    fast(&mut cargo);
    command::run_shown(cargo, "cargo lambda build").await?;

    report::step("sam build");
    let mut sam = tools::sam()?;
    sam.args(["build", "--no-cached", "--parallel", "--build-dir"])
        .arg(workspace::local(BUILD_DIR))
        .arg("--template-file")
        .arg(architecture::template(Architecture::HERE)?);
    fast(&mut sam);
    command::run_logged(sam, "sam build", "sam-build").await?;
    architecture::check(&workspace::local(BUILD_DIR), Architecture::HERE)
}

/// Builds what goes to AWS, and checks that it is for the processor that the template says.
///
/// # Errors
///
/// Fails if the build fails, or if a function is built for another processor.
pub async fn build_for_aws(architecture: Architecture) -> Result<()> {
    tools::ensure(&[Tool::Sam, Tool::Builder]).await?;
    let mut sam = tools::sam()?;
    as_from_a_shell(&mut sam);
    sam.arg("build")
        .arg("--template-file")
        .arg(architecture::template(architecture)?);
    command::run_shown(sam, "sam build").await?;
    architecture::check(&workspace::root().join(".aws-sam/build"), architecture)
}

/// Removes the variables that cargo set for this program, so that the cargo that it runs does not see them.
///
/// If these variables differ, some build scripts start over.
pub fn as_from_a_shell(command: &mut Command) {
    let set_by_cargo = |name: &str| {
        ["CARGO_PKG_", "CARGO_MANIFEST_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
            || [
                "CARGO",
                "CARGO_BIN_NAME",
                "CARGO_CRATE_NAME",
                "CARGO_PRIMARY_PACKAGE",
                "CARGO_TARGET_TMPDIR",
            ]
            .contains(&name)
    };
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(set_by_cargo) {
            command.env_remove(name);
        }
    }
}

/// Sets the fast profile, and keeps the build apart from the builds of other profiles.
///
/// Continuous integration builds everything from nothing, and the functions as they go to AWS in any case: there, these are the ones that are tested.
fn fast(command: &mut Command) {
    as_from_a_shell(command);
    if std::env::var("CI").is_ok_and(|ci| ci == "true") {
        return;
    }
    let profile: BTreeMap<_, _> = FAST_PROFILE.into();
    command
        .envs(profile)
        .env("CARGO_TARGET_DIR", workspace::root().join("target/local"));
}
