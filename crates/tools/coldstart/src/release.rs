//! Building what is measured: the executables that go to AWS, and the one that does nothing.

use anyhow::Result;
use local::functions::{self, BINARIES};
use local::tools::{self, Tool};
use local::{command, report};

use crate::subject::DO_NOTHING;

/// Builds all of them as `sam build` does, which then finds the work done.
pub(crate) async fn build() -> Result<()> {
    tools::ensure(&[Tool::Builder]).await?;
    report::step("building what goes to AWS (minutes the first time)");
    let mut cargo = command::program("cargo");
    cargo.args(["lambda", "build", "--release"]);
    for binary in BINARIES.into_iter().chain([DO_NOTHING]) {
        cargo.args(["--bin", binary]);
    }
    cargo.env("PATH", tools::search_path(&[Tool::Builder])?);
    functions::as_from_a_shell(&mut cargo);
    command::run_shown(cargo, "cargo lambda build").await
}
