//! The canonical form of a document, by which two documents are compared.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;

use crate::json::{Members, string};
use crate::{PolicyDocument, Statement};

/// A document without the differences that have no effect.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Canonical {
    pub(crate) version: String,
    /// The statements, sorted; repeated ones are kept.
    pub(crate) statements: Vec<BTreeMap<String, Part>>,
    /// All other members.
    pub(crate) others: BTreeMap<String, Value>,
}

/// The value of one key of a statement.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// A list whose order does not matter, or one string.
    Set(BTreeSet<String>),
    /// The principals of a trust policy, by their kind.
    Principals(BTreeMap<String, BTreeSet<String>>),
    /// A condition: operator, key, values.
    Condition(BTreeMap<String, BTreeMap<String, BTreeSet<String>>>),
    Other(Value),
}

impl Part {
    /// Whether it is the `Deny` of an `Effect`.
    pub(crate) fn is_deny(&self) -> bool {
        matches!(self, Part::Other(Value::String(effect)) if effect == "Deny")
    }
}

impl PolicyDocument {
    /// Returns true if the two documents are equivalent, however they are written.
    ///
    /// IAM may restructure a document that it returns ("Troubleshooting IAM policies"). The
    /// comparison therefore ignores whether a list of one is a list, the order of keys, statements
    /// and entries, repeated entries, and the letter case of actions. Documents that may differ in
    /// effect are not equivalent.
    #[must_use]
    pub fn is_equivalent(&self, other: &PolicyDocument) -> bool {
        form(self) == form(other)
    }

    /// A text that is the same for equivalent documents, to find them by. It can differ from one
    /// version of this crate to the next.
    ///
    /// Two documents are equivalent only if [`PolicyDocument::is_equivalent`] says so.
    #[must_use]
    pub fn canonical_text(&self) -> String {
        format!("{:?}", form(self))
    }
}

fn form(document: &PolicyDocument) -> Canonical {
    // A document without a version has this one ("IAM JSON policy elements: Version").
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
    // IAM evaluates all statements and ignores their order.
    let mut statements: Vec<_> = document.statements().iter().map(statement).collect();
    statements.sort();
    Canonical {
        version,
        statements,
        others,
    }
}

/// The members of a statement, without the differences that have no effect.
pub(crate) fn statement(statement: &Statement) -> BTreeMap<String, Part> {
    statement
        .members()
        .filter_map(|(key, json)| {
            let part = match (key, value(json)) {
                ("Action" | "NotAction", _) => Part::Set(
                    statement
                        .patterns()
                        .iter()
                        .map(|pattern| pattern.normal().iter().collect())
                        .collect(),
                ),
                ("Resource" | "NotResource", value) => {
                    strings(&value).map_or_else(|| Part::Other(value), Part::Set)
                }
                // An empty condition is no condition. Whether an operator without keys has an
                // effect is undocumented, so it stays.
                ("Condition", Value::Object(operators)) if operators.is_empty() => return None,
                ("Condition", value) => {
                    condition(&value).map_or_else(|| Part::Other(value), Part::Condition)
                }
                (_, value) => Part::Other(value),
            };
            Some((key.to_owned(), part))
        })
        .collect()
}

/// The form of a trust policy, which has principals and no resources; `None` if it has no
/// statements. [`crate::trust`] has read the text.
pub(crate) fn trust_form(text: &str) -> Option<Canonical> {
    let Value::Object(mut others) = value(text) else {
        return None;
    };
    let version = match others.remove("Version") {
        Some(Value::String(named)) => named,
        _ => "2008-10-17".to_owned(),
    };
    let statements = match others.remove("Statement")? {
        Value::Array(statements) => statements,
        statement => vec![statement],
    };
    let statements = statements.into_iter().map(trust_statement);
    Some(Canonical {
        version,
        statements: statements.collect::<Option<_>>()?,
        others,
    })
}

fn trust_statement(statement: Value) -> Option<BTreeMap<String, Part>> {
    let Value::Object(members) = statement else {
        return None;
    };
    let part = |key: &str, value: Value| {
        Some(match (key, value) {
            ("Action" | "NotAction", value) => match strings(&value) {
                Some(actions) => {
                    Part::Set(actions.iter().map(|it| it.to_ascii_lowercase()).collect())
                }
                None => Part::Other(value),
            },
            // It means the same as under `AWS` ("AWS JSON policy elements: Principal").
            ("Principal" | "NotPrincipal", Value::String(all)) if all == "*" => {
                Part::Principals(BTreeMap::from([("AWS".to_owned(), BTreeSet::from([all]))]))
            }
            ("Principal" | "NotPrincipal", value) => {
                sets(&value).map_or_else(|| Part::Other(value), Part::Principals)
            }
            ("Condition", Value::Object(operators)) if operators.is_empty() => return None,
            ("Condition", value) => {
                condition(&value).map_or_else(|| Part::Other(value), Part::Condition)
            }
            (_, value) => Part::Other(value),
        })
    };
    let parts = members
        .into_iter()
        .filter_map(|(key, value)| part(&key, value).map(|part| (key, part)));
    Some(parts.collect())
}

fn condition(value: &Value) -> Option<BTreeMap<String, BTreeMap<String, BTreeSet<String>>>> {
    let Value::Object(operators) = value else {
        return None;
    };
    operators
        .iter()
        .map(|(operator, value)| Some((operator.clone(), sets(value)?)))
        .collect()
}

/// The lists of an object, each a list or a lone value.
fn sets(value: &Value) -> Option<BTreeMap<String, BTreeSet<String>>> {
    let Value::Object(members) = value else {
        return None;
    };
    members
        .iter()
        .map(|(key, values)| Some((key.clone(), strings(values)?)))
        .collect()
}

/// The entries of a list or a lone value. Quotation marks around numbers and booleans are optional
/// ("Grammar of the IAM JSON policy language").
fn strings(value: &Value) -> Option<BTreeSet<String>> {
    let string = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Literal(text) if text != "null" => Some(text.clone()),
        Value::Literal(_) | Value::Array(_) | Value::Object(_) => None,
    };
    match value {
        Value::Array(values) => values.iter().map(string).collect(),
        value => Some(BTreeSet::from([string(value)?])),
    }
}

/// A JSON value that keeps numbers as text: a float would take two close numbers for the same.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    /// A number, a boolean or null, as it is written.
    Literal(String),
    String(String),
    Array(Vec<Value>),
    /// No key repeats: the reader of the document has checked it.
    Object(BTreeMap<String, Value>),
}

/// The value of a member. The reader of the document has checked that it is JSON.
fn value(json: &str) -> Value {
    let json = json.trim();
    let read = match json.as_bytes().first() {
        Some(b'{') => serde_json::from_str(json).ok().map(|Members(members)| {
            let members = members.into_iter();
            let read = members.map(|(key, raw)| (key.into_owned(), value(raw.get())));
            Value::Object(read.collect())
        }),
        Some(b'[') => serde_json::from_str(json).ok().map(|list: Vec<&RawValue>| {
            let values = list.into_iter().map(|raw| value(raw.get()));
            Value::Array(values.collect())
        }),
        Some(b'"') => string(json).map(|text| Value::String(text.into_owned())),
        _ => None,
    };
    read.unwrap_or_else(|| Value::Literal(json.to_owned()))
}
