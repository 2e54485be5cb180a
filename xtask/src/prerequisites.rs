//! The programs that the tests need on this machine, beyond Rust.

use anyhow::{Context as _, Result, ensure};
use local_aws::tools::{NPM_CHECK, PYTHON_CHECK};
use local_aws::{command, report};
use nix::unistd::geteuid;

/// A program, a call that succeeds if it is there, and the packages of Debian that have it.
type Program = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

/// What drives the pages in a browser.
pub const BROWSER: [Program; 2] = [
    ("chromium", &["chromium", "--version"], &["chromium"]),
    (
        "chromedriver",
        &["chromedriver", "--version"],
        &["chromium-driver"],
    ),
];

/// What installs the pinned tools.
const INSTALLERS: [Program; 2] = [
    (
        "Python 3.10 or newer with venv",
        &PYTHON_CHECK,
        &["python3", "python3-venv"],
    ),
    ("npm", &NPM_CHECK, &["nodejs", "npm"]),
];

/// Makes sure that everything is there that the tests need.
pub async fn run() -> Result<()> {
    ensure_programs(&[INSTALLERS, BROWSER].concat()).await
}

/// Makes sure that `programs` are there. Installs what is missing from Debian's packages if this
/// process is root or runs in continuous integration (`CI=true`).
///
/// # Errors
///
/// Says what is missing and which command installs it, or why the installation failed.
pub async fn ensure_programs(programs: &[Program]) -> Result<()> {
    let (mut missing, mut packages) = (Vec::new(), Vec::new());
    for (name, check, debian) in programs {
        if !command::answers(check).await {
            missing.push(*name);
            packages.extend_from_slice(debian);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let is_root = geteuid().is_root();
    let is_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    let commands = commands(is_root, &packages);
    ensure!(
        (is_root || is_ci) && command::answers(&["apt-get", "--version"]).await,
        "{}",
        advice(&missing, &commands)
    );
    for line in commands {
        report::step(&line);
        let mut words = line.split(' ');
        let mut apt = command::program(words.next().context("no program to run")?);
        apt.args(words).env("DEBIAN_FRONTEND", "noninteractive");
        command::run_logged(apt, &line, "setup-apt").await?;
    }
    Ok(())
}

fn commands(is_root: bool, packages: &[&str]) -> [String; 2] {
    // In continuous integration, sudo asks for no password; without a terminal, it fails if it
    // would.
    let by = if is_root { "" } else { "sudo " };
    let packages = packages.join(" ");
    [
        format!("{by}apt-get update"),
        format!("{by}apt-get install --yes --no-install-recommends {packages}"),
    ]
}

fn advice(missing: &[&str], commands: &[String]) -> String {
    format!(
        "missing: {}; install what is missing (on Debian: `{}`), and run this again",
        missing.join(", "),
        commands.join(" && ")
    )
}

#[cfg(test)]
mod tests {
    use super::{advice, commands};

    #[test]
    fn the_advice_is_one_sentence_with_the_command() {
        let commands = commands(false, &["chromium", "chromium-driver"]);
        assert_eq!(
            advice(&["chromium", "chromedriver"], &commands),
            "missing: chromium, chromedriver; install what is missing (on Debian: `sudo apt-get update && \
             sudo apt-get install --yes --no-install-recommends chromium chromium-driver`), and run this again"
        );
    }
}
