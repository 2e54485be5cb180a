//! Action patterns: the entries of `Action` and `NotAction`.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::budget::Budget;
use crate::glob;
use crate::json;
use crate::message::Short;

/// A set of actions as policies write it: `s3:DeleteBucket`, `s3:Delete*`, `s3:?eleteBucket`, or
/// `*` for all.
///
/// `*` matches any run of characters, including an empty one, and `?` matches exactly one; neither
/// matches the colon, and the letter case does not count ("IAM JSON policy elements: Action"). Two
/// patterns are equal if they differ only in letter case and redundant wildcards.
///
/// [`str::parse`] reads a pattern as IAM does: a text is a pattern if it is `*`, or a service
/// prefix, one colon and a name. Anything may follow the colon. Serde reads and writes a pattern as
/// its text.
///
/// ```
/// use iam_policy::ActionPattern;
///
/// let pattern: ActionPattern = "s3:Delete*".parse()?;
/// assert!(pattern.matches("s3:DeleteBucket"));
/// assert!(pattern.intersects(&"S3:*Bucket".parse()?));
/// assert!(pattern.covers(&"s3:DeleteObject*".parse()?));
/// # Ok::<(), iam_policy::ActionPatternError>(())
/// ```
#[derive(Clone)]
pub struct ActionPattern {
    text: Box<str>,
    /// Prefix, colon and name in normal form; `*` alone is kept as `*:*`.
    normal: Box<[char]>,
    /// Where in `normal` the colon stands.
    colon: usize,
}

impl FromStr for ActionPattern {
    type Err = ActionPatternError;

    fn from_str(text: &str) -> Result<ActionPattern, ActionPatternError> {
        let fail = |problem| {
            Err(ActionPatternError {
                text: text.to_owned(),
                problem,
            })
        };
        let (prefix, name) = match text.split_once(':') {
            None if text == "*" => ("*", "*"),
            None => return fail(ActionPatternProblem::NoColon),
            Some((_, name)) if name.contains(':') => return fail(ActionPatternProblem::TwoColons),
            Some(("", _)) => return fail(ActionPatternProblem::NoPrefix),
            Some(parts) => parts,
        };
        if let Some(odd) = prefix
            .chars()
            .find(|&c| !(c.is_ascii_alphanumeric() || "-.*?".contains(c)))
        {
            return fail(ActionPatternProblem::OddPrefix(odd));
        }
        let mut normal = Vec::with_capacity(text.len().max(3));
        let lower = |c: char| c.to_ascii_lowercase();
        glob::push_normal(&mut normal, prefix, lower);
        let colon = normal.len();
        normal.push(':');
        glob::push_normal(&mut normal, name, lower);
        Ok(ActionPattern {
            text: text.into(),
            normal: normal.into(),
            colon,
        })
    }
}

impl ActionPattern {
    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns true if the pattern names this action, e.g. `s3:GetObject`.
    #[must_use]
    pub fn matches(&self, action: &str) -> bool {
        self.matches_within(action, &Budget::unlimited())
    }

    /// Returns true if both patterns name some action, known or not. Exact.
    #[must_use]
    pub fn intersects(&self, other: &ActionPattern) -> bool {
        self.intersects_within(other, &Budget::unlimited())
    }

    /// [`ActionPattern::matches`]; `false` if the budget does not suffice.
    pub(crate) fn matches_within(&self, action: &str, budget: &Budget) -> bool {
        let Some((prefix, name)) = action.split_once(':') else {
            return false;
        };
        if name.contains(':') {
            return false;
        }
        glob::matches(self.prefix(), prefix, budget) && glob::matches(self.name(), name, budget)
    }

    /// [`ActionPattern::intersects`]; `true` if the budget does not suffice.
    pub(crate) fn intersects_within(&self, other: &ActionPattern, budget: &Budget) -> bool {
        if self.begins_differently(other) {
            return !budget.spend(glob::CALL);
        }
        glob::intersect(self.prefix(), other.prefix(), budget)
            && glob::intersect(self.name(), other.name(), budget)
    }

    /// Returns true if the patterns differ in a character before which neither has a `*`, so that
    /// they have no action in common.
    ///
    /// Most pairs that are compared do, and this test needs no preparation.
    pub(crate) fn begins_differently(&self, other: &ActionPattern) -> bool {
        let mut begin = self.normal.iter().zip(&other.normal);
        let decisive = begin.find(|(a, b)| a != b || **a == '*');
        decisive.is_some_and(|(a, b)| !is_wildcard(*a) && !is_wildcard(*b))
    }

    /// A sufficient test for [`ActionPattern::covers`] that looks at the two patterns once.
    pub(crate) fn covers_plainly(&self, inner: &ActionPattern, budget: &Budget) -> bool {
        glob::covers(self.prefix(), inner.prefix(), budget)
            && glob::covers(self.name(), inner.name(), budget)
    }

    /// Returns true if the pattern names every action there is.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.prefix() == ['*'] && self.name() == ['*']
    }

    /// Returns true if the pattern names exactly one action.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        !self.normal.iter().any(|&c| is_wildcard(c))
    }

    /// Returns true if the service prefix has no wildcard.
    pub(crate) fn has_literal_prefix(&self) -> bool {
        !self.prefix().iter().any(|&c| is_wildcard(c))
    }

    /// Returns true if IAM's interpretation of the characters is documented: they are printable
    /// ASCII without white space.
    pub(crate) fn is_printable(&self) -> bool {
        self.text.bytes().all(|byte| byte.is_ascii_graphic())
    }

    /// Returns true if IAM certainly interprets the pattern as this crate does, so that a `Deny`
    /// with it takes effect.
    ///
    /// The meaning of a wildcard in a service prefix is undocumented, except for the pattern that
    /// names every action.
    pub(crate) fn is_certain(&self) -> bool {
        self.is_printable() && (self.has_literal_prefix() || self.is_everything())
    }

    pub(crate) fn prefix(&self) -> &[char] {
        self.normal.get(..self.colon).unwrap_or_default()
    }

    pub(crate) fn name(&self) -> &[char] {
        self.normal.get(self.colon + 1..).unwrap_or_default()
    }

    pub(crate) fn normal(&self) -> &[char] {
        &self.normal
    }
}

/// Returns true for the two wildcards.
pub(crate) fn is_wildcard(c: char) -> bool {
    matches!(c, '*' | '?')
}

impl PartialEq for ActionPattern {
    fn eq(&self, other: &ActionPattern) -> bool {
        self.normal == other.normal
    }
}

impl Eq for ActionPattern {}

impl Hash for ActionPattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.normal.hash(state);
    }
}

impl Serialize for ActionPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for ActionPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ActionPattern, D::Error> {
        json::from_text(deserializer)
    }
}

impl fmt::Display for ActionPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for ActionPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActionPattern({})", self.text)
    }
}

/// A text that is not a valid action pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a valid action: {problem}", Short(.text))]
pub struct ActionPatternError {
    text: String,
    problem: ActionPatternProblem,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum ActionPatternProblem {
    #[error(
        "it has no colon; write a service prefix, a colon and a name, as in `s3:GetObject`, or `*` for all"
    )]
    NoColon,
    #[error(
        "it has two colons; write one service prefix, one colon and a name, as in `s3:GetObject`"
    )]
    TwoColons,
    #[error("it has no service prefix before the colon; write one, as in `s3:GetObject`")]
    NoPrefix,
    #[error(
        "`{0}` cannot be in a service prefix; use letters, digits, `-`, `.` and the wildcards `*` and `?`"
    )]
    OddPrefix(char),
}
