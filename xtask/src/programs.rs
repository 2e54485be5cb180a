//! Programs that the machine must have: what is missing is named at once, and installed where somebody agrees.

use std::io::IsTerminal as _;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use nix::unistd::geteuid;
use tokio::sync::oneshot;

use local_aws::{command, report, tools};

/// A program that only some of the targets need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// The browser that the pages are tested in.
    Chromium,
    /// What drives the browser.
    ChromeDriver,
    /// Counts instructions.
    Valgrind,
}

impl Program {
    pub const ALL: [Self; 3] = [Self::Chromium, Self::ChromeDriver, Self::Valgrind];

    /// Its name on the search path.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::ChromeDriver => "chromedriver",
            Self::Valgrind => "valgrind",
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

/// How packages of Debian can be installed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rights {
    Root,
    /// `sudo` is there, and in continuous integration it asks for no password.
    Sudo,
    None,
}

/// Who can agree to an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Consent {
    /// A machine of continuous integration is there to be changed.
    Given,
    /// A person sits at a terminal.
    OnRequest,
    /// Neither, as where the output goes to a file.
    Nobody,
}

impl Consent {
    fn of(ci: Option<&str>, on_terminal: bool) -> Self {
        match (ci, on_terminal) {
            (Some("true"), _) => Self::Given,
            (_, true) => Self::OnRequest,
            (_, false) => Self::Nobody,
        }
    }
}

/// What is known of this machine.
#[derive(Clone, Copy, Debug)]
struct Machine {
    consent: Consent,
    rights: Rights,
    has_apt: bool,
}

/// What to do about missing programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Handling {
    Install,
    Ask,
    /// Says what to install, and stops.
    Tell,
}

impl Machine {
    async fn look() -> Self {
        let ci = std::env::var("CI").ok();
        let on_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        let consent = Consent::of(ci.as_deref(), on_terminal);
        let sudo: &[&str] = match consent {
            Consent::Given => &["--non-interactive", "true"],
            Consent::OnRequest | Consent::Nobody => &["--version"],
        };
        let rights = if geteuid().is_root() {
            Rights::Root
        } else if tools::answers("sudo", sudo).await {
            Rights::Sudo
        } else {
            Rights::None
        };
        Self {
            consent,
            rights,
            has_apt: tools::answers("apt-get", &["--version"]).await,
        }
    }

    fn handling(self) -> Handling {
        match (self.has_apt, self.rights, self.consent) {
            (true, Rights::Root | Rights::Sudo, Consent::Given) => Handling::Install,
            (true, Rights::Root | Rights::Sudo, Consent::OnRequest) => Handling::Ask,
            _ => Handling::Tell,
        }
    }

    /// The calls that install these packages of Debian.
    fn calls(self, packages: &[&str]) -> [Vec<String>; 2] {
        let by: &[&str] = match self.rights {
            Rights::Root => &[],
            Rights::Sudo | Rights::None => &["sudo"],
        };
        let update = ["apt-get", "update"];
        let install = ["apt-get", "install", "--yes", "--no-install-recommends"];
        [[by, &update, &[]], [by, &install, packages]]
            .map(|parts| parts.concat().into_iter().map(str::to_owned).collect())
    }

    /// The same calls as a line for a shell.
    fn shell(self, packages: &[&str]) -> String {
        self.calls(packages).map(|call| call.join(" ")).join(" && ")
    }
}

/// Makes sure that `programs` are there.
///
/// In continuous integration (`CI=true`), and after a yes on a terminal, it installs what is missing from Debian's packages.
///
/// # Errors
///
/// What is missing and how to install it, or why it could not be installed.
pub async fn ensure(programs: &[Program]) -> Result<()> {
    let missing = absent(programs).await;
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|it| it.debian_package()).collect();
    let machine = Machine::look().await;
    let step = machine.handling();
    if step == Handling::Ask {
        let shell = machine.shell(&packages);
        report::line(&format!(
            "{}; this installs what is missing:",
            are_missing(&missing)
        ));
        report::detail(&shell);
    }
    let agreed = match step {
        Handling::Install => true,
        Handling::Ask => is_agreed("Run it now? [y/N] ").await?,
        Handling::Tell => false,
    };
    if !agreed {
        bail!("{}", advice(&missing, machine));
    }
    for call in machine.calls(&packages) {
        install(&call, step).await?;
    }
    let missing = absent(programs).await;
    if !missing.is_empty() {
        bail!(
            "{} although Debian's packages are installed",
            are_missing(&missing)
        );
    }
    Ok(())
}

async fn absent(programs: &[Program]) -> Vec<Program> {
    let mut absent = Vec::new();
    for &program in programs {
        if !program.is_there().await {
            absent.push(program);
        }
    }
    absent
}

/// Runs one of the calls: a person sees its output and can type a password, otherwise it goes to a log.
async fn install(call: &[String], step: Handling) -> Result<()> {
    let (program, arguments) = call.split_first().context("no program to run")?;
    let what = call.join(" ");
    report::step(&what);
    let mut apt = command::program(program);
    apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    if step == Handling::Ask {
        apt.stdin(Stdio::inherit());
        return command::run_shown(apt, &what).await;
    }
    command::run_logged(apt, &what, "setup-apt").await
}

/// Asks on the terminal. The thread that reads may stay behind, so that Ctrl-C ends the question.
async fn is_agreed(question: &str) -> Result<bool> {
    report::ask(question);
    let (send, answer) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line).map(|_| line);
        // Nobody listens any more when the question was interrupted.
        if send.send(read).is_err() {}
    });
    let line = answer
        .await
        .context("the question was interrupted")?
        .context("cannot read the answer")?;
    Ok(is_yes(&line))
}

fn is_yes(answer: &str) -> bool {
    ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}

fn advice(missing: &[Program], machine: Machine) -> String {
    let packages: Vec<&str> = missing.iter().map(|it| it.debian_package()).collect();
    let shell = machine.shell(&packages);
    let missing = are_missing(missing);
    if machine.has_apt {
        format!("{missing}: run `{shell}`, and then this again")
    } else {
        format!("{missing}: install what is missing (on Debian by `{shell}`), and run this again")
    }
}

fn are_missing(programs: &[Program]) -> String {
    let names: Vec<&str> = programs.iter().map(|it| it.name()).collect();
    match names.split_last() {
        Some((last, [])) => format!("{last} is missing"),
        Some((last, others)) => format!("{} and {last} are missing", others.join(", ")),
        None => "nothing is missing".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Consent, Handling, Machine, Program, Rights, advice, is_yes};

    const DEBIAN: Machine = Machine {
        consent: Consent::Nobody,
        rights: Rights::Root,
        has_apt: true,
    };

    #[test]
    fn packages_are_installed_in_ci_or_after_a_yes_and_only_where_that_is_possible() {
        let consents = [Consent::Given, Consent::OnRequest, Consent::Nobody];
        let cases = [
            (
                true,
                Rights::Root,
                [Handling::Install, Handling::Ask, Handling::Tell],
            ),
            (
                true,
                Rights::Sudo,
                [Handling::Install, Handling::Ask, Handling::Tell],
            ),
            (true, Rights::None, [Handling::Tell; 3]),
            (false, Rights::Root, [Handling::Tell; 3]),
            (false, Rights::Sudo, [Handling::Tell; 3]),
            (false, Rights::None, [Handling::Tell; 3]),
        ];
        for (has_apt, rights, expected) in cases {
            let steps = consents.map(|consent| {
                Machine {
                    consent,
                    rights,
                    has_apt,
                }
                .handling()
            });
            assert_eq!(steps, expected, "apt-get: {has_apt}, {rights:?}");
        }
    }

    #[test]
    fn continuous_integration_counts_before_the_terminal() {
        let cases = [
            (Some("true"), true, Consent::Given),
            (Some("true"), false, Consent::Given),
            (Some("false"), true, Consent::OnRequest),
            (Some(""), false, Consent::Nobody),
            (None, true, Consent::OnRequest),
            (None, false, Consent::Nobody),
        ];
        for (ci, on_terminal, expected) in cases {
            let consent = Consent::of(ci, on_terminal);
            assert_eq!(consent, expected, "CI: {ci:?}, terminal: {on_terminal}");
        }
    }

    #[test]
    fn the_advice_is_one_sentence_with_the_command() {
        let install = "apt-get install --yes --no-install-recommends";
        let cases = [
            (
                &Program::ALL[2..],
                DEBIAN,
                format!(
                    "valgrind is missing: run `apt-get update && {install} valgrind`, and then this again"
                ),
            ),
            (
                &Program::ALL[..],
                Machine {
                    rights: Rights::None,
                    ..DEBIAN
                },
                format!(
                    "chromium, chromedriver and valgrind are missing: \
                     run `sudo apt-get update && sudo {install} chromium chromium-driver valgrind`, and then this again"
                ),
            ),
            (
                &Program::ALL[2..],
                Machine {
                    has_apt: false,
                    rights: Rights::Sudo,
                    ..DEBIAN
                },
                format!(
                    "valgrind is missing: install what is missing \
                     (on Debian by `sudo apt-get update && sudo {install} valgrind`), and run this again"
                ),
            ),
        ];
        for (missing, machine, expected) in cases {
            assert_eq!(advice(missing, machine), expected);
        }
    }

    #[test]
    fn only_a_yes_is_a_yes() {
        for answer in ["y\n", "Y", " yes\r\n"] {
            assert!(is_yes(answer), "{answer:?}");
        }
        for answer in ["", "\n", "n\n", "yy", "yesterday"] {
            assert!(!is_yes(answer), "{answer:?}");
        }
    }
}
