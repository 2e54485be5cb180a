//! Building what is measured: the executables that go to AWS, and the one that does nothing, with the same tools and profile.

use anyhow::Result;
use local::functions::BINARIES;
use local::tools::{self, Tool};
use local::{command, report};

use crate::subject::DO_NOTHING;

/// Builds all of them, in one call so that they share their dependencies.
pub(crate) async fn build() -> Result<()> {
    tools::ensure(&[Tool::Builder]).await?;
    report::step("building what goes to AWS (minutes the first time)");
    let mut cargo = command::program("cargo");
    cargo.args(["lambda", "build", "--release"]);
    for binary in BINARIES {
        cargo.args(["--package", binary, "--bin", binary]);
    }
    cargo.args(["--package", "lambda-kit", "--example", DO_NOTHING]);
    cargo.env("PATH", tools::search_path(&[Tool::Builder])?);
    command::run_shown(cargo, "cargo lambda build").await
}
