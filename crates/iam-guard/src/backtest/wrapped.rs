//! Finds the CloudTrail records in what exports make of them.
//!
//! A record may stand in members of any name, and in strings that are JSON themselves. An export
//! may also take a record apart into columns.

use std::borrow::Cow;
use std::collections::HashMap;

use incident::WatchedCall;
use memchr::memmem::find;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::change::RecordKind;
use super::cut;
use super::read::Filter;
use super::split::{Part, Splitter};

/// The most strings around a record: a queue, a topic, an event, and one to spare.
const MAX_TEXTS: usize = 4;

/// The members in which callers can write what they like. No record is looked for in them.
const OF_CALLERS: [&str; 5] = [
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "serviceEventDetails",
    "userAgent",
];

/// Something that was found.
#[derive(Debug)]
pub(super) enum Found {
    /// A record as CloudTrail stores it, as EventBridge delivers it, or what columns have of it.
    Record(Value),
    /// What the rest of a record says.
    Rest(RecordKind),
}

impl Found {
    fn has_request(&self) -> bool {
        match self {
            Self::Record(record) => record
                .get("detail")
                .unwrap_or(record)
                .get("requestParameters")
                .is_some_and(Value::is_object),
            Self::Rest(_) => false,
        }
    }
}

/// What a text has if there may be a record in it, a part of one, or columns of one: `eventName`,
/// `EventName` of other exports, and what stands before it.
const NAMES: [&[u8]; 5] = [
    b"ventName",
    b"eventname",
    b"cloudtrail",
    b"eventVersion",
    b"eventID",
];

/// Whether there may be a record in a text. Searching is much faster than parsing.
pub(super) fn mentions_record(text: &[u8]) -> bool {
    NAMES.iter().any(|name| find(text, name).is_some())
}

/// The records in a JSON text, each once.
pub(super) fn records(text: &[u8], filter: &Filter) -> serde_json::Result<Vec<Found>> {
    let mut search = Search::with(filter);
    search.value(serde_json::from_slice(text)?, MAX_TEXTS);
    Ok(search.found)
}

/// All that counts of a record about something else.
#[derive(Deserialize)]
struct Other<'t> {
    #[serde(rename = "eventID", borrow)]
    id: Cow<'t, str>,
}

struct Search<'f> {
    filter: &'f Filter,
    found: Vec<Found>,
    /// The places of the records with event ids.
    places: HashMap<String, usize>,
    /// Records that were found, with repeated ones.
    count: usize,
}

impl<'f> Search<'f> {
    fn with(filter: &'f Filter) -> Self {
        Self {
            filter,
            found: Vec::new(),
            places: HashMap::new(),
            count: 0,
        }
    }

    fn part(&mut self, part: Part<'_>, texts: usize) {
        match part {
            Part::Whole(text, _) if !mentions_record(text) => {}
            // Parsing them whole would take most of the time.
            Part::Whole(text, true) if !self.filter.is_candidate(text) => {
                match serde_json::from_slice::<Other<'_>>(text) {
                    Ok(other) => self.push(Found::Rest(RecordKind::Other), Some(&other.id)),
                    Err(_) => self.cut(text, true),
                }
            }
            Part::Whole(text, is_record) => match serde_json::from_slice(text) {
                Ok(value) => self.value(value, texts),
                Err(_) => self.cut(text, is_record),
            },
            Part::Cut(text, is_record) => self.cut(text, is_record),
            Part::TooLong(text) => self.cut(text, false),
        }
    }

    fn cut(&mut self, text: &[u8], is_record: bool) {
        if let Some(kind) = cut::read(text, is_record) {
            self.count += 1;
            self.found.push(Found::Rest(kind));
        }
    }

    fn value(&mut self, value: Value, texts: usize) {
        match value {
            Value::Object(members) => self.object(members, texts),
            Value::Array(values) => match row(&values) {
                Some(columns) => self.object(columns, texts),
                None => values.into_iter().for_each(|it| self.value(it, texts)),
            },
            Value::String(text) => self.text(&text, texts),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn object(&mut self, members: Map<String, Value>, texts: usize) {
        if is_record(&members) {
            let record = self
                .original(&members, texts)
                .unwrap_or(Value::Object(members));
            return self.record(record);
        }
        let detail = members.get("detail").and_then(Value::as_object);
        if detail.is_some_and(is_record) && text(&members, "account").is_some() {
            return self.record(Value::Object(members));
        }
        let before = self.count;
        let columns = columns(&members);
        let has_name = text(&members, "eventName").is_some();
        let mut rest = Map::new();
        for (key, value) in members {
            // The columns are needed only if there is no record.
            if columns.is_some() {
                rest.insert(key.clone(), value.clone());
            }
            if !(has_name && OF_CALLERS.contains(&key.as_str())) {
                self.value(value, texts);
            }
        }
        if self.count > before {
            return;
        }
        match columns {
            Some(Columns::OfRecord) => self.record(Value::Object(rest)),
            Some(Columns::Renamed(call, id)) => {
                let rest = Found::Rest(RecordKind::Unreadable(Some(call), id.clone()));
                self.push(rest, id.as_deref());
            }
            None => {}
        }
    }

    fn record(&mut self, record: Value) {
        let id = event_id(&record).map(str::to_owned);
        self.push(Found::Record(record), id.as_deref());
    }

    /// Takes what was found, unless it is there already with as much.
    fn push(&mut self, found: Found, id: Option<&str>) {
        self.count += 1;
        let place = id.and_then(|id| self.places.get(id));
        match place.and_then(|place| self.found.get_mut(*place)) {
            Some(earlier) if found.has_request() && !earlier.has_request() => *earlier = found,
            Some(_) => {}
            None => {
                if let Some(id) = id {
                    self.places.insert(id.to_owned(), self.found.len());
                }
                self.found.push(found);
            }
        }
    }

    /// The record that an export keeps as a text beside its members.
    fn original(&self, members: &Map<String, Value>, texts: usize) -> Option<Value> {
        let id = text(members, "eventID")?;
        let own = members
            .iter()
            .filter(|(key, _)| !OF_CALLERS.contains(&key.as_str()));
        let found = own.filter_map(|(_, value)| {
            let mut search = Search::with(self.filter);
            search.text(value.as_str()?, texts);
            Some(search.found)
        });
        found.flatten().find_map(|found| match found {
            Found::Record(record) if event_id(&record) == Some(id) => Some(record),
            Found::Record(_) | Found::Rest(_) => None,
        })
    }

    /// A string can have anything before and after a record, such as a time.
    fn text(&mut self, text: &str, texts: usize) {
        if !mentions_record(text.as_bytes()) {
            return;
        }
        let Some(texts) = texts.checked_sub(1) else {
            return self.cut(text.as_bytes(), false);
        };
        let mut splitter = Splitter::default();
        splitter.feed(text.as_bytes(), |part| self.part(part, texts));
        splitter.finish(|part| self.part(part, texts));
    }
}

fn text<'m>(members: &'m Map<String, Value>, key: &str) -> Option<&'m str> {
    members.get(key).and_then(Value::as_str)
}

fn event_id(record: &Value) -> Option<&str> {
    let record = record.get("detail").unwrap_or(record);
    record.get("eventID").and_then(Value::as_str)
}

/// Whether an object has the members of every record.
fn is_record(members: &Map<String, Value>) -> bool {
    let has = |key| text(members, key).is_some();
    let is_insight = text(members, "eventType") == Some("AwsCloudTrailInsight");
    has("eventID") && has("eventTime") && (is_insight || has("eventName") && has("eventSource"))
}

/// The columns of a row, as CloudTrail Lake and CloudWatch Logs Insights answer with them: each is
/// an object with one member, or with `field` and `value`.
fn row(values: &[Value]) -> Option<Map<String, Value>> {
    let mut columns = Map::new();
    for value in values {
        let column = value.as_object()?;
        let mut members = column.iter();
        let (key, value) = match (text(column, "field"), column.get("value")) {
            (Some(key), Some(value)) if column.len() == 2 => (key, value),
            _ => match (members.next(), members.next()) {
                (Some((key, value)), None) => (key.as_str(), value),
                _ => return None,
            },
        };
        // In a list of records, all elements have the same member.
        if columns.insert(key.to_owned(), value.clone()).is_some() {
            return None;
        }
    }
    Some(columns)
}

/// What columns have of the record of a watched call.
enum Columns {
    /// Members of the record under their own names.
    OfRecord,
    /// Members under other names, which nothing here reads, and the event id.
    Renamed(WatchedCall, Option<String>),
}

fn columns(members: &Map<String, Value>) -> Option<Columns> {
    let call = |name: Option<&str>| name.and_then(WatchedCall::from_event_name);
    let is_iam = |source: Option<&str>| source.is_none_or(|it| it == "iam.amazonaws.com");
    if call(text(members, "eventName")).is_some() {
        return Some(Columns::OfRecord);
    }
    let renamed = [
        ["EventName", "EventSource", "EventId"],
        ["eventname", "eventsource", "eventid"],
    ];
    for names in renamed {
        let [name, source, id] = names.map(|key| text(members, key));
        if let Some(call) = call(name).filter(|_| is_iam(source)) {
            return Some(Columns::Renamed(call, id.map(str::to_owned)));
        }
    }
    let is_cloudtrail = members.contains_key("aws.cloudtrail")
        || members.keys().any(|key| key.starts_with("aws.cloudtrail."))
        || members
            .get("aws")
            .is_some_and(|it| it.get("cloudtrail").is_some());
    // The names of the Elastic Common Schema.
    let [name, source, id, outcome] =
        ["action", "provider", "id", "outcome"].map(|key| of_event(members, key));
    let is_concerned = is_cloudtrail && is_iam(source) && outcome != Some("failure");
    let call = call(name).filter(|_| is_concerned)?;
    Some(Columns::Renamed(call, id.map(str::to_owned)))
}

/// A member of `event`, which answers of Elasticsearch have nested, with a dot, or as a list.
fn of_event<'m>(members: &'m Map<String, Value>, key: &str) -> Option<&'m str> {
    let nested = members.get("event").and_then(|event| event.get(key));
    let value = nested.or_else(|| members.get(&format!("event.{key}")))?;
    value.get(0).unwrap_or(value).as_str()
}
