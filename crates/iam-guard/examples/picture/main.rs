//! What the command shows, for `make screenshots`: a run of `check` as a terminal shows it, and the
//! page of `account` about a made-up account, as `make report` writes it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anstyle_svg::Term;
use anyhow::{Context as _, Result, bail};

const LIST: &str = "s3:DeleteBucket,iam:*";

/// The lists that `samconfig.toml` recommends for production.
const PRODUCTION: [&str; 6] = [
    "--restricted",
    "cloudtrail:DeleteTrail,cloudtrail:StopLogging,organizations:LeaveOrganization",
    "--ask",
    "@privilege-escalation",
    "--report",
    "@audit-tampering,@data-destruction",
];

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let guard = arguments.next().context("name the command")?;
    let picture = arguments.next().context("name the picture")?;
    let page = arguments.next().context("name the page")?;
    let guard = guard.canonicalize()?;
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/picture");
    let output = Command::new(&guard)
        .args(["check", "template.yaml", "--restricted", LIST])
        .current_dir(&folder)
        .env("CLICOLOR_FORCE", "1")
        .output()?;
    let shown = String::from_utf8(output.stdout)?;
    let prompt =
        format!("\u{1b}[1m$ iam-guard check template.yaml --restricted '{LIST}'\u{1b}[0m\n\n");
    std::fs::write(picture, Term::new().render_svg(&format!("{prompt}{shown}")))?;
    write_report(&guard, &folder.join("account.json"), &page)
}

fn write_report(guard: &Path, account: &Path, page: &Path) -> Result<()> {
    let mut command = Command::new(guard);
    command.arg("account").arg(account).args(PRODUCTION);
    let output = command.arg("--html").arg(page).output()?;
    // Somebody in the account holds something restricted.
    if output.status.code() != Some(1) {
        let problem = String::from_utf8_lossy(&output.stderr);
        bail!("no report on {}: {problem}", account.display());
    }
    Ok(())
}
