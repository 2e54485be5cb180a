//! The list of restricted actions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::budget::Budget;
use crate::json;
use crate::message::Short;
use crate::pattern_list::Listed;
use crate::{ActionPattern, ActionPatternError, ReadyMadeList, Response, known};

/// How many steps the removal of covered entries may take; entries beyond them stay in the list.
const MAX_STEPS: u64 = 8_000_000;

/// The action patterns that the security team restricts.
///
/// [`str::parse`] reads the list from its entries, separated by commas. An entry is an action
/// pattern, or `@` and the name of a [`ReadyMadeList`], which stands for the actions of that list.
/// Blank entries are skipped, white space around entries and letter case do not count, and an entry
/// that another one covers is left out. An empty list is an error, and so is an entry that is not a
/// valid action pattern, has characters that no action has, or names no ready-made list. Serde
/// reads and writes the list as its text.
///
/// Each pattern has a [`Response`]: that of the list it comes from, see
/// [`RestrictedActions::of_lists`]. The patterns of one text have [`Response::Contain`].
///
/// ```
/// use iam_policy::RestrictedActions;
///
/// let restricted: RestrictedActions = " s3:DeleteBucket ,, s3:deletebucket,iam:*, iam:PassRole".parse()?;
/// assert_eq!(restricted.to_string(), "s3:DeleteBucket,iam:*");
/// # Ok::<(), iam_policy::RestrictedActionsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RestrictedActions {
    /// The patterns with the strictest response come first.
    patterns: Vec<ActionPattern>,
    /// The response of each pattern.
    responses: Vec<Response>,
    /// The patterns that a remediation removes, none of them covered by another; `None` where they
    /// are these.
    removed: Option<Box<RestrictedActions>>,
    /// Whether each pattern comes from a ready-made list, whose entries are all known actions.
    #[cfg_attr(
        not(feature = "catalogue"),
        expect(
            dead_code,
            reason = "there are no warnings without the list of known actions"
        )
    )]
    ready_made: Vec<bool>,
}

impl PartialEq for RestrictedActions {
    fn eq(&self, other: &RestrictedActions) -> bool {
        self.patterns == other.patterns && self.responses == other.responses
    }
}

impl Eq for RestrictedActions {}

/// A pattern of a list that is being read.
#[derive(Clone)]
struct Added {
    pattern: ActionPattern,
    response: Response,
    is_ready_made: bool,
}

/// Adds a pattern unless one with a response as strict covers it, and removes those that it covers.
///
/// The lists are read the strictest first, so no pattern is stricter than one before it.
fn add(list: &mut Vec<Added>, new: Added, budget: &Budget) {
    let covers = |one: &Added, other: &Added| one.pattern.covers_within(&other.pattern, budget);
    if list.iter().any(|other| covers(other, &new)) {
        return;
    }
    list.retain(|other| other.response != new.response || !covers(&new, other));
    // The entries of ready-made lists already have AWS's spelling.
    let pattern = if new.is_ready_made {
        new.pattern
    } else {
        spelled(new.pattern)
    };
    list.push(Added { pattern, ..new });
}

/// Adds the entries of one list.
fn read(
    list: &str,
    response: Response,
    added: &mut Vec<Added>,
    budget: &Budget,
) -> Result<(), RestrictedActionsError> {
    let entries = list.split(',').map(str::trim);
    for entry in entries.filter(|entry| !entry.is_empty()) {
        let Some(name) = entry.strip_prefix('@') else {
            let new = Added {
                pattern: read_pattern(entry)?,
                response,
                is_ready_made: false,
            };
            add(added, new, budget);
            continue;
        };
        let ready_made = ReadyMadeList::named(name)
            .ok_or_else(|| RestrictedActionsError::NoSuchList(entry.to_owned()))?;
        for pattern in ready_made.patterns() {
            let new = Added {
                pattern,
                response,
                is_ready_made: true,
            };
            add(added, new, budget);
        }
    }
    Ok(())
}

impl FromStr for RestrictedActions {
    type Err = RestrictedActionsError;

    fn from_str(list: &str) -> Result<RestrictedActions, RestrictedActionsError> {
        RestrictedActions::of_lists(|response| match response {
            Response::Contain => list,
            _ => "",
        })
    }
}

impl RestrictedActions {
    /// Reads the list of each response. An empty list names nothing.
    ///
    /// A pattern that a list with a stricter response covers is left out.
    ///
    /// ```
    /// use iam_policy::{Response, RestrictedActions, judge};
    ///
    /// let restricted = RestrictedActions::of_lists(|response| match response {
    ///     Response::Contain => "s3:DeleteBucket",
    ///     Response::Ask => "iam:*",
    ///     _ => "s3:Delete*",
    /// })?;
    /// let text = r#"{"Statement": {"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": "*"}}"#;
    /// assert_eq!(judge(text, &restricted).response(), Some(Response::Report));
    /// assert_eq!(judge(&text.replace("Object", "*"), &restricted).response(), Some(Response::Contain));
    /// # Ok::<(), iam_policy::RestrictedActionsError>(())
    /// ```
    pub fn of_lists<'l>(
        list: impl Fn(Response) -> &'l str,
    ) -> Result<RestrictedActions, RestrictedActionsError> {
        let mut added = Vec::new();
        let budget = Budget::new(MAX_STEPS);
        for response in Response::STRICTEST_FIRST {
            read(list(response), response, &mut added, &budget)?;
        }
        if added.is_empty() {
            return Err(RestrictedActionsError::Empty);
        }
        let mut removed = Vec::new();
        for added in added.iter().filter(|added| added.response.removes()) {
            let added = Added {
                response: Response::Contain,
                ..added.clone()
            };
            add(&mut removed, added, &budget);
        }
        let are_these = removed.len() == added.len();
        Ok(RestrictedActions {
            removed: (!are_these).then(|| Box::new(removed.into_iter().collect())),
            ..added.into_iter().collect()
        })
    }

    /// The patterns, the strictest response first. None is covered by another whose response is as
    /// strict.
    #[must_use]
    pub fn patterns(&self) -> &[ActionPattern] {
        &self.patterns
    }

    /// The patterns with their responses.
    pub fn with_responses(&self) -> impl Iterator<Item = (&ActionPattern, Response)> {
        self.patterns.iter().zip(self.responses.iter().copied())
    }

    /// The strictest response of all patterns, which is that to a document that cannot be read.
    #[must_use]
    pub fn strictest(&self) -> Response {
        self.responses.first().copied().unwrap_or_default()
    }

    /// The response to a grant that meets the patterns with these indexes.
    pub(crate) fn response_to(&self, met: &[usize]) -> Option<Response> {
        met.iter()
            .filter_map(|index| self.responses.get(*index).copied())
            .max()
    }

    /// The patterns that a remediation removes, where they are not these.
    pub(crate) fn removed(&self) -> Option<&RestrictedActions> {
        self.removed.as_deref()
    }

    /// The entries that name no known action, each with the nearest known names.
    ///
    /// They are restricted nevertheless, because AWS may add such an action. Without the feature
    /// `catalogue`, there are no warnings.
    ///
    /// ```
    /// # #[cfg(feature = "catalogue")] {
    /// use iam_policy::RestrictedActions;
    ///
    /// let restricted: RestrictedActions = "s3:DeleteBuckets".parse()?;
    /// assert_eq!(
    ///     restricted.warnings()[0].to_string(),
    ///     "`s3:DeleteBuckets` names no action known today; did you mean `s3:DeleteBucket`?",
    /// );
    /// # }
    /// # Ok::<(), iam_policy::RestrictedActionsError>(())
    /// ```
    #[must_use]
    pub fn warnings(&self) -> Vec<UnknownAction> {
        #[cfg(feature = "catalogue")]
        return self
            .patterns
            .iter()
            .zip(&self.ready_made)
            .filter(|(pattern, ready_made)| !**ready_made && !crate::catalogue::names_any(pattern))
            .map(|(pattern, _)| UnknownAction {
                pattern: pattern.clone(),
                nearest: crate::nearest::nearest(pattern),
            })
            .collect();
        #[cfg(not(feature = "catalogue"))]
        Vec::new()
    }
}

impl FromIterator<Added> for RestrictedActions {
    fn from_iter<I: IntoIterator<Item = Added>>(added: I) -> RestrictedActions {
        let mut restricted = RestrictedActions {
            patterns: Vec::new(),
            responses: Vec::new(),
            removed: None,
            ready_made: Vec::new(),
        };
        for added in added {
            restricted.patterns.push(added.pattern);
            restricted.responses.push(added.response);
            restricted.ready_made.push(added.is_ready_made);
        }
        restricted
    }
}

/// An entry that does not name a ready-made list.
fn read_pattern(entry: &str) -> Result<ActionPattern, RestrictedActionsError> {
    let pattern: ActionPattern = entry.parse()?;
    let odd = |c: &char| !(c.is_ascii_alphanumeric() || "-.*?:".contains(*c));
    if let Some(odd) = entry.chars().find(odd) {
        return Err(RestrictedActionsError::OddCharacter {
            entry: entry.to_owned(),
            odd,
        });
    }
    if pattern.name().is_empty() {
        return Err(RestrictedActionsError::NoName {
            entry: entry.to_owned(),
        });
    }
    Ok(pattern)
}

/// The names of the ready-made lists, as an entry writes them.
fn names() -> String {
    let names = ReadyMadeList::ALL.map(|list| format!("`@{}`", list.name()));
    names.join(", ")
}

/// The pattern as AWS spells it, if it is a known action; otherwise as it is.
fn spelled(pattern: ActionPattern) -> ActionPattern {
    if !pattern.is_literal() {
        return pattern;
    }
    let known = known::named_within(&pattern, &Budget::unlimited()).unwrap_or_default();
    known
        .first()
        .and_then(|action| action.parse().ok())
        .unwrap_or(pattern)
}

impl fmt::Display for RestrictedActions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Listed(&self.patterns).fmt(f)
    }
}

impl Serialize for RestrictedActions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RestrictedActions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RestrictedActions, D::Error> {
        json::from_text(deserializer)
    }
}

/// The reason why a text is not a valid list of restricted actions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestrictedActionsError {
    /// The list is empty.
    #[error(
        "the list of restricted actions is empty; name at least one action, as in `s3:DeleteBucket,iam:*`"
    )]
    Empty,
    /// An entry is not a valid action pattern.
    #[error("reading the list of restricted actions: {0}")]
    Pattern(#[from] ActionPatternError),
    /// An entry has no name after its colon.
    #[error(
        "reading the list of restricted actions: `{entry}` has no name after the colon; write a name, as in \
         `s3:GetObject`, or `*` for the whole service"
    )]
    NoName {
        /// The entry.
        entry: String,
    },
    /// An entry begins with `@` but names no ready-made list.
    #[error(
        "reading the list of restricted actions: there is no ready-made list `{}`; there are {}",
        Short(.0),
        names()
    )]
    NoSuchList(String),
    /// An entry has a character that no action has.
    #[error(
        "reading the list of restricted actions: `{entry}` has the character `{odd}`; use letters, digits, `-` and the \
         wildcards `*` and `?`, and separate entries by commas"
    )]
    OddCharacter {
        /// The entry.
        entry: String,
        /// The character.
        odd: char,
    },
}

/// An entry of the restricted list that names no action known today, which may be a typing error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnknownAction {
    pattern: ActionPattern,
    nearest: Vec<String>,
}

impl UnknownAction {
    /// The entry.
    #[must_use]
    pub fn pattern(&self) -> &ActionPattern {
        &self.pattern
    }

    /// Known actions with similar names, the nearest first.
    #[must_use]
    pub fn nearest(&self) -> &[String] {
        &self.nearest
    }
}

impl fmt::Display for UnknownAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` names no action known today", self.pattern)?;
        for (at, name) in self.nearest.iter().enumerate() {
            let lead = if at == 0 { "; did you mean" } else { " or" };
            write!(f, "{lead} `{name}`")?;
        }
        if self.nearest.is_empty() {
            Ok(())
        } else {
            f.write_str("?")
        }
    }
}
