//! One statement of a trust policy.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::value::RawValue;

use super::condition::Conditions;
use super::principal::Principal;
use crate::error::{DocumentError, Place};
use crate::json::{self, Members};
use crate::message::Short;
use crate::statement::{ActionElement, Reader, object};
use crate::{Effect, document};

/// A set of the three calls that assume a role.
///
/// `sts:TagSession`, `sts:SetSourceIdentity` and `sts:SetContext` accompany one of them and admit
/// no caller alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Calls(u8);

impl Calls {
    pub(super) const NONE: Calls = Calls(0);
    pub(super) const ALL: Calls = Calls(0b111);
    /// The call for callers with AWS credentials; the two others need none (STS API reference).
    pub(super) const ASSUME_ROLE: Calls = Calls(0b001);
    pub(super) const SAML: Calls = Calls(0b010);
    pub(super) const WEB_IDENTITY: Calls = Calls(0b100);

    const EACH: [(Calls, &str); 3] = [
        (Calls::ASSUME_ROLE, "sts:AssumeRole"),
        (Calls::SAML, "sts:AssumeRoleWithSAML"),
        (Calls::WEB_IDENTITY, "sts:AssumeRoleWithWebIdentity"),
    ];

    pub(super) fn each() -> impl Iterator<Item = Calls> {
        Calls::EACH.into_iter().map(|(call, _)| call)
    }

    pub(super) fn and(self, other: Calls) -> Calls {
        Calls(self.0 & other.0)
    }

    pub(super) fn or(self, other: Calls) -> Calls {
        Calls(self.0 | other.0)
    }

    pub(super) fn without(self, other: Calls) -> Calls {
        Calls(self.0 & !other.0)
    }

    pub(super) fn is_empty(self) -> bool {
        self == Calls::NONE
    }

    /// All sets of calls, in the order of [`Calls::index`].
    pub(super) fn sets() -> impl Iterator<Item = Calls> {
        (0..=Calls::ALL.0).map(Calls)
    }

    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The calls of a statement: those that it may apply to if it allows, those that it certainly
    /// applies to if it denies.
    fn of(action: &ActionElement, effect: Effect) -> Calls {
        // A `NotAction` reverses the safe side: in an `Allow`, a pattern must be certain to leave a
        // call out; in a `Deny`, a possible match leaves it out.
        let in_doubt = (effect == Effect::Allow) != action.negated;
        let is_named = |call: &str| {
            action.patterns.iter().any(|pattern| {
                if in_doubt {
                    !pattern.is_printable() || pattern.matches(call)
                } else {
                    pattern.is_certain() && pattern.matches(call)
                }
            })
        };
        Calls::EACH
            .into_iter()
            .filter(|(_, name)| is_named(name) != action.negated)
            .fold(Calls::NONE, |calls, (call, _)| calls.or(call))
    }
}

/// The principals of a statement.
#[derive(Debug)]
pub(super) enum Principals {
    /// `Principal`: these, each once.
    Named(Vec<Principal>),
    /// `NotPrincipal`: all other principals ("AWS JSON policy elements: NotPrincipal").
    AllBut,
}

/// A statement of a trust policy: it has `Principal`, and no `Resource`.
#[derive(Debug)]
pub(super) struct TrustStatement {
    pub(super) index: usize,
    pub(super) sid: Option<String>,
    pub(super) effect: Effect,
    pub(super) calls: Calls,
    pub(super) principals: Principals,
    pub(super) conditions: Conditions,
    pub(super) has_unknown_key: bool,
}

/// The statements of the document.
///
/// # Errors
///
/// Fails if IAM would not accept the document, except for a statement without a principal, which
/// applies to no caller.
pub(super) fn read(text: &str) -> Result<Vec<TrustStatement>, DocumentError> {
    let place = Place::Document;
    let mut statements = None;
    for (key, value) in object(place, text)? {
        match key.as_ref() {
            "Version" => document::version(value)?,
            "Statement" => statements = Some(document::read_statements(value, statement)?),
            _ => {}
        }
    }
    statements.ok_or(DocumentError::Missing {
        place,
        expected: "`Statement`",
    })
}

fn statement(index: usize, raw: &RawValue) -> Result<TrustStatement, DocumentError> {
    let place = Place::Statement(index);
    let reader = Reader { place };
    let mut sid = None;
    let mut effect = None;
    let mut action = None;
    let mut principals = None;
    let mut conditions = Conditions::default();
    let mut has_unknown_key = false;
    let both = |first, second| DocumentError::Both {
        place,
        first,
        second,
    };
    for (key, value) in object(place, raw.get())? {
        match key.as_ref() {
            "Sid" => {
                let text = reader.string("Sid", value)?;
                sid = Some(Short(&text).to_string()).filter(|sid| !sid.is_empty());
            }
            "Effect" => effect = Some(reader.effect(value)?),
            "Action" | "NotAction" => {
                let element = ActionElement {
                    negated: key == "NotAction",
                    patterns: reader.patterns(&key, value)?,
                };
                if action.replace(element).is_some() {
                    return Err(both("Action", "NotAction"));
                }
            }
            "Principal" | "NotPrincipal" => {
                let named = principals_of(&reader, &key, value)?;
                let element = match key.as_ref() {
                    "Principal" => Principals::Named(named),
                    _ => Principals::AllBut,
                };
                if principals.replace(element).is_some() {
                    return Err(both("Principal", "NotPrincipal"));
                }
            }
            "Condition" => conditions = conditions_of(&reader, value)?,
            _ => has_unknown_key = true,
        }
    }
    let missing = |expected| DocumentError::Missing { place, expected };
    let effect = effect.ok_or_else(|| missing("`Effect`"))?;
    let action = action.ok_or_else(|| missing("`Action` or `NotAction`"))?;
    Ok(TrustStatement {
        index,
        sid,
        effect,
        calls: Calls::of(&action, effect),
        principals: principals.unwrap_or(Principals::Named(Vec::new())),
        conditions,
        has_unknown_key,
    })
}

fn principals_of(
    reader: &Reader,
    key: &str,
    value: &RawValue,
) -> Result<Vec<Principal>, DocumentError> {
    let mut principals = Vec::new();
    let mut seen = HashSet::new();
    let mut add = |kind: &str, entry: &str| {
        if entry.is_empty() {
            return;
        }
        let principal = Principal::read(kind, entry);
        if seen.insert(principal.clone()) {
            principals.push(principal);
        }
    };
    let json = value.get();
    match serde_json::from_str::<Members<'_>>(json) {
        Ok(Members(kinds)) => {
            for (kind, entries) in kinds {
                for entry in scalars(reader, key, entries)? {
                    add(&kind, &entry);
                }
            }
        }
        Err(_) if json == "null" => {}
        Err(_) => {
            for entry in scalars(reader, key, value)? {
                // The only valid text here is `*`, which means the same as under `AWS`.
                add(if entry == "*" { "AWS" } else { key }, &entry);
            }
        }
    }
    Ok(principals)
}

fn conditions_of(reader: &Reader, value: &RawValue) -> Result<Conditions, DocumentError> {
    let mut conditions = Conditions::default();
    for (operator, keys) in members(reader, value)? {
        let keys = members(reader, keys)?
            .into_iter()
            .map(|(key, values)| Ok((key.into_owned(), scalars(reader, "Condition", values)?)))
            .collect::<Result<Vec<_>, DocumentError>>()?;
        conditions.add(&operator, keys);
    }
    Ok(conditions)
}

fn members<'v>(
    reader: &Reader,
    value: &'v RawValue,
) -> Result<Vec<(Cow<'v, str>, &'v RawValue)>, DocumentError> {
    match serde_json::from_str::<Members<'_>>(value.get()) {
        Ok(Members(members)) => Ok(members),
        Err(_) => Err(reader.wrong("Condition", json::kind(value.get()).to_owned(), "an object")),
    }
}

/// The texts of a value that is a string, a number or a boolean, or an array of such.
fn scalars(reader: &Reader, key: &str, value: &RawValue) -> Result<Vec<String>, DocumentError> {
    let wrong = |json: &str| {
        reader.wrong(
            key,
            json::kind(json).to_owned(),
            "a string or an array of strings",
        )
    };
    let scalar = |json: &str| match json.as_bytes().first() {
        Some(b'"') => json::string(json).map(Cow::into_owned),
        Some(b'-' | b'0'..=b'9' | b't' | b'f') => Some(json.to_owned()),
        _ => None,
    };
    let json = value.get();
    if !json.starts_with('[') {
        return Ok(vec![scalar(json).ok_or_else(|| wrong(json))?]);
    }
    serde_json::from_str::<Vec<&RawValue>>(json)
        .map_err(DocumentError::NotJson)?
        .into_iter()
        .map(|entry| scalar(entry.get()).ok_or_else(|| wrong(entry.get())))
        .collect()
}
