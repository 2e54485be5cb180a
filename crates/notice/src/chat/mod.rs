//! A notice as a message for a chat, in the form of Amazon Q Developer in chat applications.
//!
//! That service drops everything else silently (Amazon Q Developer in chat applications
//! Administrator Guide, "Custom notifications"), so a test compares each message with
//! `testdata/chat/schema.json`. A message is made of a [`Notice`] alone, so it cannot have a link
//! that decides.

mod markdown;

use percent_encoding::utf8_percent_encode;
use serde::Serialize;

use self::markdown::{code, prose};
use crate::console::NAME;
use crate::{Fact, Kind, Label, Notice};

/// The longest title and summary, in characters.
const MAX_TITLE: usize = 300;
/// The longest description, in characters. A person reads no more in a chat.
const MAX_DESCRIPTION: usize = 3_000;
/// The longest value, in characters.
const MAX_VALUE: usize = 300;
/// The longest sentence of advice, in characters.
const MAX_STEP: usize = 500;
/// The most values of one fact.
const MAX_VALUES: usize = 10;
/// The most sentences of advice.
const MAX_ADVICE: usize = 6;

/// A message for a chat. The messages of one execution are in one thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChatMessage {
    version: &'static str,
    source: &'static str,
    content: Content,
    metadata: Metadata,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    text_type: &'static str,
    title: String,
    description: String,
    next_steps: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    keywords: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    thread_id: String,
    summary: String,
    event_type: &'static str,
}

impl ChatMessage {
    #[must_use]
    pub fn of(notice: &Notice) -> Self {
        let response = notice.facts.get(Label::Response);
        Self {
            version: "1.0",
            source: "custom",
            content: Content {
                text_type: "client-markdown",
                title: title(&notice.title),
                description: description(notice),
                next_steps: next_steps(notice),
                keywords: response
                    .map(|it| prose(it.value(), MAX_TITLE))
                    .into_iter()
                    .collect(),
            },
            metadata: Metadata {
                thread_id: utf8_percent_encode(notice.execution.name(), NAME).to_string(),
                summary: title(&notice.headline),
                event_type: notice.kind.into(),
            },
        }
    }

    /// The message as SNS takes it.
    #[must_use]
    pub fn to_json(&self) -> String {
        // A message has only texts, which are always JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A sentence that is short enough for a title after each dot of it can have brackets.
fn title(text: &str) -> String {
    let short = prose(text, MAX_TITLE);
    if short.chars().count() <= MAX_TITLE {
        return short;
    }
    prose(text, MAX_TITLE / 3 - 1)
}

/// The headline, and a line for each fact as long as there is room.
fn description(notice: &Notice) -> String {
    /// What the last line may take.
    const ROOM: usize = 60;
    let mut text = prose(&notice.headline, 4 * MAX_VALUE);
    text.push('\n');
    let mut length = text.chars().count();
    let mut left_out = 0;
    for fact in notice.facts.iter() {
        let line = line(fact);
        length += line.chars().count();
        if left_out > 0 || length > MAX_DESCRIPTION - ROOM {
            left_out += 1;
        } else {
            text.push_str(&line);
        }
    }
    if left_out > 0 {
        text.push_str(&format!("\n- and {left_out} more facts in the e-mail"));
    }
    text
}

fn line(fact: &Fact) -> String {
    let shown = |value: &String| match fact.label {
        // Sentences and words of our own.
        Label::InForce | Label::HeldBy | Label::Gets | Label::Response | Label::Decision => {
            prose(value, MAX_VALUE)
        }
        _ => code(value, MAX_VALUE),
    };
    let values: Vec<String> = fact.values.iter().take(MAX_VALUES).map(shown).collect();
    let more = match fact.values.len().saturating_sub(MAX_VALUES) + fact.more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("\n- {}: {}{more}", fact.label.name(), values.join(", "))
}

/// What the reader can do, and where to look.
fn next_steps(notice: &Notice) -> Vec<String> {
    let mut steps: Vec<String> = notice
        .advice
        .iter()
        .take(MAX_ADVICE)
        .map(|advice| prose(advice, MAX_STEP))
        .collect();
    steps.push(
        match notice.kind {
            Kind::Request => {
                "Decide in the e-mail to the administrator, which also has the whole document. Only its links decide, and this message has none."
            }
            Kind::Decision => {
                "How the incident ends follows here, and in an e-mail to the administrator with the details."
            }
            Kind::Outcome | Kind::Report | Kind::Failure => {
                "The e-mail to the administrator has the details and the commands."
            }
        }
        .to_owned(),
    );
    steps.push(format!(
        "The execution, with every step: {}",
        notice.console_link()
    ));
    steps
}
