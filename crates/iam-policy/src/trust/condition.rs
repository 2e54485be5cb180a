//! The principals that a condition admits ("IAM JSON policy elements: Condition operators", "AWS
//! global condition context keys", "Single-valued vs. multivalued context keys").
//!
//! A condition counts only if the principals that it admits are certain. Every other condition is
//! treated as absent.

use std::collections::{BTreeSet, HashMap};

use super::account::{AccountId, ZoneOfTrust};
use super::limits::{Limits, Named, Organization};

/// The conditions of a statement, all of which must hold.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    pub(super) list: Vec<Condition>,
    /// Whether there is an operator without keys, whose meaning is undocumented.
    has_empty: bool,
}

/// One key under one operator.
#[derive(Debug)]
pub(super) struct Condition {
    operator: Operator,
    /// The key in lower case, because its letter case does not count.
    key: String,
    /// The key as it is written.
    spelled: String,
    /// One of these must match; if the operator is negated, none may match.
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Operator {
    quantifier: Quantifier,
    test: Test,
    negated: bool,
    /// Whether the condition is true if the request does not have the key.
    if_exists: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantifier {
    None,
    /// `ForAnyValue`: false if the request does not have the key.
    Any,
    /// `ForAllValues`: true if the request does not have the key.
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    /// The same text; wildcards are ordinary characters.
    Equals,
    /// A text with wildcards, which also match colons.
    Like,
    /// An ARN whose six parts are compared one by one, with wildcards.
    Arn,
    Bool,
    /// Another comparison, which does not identify a principal.
    Compare,
    /// `Null`, and unknown operators.
    Other,
}

impl Operator {
    /// Names of operators are case-sensitive.
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
        // It is undocumented whether IAM treats two spellings of one key as two conditions or as
        // one with all values.
        let mut spellings: HashMap<String, usize> = HashMap::new();
        for (key, _) in &keys {
            *spellings.entry(key.to_ascii_lowercase()).or_default() += 1;
        }
        for (spelled, values) in keys {
            let key = spelled.to_ascii_lowercase();
            // The operator becomes an unknown one, so the condition excludes no principal.
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

    /// The external principals that the conditions of an `Allow` admit.
    pub(super) fn leave(&self, zone: &ZoneOfTrust<'_>) -> Limits {
        let mut limits = Limits::default();
        for condition in &self.list {
            // A negated operator, or one that is true without the key, admits callers that no value
            // names.
            if condition.needs_key() && !condition.operator.negated {
                limits.add(condition.named(zone, true));
            }
        }
        limits
    }

    /// The external principals that a `Deny` for all principals with these conditions spares: those
    /// that its one negated condition names.
    pub(super) fn deny_leaves(&self, zone: &ZoneOfTrust<'_>) -> Left {
        if self.has_empty {
            return Left::Unknown;
        }
        let mut conditions = self.list.iter().filter(|it| !it.spares_services());
        // All conditions must be true for the `Deny` to apply, so with two of them, a principal
        // that fails only one is spared too, and the result cannot be expressed as limits.
        match (conditions.next(), conditions.next()) {
            (None, _) => Left::None,
            (Some(condition), None) if condition.holds_without_key() => {
                let mut limits = Limits::default();
                limits.add(condition.named(zone, false));
                Left::Limits(limits)
            }
            _ => Left::Unknown,
        }
    }

    /// Returns true if the conditions say which resource or account of a service may pass the role
    /// on, or which certificate the caller must have ("Trust policy" of IAM Roles Anywhere).
    ///
    /// A condition counts only if it is certain, and about the zone of trust.
    pub(super) fn narrow_relay(&self, zone: &ZoneOfTrust<'_>) -> bool {
        self.list.iter().any(|condition| {
            let is_required = condition.needs_key() && !condition.operator.negated;
            match condition.key.as_str() {
                "aws:sourcearn" | "aws:sourceaccount" => {
                    let named = condition.named(zone, true);
                    is_required && matches!(named, Named::Accounts(outside) if outside.is_empty())
                }
                key => {
                    key.starts_with("aws:principaltag/x509")
                        && condition.fixes(|text, _| !text.is_empty())
                }
            }
        })
    }

    /// The keys that a request must have with a value that the conditions name, in lower case and
    /// as they are written.
    pub(super) fn narrowing(&self) -> impl Iterator<Item = (&str, &str)> {
        let keys = self
            .list
            .iter()
            .filter(|condition| condition.is_narrowing());
        keys.map(|condition| (condition.key.as_str(), condition.spelled.as_str()))
    }
}

/// The principals that a `Deny` for all principals spares.
#[derive(Debug)]
pub(super) enum Left {
    None,
    Limits(Limits),
    /// The statement may deny no principal.
    Unknown,
}

impl Condition {
    /// Returns true if the condition is on this key, which is in lower case.
    pub(super) fn is_on(&self, key: &str) -> bool {
        self.key == key
    }

    /// Returns true if the condition narrows the principals, as far as its text shows.
    fn is_narrowing(&self) -> bool {
        let has_wildcards = matches!(self.operator.test, Test::Like | Test::Arn);
        let is_any = |value: &String| value.chars().all(|c| c == '*');
        self.needs_key()
            && !self.operator.negated
            && self.operator.test != Test::Other
            && !(has_wildcards && self.values.iter().any(is_any))
    }

    /// Returns true if the condition requires the key in the request.
    fn needs_key(&self) -> bool {
        !self.operator.if_exists && self.operator.quantifier != Quantifier::All
    }

    /// Returns true if the condition is certainly true for a request without the key, as negated
    /// operators are.
    ///
    /// For the one multivalued key, `ForAllValues` means that no value matches; for others, it adds
    /// nothing.
    fn holds_without_key(&self) -> bool {
        let quantifier = match self.key.as_str() {
            ORGANIZATION_PATHS => Quantifier::All,
            _ => Quantifier::None,
        };
        self.operator.negated && self.operator.quantifier == quantifier
    }

    /// Returns true if the condition of a `Deny` only spares AWS services, which are no external
    /// principals.
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

    /// Returns true if a positive condition admits only texts for which `is_narrow` is true. Its
    /// arguments are the text before the first wildcard, and whether that is the whole text.
    pub(super) fn fixes(&self, is_narrow: impl Fn(&str, bool) -> bool) -> bool {
        let Operator { test, negated, .. } = self.operator;
        let fixed = |value: &String| {
            let end = match test {
                Test::Like => value.find(['*', '?']),
                _ => None,
            };
            // The caller chooses the value of a policy variable, so it counts like a wildcard.
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

    /// The external principals that the values name, if every value is certain.
    fn named(&self, zone: &ZoneOfTrust<'_>, with_variables: bool) -> Named {
        let is_text = matches!(self.operator.test, Test::Equals | Test::Like);
        let values = &self.values;
        if values.is_empty() {
            return Named::Unknown;
        }
        match self.key.as_str() {
            // A request has `aws:SourceAccount` and `aws:SourceArn` only if a service makes it, and
            // they name the account that the service acts for ("The confused deputy problem").
            "aws:principalaccount" | "aws:sourceaccount" if is_text => {
                let account = |value: &String| {
                    if with_variables && value.eq_ignore_ascii_case("${aws:ResourceAccount}") {
                        // This is the account of the role, and no caller can set it.
                        return Some(None);
                    }
                    let account = AccountId::read(value)?;
                    Some((!zone.contains(account)).then_some(account))
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
                arns.retain(|(account, _)| !zone.contains(*account));
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

    /// The organization with this id, if the text names exactly one.
    fn organization(&self, id: &str) -> Option<Organization> {
        let has_wildcard = self.operator.test == Test::Like && id.contains(['*', '?']);
        let is_certain = !id.is_empty() && !has_wildcard && !id.contains("${");
        is_certain.then(|| Organization::Id(id.to_owned()))
    }

    /// The account of every ARN that matches the value, if it is the same for all.
    fn account_in(&self, value: &str) -> Option<AccountId> {
        let mut parts = value.splitn(6, ':');
        let before: Vec<&str> = parts.by_ref().take(4).collect();
        let account = AccountId::read(parts.next()?)?;
        parts.next()?;
        let has_wildcard = |part: &&str| part.contains(['*', '?']);
        let is_certain = match self.operator.test {
            // A wildcard before the account could match a colon, so that the account is part of a
            // name.
            Test::Like => !before.iter().any(has_wildcard),
            Test::Equals | Test::Arn => true,
            Test::Bool | Test::Compare | Test::Other => false,
        };
        let has_variable = before.iter().any(|part| part.contains("${"));
        (is_certain && !has_variable && before.first() == Some(&"arn")).then_some(account)
    }
}

/// The multivalued key.
const ORGANIZATION_PATHS: &str = "aws:principalorgpaths";
