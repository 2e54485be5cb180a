//! `coldstart bench`: measures all functions in turn, round after round, and gives each figure with its ratio to the function that does nothing.

use std::time::Duration;

use anyhow::{Context as _, Result};
use local::report;
use serde::Serialize;

use crate::instructions::{self, Instructions};
use crate::measure::{self, Life, median};
use crate::process::zip_size;
use crate::subject::Subject;

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Figures {
    pub(crate) function: &'static str,
    /// From the start to the first request for an event, in milliseconds.
    init_ms: f64,
    /// From the first event to its answer, in milliseconds.
    first_ms: f64,
    /// From a later event to its answer, in milliseconds.
    warm_ms: f64,
    /// Processor time of init, in milliseconds.
    init_cpu_ms: f64,
    /// Processor time of init and the first invocation, in milliseconds.
    cold_cpu_ms: f64,
    /// Processor time of a later invocation, in milliseconds.
    warm_cpu_ms: f64,
    /// Peak memory up to the first answer, in MiB.
    peak_memory_mib: f64,
    /// The size of the archive for Lambda, in MB.
    zip_mb: f64,
    /// Instructions to the first request for an event, in millions.
    init_instructions_m: f64,
    /// Instructions to the first answer, in millions.
    first_instructions_m: f64,
}

/// The heading of a figure, its number of decimals, and the figure.
type Column = (&'static str, usize, fn(&Figures) -> f64);

const COLUMNS: [Column; 10] = [
    ("init ms", 2, |it| it.init_ms),
    ("first ms", 2, |it| it.first_ms),
    ("warm ms", 2, |it| it.warm_ms),
    ("init CPU ms", 2, |it| it.init_cpu_ms),
    ("cold CPU ms", 2, |it| it.cold_cpu_ms),
    ("warm CPU ms", 2, |it| it.warm_cpu_ms),
    ("peak MiB", 2, |it| it.peak_memory_mib),
    ("zip MB", 3, |it| it.zip_mb),
    ("init Minstr", 2, |it| it.init_instructions_m),
    ("first Minstr", 2, |it| it.first_instructions_m),
];

pub(crate) async fn run(rounds: usize, as_json: bool) -> Result<()> {
    instructions::check_valgrind().await?;
    let subjects = Subject::all()?;
    let mut lives: Vec<Vec<Life>> = vec![Vec::new(); subjects.len()];
    for _ in 0..rounds {
        for (subject, lives) in subjects.iter().zip(&mut lives) {
            let life = measure::live(subject)
                .await
                .with_context(|| format!("cannot measure `{}`", subject.name))?;
            lives.push(life);
        }
    }
    let mut figures = Vec::new();
    for (subject, lives) in subjects.iter().zip(&lives) {
        let counted = instructions::count(subject)
            .await
            .with_context(|| format!("cannot count the instructions of `{}`", subject.name))?;
        figures.push(Figures::of(subject, lives, counted)?);
    }
    if as_json {
        report::line(&serde_json::to_string_pretty(&figures)?);
    } else {
        report::line(&format!(
            "medians of {rounds} interleaved rounds; the ratio to the function that does nothing is in brackets\n"
        ));
        report::line(&table(&figures));
    }
    Ok(())
}

impl Figures {
    fn of(subject: &Subject, lives: &[Life], counted: Instructions) -> Result<Self> {
        let time = |of: fn(&Life) -> Duration| -> Result<f64> {
            Ok(median(lives.iter().map(of).collect())?.as_secs_f64() * 1e3)
        };
        let peak_memory = median(lives.iter().map(|life| life.peak_memory).collect())?;
        Ok(Self {
            function: subject.name,
            init_ms: time(|life| life.init)?,
            first_ms: time(|life| life.first)?,
            warm_ms: time(|life| life.warm)?,
            init_cpu_ms: time(|life| life.init_cpu)?,
            cold_cpu_ms: time(|life| life.cold_cpu)?,
            warm_cpu_ms: time(|life| life.warm_cpu)?,
            peak_memory_mib: as_f64(peak_memory) / 1024.0,
            zip_mb: as_f64(zip_size(&subject.program())?) / 1e6,
            init_instructions_m: as_f64(counted.init) / 1e6,
            first_instructions_m: as_f64(counted.first) / 1e6,
        })
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a count is shown with two or three decimals"
)]
fn as_f64(count: u64) -> f64 {
    count as f64
}

/// The figures as a table in Markdown, with one row for each function.
fn table(figures: &[Figures]) -> String {
    let headings = COLUMNS.iter().map(|(heading, ..)| (*heading).to_owned());
    let mut rows = vec![
        row("function", headings),
        row("---", COLUMNS.iter().map(|_| "---:".to_owned())),
    ];
    for of in figures {
        let cells = COLUMNS.iter().map(|(_, digits, figure)| {
            let ratio = figures
                .first()
                .map(|nothing| figure(of) / figure(nothing))
                .unwrap_or_default();
            format!("{:.digits$} ({ratio:.2})", figure(of))
        });
        rows.push(row(of.function, cells));
    }
    rows.join("\n")
}

fn row(name: &str, cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.collect();
    format!("| {name} | {} |", cells.join(" | "))
}
