//! The judgement: what a document grants that is restricted.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::search::{Budget, Emptiness, Language, search};
use crate::statement::ResourceElement;
use crate::{
    ActionPattern, Effect, Element, Finding, Grant, PolicyDocument, RestrictedActions, Statement,
    known,
};

/// How many findings one statement has at most.
///
/// A hostile document can make hundreds of thousands; nobody reads more than these.
const MAX_FINDINGS: usize = 100;

/// Judges the text of a document.
///
/// An empty list of findings means that the document is clean.
/// A text that cannot be read gives exactly one finding, [`Finding::Unreadable`]: what IAM accepted and we cannot read
/// violates.
///
/// ```
/// use iam_policy::{RestrictedActions, judge};
///
/// let restricted: RestrictedActions = "s3:DeleteBucket".parse()?;
/// let text = r#"{"Statement": {"Sid": "Storage", "Effect": "Allow", "Action": "s3:Del*", "Resource": "*"}}"#;
/// let findings = judge(text, &restricted);
/// assert_eq!(
///     findings[0].to_string(),
///     "statement 1 (`Storage`): Action `s3:Del*` grants `s3:DeleteBucket`, restricted by `s3:DeleteBucket`",
/// );
/// # Ok::<(), iam_policy::RestrictedActionsError>(())
/// ```
#[must_use]
pub fn judge(text: &str, restricted: &RestrictedActions) -> Vec<Finding> {
    match text.parse() {
        Ok(document) => find_restricted(&document, restricted),
        Err(error) => vec![Finding::Unreadable {
            reason: error.to_string(),
        }],
    }
}

/// What the document grants that is restricted, statement by statement.
///
/// Each statement that violates has at least one finding, and at most a hundred.
#[must_use]
pub fn find_restricted(document: &PolicyDocument, restricted: &RestrictedActions) -> Vec<Finding> {
    let judgement = Judgement::new(document, restricted);
    let mut findings = Vec::new();
    for (index, statement) in document
        .statements()
        .iter()
        .enumerate()
        .filter(|(_, statement)| grants(statement))
    {
        let grants = judgement.grants_of(statement).map(|(pattern, restricted)| {
            let known = judgement.known(statement, pattern, restricted);
            Finding::Grant(Grant {
                statement: index,
                sid: statement.label().map(str::to_owned),
                element: Element::of(statement),
                patterns: pattern.map_or_else(
                    || statement.patterns().to_vec(),
                    |pattern| vec![pattern.clone()],
                ),
                restricted: vec![restricted.pattern.clone()],
                total: known.as_ref().map(Vec::len),
                future_example: if known.as_ref().is_none_or(Vec::is_empty) {
                    judgement.future(statement, pattern, restricted)
                } else {
                    None
                },
                examples: known
                    .unwrap_or_default()
                    .into_iter()
                    .take(Grant::MAX_EXAMPLES)
                    .map(Cow::into_owned)
                    .collect(),
                conditional: statement.is_conditional(),
                narrowed: statement.is_narrowed(),
            })
        });
        findings.extend(grants.take(MAX_FINDINGS));
    }
    findings
}

/// Whether the statement can grant anything.
pub(crate) fn grants(statement: &Statement) -> bool {
    statement.effect() == Effect::Allow && statement.resource() != ResourceElement::None
}

/// Whether the statement takes its actions away from every grant of the document.
fn cancels(statement: &Statement) -> bool {
    statement.effect() == Effect::Deny
        && !statement.is_conditional()
        && statement.resource() == ResourceElement::All
}

/// A document's cancelling `Deny` statements, seen from each restricted pattern.
pub(crate) struct Judgement<'a> {
    restricted: Vec<Restricted<'a>>,
    budget: Budget,
}

/// One restricted pattern, and what of it the document's `Deny` statements leave.
pub(crate) struct Restricted<'a> {
    pub(crate) pattern: &'a ActionPattern,
    /// The denied patterns that meet it.
    denied: Vec<&'a ActionPattern>,
    /// For each `Deny` with `NotAction`, the patterns that it spares and that meet it.
    spared: Vec<Vec<&'a ActionPattern>>,
    /// The known actions in it that are not denied.
    known: OnceCell<Option<Vec<String>>>,
}

impl<'a> Judgement<'a> {
    pub(crate) fn new(
        document: &'a PolicyDocument,
        restricted: &'a RestrictedActions,
    ) -> Judgement<'a> {
        let cancelling: Vec<&Statement> = document
            .statements()
            .iter()
            .filter(|statement| cancels(statement))
            .collect();
        let restricted = restricted
            .patterns()
            .iter()
            .filter_map(|pattern| Restricted::new(pattern, &cancelling))
            .collect();
        Judgement {
            restricted,
            budget: Budget::new(Budget::DOCUMENT),
        }
    }

    /// Every pair of what the statement grants by (a pattern of `Action`, or `None` for its `NotAction`) and a
    /// restricted pattern such that some action, known or not, is in both and is not denied.
    pub(crate) fn grants_of<'s>(
        &'s self,
        statement: &'s Statement,
    ) -> impl Iterator<Item = (Option<&'s ActionPattern>, &'s Restricted<'a>)> {
        let not_action = statement.is_negated().then_some(None);
        let action = if statement.is_negated() {
            &[]
        } else {
            statement.patterns()
        };
        let left_out = if statement.is_negated() {
            statement.patterns()
        } else {
            &[]
        };
        not_action
            .into_iter()
            .chain(action.iter().map(Some))
            .flat_map(move |pattern| {
                self.restricted
                    .iter()
                    .filter(move |restricted| self.meets(pattern, left_out, restricted))
                    .map(move |restricted| (pattern, restricted))
            })
    }

    /// Whether some action is named by `pattern` (`None`: by all), by none of `left_out`, is restricted and not denied.
    pub(crate) fn meets(
        &self,
        pattern: Option<&ActionPattern>,
        left_out: &[ActionPattern],
        restricted: &Restricted<'_>,
    ) -> bool {
        if pattern.is_some_and(|pattern| !pattern.intersects(restricted.pattern)) {
            return false;
        }
        match restricted.language(pattern, left_out) {
            None => false,
            Some(language) if language.none_of.is_empty() && language.one_of.is_empty() => true,
            Some(language) => match search(&language, &self.budget) {
                Emptiness::Empty => false,
                // What cannot be decided counts as granted.
                Emptiness::Inhabited(_) | Emptiness::Undecided => true,
            },
        }
    }

    /// The known actions that are granted and restricted.
    fn known<'s>(
        &self,
        statement: &Statement,
        pattern: Option<&ActionPattern>,
        restricted: &'s Restricted<'_>,
    ) -> Option<Vec<Cow<'s, str>>> {
        let left_out = if statement.is_negated() {
            statement.patterns()
        } else {
            &[]
        };
        let is_left = |action: &Cow<'_, str>| !left_out.iter().any(|other| other.matches(action));
        if let Some(known) = restricted.known() {
            let known = known.iter().map(|action| Cow::Borrowed(action.as_str()));
            return Some(
                known
                    .filter(|action| pattern.is_none_or(|pattern| pattern.matches(action)))
                    .filter(is_left)
                    .collect(),
            );
        }
        let known = known::named_by(pattern?)?;
        Some(
            known
                .into_iter()
                .filter(|action| restricted.leaves(action))
                .map(Cow::Owned)
                .filter(is_left)
                .collect(),
        )
    }

    /// An action, not known today, that is granted and restricted.
    fn future(
        &self,
        statement: &Statement,
        pattern: Option<&ActionPattern>,
        restricted: &Restricted<'_>,
    ) -> Option<String> {
        let left_out = if statement.is_negated() {
            statement.patterns()
        } else {
            &[]
        };
        match search(&restricted.language(pattern, left_out)?, &self.budget) {
            // AWS will not name anything by nothing, so such an example would only puzzle.
            Emptiness::Inhabited(action) if !action.starts_with(':') && !action.ends_with(':') => {
                let spelled = [restricted.pattern].into_iter().chain(pattern);
                let spelled = spelled.into_iter().find(|pattern| pattern.is_literal());
                Some(spelled.map_or(action, ToString::to_string))
            }
            Emptiness::Inhabited(_) | Emptiness::Empty | Emptiness::Undecided => None,
        }
    }
}

impl<'a> Restricted<'a> {
    /// `None` if the `Deny` statements plainly leave nothing of the pattern.
    fn new(pattern: &'a ActionPattern, cancelling: &[&'a Statement]) -> Option<Restricted<'a>> {
        let mut denied = Vec::new();
        let mut spared = Vec::new();
        for statement in cancelling {
            let covered = statement
                .patterns()
                .iter()
                .any(|other| other.covers_plainly(pattern));
            let meeting = statement
                .patterns()
                .iter()
                .filter(|other| other.intersects(pattern));
            match (statement.is_negated(), covered) {
                (false, true) => return None,
                (false, false) => denied.extend(meeting),
                (true, true) => {}
                (true, false) => {
                    let group: Vec<_> = meeting.collect();
                    if group.is_empty() {
                        return None;
                    }
                    spared.push(group);
                }
            }
        }
        Some(Restricted {
            pattern,
            denied,
            spared,
            known: OnceCell::new(),
        })
    }

    /// The actions that are named by `pattern` (`None`: by all), by none of `left_out`, are restricted and not denied;
    /// `None` if there plainly are none.
    fn language<'l>(
        &'l self,
        pattern: Option<&'l ActionPattern>,
        left_out: &'l [ActionPattern],
    ) -> Option<Language<'l>> {
        let mut none_of = Vec::new();
        for other in self.denied.iter().copied().chain(left_out) {
            if other.covers_plainly(self.pattern)
                || pattern.is_some_and(|pattern| other.covers_plainly(pattern))
            {
                return None;
            }
            if other.intersects(self.pattern)
                && pattern.is_none_or(|pattern| other.intersects(pattern))
            {
                none_of.push(other);
            }
        }
        let mut one_of = Vec::new();
        for group in &self.spared {
            if pattern
                .is_some_and(|pattern| group.iter().any(|other| other.covers_plainly(pattern)))
            {
                continue;
            }
            let meets =
                |other: &&&ActionPattern| pattern.is_none_or(|pattern| other.intersects(pattern));
            let group: Vec<_> = group.iter().filter(meets).copied().collect();
            if group.is_empty() {
                return None;
            }
            one_of.push(group);
        }
        Some(Language {
            all_of: pattern.into_iter().chain([self.pattern]).collect(),
            one_of,
            none_of,
        })
    }

    /// The known actions that are restricted and not denied; `None` if nobody can tell.
    fn known(&self) -> Option<&[String]> {
        let known = self.known.get_or_init(|| {
            let mut known = known::named_by(self.pattern)?;
            known.retain(|action| self.leaves(action));
            Some(known)
        });
        known.as_deref()
    }

    /// Whether the action is restricted and not denied.
    fn leaves(&self, action: &str) -> bool {
        let is_named = |patterns: &[&ActionPattern]| patterns.iter().any(|p| p.matches(action));
        self.pattern.matches(action)
            && !is_named(&self.denied)
            && self.spared.iter().all(|group| is_named(group))
    }
}
