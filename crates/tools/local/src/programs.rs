//! The programs that the machine must have. A missing program is named at once, and installed if that needs no password.

use anyhow::{Result, bail};
use nix::unistd::geteuid;

use crate::{command, report, tools};

/// A program that only some of the targets need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// The browser that the pages are tested in.
    Chromium,
    /// The driver of the browser.
    ChromeDriver,
    /// The program that counts instructions.
    Valgrind,
}

impl Program {
    /// All programs.
    pub const ALL: [Self; 3] = [Self::Chromium, Self::ChromeDriver, Self::Valgrind];

    /// The name of the program on the search path.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::ChromeDriver => "chromedriver",
            Self::Valgrind => "valgrind",
        }
    }

    fn purpose(self) -> &'static str {
        match self {
            Self::Chromium => "which the tests use to open the pages",
            Self::ChromeDriver => "which the tests use to press buttons",
            Self::Valgrind => "which counts instructions",
        }
    }

    fn debian_package(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::ChromeDriver => "chromium-driver",
            Self::Valgrind => "valgrind",
        }
    }

    async fn is_there(self) -> bool {
        tools::answers(self.name(), &["--version"]).await
    }
}

/// Makes sure that `programs` are there. As root on Debian, installs the missing ones.
///
/// # Errors
///
/// Says what is missing and how to install it, or why the installation failed.
pub async fn ensure(programs: &[Program]) -> Result<()> {
    let mut missing = Vec::new();
    for &program in programs {
        if !program.is_there().await {
            missing.push(program);
        }
    }
    let Some(&first) = missing.first() else {
        return Ok(());
    };
    let packages: Vec<&str> = missing.iter().map(|it| it.debian_package()).collect();
    let all = packages.join(" ");
    if !geteuid().is_root() || !tools::answers("apt-get", &["--version"]).await {
        bail!(
            "{} is missing, {}: install it (Debian: sudo apt-get install {all}) and run this again",
            first.name(),
            first.purpose()
        );
    }
    report::step(&format!("installing {all} with apt-get"));
    for arguments in [vec!["update"], {
        let mut install = vec!["install", "--yes", "--no-install-recommends"];
        install.extend(&packages);
        install
    }] {
        let mut apt = command::program("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
        command::run_logged(apt, "apt-get", "setup-apt").await?;
    }
    for program in missing {
        if !program.is_there().await {
            bail!(
                "{} does not run, although its package `{}` is installed",
                program.name(),
                program.debian_package()
            );
        }
    }
    Ok(())
}
