//! `iam-guard backtest`: what the guard would have done about past changes.
//!
//! The memory does not grow with the logs: files are read in chunks, and the changes that are
//! reported are kept in a temporary file.

mod change;
mod history;
mod progress;
mod read;
mod report;
mod spill;
mod split;
mod tally;

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::Context as _;
use iam_policy::RestrictedActions;
use incident::Subject;
use incident::judgement::ExemptPrincipals;

use crate::exit::Exit;
use change::{Change, Grants, RecordKind, grants, principal, subject_name};
use history::History;
use progress::Progress;
use read::Filter;
use spill::{Spill, SpilledChange};
use split::Part;
use tally::Tally;

pub use report::Format;

/// The most changes whose duplicates are recognized.
const MAX_SEEN: usize = 300_000;

/// The options of a backtest.
#[derive(Debug)]
pub struct Backtest<'a> {
    pub paths: &'a [PathBuf],
    pub restricted: &'a RestrictedActions,
    pub exempt: &'a ExemptPrincipals,
    pub format: Format,
    pub html: Option<&'a PathBuf>,
}

/// The counts of a backtest.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    /// Records of every kind.
    records: u64,
    /// Successful writes of policies.
    changes: u64,
    /// Changes that put something restricted in force.
    restricted: u64,
    /// Changes that cannot be judged, because no record has the document.
    unknown: u64,
    /// Restricted changes by exempt principals.
    exempt: u64,
    problems: u64,
}

/// Reads the logs and reports.
pub fn backtest(
    task: &Backtest<'_>,
    out: &mut dyn Write,
    diagnostics: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let (files, problems) = read::files(task.paths);
    let mut judge = Judge::new(task)?;
    judge.report(&problems, diagnostics)?;
    let progress = Progress::over(&files);
    for path in &files {
        let read = read::read(path, &progress, |part| judge.part(part))?;
        if let Err(error) = read {
            let problem = format!("cannot read {}: {error}", path.display());
            judge.report(&[problem], diagnostics)?;
        }
    }
    progress.end();
    let found = judge.end()?;
    let counts = found.counts;
    found.write(task, out)?;
    Ok(if counts.restricted > 0 {
        Exit::Restricted
    } else if counts.unknown > 0 || counts.problems > 0 {
        Exit::NotKnown
    } else {
        Exit::Clean
    })
}

/// The result of a backtest: counts, and the incidents in a temporary file.
#[derive(Debug)]
struct Outcome {
    counts: Counts,
    tally: Tally,
    incidents: Spill,
}

struct Judge<'a> {
    task: &'a Backtest<'a>,
    filter: Filter,
    counts: Counts,
    history: History,
    /// Hashes of event ids.
    seen: HashSet<u64>,
    hashes: RandomState,
    spill: Spill,
}

impl<'a> Judge<'a> {
    fn new(task: &'a Backtest<'a>) -> anyhow::Result<Self> {
        Ok(Self {
            task,
            filter: Filter::new(),
            counts: Counts::default(),
            history: History::default(),
            seen: HashSet::new(),
            hashes: RandomState::new(),
            spill: Spill::new().context("making a temporary file")?,
        })
    }

    fn report(&mut self, problems: &[String], diagnostics: &mut dyn Write) -> anyhow::Result<()> {
        for problem in problems {
            self.counts.problems += 1;
            writeln!(diagnostics, "error: {problem}")?;
        }
        Ok(())
    }

    /// Whether a record is new. Trails of several Regions can deliver the same record.
    fn is_new(&mut self, event_id: &str) -> bool {
        // With 300,000 hashes of 64 bits, two different ids collide once in 400 million runs.
        let hash = self.hashes.hash_one(event_id);
        match self.seen.len() < MAX_SEEN {
            true => self.seen.insert(hash),
            false => !self.seen.contains(&hash),
        }
    }

    fn part(&mut self, part: Part<'_>) -> anyhow::Result<()> {
        self.counts.records += 1;
        match part {
            Part::Record(record) if self.filter.is_candidate(record) => self.record(record)?,
            Part::TooLong(start) if self.filter.is_candidate(start) => {
                self.counts.changes += 1;
                self.counts.unknown += 1;
            }
            Part::Record(_) | Part::TooLong(_) => {}
        }
        Ok(())
    }

    fn record(&mut self, record: &[u8]) -> anyhow::Result<()> {
        match change::read(record) {
            RecordKind::Other => {}
            RecordKind::Unreadable(event_id) => {
                if event_id.is_none_or(|event_id| self.is_new(&event_id)) {
                    self.counts.changes += 1;
                    self.counts.unknown += 1;
                }
            }
            RecordKind::Change(change) if self.is_new(&change.event_id) => self.change(&change)?,
            RecordKind::Change(_) => {}
        }
        Ok(())
    }

    fn change(&mut self, change: &Change) -> anyhow::Result<()> {
        self.counts.changes += 1;
        let found = change.document.as_deref();
        let found = found.map(|document| grants(document, self.task.restricted));
        let managed = match (&change.subject, &change.version) {
            (Subject::Managed(policy), Some(version)) => Some((policy.arn.as_str(), version)),
            _ => None,
        };
        if let (Some((arn, version)), Some(found)) = (managed, &found) {
            self.history
                .remember(arn, version, change.time, found.clone());
        }
        match (found, managed) {
            // A version that is not the default grants nothing yet.
            _ if !change.in_force => Ok(()),
            (Some(Some(found)), _) => self.keep(change, Some(&found), None),
            (Some(None), _) => Ok(()),
            // A record with the document may come later in the files.
            (None, Some((_, version))) => self.keep(change, None, Some(version.to_string())),
            (None, None) => {
                self.counts.unknown += 1;
                Ok(())
            }
        }
    }

    /// Writes a change to the temporary file. A change without grants has the version to look up.
    fn keep(
        &mut self,
        change: &Change,
        found: Option<&Rc<Grants>>,
        version: Option<String>,
    ) -> anyhow::Result<()> {
        let spilled = SpilledChange {
            event_id: change.event_id.clone(),
            time: change.time.to_string(),
            second: change.time.as_second(),
            actor: principal(&change.actor).to_owned(),
            subject: subject_name(&change.subject),
            exempt: self.task.exempt.covering(&change.actor).is_some(),
            patterns: found.map(|it| it.patterns.clone()).unwrap_or_default(),
            entries: found.map(|it| it.entries.clone()).unwrap_or_default(),
            version,
        };
        let kept = self.spill.push(&spilled);
        kept.context("writing the temporary file")
    }

    /// Judges the changes whose documents later records have, and counts.
    fn end(self) -> anyhow::Result<Outcome> {
        let Self {
            mut counts,
            history,
            spill,
            ..
        } = self;
        let mut tally = Tally::new(self.task.restricted.patterns().len());
        let mut incidents = Spill::new()?;
        spill.take(|mut change| {
            if let Some(version) = change.version.take() {
                let found = match find(&history, &change, &version) {
                    Some(Some(found)) => found,
                    Some(None) => return Ok(()),
                    None => {
                        counts.unknown += 1;
                        return Ok(());
                    }
                };
                change.patterns.clone_from(&found.patterns);
                change.entries.clone_from(&found.entries);
            }
            counts.restricted += 1;
            if change.exempt {
                counts.exempt += 1;
                return Ok(());
            }
            tally.add(&change);
            incidents.push(&change)
        })?;
        Ok(Outcome {
            counts,
            tally,
            incidents,
        })
    }
}

/// The grants of the version that a change put in force; `None` if no record has its document.
fn find(history: &History, change: &SpilledChange, version: &str) -> Option<Option<Rc<Grants>>> {
    let version = incident::VersionId::parse(version).ok()?;
    let time = incident::Timestamp::from_second(change.second).ok()?;
    history.grants(&change.subject, &version, time)
}
