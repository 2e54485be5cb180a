//! What a document means, in a form that can be compared.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{PolicyDocument, Statement};

/// A document without what makes no difference.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    version: String,
    /// The statements, sorted; a repeated one counts as often as it stands there.
    statements: Vec<BTreeMap<String, Part>>,
    /// All other members.
    others: BTreeMap<String, Value>,
}

/// The value of one key of a statement.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// A list whose order does not matter, or one string.
    Set(BTreeSet<String>),
    /// A condition: operator, key, values.
    Condition(BTreeMap<String, BTreeMap<String, BTreeSet<String>>>),
    /// Anything else, as JSON with sorted keys.
    Json(String),
}

pub(crate) fn of(document: &PolicyDocument) -> Meaning {
    // "IAM JSON policy elements: Version": this is the version of a document that names none.
    let mut version = "2008-10-17".to_owned();
    let mut others = BTreeMap::new();
    for member in &document.members {
        match (member.key.as_ref(), value(&member.json)) {
            ("Version", Value::String(named)) => version = named,
            ("Statement", _) => {}
            (key, value) => {
                others.insert(key.to_owned(), value);
            }
        }
    }
    let mut statements: Vec<_> = document.statements().iter().map(statement).collect();
    statements.sort();
    Meaning {
        version,
        statements,
        others,
    }
}

fn statement(statement: &Statement) -> BTreeMap<String, Part> {
    statement
        .members()
        .filter_map(|(key, json_text)| {
            let part = match (key, value(json_text)) {
                ("Action" | "NotAction", _) => Part::Set(
                    statement
                        .patterns()
                        .iter()
                        .map(|pattern| pattern.normal().iter().collect())
                        .collect(),
                ),
                ("Resource" | "NotResource", value) => {
                    strings(&value).map_or_else(|| json(&value), Part::Set)
                }
                // No condition is none; an operator without keys is not known to be.
                ("Condition", Value::Object(operators)) if operators.is_empty() => return None,
                ("Condition", value) => {
                    condition(&value).map_or_else(|| json(&value), Part::Condition)
                }
                (_, value) => json(&value),
            };
            Some((key.to_owned(), part))
        })
        .collect()
}

fn condition(value: &Value) -> Option<BTreeMap<String, BTreeMap<String, BTreeSet<String>>>> {
    let keys = |keys: &Value| -> Option<BTreeMap<String, BTreeSet<String>>> {
        keys.as_object()?
            .iter()
            .map(|(key, values)| Some((key.clone(), strings(values)?)))
            .collect()
    };
    value
        .as_object()?
        .iter()
        .map(|(operator, value)| Some((operator.clone(), keys(value)?)))
        .collect()
}

/// The entries of a list or a lone value; quotation marks around numbers and booleans are optional ("Grammar of the IAM
/// JSON policy language").
fn strings(value: &Value) -> Option<BTreeSet<String>> {
    let string = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    match value {
        Value::Array(values) => values.iter().map(string).collect(),
        value => Some(BTreeSet::from([string(value)?])),
    }
}

fn json(value: &Value) -> Part {
    Part::Json(value.to_string())
}

/// A member's value; that it can be read was found when the document was.
fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|_| Value::String(json.to_owned()))
}
