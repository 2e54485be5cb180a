//! `iam-guard backtest`: what the guard would have done about past changes.
//!
//! The memory does not grow with the logs: files are read in chunks, and what is judged after the
//! last record is kept in temporary files.

mod calls;
mod change;
mod history;
mod holdings;
mod progress;
mod read;
mod report;
mod spill;
mod split;
mod step;
mod tally;

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::Context as _;
use iam_policy::RestrictedActions;
use incident::judgement::ExemptPrincipals;
use incident::{Subject, WatchedCall};

use crate::exit::Exit;
use crate::managed::ManagedPolicies;
use calls::{CallSums, Calls};
use change::{Change, Grants, RecordKind, denies, grants, principal, subject_name};
use history::History;
use holdings::Known;
use progress::Progress;
use read::Filter;
use spill::{Spill, SpilledChange};
use split::Part;
use step::{Step, Thing, What};
use tally::Tally;

pub use report::Format;

/// The most records whose duplicates are recognized.
const MAX_SEEN: usize = 300_000;

/// The options of a backtest.
#[derive(Debug)]
pub struct Backtest<'a> {
    pub paths: &'a [PathBuf],
    pub restricted: &'a RestrictedActions,
    pub exempt: &'a ExemptPrincipals,
    /// The documents of AWS managed policies.
    pub managed: &'a ManagedPolicies,
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
    calls: CallSums,
    tally: Tally,
    incidents: Spill<SpilledChange>,
}

struct Judge<'a> {
    task: &'a Backtest<'a>,
    filter: Filter,
    counts: Counts,
    history: History,
    /// Hashes of event ids.
    seen: HashSet<u64>,
    hashes: RandomState,
    spill: Spill<SpilledChange>,
    calls: Calls,
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
            calls: Calls::new().context("making a temporary file")?,
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
            Part::TooLong(start) if self.filter.is_write(start) => self.unknown_change(),
            Part::Record(_) | Part::TooLong(_) => {}
        }
        Ok(())
    }

    fn record(&mut self, record: &[u8]) -> anyhow::Result<()> {
        match change::read(record) {
            RecordKind::Other => {}
            RecordKind::Unreadable(call, event_id) => {
                let is_write = match call {
                    Some(call) => WatchedCall::DOCUMENT_WRITES.contains(&call),
                    None => self.filter.is_write(record),
                };
                match call {
                    _ if event_id.is_some_and(|event_id| !self.is_new(&event_id)) => {}
                    _ if is_write => self.unknown_change(),
                    Some(call) => self.calls.unreadable(call),
                    None => {}
                }
            }
            RecordKind::Step(event_id, step) if self.is_new(&event_id) => self.step(&step)?,
            RecordKind::Change(change) if self.is_new(&change.event_id) => self.change(&change)?,
            RecordKind::Step(..) | RecordKind::Change(_) => {}
        }
        Ok(())
    }

    fn unknown_change(&mut self) {
        self.counts.changes += 1;
        self.counts.unknown += 1;
    }

    fn step(&mut self, step: &Step) -> anyhow::Result<()> {
        let kept = self.calls.push(step);
        kept.context("writing the temporary file")
    }

    fn change(&mut self, change: &Change) -> anyhow::Result<()> {
        self.counts.changes += 1;
        let found = change.document.as_deref();
        let denies = found.is_some_and(denies);
        let found = found.map(|document| grants(document, self.task.restricted));
        let known = Known {
            restricted: matches!(found, Some(Some(_))),
            denies,
            is_all: found.is_some(),
        };
        let managed = match (&change.subject, &change.version) {
            (Subject::Managed(policy), Some(version)) => Some((policy.arn.as_str(), version)),
            _ => None,
        };
        if let (Some((arn, version)), Some(found)) = (managed, &found) {
            self.history
                .remember(arn, version, change.time, found.clone(), known);
        }
        let what = match (&change.subject, &change.version) {
            (Subject::Managed(policy), Some(version)) if change.in_force => {
                Some(What::Version(policy.arn.clone(), version.clone()))
            }
            (Subject::Inline(policy), _) => {
                let thing = Thing::Inline(policy.name.to_ascii_lowercase());
                Some(What::Given(policy.owner.clone(), thing, known))
            }
            _ => None,
        };
        if let Some(what) = what {
            self.step(&Step {
                account: change.account.clone(),
                time: change.time,
                what,
            })?;
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
        let kept = self.spill.push(spilled.second, &spilled);
        kept.context("writing the temporary file")
    }

    /// Judges the changes whose documents later records have, and counts.
    fn end(self) -> anyhow::Result<Outcome> {
        let Self {
            mut counts,
            history,
            spill,
            calls,
            ..
        } = self;
        let calls = calls.end(self.task, &history)?;
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
            incidents.push(change.second, &change)
        })?;
        Ok(Outcome {
            counts,
            calls,
            tally,
            incidents,
        })
    }
}

/// The grants of the version that a change put in force; `None` if no record has its document.
fn find(history: &History, change: &SpilledChange, version: &str) -> Option<Option<Rc<Grants>>> {
    let version = incident::VersionId::parse(version).ok()?;
    let time = incident::Timestamp::from_second(change.second).ok()?;
    let version = history.version(&change.subject, &version, time)?;
    Some(version.grants.clone())
}
