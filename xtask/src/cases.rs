//! Prints the cases of a month: what `revert` wrote about each decided incident.
//!
//! `FilterLogEvents` reads all streams of the log group and any number of lines. The local AWS
//! answers it with all lines, so each line is looked at once more.

use std::collections::HashSet;
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use local_aws::report;
use serde_json::Value;

use crate::account::Account;
use crate::deployed::Deployed;

/// The output of the stack that names the log group.
const OUTPUT: &str = "CaseLogGroup";
/// The lines that are cases, for CloudWatch Logs.
const PATTERN: &str = "{ $.case = 1 }";
/// The characters of a cell in the table, except the last one. `JSON=1` has all of them.
const WIDEST: usize = 100;

/// One month in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    first: Date,
}

impl FromStr for Month {
    type Err = anyhow::Error;

    /// Reads a month such as `2026-11`.
    fn from_str(text: &str) -> Result<Self> {
        match format!("{text}-01").parse() {
            Ok(first) => Ok(Self { first }),
            Err(_) => bail!("`{text}` is not a month: write it as MONTH=2026-11"),
        }
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.first.year(), self.first.month())
    }
}

impl Month {
    /// The month that it is now.
    #[must_use]
    pub fn now() -> Self {
        let date = TimeZone::UTC.to_datetime(Timestamp::now()).date();
        Self {
            first: date.first_of_month(),
        }
    }

    /// The first and the last millisecond since 1970.
    fn milliseconds(self) -> Result<[i64; 2]> {
        let begin = |date: Date| {
            let begin = TimeZone::UTC.to_timestamp(date.into());
            begin.map(Timestamp::as_millisecond)
        };
        let after = self.first.last_of_month().tomorrow();
        let after = after.and_then(begin).context("the month has no end")?;
        Ok([begin(self.first)?, after - 1])
    }
}

/// Which cases are read.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The month in which the incidents ended.
    pub month: Month,
    /// A part of what is known about the caller who made the change.
    pub actor: String,
    /// A part of the subject, or of its unique id.
    pub subject: String,
}

impl Wanted {
    fn nothing(&self, stack: &str) -> String {
        let month = self.month;
        if self.actor.is_empty() && self.subject.is_empty() {
            return format!("No incident of the stack `{stack}` was decided in {month}.");
        }
        format!("No case of the stack `{stack}` in {month} is about that actor and that subject.")
    }

    fn is_met_by(&self, case: &Case) -> bool {
        let has = |wanted: &str, members: [&str; 2]| {
            let wanted = wanted.to_lowercase();
            let mut texts = members.into_iter().filter_map(|it| case.members.get(it));
            wanted.is_empty() || texts.any(|it| it.to_string().to_lowercase().contains(&wanted))
        };
        has(&self.actor, ["actor", "caller"]) && has(&self.subject, ["subject", "identity"])
    }
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// The line as `revert` wrote it.
    pub line: String,
    members: Value,
}

impl Case {
    /// Reads a line of the log; `None` if it is not a case.
    fn read(line: &str) -> Option<Self> {
        let members: Value = serde_json::from_str(line).ok()?;
        (members.get("case")?.as_u64()? == 1).then(|| Self {
            line: one_line(line),
            members,
        })
    }

    /// A member that is a text, without what a terminal would obey.
    #[must_use]
    pub fn text(&self, member: &str) -> String {
        let text = self.members.get(member).and_then(Value::as_str);
        visible(text.unwrap_or_default())
    }

    /// A member that is a time, to the second.
    fn time(&self, member: &str) -> String {
        let text = self.text(member);
        text.parse().map_or(text, |time: Timestamp| {
            time.strftime("%Y-%m-%d %H:%M:%S").to_string()
        })
    }

    /// What stays the same if the function wrote the case twice: everything but its end. A line
    /// that someone else wrote can be older than the case, and must not hide it.
    fn key(&self) -> String {
        let mut members = self.members.clone();
        if let Some(members) = members.as_object_mut() {
            members.remove("ended");
        }
        members.to_string()
    }

    fn cells(&self) -> [String; 5] {
        [
            shortened(self.time("ended")),
            shortened(self.text("outcome")),
            shortened(self.text("actor")),
            shortened(format!("{} {}", self.text("event"), self.text("subject"))),
            self.decision(),
        ]
    }

    /// Who decided and why, as far as the guard knows: an answer has an address, and no name.
    fn decision(&self) -> String {
        let (action, decided, from) =
            (self.text("action"), self.time("decided"), self.text("from"));
        if decided.is_empty() {
            return match action.as_str() {
                "expire" => "no one decided".to_owned(),
                _ => format!("{action}, not by the pages"),
            };
        }
        let mut words = format!("{action} at {decided}");
        for (before, text) in [
            (" from ", from),
            (", until ", self.time("until")),
            (", in ", self.text("before")),
            (": ", self.text("reason")),
        ] {
            if !text.is_empty() {
                words.push_str(before);
                words.push_str(&text);
            }
        }
        words
    }
}

/// Reads the cases of a stack, in the order in which they were written, and each one once.
///
/// # Errors
///
/// Fails if the stack is older than cases are, or if AWS refuses.
pub async fn read(account: &Account, stack: &Deployed, wanted: &Wanted) -> Result<Vec<Case>> {
    let Ok(group) = stack.output(OUTPUT) else {
        bail!(
            "the stack `{}` has no output `{OUTPUT}`, so its version writes no cases: deploy this version first",
            stack.name
        );
    };
    let [from, to] = wanted.month.milliseconds()?.map(|it| it.to_string());
    let options = ["--log-group-name", group, "--filter-pattern", PATTERN];
    let options = [&options[..], &["--start-time", &from, "--end-time", &to]].concat();
    let read = account.call("logs filter-log-events", &options).await?;
    let events = read.get("events").and_then(Value::as_array);
    let events = events.context("CloudWatch Logs answers without events")?;
    Ok(of_events(events, wanted))
}

fn of_events(events: &[Value], wanted: &Wanted) -> Vec<Case> {
    let time = |event: &&Value| event.get("timestamp").and_then(Value::as_i64);
    let mut events: Vec<&Value> = events.iter().collect();
    events.sort_by_key(time);
    let messages = events.iter().filter_map(|it| it.get("message")?.as_str());
    let mut seen = HashSet::new();
    messages
        .filter_map(Case::read)
        .filter(|case| seen.insert(case.key()) && wanted.is_met_by(case))
        .collect()
}

/// The cases as a table.
#[must_use]
pub fn table(cases: &[Case]) -> Vec<String> {
    const HEADER: [&str; 5] = ["ended (UTC)", "outcome", "written by", "what", "decided"];
    let mut rows = vec![HEADER.map(str::to_owned)];
    rows.extend(cases.iter().map(Case::cells));
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; 5]| {
        let cells = row.iter().zip(widths);
        let cells = cells.map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// Prints the cases, as a table or as lines of JSON.
pub async fn run(account: &Account, stack: &Deployed, wanted: &Wanted, json: bool) -> Result<()> {
    let cases = read(account, stack, wanted).await?;
    if json {
        for case in &cases {
            report::line(&case.line);
        }
    } else if cases.is_empty() {
        report::line(&wanted.nothing(&stack.name));
    } else {
        for line in table(&cases) {
            report::line(&line);
        }
    }
    Ok(())
}

/// The same JSON without line breaks between its tokens, which a line that someone else wrote can
/// have.
fn one_line(text: &str) -> String {
    let mut line = Vec::new();
    let mut from = serde_json::Deserializer::from_str(text);
    let written =
        serde_transcode::transcode(&mut from, &mut serde_json::Serializer::new(&mut line));
    match (written, String::from_utf8(line)) {
        (Ok(()), Ok(line)) => line,
        _ => visible(text),
    }
}

fn shortened(cell: String) -> String {
    if cell.chars().count() <= WIDEST {
        return cell;
    }
    let mut cut: String = cell.chars().take(WIDEST - 1).collect();
    cut.push('…');
    cut
}

/// A text in which nothing moves the cursor or turns the direction of writing.
fn visible(text: &str) -> String {
    let is_formatting = |c| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let shown = |c: char| match c {
        c if c.is_control() || is_formatting(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests;
