//! One statement of a document.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use serde_json::value::RawValue;

use crate::ActionPattern;
use crate::error::{DocumentError, Place};
use crate::json::{self, Members, Text};
use crate::message::Short;

/// `Allow` or `Deny`.
///
/// No other effect exists, so callers may match without another arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The statement grants.
    Allow,
    /// The statement denies, in this policy and all others.
    Deny,
}

/// A key and its value as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) key: Cow<'static, str>,
    pub(crate) json: Box<str>,
}

/// A statement: the elements that the engine interprets, and all members as they are written.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The JSON text of the whole statement.
    text: Box<str>,
    /// The keys, and the ranges of their values in the text.
    members: Vec<(Cow<'static, str>, Range<usize>)>,
    sid: Option<String>,
    effect: Effect,
    action: ActionElement,
    resource: ResourceElement,
    conditional: bool,
    has_unknown_key: bool,
}

/// The `Action` or `NotAction` of a statement.
#[derive(Clone, Debug)]
pub(crate) struct ActionElement {
    /// Whether it is `NotAction`.
    pub(crate) negated: bool,
    pub(crate) patterns: Vec<ActionPattern>,
}

/// The part of `Resource` or `NotResource` that matters to the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResourceElement {
    /// `Resource` with `*` among its entries: all resources.
    All,
    /// `Resource` without an entry: no resource at all.
    None,
    /// Anything else.
    Narrow,
}

impl Statement {
    pub(crate) fn parse(index: usize, raw: &RawValue) -> Result<Statement, DocumentError> {
        Reader {
            place: Place::Statement(index),
        }
        .statement(raw.get())
    }

    /// The statement's identifier, if it has one.
    #[must_use]
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// The effect: grant or deny.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The entries of `Action` or `NotAction`.
    #[must_use]
    pub fn patterns(&self) -> &[ActionPattern] {
        &self.action.patterns
    }

    /// Returns true for `NotAction`: the statement applies to every action that its patterns do not
    /// name.
    #[must_use]
    pub fn is_negated(&self) -> bool {
        self.action.negated
    }

    /// Returns true if there is a condition.
    ///
    /// `"Condition": {}` is no condition. An operator without keys counts as one, because its
    /// meaning is undocumented.
    #[must_use]
    pub fn is_conditional(&self) -> bool {
        self.conditional
    }

    /// Returns true if the statement applies to less than all resources.
    #[must_use]
    pub fn is_narrowed(&self) -> bool {
        self.resource != ResourceElement::All
    }

    /// The statement as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The keys and their values as they are written, in their order.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members
            .iter()
            .map(|(key, at)| (key.as_ref(), self.text.get(at.clone()).unwrap_or_default()))
    }

    /// The `Sid` for a report: `None` if it is empty, and only the first characters of a long one.
    pub(crate) fn label(&self) -> Option<String> {
        self.sid()
            .filter(|sid| !sid.is_empty())
            .map(|sid| Short(sid).to_string())
    }

    /// Returns true if the statement has a key that this crate does not interpret.
    pub(crate) fn has_unknown_key(&self) -> bool {
        self.has_unknown_key
    }

    pub(crate) fn resource(&self) -> ResourceElement {
        self.resource
    }
}

/// Reads the elements that the statements of all kinds of policies have.
pub(crate) struct Reader {
    pub(crate) place: Place,
}

impl Reader {
    fn statement(&self, json: &str) -> Result<Statement, DocumentError> {
        let place = self.place;
        let members = object(place, json)?;
        let mut sid = None;
        let mut effect = None;
        let mut action = None;
        let mut resource = None;
        let mut conditional = false;
        let mut has_unknown_key = false;
        for (key, value) in &members {
            let key = key.as_ref();
            match key {
                "Sid" => sid = Some(self.string(key, value)?.into_owned()),
                "Effect" => effect = Some(self.effect(value)?),
                "Action" | "NotAction" => {
                    if action.is_some() {
                        return Err(DocumentError::Both {
                            place,
                            first: "Action",
                            second: "NotAction",
                        });
                    }
                    action = Some(ActionElement {
                        negated: key == "NotAction",
                        patterns: self.patterns(key, value)?,
                    });
                }
                "Resource" | "NotResource" => {
                    if resource.is_some() {
                        return Err(DocumentError::Both {
                            place,
                            first: "Resource",
                            second: "NotResource",
                        });
                    }
                    resource = Some(self.resource(key, value)?);
                }
                "Condition" => conditional = self.condition(value)?,
                _ => has_unknown_key = true,
            }
        }
        let missing = |expected| DocumentError::Missing { place, expected };
        Ok(Statement {
            sid,
            effect: effect.ok_or_else(|| missing("`Effect`"))?,
            action: action.ok_or_else(|| missing("`Action` or `NotAction`"))?,
            resource: resource.ok_or_else(|| missing("`Resource` or `NotResource`"))?,
            conditional,
            has_unknown_key,
            members: members
                .into_iter()
                .map(|(key, value)| (own_key(key), range_in(json, value.get())))
                .collect(),
            text: json.into(),
        })
    }

    pub(crate) fn effect(&self, value: &RawValue) -> Result<Effect, DocumentError> {
        match self.string("Effect", value)?.as_ref() {
            "Allow" => Ok(Effect::Allow),
            "Deny" => Ok(Effect::Deny),
            _ => Err(self.wrong(
                "Effect",
                format!("`{}`", Short(value.get())),
                "`\"Allow\"` or `\"Deny\"`, in this letter case",
            )),
        }
    }

    pub(crate) fn patterns(
        &self,
        key: &str,
        value: &RawValue,
    ) -> Result<Vec<ActionPattern>, DocumentError> {
        self.strings(key, value, |text| {
            text.parse().map_err(|source| DocumentError::Action {
                place: self.place,
                key: key.to_owned(),
                source,
            })
        })
    }

    fn resource(&self, key: &str, value: &RawValue) -> Result<ResourceElement, DocumentError> {
        let mut all = false;
        let entries = self.strings(key, value, |text| {
            all |= text == "*";
            Ok(())
        })?;
        Ok(match key {
            "Resource" if all => ResourceElement::All,
            "Resource" if entries.is_empty() => ResourceElement::None,
            _ => ResourceElement::Narrow,
        })
    }

    fn condition(&self, value: &RawValue) -> Result<bool, DocumentError> {
        match serde_json::from_str::<Members<'_>>(value.get()) {
            Ok(Members(operators)) => Ok(!operators.is_empty()),
            Err(_) => Err(self.wrong("Condition", json::kind(value.get()).to_owned(), "an object")),
        }
    }

    /// The entries of a value that is a string or an array of strings.
    fn strings<T>(
        &self,
        key: &str,
        value: &RawValue,
        mut read: impl FnMut(&str) -> Result<T, DocumentError>,
    ) -> Result<Vec<T>, DocumentError> {
        let expected = "a string or an array of strings";
        if value.get().starts_with('"') {
            return Ok(vec![read(&self.string(key, value)?)?]);
        }
        match serde_json::from_str::<Vec<Text<'_>>>(value.get()) {
            Ok(entries) => entries.iter().map(|Text(text)| read(text)).collect(),
            Err(_) if value.get().starts_with('[') => Err(self.wrong(
                key,
                "an array with another kind of entry".to_owned(),
                expected,
            )),
            Err(_) => Err(self.wrong(key, json::kind(value.get()).to_owned(), expected)),
        }
    }

    pub(crate) fn string<'a>(
        &self,
        key: &str,
        value: &'a RawValue,
    ) -> Result<Cow<'a, str>, DocumentError> {
        match json::string(value.get()) {
            Some(text) => Ok(text),
            None => Err(self.wrong(key, json::kind(value.get()).to_owned(), "a string")),
        }
    }

    pub(crate) fn wrong(&self, key: &str, found: String, expected: &'static str) -> DocumentError {
        DocumentError::Value {
            place: self.place,
            key: key.to_owned(),
            found,
            expected,
        }
    }
}

/// The members of the object `json`.
///
/// # Errors
///
/// Fails if `json` is not an object, or if it or an object inside one of its values has a key
/// twice.
pub(crate) fn object(
    place: Place,
    json: &str,
) -> Result<Vec<(Cow<'_, str>, &RawValue)>, DocumentError> {
    if json.trim_start().starts_with(['[', '"']) {
        return Err(DocumentError::NotAnObject {
            place,
            found: json::kind(json),
        });
    }
    let Members(members) = serde_json::from_str(json).map_err(|error| {
        if error.is_data() {
            DocumentError::NotAnObject {
                place,
                found: json::kind(json),
            }
        } else {
            DocumentError::NotJson(error)
        }
    })?;
    let mut seen = HashSet::new();
    for (at, (key, value)) in members.iter().enumerate() {
        // Real objects have few members; comparing them is faster than hashing.
        let is_repeated = match members.get(..at) {
            Some(before) if members.len() <= 16 => before.iter().any(|(other, _)| other == key),
            _ => !seen.insert(key),
        };
        let repeated = if is_repeated {
            Some(key.to_string())
        } else if key == "Statement" && place == Place::Document {
            // Each statement is checked when it is read.
            None
        } else {
            json::repeated_key(value.get()).map_err(DocumentError::NotJson)?
        };
        if let Some(key) = repeated {
            return Err(DocumentError::RepeatedKey { place, key });
        }
    }
    Ok(members)
}

/// The key with a text of its own; the keys that IAM knows need no copy.
pub(crate) fn own_key(key: Cow<'_, str>) -> Cow<'static, str> {
    const KNOWN: [&str; 10] = [
        "Effect",
        "Action",
        "Resource",
        "Sid",
        "Condition",
        "NotAction",
        "NotResource",
        "Version",
        "Statement",
        "Id",
    ];
    match KNOWN.into_iter().find(|known| *known == key) {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(key.into_owned()),
    }
}

/// The range of `part` in `text`.
fn range_in(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    start..start + part.len()
}
