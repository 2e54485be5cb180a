use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::{FaultRun, Trouble};
use crate::faults::{Fault, Times};

/// Everything between these lines is written by the matrix.
const BEGIN: &str = "<!-- results: begin -->";
const END: &str = "<!-- results: end -->";

/// Puts the results into the page at `path`, between its two marks.
pub fn write_table(path: &Path, run: &[FaultRun], minutes: u64) -> Result<()> {
    let page =
        fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let (before, rest) = page
        .split_once(BEGIN)
        .with_context(|| format!("`{}` has no line `{BEGIN}`", path.display()))?;
    let (_, after) = rest
        .split_once(END)
        .with_context(|| format!("`{}` has no line `{END}`", path.display()))?;
    let page = format!("{before}{BEGIN}\n\n{}\n{END}{after}", results(run, minutes));
    fs::write(path, page).with_context(|| format!("cannot write `{}`", path.display()))
}

/// The results of the cases, in Markdown.
#[must_use]
pub fn results(run: &[FaultRun], minutes: u64) -> String {
    let broken = run.iter().filter(|run| !run.problems.is_empty()).count();
    let mut text = format!(
        "{} incidents were played in {minutes} minutes; in {broken} of them an invariant was broken.\n",
        run.len()
    );
    let is_missed = |run: &&FaultRun| !run.is_reached && run.problems.is_empty();
    if let missed @ 1.. = run.iter().filter(is_missed).count() {
        add(
            &mut text,
            &format!(
                "In {missed} of them, the call was not made, because Step Functions showed the execution at the first read.\n"
            ),
        );
    }
    for (times, title) in [
        (Times::Once, "A fault at one call"),
        (Times::Persistently, "A fault at one call and all after it"),
    ] {
        add(&mut text, &format!("\n### {title}\n\n"));
        add(&mut text, &table(run, times));
    }
    text
}

/// One row for each call of each function, one column for each fault.
fn table(run: &[FaultRun], times: Times) -> String {
    let faults = Fault::ALL
        .into_iter()
        .filter(|fault| times == Times::Once || *fault != Fault::Late);
    let faults: Vec<Fault> = faults.collect();
    let mut rows: BTreeMap<String, BTreeMap<Fault, Cell>> = BTreeMap::new();
    for one in run {
        let Some(Trouble { point, fault, .. }) = one.case.trouble.as_ref() else {
            continue;
        };
        if one.case.trouble.as_ref().map(|it| it.times) != Some(times) {
            continue;
        }
        let row = if point.caller.is_empty() {
            "every call of every function".to_owned()
        } else {
            let of_sweep = if point.in_sweep { " in a sweep" } else { "" };
            format!("`{}` {}{of_sweep}", point.caller, point.action)
        };
        rows.entry(row)
            .or_default()
            .entry(*fault)
            .or_default()
            .add(one);
    }
    let mut text = "| call |".to_owned();
    for fault in &faults {
        add(&mut text, &format!(" {fault} |"));
    }
    add(
        &mut text,
        &format!("\n|---|{}\n", "---|".repeat(faults.len())),
    );
    for (row, cells) in rows {
        add(&mut text, &format!("| {row} |"));
        for fault in &faults {
            let cell = cells.get(fault).map(Cell::to_string).unwrap_or_default();
            add(&mut text, &format!(" {cell} |"));
        }
        add(&mut text, "\n");
    }
    text
}

/// How the incidents of one fault at one call ended.
#[derive(Default)]
struct Cell {
    answered: usize,
    missed: usize,
    failed: usize,
    broken: usize,
}

impl Cell {
    fn add(&mut self, run: &FaultRun) {
        if !run.problems.is_empty() {
            self.broken += 1;
        } else if !run.is_reached {
            self.missed += 1;
        } else if run.ends.iter().any(|end| end.starts_with("failed")) {
            self.failed += 1;
        } else {
            self.answered += 1;
        }
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [
            (self.answered, "as answered"),
            (self.failed, "failed, mailed"),
            (self.missed, "not called"),
            (self.broken, "BROKEN"),
        ];
        let parts = parts.into_iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        f.write_str(&parts.join(", "))
    }
}

fn add(text: &mut String, more: &str) {
    if text.write_str(more).is_err() {
        // Writing to a `String` cannot fail.
    }
}
