//! The state machine on a second interpreter: the tests are in Python, beside this file.

use std::process::ExitCode;

use anyhow::Result;
use libtest_mimic::{Arguments, Failed, Trial};
use local_aws::tools::{self, Tool};
use local_aws::{command, workspace};

fn main() -> Result<ExitCode> {
    let arguments = Arguments::from_args();
    let runtime = tokio::runtime::Runtime::new()?;
    let trial = Trial::test("interpreter::every_state_and_every_catcher", move || {
        let work = async {
            tools::ensure(&[Tool::Interpreter]).await?;
            let mut python = command::program(Tool::Interpreter.bin().join("python"));
            python
                .arg(workspace::root().join("tests/interpreter/run.py"))
                .env("PYTHONDONTWRITEBYTECODE", "1");
            let what = "the tests on the second interpreter";
            command::run_logged(python, what, "interpreter").await
        };
        runtime
            .block_on(work)
            .map_err(|error| Failed::from(format!("{error:#}")))
    });
    Ok(libtest_mimic::run(&arguments, vec![trial]).exit_code())
}
