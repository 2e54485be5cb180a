//! What a condition says about who may come in ("IAM JSON policy elements: Condition operators",
//! "AWS global condition context keys", "Single-valued vs. multivalued context keys").
//!
//! A condition counts only if it is certain whom it leaves: everything else is as if it were not
//! there.

use std::collections::{BTreeSet, HashMap};

use super::account::{AccountId, ZoneOfTrust};
use super::limits::{Limits, Named, Organization};

/// The conditions of a statement, all of which must hold.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    pub(super) list: Vec<Condition>,
    /// Whether there is an operator without keys, of which no page says what it means.
    has_empty: bool,
}

/// One key under one operator.
#[derive(Debug)]
pub(super) struct Condition {
    operator: Operator,
    /// The key in lower case: its letter case does not count.
    key: String,
    /// The key as it is written.
    spelled: String,
    /// One of these has to fit; if the operator is negated, none of them may.
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Operator {
    quantifier: Quantifier,
    test: Test,
    negated: bool,
    /// Whether the condition holds where the request does not have the key.
    if_exists: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantifier {
    None,
    /// `ForAnyValue`: does not hold where the request does not have the key.
    Any,
    /// `ForAllValues`: holds where the request does not have the key.
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    /// The same text; wildcards are characters like others.
    Equals,
    /// A text with wildcards, which match colons too.
    Like,
    /// An ARN, whose six parts are compared one by one, with wildcards.
    Arn,
    Bool,
    /// Another comparison, of which none says who comes in.
    Compare,
    /// `Null`, and what is not known.
    Other,
}

impl Operator {
    /// Names of operators count in this letter case only.
    fn read(text: &str) -> Operator {
        let (quantifier, rest) = match text.split_once(':') {
            Some(("ForAnyValue", rest)) => (Quantifier::Any, rest),
            Some(("ForAllValues", rest)) => (Quantifier::All, rest),
            _ => (Quantifier::None, text),
        };
        let (name, if_exists) = match rest.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (rest, false),
        };
        let (test, negated) = match name {
            "StringEquals" | "StringEqualsIgnoreCase" => (Test::Equals, false),
            "StringNotEquals" | "StringNotEqualsIgnoreCase" => (Test::Equals, true),
            "StringLike" => (Test::Like, false),
            "StringNotLike" => (Test::Like, true),
            "ArnEquals" | "ArnLike" => (Test::Arn, false),
            "ArnNotEquals" | "ArnNotLike" => (Test::Arn, true),
            "Bool" => (Test::Bool, false),
            "IpAddress"
            | "NumericEquals"
            | "NumericLessThan"
            | "NumericLessThanEquals"
            | "NumericGreaterThan"
            | "NumericGreaterThanEquals"
            | "DateEquals"
            | "DateLessThan"
            | "DateLessThanEquals"
            | "DateGreaterThan"
            | "DateGreaterThanEquals"
            | "BinaryEquals" => (Test::Compare, false),
            _ => (Test::Other, false),
        };
        Operator {
            quantifier,
            test,
            negated,
            if_exists,
        }
    }
}

impl Conditions {
    pub(super) fn add(&mut self, operator: &str, keys: Vec<(String, Vec<String>)>) {
        let operator = Operator::read(operator);
        self.has_empty |= keys.is_empty();
        // Nobody knows whether IAM takes two spellings of one key for two conditions or for one
        // with all values.
        let mut spellings: HashMap<String, usize> = HashMap::new();
        for (key, _) in &keys {
            *spellings.entry(key.to_ascii_lowercase()).or_default() += 1;
        }
        for (spelled, values) in keys {
            let key = spelled.to_ascii_lowercase();
            let is_lone = spellings.get(&key) == Some(&1);
            let test = if is_lone { operator.test } else { Test::Other };
            self.list.push(Condition {
                operator: Operator { test, ..operator },
                key,
                spelled,
                values,
            });
        }
    }

    /// Whom the conditions of an `Allow` leave.
    pub(super) fn leave(&self, insiders: &ZoneOfTrust<'_>) -> Limits {
        let mut limits = Limits::default();
        for condition in &self.list {
            if condition.needs_key() && !condition.operator.negated {
                limits.add(condition.named(insiders, true));
            }
        }
        limits
    }

    /// Whom a `Deny` of everybody with these conditions leaves: those whom its one negated
    /// condition names.
    pub(super) fn deny_leaves(&self, insiders: &ZoneOfTrust<'_>) -> Left {
        if self.has_empty {
            return Left::Unknown;
        }
        let mut conditions = self.list.iter().filter(|it| !it.spares_services());
        match (conditions.next(), conditions.next()) {
            (None, _) => Left::Nobody,
            (Some(condition), None) if condition.holds_without_key() => {
                let mut limits = Limits::default();
                limits.add(condition.named(insiders, false));
                Left::Limits(limits)
            }
            _ => Left::Unknown,
        }
    }

    /// The keys that a request has to have with a value that the conditions name, in lower case and
    /// as they are written.
    pub(super) fn telling(&self) -> impl Iterator<Item = (&str, &str)> {
        let keys = self.list.iter().filter(|condition| condition.is_telling());
        keys.map(|condition| (condition.key.as_str(), condition.spelled.as_str()))
    }
}

/// Whom a `Deny` of everybody leaves.
#[derive(Debug)]
pub(super) enum Left {
    Nobody,
    Limits(Limits),
    /// It is not certain that the statement takes anybody away.
    Unknown,
}

impl Condition {
    /// Whether the condition is on this key, which is in lower case.
    pub(super) fn is_on(&self, key: &str) -> bool {
        self.key == key
    }

    /// Whether the condition narrows at all, as far as can be told.
    fn is_telling(&self) -> bool {
        let has_wildcards = matches!(self.operator.test, Test::Like | Test::Arn);
        let is_any = |value: &String| value.chars().all(|c| c == '*');
        self.needs_key()
            && !self.operator.negated
            && self.operator.test != Test::Other
            && !(has_wildcards && self.values.iter().any(is_any))
    }

    /// Whether the condition demands that the request has the key.
    fn needs_key(&self) -> bool {
        !self.operator.if_exists && self.operator.quantifier != Quantifier::All
    }

    /// Whether the condition certainly holds for a request without the key: negated operators do.
    ///
    /// For the one key with many values, `ForAllValues` says that none of them fits; for others it
    /// says nothing more.
    fn holds_without_key(&self) -> bool {
        let quantifier = match self.key.as_str() {
            ORGANIZATION_PATHS => Quantifier::All,
            _ => Quantifier::None,
        };
        self.operator.negated && self.operator.quantifier == quantifier
    }

    /// Whether the condition of a `Deny` only leaves alone the services of AWS, who are no
    /// outsiders.
    fn spares_services(&self) -> bool {
        let Operator {
            quantifier,
            test,
            if_exists,
            ..
        } = self.operator;
        self.key == "aws:principalisawsservice"
            && (quantifier, test, if_exists) == (Quantifier::None, Test::Bool, true)
            && matches!(self.values.as_slice(), [value] if value.eq_ignore_ascii_case("false"))
    }

    /// Whether a positive condition leaves only texts for which `is_narrow` holds: it is given what
    /// comes before the first wildcard, and whether that is all.
    pub(super) fn fixes(&self, is_narrow: impl Fn(&str, bool) -> bool) -> bool {
        let Operator { test, negated, .. } = self.operator;
        let fixed = |value: &String| {
            let end = match test {
                Test::Like => value.find(['*', '?']),
                _ => None,
            };
            // A policy variable is whatever the caller makes it.
            let end = value.find("${").into_iter().chain(end).min();
            is_narrow(
                value.get(..end.unwrap_or(value.len())).unwrap_or_default(),
                end.is_none(),
            )
        };
        self.needs_key()
            && !negated
            && matches!(test, Test::Equals | Test::Like)
            && !self.values.is_empty()
            && self.values.iter().all(fixed)
    }

    /// Whom the values name, but for insiders, if that is certain of every value.
    fn named(&self, insiders: &ZoneOfTrust<'_>, with_variables: bool) -> Named {
        let is_text = matches!(self.operator.test, Test::Equals | Test::Like);
        let values = &self.values;
        if values.is_empty() {
            return Named::Unknown;
        }
        match self.key.as_str() {
            // `aws:SourceAccount` and `aws:SourceArn` are there only where a service calls by
            // itself, and name for whom ("The confused deputy problem").
            "aws:principalaccount" | "aws:sourceaccount" if is_text => {
                let account = |value: &String| {
                    if with_variables && value.eq_ignore_ascii_case("${aws:ResourceAccount}") {
                        // The account of the role, and no caller can set it.
                        return Some(None);
                    }
                    let account = AccountId::read(value)?;
                    Some((!insiders.contains(account)).then_some(account))
                };
                let accounts: Option<BTreeSet<Option<AccountId>>> =
                    values.iter().map(account).collect();
                accounts.map_or(Named::Unknown, |accounts| {
                    Named::Accounts(accounts.into_iter().flatten().collect())
                })
            }
            "aws:principalarn" | "aws:sourcearn" => {
                let arns: Option<BTreeSet<_>> = values
                    .iter()
                    .map(|value| Some((self.account_in(value)?, value.clone())))
                    .collect();
                let Some(mut arns) = arns else {
                    return Named::Unknown;
                };
                arns.retain(|(account, _)| !insiders.contains(*account));
                match self.key.as_str() {
                    "aws:principalarn" => Named::Arns(arns),
                    _ => Named::Accounts(arns.into_iter().map(|(account, _)| account).collect()),
                }
            }
            "aws:principalorgid" | "aws:sourceorgid" if is_text => {
                let organization = |value: &String| {
                    let is_own = value.eq_ignore_ascii_case("${aws:ResourceOrgID}");
                    if with_variables && is_own {
                        return Some(Organization::Own);
                    }
                    self.organization(value)
                };
                let organizations: Option<_> = values.iter().map(organization).collect();
                organizations.map_or(Named::Unknown, Named::Organizations)
            }
            ORGANIZATION_PATHS if is_text && self.operator.quantifier != Quantifier::None => {
                let organizations: Option<_> = values
                    .iter()
                    .map(|value| self.organization(value.split_once('/')?.0))
                    .collect();
                organizations.map_or(Named::Unknown, Named::Organizations)
            }
            _ => Named::Unknown,
        }
    }

    /// The organization with this id, if the text is one and nothing that stands for others.
    fn organization(&self, id: &str) -> Option<Organization> {
        let has_wildcard = self.operator.test == Test::Like && id.contains(['*', '?']);
        let is_certain = !id.is_empty() && !has_wildcard && !id.contains("${");
        is_certain.then(|| Organization::Id(id.to_owned()))
    }

    /// The account in which every ARN is that fits the value.
    fn account_in(&self, value: &str) -> Option<AccountId> {
        let mut parts = value.splitn(6, ':');
        let before: Vec<&str> = parts.by_ref().take(4).collect();
        let account = AccountId::read(parts.next()?)?;
        parts.next()?;
        let has_wildcard = |part: &&str| part.contains(['*', '?']);
        let is_certain = match self.operator.test {
            // A wildcard before the account could match a colon, and the account be part of a name.
            Test::Like => !before.iter().any(has_wildcard),
            Test::Equals | Test::Arn => true,
            Test::Bool | Test::Compare | Test::Other => false,
        };
        let has_variable = before.iter().any(|part| part.contains("${"));
        (is_certain && !has_variable && before.first() == Some(&"arn")).then_some(account)
    }
}

/// The key that has many values.
const ORGANIZATION_PATHS: &str = "aws:principalorgpaths";
