//! Builds the executables to measure: those that go to AWS, and the one that does nothing.

use anyhow::Result;
use local::functions::{self, BINARIES};
use local::tools::{self, Tool};
use local::{command, report};

use crate::subject::DO_NOTHING;

/// Builds all executables as `sam build` does, so that `sam build` then has nothing left to build.
pub(crate) async fn build() -> Result<()> {
    tools::ensure(&[Tool::Builder]).await?;
    report::step("building the functions for AWS (this takes minutes the first time)");
    let mut cargo = command::program("cargo");
    cargo.args(["lambda", "build", "--release"]);
    for binary in BINARIES.into_iter().chain([DO_NOTHING]) {
        cargo.args(["--bin", binary]);
    }
    cargo.env("PATH", tools::search_path(&[Tool::Builder])?);
    functions::as_from_a_shell(&mut cargo);
    command::run_shown(cargo, "cargo lambda build").await
}
