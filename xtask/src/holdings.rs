//! Who holds what of a deployed stack's lists: the report of `iam-guard account` on the account of
//! the stack.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use local_aws::{command, report, workspace};

use crate::account::Account;
use crate::deployed::Deployed;

/// The folder of the reports.
const FOLDER: &str = "target/report";
/// The exit statuses of `iam-guard account`: nothing restricted is held, or something is.
const REPORTED: [i32; 2] = [0, 1];

/// What a report left.
#[derive(Clone, Debug)]
pub struct Written {
    /// The report for people.
    pub text: String,
    /// The same as a page.
    pub page: PathBuf,
}

/// Reads the account, and writes who holds what. `program` is `iam-guard`.
///
/// # Errors
///
/// Fails if AWS refuses, or if the report is incomplete.
pub async fn write(account: &Account, stack: &Deployed, program: &Path) -> Result<Written> {
    let answer = account.call("iam get-account-authorization-details", &[]);
    let answer = answer.await?;
    let folder = workspace::root().join(FOLDER);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let file = folder.join(format!("{}.json", stack.name));
    fs::write(&file, answer.to_string())
        .with_context(|| format!("cannot write {}", file.display()))?;
    let page = folder.join(format!("{}.html", stack.name));
    let mut guard = command::program(program);
    guard.arg("account").arg(&file).arg("--html").arg(&page);
    for (option, parameter) in [
        ("--restricted", "restrictedActions"),
        ("--ask", "askActions"),
        ("--report", "reportActions"),
    ] {
        let list = stack.parameters.get(parameter);
        if let Some(list) = list.filter(|list| !list.is_empty()) {
            guard.arg(option).arg(list);
        }
    }
    let output = guard
        .output()
        .await
        .with_context(|| format!("cannot start {}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output
        .status
        .code()
        .is_some_and(|code| REPORTED.contains(&code))
    {
        let problem = String::from_utf8_lossy(&output.stderr);
        bail!(
            "the report on the account is incomplete ({}):\n{problem}{text}",
            output.status
        );
    }
    Ok(Written { text, page })
}

/// Writes who holds what, and prints it.
pub async fn run(account: &Account, stack: &Deployed, program: &Path) -> Result<()> {
    let written = write(account, stack, program).await?;
    report::line(written.text.trim_end());
    report::gap();
    report::step(&format!("the same as a page: {}", written.page.display()));
    Ok(())
}
