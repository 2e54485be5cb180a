//! The reports of a backtest.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use anyhow::Context as _;
use askama::Template;
use clap::ValueEnum;
use iam_policy::{ActionPattern, Response, RestrictedActions};
use serde::Serialize;

use super::sources::Files;
use super::spill::SpilledChange;
use super::{Backtest, Counts, Outcome};

/// How the report is written
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Sums and a chart for people
    #[default]
    Text,
    /// One JSON object with every incident
    Json,
}

/// The length of each list of names.
const SHOWN: usize = 10;
/// The most incidents that the page shows.
const SHOWN_INCIDENTS: usize = 1_000;

impl Outcome {
    /// How many changes the guard would have contained, asked about and only reported.
    fn by_response(&self) -> (u64, u64, u64) {
        let asked = self.tally.asked;
        let contained = self.tally.incidents.saturating_sub(asked);
        (contained, asked, self.counts.reported)
    }

    pub(super) fn write(self, task: &Backtest<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
        let summary = Summary::new(&self, task);
        if task.format == Format::Text {
            summary.text(out)?;
            self.calls.text(out)?;
        }
        let mut first = Vec::new();
        let mut json = match task.format {
            Format::Json => Some(JsonReport::begin(out, &self, task.restricted)?),
            Format::Text => None,
        };
        let wants_page = task.html.is_some();
        let restricted = task.restricted;
        self.incidents.take(|incident| {
            let incident = Incident::new(incident, restricted);
            if let Some(json) = &mut json {
                json.incident(&incident)?;
            }
            if wants_page && first.len() < SHOWN_INCIDENTS {
                first.push(incident);
            }
            Ok(())
        })?;
        if let Some(mut json) = json {
            if has_others(restricted) {
                json.begin_reported()?;
                let reported = self.reported;
                reported.take(|change| json.incident(&Incident::new(change, restricted)))?;
            }
            json.end()?;
        }
        if let Some(path) = task.html {
            let writing = || format!("writing {}", path.display());
            let mut file = BufWriter::new(File::create(path).with_context(writing)?);
            let shown = u64::try_from(first.len())?;
            let page = Page {
                more: summary.incidents.saturating_sub(shown),
                summary,
                incidents: first,
            };
            page.write_into(&mut file)
                .map_err(anyhow::Error::from)
                .with_context(writing)?;
            file.flush().with_context(writing)?;
        }
        Ok(())
    }
}

/// Whether some of the patterns have another response than to contain.
fn has_others(restricted: &RestrictedActions) -> bool {
    let mut all = restricted.with_responses();
    all.any(|(_, response)| response != Response::Contain)
}

/// An incident, or a change that is only reported, as the reports show it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Incident {
    event_id: String,
    time: String,
    actor: String,
    #[serde(rename = "target")]
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Response>,
    patterns: Vec<String>,
    #[serde(skip)]
    entries: Box<[Box<str>]>,
}

impl Incident {
    fn new(spilled: SpilledChange, restricted: &RestrictedActions) -> Self {
        let patterns = spilled.patterns.iter();
        let patterns = patterns.filter_map(|index| restricted.patterns().get(usize::from(*index)));
        Self {
            event_id: spilled.event_id,
            time: spilled.time,
            actor: spilled.actor,
            subject: spilled.subject,
            response: Some(spilled.response).filter(|it| *it != Response::Contain),
            patterns: patterns.map(ActionPattern::to_string).collect(),
            entries: spilled.entries,
        }
    }
}

/// The JSON object, which is written incident by incident.
struct JsonReport<'o> {
    out: &'o mut dyn Write,
    separator: &'static str,
}

impl<'o> JsonReport<'o> {
    fn begin(
        out: &'o mut dyn Write,
        found: &Outcome,
        lists: &RestrictedActions,
    ) -> io::Result<Self> {
        let Counts {
            records,
            changes,
            restricted,
            unknown,
            unreadable,
            ..
        } = found.counts;
        let Files {
            logs,
            empty,
            digests,
            passed_over,
            ..
        } = found.files;
        write!(
            out,
            r#"{{"records":{records},"changes":{changes},"restricted":{restricted},"unknown":{unknown},"unreadable":{unreadable},"files":{{"logs":{logs},"empty":{empty},"digests":{digests},"passedOver":{passed_over}}},"calls":"#
        )?;
        serde_json::to_writer(&mut *out, &found.calls)?;
        if has_others(lists) {
            let (contained, asked, reported) = found.by_response();
            write!(
                out,
                r#","responses":{{"contain":{contained},"ask":{asked},"report":{reported}}}"#
            )?;
        }
        write!(out, r#","incidents":["#)?;
        let separator = "\n";
        Ok(Self { out, separator })
    }

    /// The changes that are only reported come after the incidents.
    fn begin_reported(&mut self) -> io::Result<()> {
        self.separator = "\n";
        write!(self.out, r#"],"reported":["#)
    }

    fn incident(&mut self, incident: &Incident) -> io::Result<()> {
        self.out.write_all(self.separator.as_bytes())?;
        self.separator = ",\n";
        Ok(serde_json::to_writer(&mut *self.out, incident)?)
    }

    fn end(self) -> io::Result<()> {
        writeln!(self.out, "]}}")
    }
}

/// A name with its count, and the count as a percentage of the highest one.
#[derive(Debug)]
struct Bar {
    name: String,
    count: u64,
    percent: u64,
}

fn bars(counts: impl IntoIterator<Item = (String, u64)>) -> Vec<Bar> {
    let counts: Vec<(String, u64)> = counts.into_iter().collect();
    let highest = counts.iter().map(|(_, count)| *count).max();
    let highest = highest.unwrap_or(1).max(1);
    let bar = |(name, count): (String, u64)| Bar {
        name,
        count,
        percent: count * 100 / highest,
    };
    counts.into_iter().map(bar).collect()
}

/// The highest counts, and the sum of all others.
#[derive(Debug)]
struct Highest {
    bars: Vec<Bar>,
    others: u64,
}

impl Highest {
    fn new((most, others): (Vec<(&str, u64)>, u64)) -> Self {
        let most = most.into_iter();
        Self {
            bars: bars(most.map(|(name, count)| (name.to_owned(), count))),
            others,
        }
    }

    /// The patterns of the list that were counted at all.
    fn of_patterns(list: &RestrictedActions, counts: &[u64]) -> Self {
        let patterns = list.patterns().iter().zip(counts);
        let mut patterns: Vec<(String, u64)> = patterns
            .filter(|(_, count)| **count > 0)
            .map(|(pattern, count)| (pattern.to_string(), *count))
            .collect();
        patterns.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let rest = patterns.split_off(SHOWN.min(patterns.len()));
        Self {
            others: rest.iter().map(|(_, count)| count).sum(),
            bars: bars(patterns),
        }
    }

    fn text(&self, title: &str, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\n{title}")?;
        chart(&self.bars, out)?;
        if self.others > 0 {
            writeln!(out, "  {} others", self.others)?;
        }
        Ok(())
    }
}

/// The content that text and page share.
#[derive(Debug)]
struct Summary {
    counts: Counts,
    /// The files without records; empty if there are none.
    passed_over: String,
    incidents: u64,
    /// How many changes the guard would have contained, asked about and only reported; empty if it
    /// contains everything.
    responses: String,
    restricted: String,
    period: &'static str,
    periods: Vec<Bar>,
    actors: Highest,
    patterns: Highest,
    entries: Highest,
    /// The restricted patterns of changes that are only reported.
    reported: Highest,
    /// Roles and users to exempt first, each with the count of incidents that would remain.
    exempt_first: Vec<(String, u64)>,
}

impl Summary {
    fn new(found: &Outcome, task: &Backtest<'_>) -> Self {
        let tally = &found.tally;
        let (contained, asked, reported) = found.by_response();
        let (period, periods) = tally.periods();
        let (most, _) = tally.actors.most(SHOWN);
        let mut left = tally.incidents;
        let exempt_first = most
            .into_iter()
            .filter(|(arn, count)| is_exemptible(arn) && *count > 1)
            .take(3)
            .map(|(arn, count)| {
                left = left.saturating_sub(count);
                (arn.to_owned(), left)
            });
        Self {
            counts: found.counts,
            passed_over: found.files.passed_over(),
            incidents: tally.incidents,
            responses: match has_others(task.restricted) {
                true => format!(
                    "the guard would have contained {contained}, asked about {asked} and only reported {reported}"
                ),
                false => String::new(),
            },
            restricted: task.restricted.to_string(),
            period,
            periods: bars(periods),
            exempt_first: exempt_first.collect(),
            actors: Highest::new(tally.actors.most(SHOWN)),
            patterns: Highest::of_patterns(task.restricted, &tally.patterns),
            reported: Highest::of_patterns(task.restricted, &tally.reported_patterns),
            entries: Highest::new(tally.entries.most(SHOWN)),
        }
    }

    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let Counts {
            records,
            changes,
            restricted,
            unknown,
            unreadable,
            exempt,
            ..
        } = self.counts;
        let incidents = self.incidents;
        writeln!(
            out,
            "{records} records, {changes} of them changes of policies\n\
             {restricted} restricted, {unknown} not known, because no record has the document\n\
             {incidents} incidents; {exempt} changes by exempt principals"
        )?;
        if !self.responses.is_empty() {
            writeln!(out, "{}", self.responses)?;
        }
        if unreadable > 0 {
            writeln!(
                out,
                "{unreadable} records are cut or lack what every record has"
            )?;
        }
        if !self.passed_over.is_empty() {
            writeln!(out, "passed over: {}", self.passed_over)?;
        }
        if incidents > 0 {
            self.incidents(out)?;
        }
        if !self.reported.bars.is_empty() {
            self.reported
                .text("Only reported, by restricted pattern", out)?;
        }
        Ok(())
    }

    fn incidents(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\nIncidents by {}", self.period)?;
        chart(&self.periods, out)?;
        for (title, highest) in [
            ("Incidents by principal", &self.actors),
            ("Incidents by restricted pattern", &self.patterns),
            ("What would have been taken out", &self.entries),
        ] {
            highest.text(title, out)?;
        }
        if !self.exempt_first.is_empty() {
            writeln!(out, "\nExempt first, if these may do what they did")?;
            for (arn, left) in &self.exempt_first {
                writeln!(out, "  {arn} ({left} incidents left)")?;
            }
        }
        Ok(())
    }
}

/// Whether an exemption can name the principal. It can name roles and users, but neither the root
/// user nor a service.
fn is_exemptible(arn: &str) -> bool {
    arn.contains(":role/") || arn.contains(":user/")
}

fn chart(bars: &[Bar], out: &mut dyn Write) -> io::Result<()> {
    const WIDTH: u64 = 30;
    let name = |bar: &Bar| bar.name.chars().count();
    let widest = bars.iter().map(name).max().unwrap_or(0).min(70);
    let digits = |bar: &Bar| bar.count.to_string().len();
    let digits = bars.iter().map(digits).max().unwrap_or(1);
    for bar in bars {
        let length = (bar.percent * WIDTH / 100).max(1);
        let line = "#".repeat(usize::try_from(length).unwrap_or(1));
        let Bar { name, count, .. } = bar;
        writeln!(out, "  {name:widest$}  {count:>digits$}  {line}")?;
    }
    Ok(())
}

#[derive(Template)]
#[template(path = "backtest.html")]
struct Page {
    summary: Summary,
    incidents: Vec<Incident>,
    more: u64,
}
