//! The judgement: the restricted actions that a document grants.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::budget::Budget;
use crate::finding::Ambiguous;
use crate::scope::{Granted, Scope, grants};
use crate::truncated::Room;
use crate::{
    ActionPattern, DocumentError, Element, Finding, Grant, PolicyDocument, Response,
    RestrictedActions, Statement, Truncated,
};

/// Judges the text of a document.
///
/// A text that cannot be read violates every list: if IAM accepted a document that this crate
/// cannot read, it may grant anything.
///
/// ```
/// use iam_policy::{RestrictedActions, judge};
///
/// let restricted: RestrictedActions = "s3:DeleteBucket,iam:*".parse()?;
/// let text = r#"{"Statement": {"Sid": "Storage", "Effect": "Allow", "Action": "s3:Del*", "Resource": "*"}}"#;
/// let judgement = judge(text, &restricted);
/// assert!(!judgement.is_clean());
/// assert_eq!(judgement.restricted_patterns(), [&"s3:DeleteBucket".parse()?]);
/// assert_eq!(
///     judgement.findings(1_000).shown()[0].to_string(),
///     "statement 1 (`Storage`): Action `s3:Del*` grants `s3:DeleteBucket`, restricted by `s3:DeleteBucket`",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn judge<'r>(text: &str, restricted: &'r RestrictedActions) -> Judgement<'r> {
    Judgement::within(text.parse(), restricted, Judgement::MAX_STEPS)
}

/// The restricted actions that a document grants.
///
/// The verdict and the restricted patterns that are met are complete. Findings explain them;
/// [`Judgement::findings`] makes as many as there is room for.
#[derive(Debug)]
pub struct Judgement<'r> {
    restricted: &'r RestrictedActions,
    document: Result<PolicyDocument, DocumentError>,
    /// In the order of statements and entries.
    violations: Vec<Violation>,
    steps: u64,
}

/// An entry of `Action`, or a whole `NotAction`, that grants something restricted.
#[derive(Debug)]
pub(crate) struct Violation {
    /// The index of the statement.
    pub(crate) statement: usize,
    /// The index of the entry; `None` for `NotAction`.
    entry: Option<usize>,
    pub(crate) reason: Reason,
}

#[derive(Debug)]
pub(crate) enum Reason {
    /// The entry is ambiguous: IAM's interpretation is undocumented.
    Ambiguous,
    /// It meets the restricted patterns with these indexes.
    Meets(Vec<usize>),
}

impl Violation {
    /// The indexes of the restricted patterns that are met.
    pub(crate) fn met(&self) -> &[usize] {
        match &self.reason {
            Reason::Ambiguous => &[],
            Reason::Meets(met) => met,
        }
    }

    /// The strictest response among the restricted patterns that are met.
    fn response(&self, restricted: &RestrictedActions) -> Response {
        let met = restricted.response_to(self.met());
        met.unwrap_or_else(|| restricted.strictest())
    }

    /// The entry; `None` for `NotAction`.
    pub(crate) fn pattern<'s>(&self, statement: &'s Statement) -> Option<&'s ActionPattern> {
        self.entry.and_then(|entry| statement.patterns().get(entry))
    }
}

fn violations(
    document: &PolicyDocument,
    restricted: &RestrictedActions,
    budget: &Budget,
) -> Vec<Violation> {
    let scope = Scope::new(document, restricted, budget);
    let mut violations = Vec::new();
    let statements = document.statements().iter().enumerate();
    for (index, statement) in statements.filter(|(_, statement)| grants(statement)) {
        if statement.is_negated() {
            let met = scope.met(&Granted::not_action(statement));
            if !met.is_empty() {
                violations.push(Violation {
                    statement: index,
                    entry: None,
                    reason: Reason::Meets(met),
                });
            }
            continue;
        }
        let mut seen = HashSet::new();
        for (entry, pattern) in statement.patterns().iter().enumerate() {
            let reason = if pattern.is_printable() {
                Reason::Meets(scope.met(&Granted::entry(pattern)))
            } else {
                Reason::Ambiguous
            };
            let is_clean = matches!(&reason, Reason::Meets(met) if met.is_empty());
            // A repeated entry adds nothing.
            if !is_clean && seen.insert(pattern) {
                violations.push(Violation {
                    statement: index,
                    entry: Some(entry),
                    reason,
                });
            }
        }
    }
    violations
}

impl<'r> Judgement<'r> {
    /// How many steps a judgement takes at most; what it does not decide within them counts as
    /// granted.
    ///
    /// A step takes about one or two nanoseconds of one core.
    pub const MAX_STEPS: u64 = 32_000_000;
    /// How many steps the findings take at most; findings beyond them have no examples.
    pub(crate) const MAX_EXPLAIN_STEPS: u64 = 8_000_000;

    /// Judges a document that was read before.
    #[must_use]
    pub fn of(document: PolicyDocument, restricted: &'r RestrictedActions) -> Judgement<'r> {
        Judgement::within(Ok(document), restricted, Self::MAX_STEPS)
    }

    /// Judges in at most this many steps.
    pub(crate) fn within(
        document: Result<PolicyDocument, DocumentError>,
        restricted: &'r RestrictedActions,
        steps: u64,
    ) -> Judgement<'r> {
        let budget = Budget::new(steps);
        let violations = document.as_ref().map_or_else(
            |_| Vec::new(),
            |document| violations(document, restricted, &budget),
        );
        Judgement {
            restricted,
            document,
            violations,
            steps: budget.used(),
        }
    }

    /// Returns true if the document grants no restricted action.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.document.is_ok() && self.violations.is_empty()
    }

    /// The strictest response among the restricted patterns that are met; `None` if the document is
    /// clean.
    ///
    /// A document that cannot be read, and an entry whose interpretation by IAM is undocumented,
    /// may grant anything, so they get the strictest response of the lists.
    #[must_use]
    pub fn response(&self) -> Option<Response> {
        if self.document.is_err() {
            return Some(self.restricted.strictest());
        }
        let responses = self.violations.iter().map(|v| v.response(self.restricted));
        responses.max()
    }

    /// The document, or the reason why it cannot be read.
    pub fn document(&self) -> Result<&PolicyDocument, &DocumentError> {
        self.document.as_ref()
    }

    /// The restricted list.
    #[must_use]
    pub fn restricted(&self) -> &'r RestrictedActions {
        self.restricted
    }

    /// Every restricted pattern that the document grants an action of, in the order of the list.
    ///
    /// Empty if the document cannot be read, or grants only through entries whose interpretation by
    /// IAM is undocumented.
    #[must_use]
    pub fn restricted_patterns(&self) -> Vec<&'r ActionPattern> {
        self.met().map(|(pattern, _)| pattern).collect()
    }

    /// The patterns of [`Judgement::restricted_patterns`], each with its response.
    pub fn met(&self) -> impl Iterator<Item = (&'r ActionPattern, Response)> {
        let mut is_met = vec![false; self.restricted.patterns().len()];
        for violation in &self.violations {
            for &index in violation.met() {
                if let Some(is_met) = is_met.get_mut(index) {
                    *is_met = true;
                }
            }
        }
        let met = self.restricted.with_responses().zip(is_met);
        met.filter(|(_, is_met)| *is_met).map(|(met, _)| met)
    }

    /// The indexes of the statements that violate, in their order, counted from 0.
    #[must_use]
    pub fn statements(&self) -> Vec<usize> {
        let mut statements: Vec<usize> = self.violations.iter().map(|v| v.statement).collect();
        statements.dedup();
        statements
    }

    /// The entries of `Action` that grant a restricted action, in the order of the document; `None`
    /// for a `NotAction`.
    ///
    /// Unlike [`Judgement::findings`], this is already computed.
    pub fn granting(&self) -> impl Iterator<Item = Option<&ActionPattern>> {
        let document = self.document.as_ref().ok();
        self.violations.iter().filter_map(move |violation| {
            let statement = document?.statements().get(violation.statement)?;
            Some(violation.pattern(statement))
        })
    }

    /// The reasons why the document violates, in at most `limit` bytes as a JSON array.
    #[must_use]
    pub fn findings(&self, limit: usize) -> Truncated<Finding> {
        let mut findings = Truncated::default();
        let mut room = Room::new(limit);
        let document = match &self.document {
            Ok(document) => document,
            Err(error) => {
                let reason = error.to_string();
                findings.add(&mut room, 0, || Finding::Unreadable { reason });
                return findings;
            }
        };
        if self.violations.is_empty() {
            return findings;
        }
        let budget = Budget::new(Self::MAX_EXPLAIN_STEPS);
        let scope = Scope::new(document, self.restricted, &budget);
        for violation in &self.violations {
            let Some(statement) = document.statements().get(violation.statement) else {
                continue;
            };
            let evidence = Evidence {
                violation,
                statement,
                restricted: self.restricted,
            };
            findings.add(&mut room, evidence.size(), || evidence.finding(&scope));
        }
        findings
    }

    /// The reasons why the document violates, statement by statement.
    pub(crate) fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// How many steps the judgement took, of at most [`Judgement::MAX_STEPS`].
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }
}

/// A violation with its statement and the restricted list.
struct Evidence<'a> {
    violation: &'a Violation,
    statement: &'a Statement,
    restricted: &'a RestrictedActions,
}

impl<'a> Evidence<'a> {
    /// A lower bound for the size of the finding as JSON, in bytes.
    fn size(&self) -> usize {
        let patterns = self.patterns().iter().take(Grant::MAX_PATTERNS);
        let all = patterns.chain(self.met().take(Grant::MAX_PATTERNS));
        all.map(|pattern| pattern.as_str().len()).sum()
    }

    fn finding(&self, scope: &Scope<'_>) -> Finding {
        let (violation, statement) = (self.violation, self.statement);
        let sid = statement.label();
        let entry = violation.pattern(statement);
        if let (Reason::Ambiguous, Some(pattern)) = (&violation.reason, entry) {
            return Finding::Ambiguous(Ambiguous {
                statement: violation.statement,
                sid,
                pattern: pattern.clone(),
            });
        }
        let granted = match entry {
            Some(pattern) => Granted::entry(pattern),
            None => Granted::not_action(statement),
        };
        let (known, are_all) = scope.known(&granted, violation.met());
        let first = |patterns: &mut dyn Iterator<Item = &ActionPattern>| {
            patterns.take(Grant::MAX_PATTERNS).cloned().collect()
        };
        let more = |length: usize| length.saturating_sub(Grant::MAX_PATTERNS);
        Finding::Grant(Grant {
            statement: violation.statement,
            sid,
            element: Element::of(statement),
            patterns: first(&mut self.patterns().iter()),
            more_patterns: more(self.patterns().len()),
            restricted: first(&mut self.met()),
            more_restricted: more(violation.met().len()),
            total: are_all.then_some(known.len()),
            future_example: known
                .is_empty()
                .then(|| scope.future(&granted, violation.met()))
                .flatten(),
            examples: known
                .into_iter()
                .take(Grant::MAX_EXAMPLES)
                .map(Cow::into_owned)
                .collect(),
            response: violation.response(self.restricted),
            conditional: statement.is_conditional(),
            narrowed: statement.is_narrowed(),
        })
    }

    /// The entry, or all patterns of `NotAction`.
    fn patterns(&self) -> &'a [ActionPattern] {
        match self.violation.pattern(self.statement) {
            Some(pattern) => std::slice::from_ref(pattern),
            None => self.statement.patterns(),
        }
    }

    /// The restricted patterns that are met.
    fn met(&self) -> impl Iterator<Item = &'a ActionPattern> {
        let met = self.violation.met().iter();
        met.filter_map(|index| self.restricted.patterns().get(*index))
    }
}
