//! Policy documents.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserializer};
use serde::ser::{self, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::{DocumentError, Place};
use crate::message::Short;
use crate::statement::{self, Member, Statement};
use crate::text::{compact, decode_document, quota_size};

/// The statement of a document whose statements were all removed: IAM accepts no document without
/// one.
pub(crate) const GRANTS_NOTHING_STATEMENT: &str =
    r#"{"Effect":"Allow","NotAction":"*","Resource":"*"}"#;

/// A policy document as IAM accepts it ("Grammar of the IAM JSON policy language").
///
/// [`str::parse`] reads a document from its JSON text, or from the percent-encoded text that the
/// Get calls of IAM return. A text that is not JSON, or not a document by the grammar, is an error
/// that names the statement and the key and says what must be there.
///
/// The order of members and the keys outside the grammar are preserved, and every unchanged part is
/// written back as it was, except for white space between tokens.
///
/// `serde_json` reads a document from an object, or from a string that holds the text, and writes
/// an object. Other serde formats cannot keep the text of a document, and fail.
///
/// ```
/// use iam_policy::PolicyDocument;
///
/// let text = r#"{ "Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"} }"#;
/// let document: PolicyDocument = text.parse()?;
/// assert_eq!(document.statements().len(), 1);
/// assert_eq!(
///     document.to_json(),
///     r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}"#,
/// );
/// # Ok::<(), iam_policy::DocumentError>(())
/// ```
#[derive(Clone, Debug)]
pub struct PolicyDocument {
    /// All members. The member `Statement` holds only the first character of its value.
    pub(crate) members: Vec<Member>,
    pub(crate) statements: Vec<Statement>,
}

impl FromStr for PolicyDocument {
    type Err = DocumentError;

    fn from_str(text: &str) -> Result<PolicyDocument, DocumentError> {
        let text = decode_document(text);
        let place = Place::Document;
        let members = statement::object(place, &text)?;
        let mut statements = None;
        for (key, value) in &members {
            match key.as_ref() {
                "Version" => version(value)?,
                "Statement" => statements = Some(read_statements(value, Statement::parse)?),
                _ => {}
            }
        }
        let statements = statements.ok_or(DocumentError::Missing {
            place,
            expected: "`Statement`",
        })?;
        Ok(PolicyDocument {
            members: members
                .into_iter()
                .map(|(key, value)| Member {
                    json: if key == "Statement" {
                        value.get().get(..1)
                    } else {
                        Some(value.get())
                    }
                    .unwrap_or_default()
                    .into(),
                    key: statement::own_key(key),
                })
                .collect(),
            statements,
        })
    }
}

impl PolicyDocument {
    /// The statements, in their order.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The document as JSON without white space between tokens.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.write(|_, statement| Some(write_object(statement.members())))
    }

    /// The document with each statement as `write` makes it, without the statements that become
    /// `None`.
    pub(crate) fn write(&self, write: impl Fn(usize, &Statement) -> Option<String>) -> String {
        let statements: Vec<String> = self
            .statements
            .iter()
            .enumerate()
            .filter_map(|(index, statement)| write(index, statement))
            .collect();
        self.write_with(&match statements.as_slice() {
            [] => format!("[{GRANTS_NOTHING_STATEMENT}]"),
            [one] if self.has_lone_statement() => one.clone(),
            statements => format!("[{}]", statements.join(",")),
        })
    }

    /// The document with this as the value of `Statement`.
    pub(crate) fn write_with(&self, statements: &str) -> String {
        write_object(self.members.iter().map(|member| match member.key.as_ref() {
            "Statement" => ("Statement", statements),
            key => (key, &*member.json),
        }))
    }

    /// Returns true if the statement is written without brackets.
    pub(crate) fn has_lone_statement(&self) -> bool {
        let mut members = self.members.iter();
        members.any(|member| member.key == "Statement" && &*member.json == "{")
    }

    /// The number of characters that count against IAM's quota.
    #[must_use]
    pub fn size(&self) -> usize {
        quota_size(&self.to_json())
    }
}

/// The document as JSON without white space between tokens.
impl fmt::Display for PolicyDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

impl Serialize for PolicyDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_json())
            .map_err(ser::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PolicyDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PolicyDocument, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        match crate::json::string(raw.get()) {
            Some(text) => text.parse(),
            None => raw.get().parse(),
        }
        .map_err(de::Error::custom)
    }
}

/// The object with these members, without white space between tokens.
pub(crate) fn write_object<'m>(members: impl IntoIterator<Item = (&'m str, &'m str)>) -> String {
    let mut json = String::from("{");
    for (at, (key, value)) in members.into_iter().enumerate() {
        if at > 0 {
            json.push(',');
        }
        json.push_str(&quoted(key));
        json.push(':');
        json.push_str(&compact(value));
    }
    json.push('}');
    json
}

/// The text as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The statements of a document, each read by `parse` from its index and its text.
pub(crate) fn read_statements<T>(
    value: &RawValue,
    parse: impl Fn(usize, &RawValue) -> Result<T, DocumentError>,
) -> Result<Vec<T>, DocumentError> {
    let json = value.get();
    if json.starts_with('{') {
        return Ok(vec![parse(0, value)?]);
    }
    let place = Place::Document;
    let wrong = |found: &str| DocumentError::Value {
        place,
        key: "Statement".to_owned(),
        found: found.to_owned(),
        expected: "an object or an array of objects",
    };
    if !json.starts_with('[') {
        return Err(wrong(crate::json::kind(json)));
    }
    let list: Vec<&RawValue> = serde_json::from_str(json).map_err(DocumentError::NotJson)?;
    if list.is_empty() {
        return Err(wrong("an empty array"));
    }
    list.iter()
        .enumerate()
        .map(|(index, raw)| parse(index, raw))
        .collect()
}

pub(crate) fn version(value: &RawValue) -> Result<(), DocumentError> {
    match serde_json::from_str::<crate::json::Text<'_>>(value.get()) {
        Ok(text) if matches!(text.0.as_ref(), "2012-10-17" | "2008-10-17") => Ok(()),
        _ => Err(DocumentError::Value {
            place: Place::Document,
            key: "Version".to_owned(),
            found: format!("`{}`", Short(value.get())),
            expected: "`\"2012-10-17\"` or `\"2008-10-17\"`",
        }),
    }
}
