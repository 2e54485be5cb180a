//! The bounds of a document, as JSON that the engine judges.

use std::fmt::Write as _;

use super::{Item, Piece, Shape, pattern};
use crate::verdict::{LocatedReason, Reason};

/// What the unknown parts of a document are assumed to grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// As little as they can.
    Lower,
    /// As much as they can.
    Upper,
}

/// A bound of a document, with the unknown parts that the verdict may depend on.
#[derive(Debug)]
pub(super) struct BoundedDocument {
    pub(super) text: String,
    pub(super) unknown: Vec<LocatedReason>,
}

const ALLOW_ALL: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
const DENY_ALL: &str = r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#;

/// Writes one bound of a document.
pub(super) fn bounded(document: &Item, bound: Bound) -> BoundedDocument {
    let mut writer = BoundWriter {
        bound,
        unknown: Vec::new(),
    };
    BoundedDocument {
        text: writer.document(document),
        unknown: writer.unknown,
    }
}

struct BoundWriter {
    bound: Bound,
    unknown: Vec<LocatedReason>,
}

/// Whether a statement names as many actions as it can, or as few.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    Many,
    Few,
}

impl BoundWriter {
    fn unknown(&mut self, what_is: &str, what: &str, item: &Item) {
        let reason = format!("{what_is} is not known before the deployment: {what}");
        self.unknown.push(LocatedReason {
            reason: Reason::Unknown(reason),
            span: item.span.clone(),
        });
    }

    fn document(&mut self, document: &Item) -> String {
        let members = match &document.shape {
            Shape::Object(members) => members,
            Shape::Unknown(what) => {
                self.unknown("the document", what, document);
                return format!("{{\"Statement\":{}}}", self.anything());
            }
            _ => return json(document),
        };
        let read = members
            .iter()
            .filter_map(|(key, value)| match key.as_str() {
                "Statement" => Some((key, self.statements(value))),
                // Other members, such as `Id`, grant nothing, so an unknown one is left out.
                _ if has_unknown(value) => None,
                _ => Some((key, json(value))),
            });
        object(read.collect::<Vec<_>>())
    }

    /// A statement in place of an unknown one.
    fn anything(&self) -> &'static str {
        match self.bound {
            Bound::Upper => ALLOW_ALL,
            Bound::Lower => DENY_ALL,
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
                self.unknown("a statement", what, statement);
                return self.anything().to_owned();
            }
            _ => return json(statement),
        };
        let effect = statement.get("Effect");
        let effect = effect.map(|item| item.known_text().unwrap_or_else(|| self.effect(item)));
        let denies = effect.as_deref() == Some("Deny");
        // A `Deny` works against the grants, so its bound is the other one.
        let want = match (denies, self.bound) {
            (false, Bound::Upper) | (true, Bound::Lower) => Want::Many,
            (false, Bound::Lower) | (true, Bound::Upper) => Want::Few,
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

    /// An effect in place of an unknown one.
    fn effect(&mut self, effect: &Item) -> String {
        match &effect.shape {
            Shape::Text(pieces) => self.unknown("Effect", &as_code(pieces), effect),
            Shape::Unknown(what) => self.unknown("Effect", what, effect),
            // The engine reports what is wrong with it.
            _ => return String::new(),
        }
        match self.bound {
            Bound::Upper => "Allow",
            Bound::Lower => "Deny",
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

    /// `NotAction` names what the statement leaves out, so it has few entries where the statement
    /// names many actions.
    fn not_actions(&mut self, action: &Item, want: Want) -> String {
        self.entries("NotAction", action, |entry| match want {
            Want::Many => Vec::new(),
            Want::Few => pattern::widest(entry),
        })
    }

    /// The entries, with the result of `replace` in place of each unknown one.
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
                Shape::Text(pieces) if has_hole(pieces) => as_code(pieces),
                _ => {
                    read.push(json(entry));
                    continue;
                }
            };
            self.unknown(element, &what, entry);
            read.extend(replace(entry).iter().map(|text| quoted(text)));
        }
        match (&item.shape, read.as_slice()) {
            // A wrong value that is not a list stays as it is, so the engine still refuses it.
            (Shape::List(_) | Shape::Unknown(_), _) | (_, []) => format!("[{}]", read.join(",")),
            (_, [one]) => one.clone(),
            (_, several) => format!("[{}]", several.join(",")),
        }
    }

    /// The resource of a `Deny`. The engine subtracts a `Deny` only if it covers all resources, so
    /// an unknown entry matters only if it can turn out to be `*`.
    fn denied_resource(&mut self, resource: &Item, want: Want) -> String {
        let entries = resource.one_or_many();
        if entries
            .iter()
            .any(|it| it.known_text().as_deref() == Some("*"))
        {
            return json(resource);
        }
        if let Some(entry) = entries.iter().find(|entry| can_be_all(entry)) {
            self.unknown(
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
        self.unknown("the Condition of a Deny", what, condition);
        (want == Want::Few).then(|| r#"{"Unknown":{}}"#.to_owned())
    }
}

/// Whether an entry of `Resource` can turn out to be `*`.
fn can_be_all(entry: &Item) -> bool {
    match &entry.shape {
        Shape::Unknown(_) => true,
        Shape::Text(pieces) => {
            let is_name = |piece: &Piece| matches!(piece, Piece::Name(_));
            has_hole(pieces)
                && !pieces.iter().any(is_name)
                && matches!(pattern::joined(pieces, "").as_str(), "" | "*")
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

fn has_hole(pieces: &[Piece]) -> bool {
    pieces.iter().any(|piece| piece.known().is_none())
}

fn has_unknown(item: &Item) -> bool {
    match &item.shape {
        Shape::Unknown(_) => true,
        Shape::Text(pieces) => has_hole(pieces),
        Shape::List(entries) => entries.iter().any(has_unknown),
        Shape::Object(members) => members.iter().any(|(_, value)| has_unknown(value)),
        Shape::Null | Shape::Plain(_) => false,
    }
}

/// The value as JSON, with unknown parts as the file has them.
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
