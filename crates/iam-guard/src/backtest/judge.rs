//! Judges the records, and counts.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::rc::Rc;

use anyhow::Context as _;
use incident::{Subject, WatchedCall};
use memchr::memmem::Finder;

use super::calls::Calls;
use super::change::{self, Change, Grants, RecordKind, denies, grants, principal, subject_name};
use super::history::History;
use super::holdings::Known;
use super::progress::Progress;
use super::read::{self, Content, Filter};
use super::sources::{self, FileKind, Files};
use super::spill::{Spill, SpilledChange};
use super::split::Part;
use super::step::{Step, Thing, What};
use super::tally::Tally;
use super::wrapped::{self, Found};
use super::{Backtest, Counts, Outcome, cut};

/// The most records whose duplicates are recognized.
const MAX_SEEN: usize = 300_000;

/// What is known of the file that is being read.
#[derive(Clone, Copy)]
struct FileMarks {
    /// Whether it has no value at all.
    is_blank: bool,
    is_digest: bool,
    /// Values that break off, are too long or are not JSON.
    broken: u64,
}

impl Default for FileMarks {
    fn default() -> Self {
        Self {
            is_blank: true,
            is_digest: false,
            broken: 0,
        }
    }
}

pub(super) struct Judge<'a> {
    task: &'a Backtest<'a>,
    filter: Filter,
    digest: Finder<'static>,
    counts: Counts,
    file: FileMarks,
    history: History,
    /// Hashes of event ids.
    seen: HashSet<u64>,
    hashes: RandomState,
    spill: Spill<SpilledChange>,
    calls: Calls,
}

impl<'a> Judge<'a> {
    pub(super) fn new(task: &'a Backtest<'a>) -> anyhow::Result<Self> {
        Ok(Self {
            task,
            filter: Filter::new(),
            digest: Finder::new("\"digestStartTime\""),
            counts: Counts::default(),
            file: FileMarks::default(),
            history: History::default(),
            seen: HashSet::new(),
            hashes: RandomState::new(),
            spill: Spill::new().context("making a temporary file")?,
            calls: Calls::new().context("making a temporary file")?,
        })
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

    /// Judges the records of a file. Returns what the file is, and what is wrong with it.
    pub(super) fn file(
        &mut self,
        path: &Path,
        is_in_folder: bool,
        progress: &Progress,
    ) -> anyhow::Result<(FileKind, Option<String>)> {
        let before = self.counts.records;
        self.file = FileMarks::default();
        let is_json = !is_in_folder || sources::is_json(path);
        let content = read::read(path, is_json, progress, |part| self.part(part))?;
        let has_record = self.counts.records > before;
        let FileMarks {
            is_blank,
            is_digest,
            broken,
        } = self.file;
        let name = path.display();
        let cannot = |problem: &str| {
            let problem = format!("cannot read {name}: {problem}");
            Ok((FileKind::Broken, Some(problem)))
        };
        match content {
            Err(error) => cannot(&error.to_string()),
            Ok(Content::Json { is_cut: true, .. }) if has_record || is_json => {
                cannot("it ends in the middle of a record")
            }
            Ok(_) if has_record && broken > 0 => cannot(&format!(
                "{broken} values in it are cut, too long or not JSON"
            )),
            Ok(_) if has_record => Ok((FileKind::Log, None)),
            Ok(_) if is_digest => Ok((FileKind::Digest, None)),
            Ok(Content::Json {
                has_records: true, ..
            }) => Ok((FileKind::Empty, None)),
            Ok(_) if is_blank && sources::is_delivered(path) => Ok((FileKind::Empty, None)),
            Ok(_) if is_in_folder && sources::is_delivered(path) => {
                let problem = format!("{name}: no CloudTrail record was found in it");
                Ok((FileKind::Broken, Some(problem)))
            }
            Ok(_) => Ok((FileKind::Other, None)),
        }
    }

    fn part(&mut self, part: Part<'_>) -> anyhow::Result<()> {
        self.file.is_blank = false;
        match part {
            Part::Whole(text, true) if !self.filter.is_candidate(text) => {
                self.counts.records += 1;
                Ok(())
            }
            Part::Whole(text, is_record) if wrapped::mentions_record(text) => {
                match wrapped::records(text, &self.filter) {
                    Ok(found) => found.into_iter().try_for_each(|found| self.found(found)),
                    Err(_) => self.part(Part::Cut(text, is_record)),
                }
            }
            Part::Whole(text, _) => {
                self.file.is_digest |= self.digest.find(text).is_some();
                Ok(())
            }
            Part::Cut(text, is_record) => {
                self.file.broken += 1;
                self.rest(cut::read(text, is_record))
            }
            // What is not kept of it can be anything.
            Part::TooLong(text) if wrapped::mentions_record(text) => {
                self.file.broken += 1;
                self.rest(Some(RecordKind::Unreadable(None, None)))
            }
            Part::TooLong(_) => Ok(()),
        }
    }

    fn found(&mut self, found: Found) -> anyhow::Result<()> {
        match found {
            Found::Record(record) => self.rest(Some(change::read(record))),
            Found::Rest(kind) => self.rest(Some(kind)),
        }
    }

    fn rest(&mut self, kind: Option<RecordKind>) -> anyhow::Result<()> {
        self.counts.records += u64::from(kind.is_some());
        match kind {
            None | Some(RecordKind::Other) => {}
            Some(RecordKind::Unreadable(call, event_id)) => {
                if event_id.is_some_and(|event_id| !self.is_new(&event_id)) {
                    return Ok(());
                }
                self.counts.unreadable += 1;
                match call.filter(|call| !WatchedCall::DOCUMENT_WRITES.contains(call)) {
                    Some(call) => self.calls.unreadable(call),
                    None => self.unknown_change(),
                }
            }
            Some(RecordKind::Step(event_id, step)) if self.is_new(&event_id) => self.step(&step)?,
            Some(RecordKind::Change(change)) if self.is_new(&change.event_id) => {
                self.change(&change)?;
            }
            Some(RecordKind::Step(..) | RecordKind::Change(_)) => {}
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
            response: found.map(|it| it.response).unwrap_or_default(),
            patterns: found.map(|it| it.patterns.clone()).unwrap_or_default(),
            entries: found.map(|it| it.entries.clone()).unwrap_or_default(),
            version,
        };
        let kept = self.spill.push(spilled.second, &spilled);
        kept.context("writing the temporary file")
    }

    /// Judges the changes whose documents later records have, and counts.
    pub(super) fn end(self, files: Files) -> anyhow::Result<Outcome> {
        let Self {
            mut counts,
            history,
            spill,
            calls,
            ..
        } = self;
        let calls = calls.end(self.task, &history)?;
        let mut tally = Tally::new(self.task.restricted.patterns().len());
        let (mut incidents, mut reported) = (Spill::new()?, Spill::new()?);
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
                change.response = found.response;
                change.patterns.clone_from(&found.patterns);
                change.entries.clone_from(&found.entries);
            }
            if !change.response.removes() {
                counts.reported += 1;
                tally.add_reported(&change);
                return reported.push(change.second, &change);
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
            files,
            calls,
            tally,
            incidents,
            reported,
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
