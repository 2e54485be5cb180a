//! One reading of a document: as JSON that the engine judges.

use std::fmt::Write as _;

use super::{Item, Piece, Shape, pattern};
use crate::source::Span;

/// What a reading takes the unknown parts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extreme {
    /// They grant as little as they can.
    Least,
    /// They grant as much as they can.
    Most,
}

/// A part that the verdict may depend on and that is not known.
#[derive(Debug)]
pub struct Unknown {
    /// A sentence without a full stop.
    pub reason: String,
    pub span: Span,
}

/// A document as one reading has it.
#[derive(Debug)]
pub struct Reading {
    pub text: String,
    pub unknown: Vec<Unknown>,
}

impl Reading {
    /// A document of which all is known.
    pub fn known(text: String) -> Self {
        Self {
            text,
            unknown: Vec::new(),
        }
    }
}

const ALLOW_ALL: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
const DENY_ALL: &str = r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#;

/// Reads a document.
pub fn read(document: &Item, extreme: Extreme) -> Reading {
    let mut reader = Reader {
        extreme,
        unknown: Vec::new(),
    };
    Reading {
        text: reader.document(document),
        unknown: reader.unknown,
    }
}

struct Reader {
    extreme: Extreme,
    unknown: Vec<Unknown>,
}

/// Whether a statement is to name as many actions as it can, or as few.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    Many,
    Few,
}

impl Reader {
    fn note(&mut self, subject: &str, what: &str, item: &Item) {
        self.unknown.push(Unknown {
            reason: format!("{subject} is not known before the deployment: {what}"),
            span: item.span.clone(),
        });
    }

    fn document(&mut self, document: &Item) -> String {
        let members = match &document.shape {
            Shape::Object(members) => members,
            Shape::Unknown(what) => {
                self.note("the document", what, document);
                return format!("{{\"Statement\":{}}}", self.anything());
            }
            _ => return json(document),
        };
        let read = members
            .iter()
            .filter_map(|(key, value)| match key.as_str() {
                "Statement" => Some((key, self.statements(value))),
                // What is not known here grants nothing.
                _ if has_unknown(value) => None,
                _ => Some((key, json(value))),
            });
        object(read.collect::<Vec<_>>())
    }

    /// A statement of which nothing is known.
    fn anything(&self) -> &'static str {
        match self.extreme {
            Extreme::Most => ALLOW_ALL,
            Extreme::Least => DENY_ALL,
        }
    }

    fn statements(&mut self, statements: &Item) -> String {
        match &statements.shape {
            Shape::List(list) if list.is_empty() => "[]".to_owned(),
            Shape::List(list) => {
                let list: Vec<String> = list.iter().map(|it| self.statement(it)).collect();
                format!("[{}]", list.join(","))
            }
            _ => self.statement(statements),
        }
    }

    fn statement(&mut self, statement: &Item) -> String {
        let members = match &statement.shape {
            Shape::Object(members) => members,
            Shape::Unknown(what) => {
                self.note("a statement", what, statement);
                return self.anything().to_owned();
            }
            _ => return json(statement),
        };
        let effect = statement.get("Effect");
        let effect = effect.map(|item| item.known_text().unwrap_or_else(|| self.effect(item)));
        let denies = effect.as_deref() == Some("Deny");
        let want = match (denies, self.extreme) {
            (false, Extreme::Most) | (true, Extreme::Least) => Want::Many,
            (false, Extreme::Least) | (true, Extreme::Most) => Want::Few,
        };
        let mut read: Vec<(&str, String)> = Vec::new();
        for (key, value) in members {
            let value = match (key.as_str(), &effect) {
                ("Effect", Some(effect)) => quoted(effect),
                ("Action", _) => self.actions(value, want, denies),
                ("NotAction", _) => self.not_actions(value, want),
                ("Resource", _) if denies => self.denied_resource(value, want),
                ("Condition", _) if denies => match self.denied_condition(value, want) {
                    Some(condition) => condition,
                    None => continue,
                },
                ("Condition", _) if matches!(value.shape, Shape::Unknown(_)) => {
                    r#"{"Unknown":{}}"#.to_owned()
                }
                _ => json(value),
            };
            read.push((key, value));
        }
        object(read)
    }

    /// An effect that is not known.
    fn effect(&mut self, effect: &Item) -> String {
        match &effect.shape {
            Shape::Text(pieces) => self.note("Effect", &as_code(pieces), effect),
            Shape::Unknown(what) => self.note("Effect", what, effect),
            // The engine says what is wrong with it.
            _ => return String::new(),
        }
        match self.extreme {
            Extreme::Most => "Allow",
            Extreme::Least => "Deny",
        }
        .to_owned()
    }

    fn actions(&mut self, action: &Item, want: Want, denies: bool) -> String {
        let widest = match denies {
            true => pattern::widest_denied,
            false => pattern::widest,
        };
        self.entries("Action", action, |entry| match want {
            Want::Many => widest(entry),
            Want::Few => Vec::new(),
        })
    }

    /// What is left out is the fewer, the more the statement is to name.
    fn not_actions(&mut self, action: &Item, want: Want) -> String {
        self.entries("NotAction", action, |entry| match want {
            Want::Many => Vec::new(),
            Want::Few => pattern::widest(entry),
        })
    }

    /// The entries, with `replace` in place of those that are not known.
    fn entries(
        &mut self,
        element: &str,
        item: &Item,
        replace: impl Fn(&Item) -> Vec<String>,
    ) -> String {
        let mut read = Vec::new();
        for entry in item.one_or_many() {
            let what = match &entry.shape {
                Shape::Unknown(what) => what.clone(),
                Shape::Text(pieces) if pieces.iter().any(|it| matches!(it, Piece::Hole(_))) => {
                    as_code(pieces)
                }
                _ => {
                    read.push(json(entry));
                    continue;
                }
            };
            self.note(element, &what, entry);
            read.extend(replace(entry).iter().map(|text| quoted(text)));
        }
        match (&item.shape, read.as_slice()) {
            // What is wrong with a value that is no list stays wrong.
            (Shape::List(_) | Shape::Unknown(_), _) | (_, []) => format!("[{}]", read.join(",")),
            (_, [one]) => one.clone(),
            (_, several) => format!("[{}]", several.join(",")),
        }
    }

    /// Only a `Deny` on all resources certainly takes away.
    fn denied_resource(&mut self, resource: &Item, want: Want) -> String {
        let entries = resource.one_or_many();
        if entries
            .iter()
            .any(|it| it.known_text().as_deref() == Some("*"))
        {
            return json(resource);
        }
        if let Some(entry) = entries.iter().find(|entry| can_be_all(entry)) {
            self.note(
                "whether a Deny holds for all resources",
                &described(entry),
                entry,
            );
            return match want {
                Want::Many => "\"*\"".to_owned(),
                Want::Few => "\"arn:*\"".to_owned(),
            };
        }
        json(resource)
    }

    fn denied_condition(&mut self, condition: &Item, want: Want) -> Option<String> {
        let Shape::Unknown(what) = &condition.shape else {
            return Some(json(condition));
        };
        self.note("the Condition of a Deny", what, condition);
        (want == Want::Few).then(|| r#"{"Unknown":{}}"#.to_owned())
    }
}

/// Whether the entry of `Resource` can turn out to be `*`.
fn can_be_all(entry: &Item) -> bool {
    match &entry.shape {
        Shape::Unknown(_) => true,
        Shape::Text(pieces) => {
            let has_hole = pieces.iter().any(|piece| matches!(piece, Piece::Hole(_)));
            has_hole && matches!(pattern::joined(pieces, "").as_str(), "" | "*")
        }
        _ => false,
    }
}

fn described(item: &Item) -> String {
    match &item.shape {
        Shape::Unknown(what) => what.clone(),
        Shape::Text(pieces) => as_code(pieces),
        _ => String::new(),
    }
}

fn as_code(pieces: &[Piece]) -> String {
    format!("`{}`", pattern::as_written(pieces))
}

fn has_unknown(item: &Item) -> bool {
    match &item.shape {
        Shape::Unknown(_) => true,
        Shape::Text(pieces) => pieces.iter().any(|piece| matches!(piece, Piece::Hole(_))),
        Shape::List(entries) => entries.iter().any(has_unknown),
        Shape::Object(members) => members.iter().any(|(_, value)| has_unknown(value)),
        Shape::Null | Shape::Plain(_) => false,
    }
}

/// The value as JSON, with what is not known as the file has it.
pub(super) fn json(item: &Item) -> String {
    match &item.shape {
        Shape::Null => "null".to_owned(),
        Shape::Plain(json) => json.clone(),
        Shape::Text(pieces) => quoted(&pattern::as_written(pieces)),
        Shape::Unknown(what) => quoted(what),
        Shape::List(entries) => {
            let entries: Vec<String> = entries.iter().map(json).collect();
            format!("[{}]", entries.join(","))
        }
        Shape::Object(members) => {
            let members = members.iter().map(|(key, value)| (key, json(value)));
            object(members.collect::<Vec<_>>())
        }
    }
}

fn object(members: impl IntoIterator<Item = (impl AsRef<str>, String)>) -> String {
    let mut text = String::from("{");
    for (at, (key, value)) in members.into_iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        // Writing to a string does not fail.
        let _never = write!(text, "{comma}{}:{value}", quoted(key.as_ref()));
    }
    text.push('}');
    text
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
