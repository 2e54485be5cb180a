//! Draws a run of the command as a terminal shows it: `make screenshots`.

use std::path::PathBuf;
use std::process::Command;

use anstyle_svg::Term;
use anyhow::{Context as _, Result};

const LIST: &str = "s3:DeleteBucket,iam:*";

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let guard = arguments.next().context("name the command")?;
    let picture = arguments.next().context("name the picture")?;
    let guard = guard.canonicalize()?;
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/picture");
    let output = Command::new(guard)
        .args(["check", "template.yaml", "--restricted", LIST])
        .current_dir(folder)
        .env("CLICOLOR_FORCE", "1")
        .output()?;
    let shown = String::from_utf8(output.stdout)?;
    let prompt =
        format!("\u{1b}[1m$ iam-guard check template.yaml --restricted '{LIST}'\u{1b}[0m\n\n");
    std::fs::write(picture, Term::new().render_svg(&format!("{prompt}{shown}")))?;
    Ok(())
}
