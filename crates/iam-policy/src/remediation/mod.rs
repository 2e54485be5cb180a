//! The remediation: a document without its restricted grants.

mod entries;
mod expand;
mod explain;
mod fit;
mod names;
mod plan;
mod report;
mod site;

use crate::budget::Budget;
use crate::scope::grants;
use crate::{Judgement, PolicyDocument, Quota, RestrictedActions, judge};
use explain::Known;
use fit::Work;
use names::Names;
use plan::Plan;
pub use report::{Edit, EditKind, Loss, LossCause};
use site::Site;

/// The document that grants nothing: it allows every action except every action.
///
/// It has no `Deny`, because a `Deny` would also take away grants of other policies.
pub const GRANTS_NOTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"*","Resource":"*"}]}"#;

/// A document without its restricted grants, and the changes to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remediation {
    document: String,
    changed: bool,
    edits: Vec<Edit>,
    losses: Vec<Loss>,
    steps: u64,
}

impl Remediation {
    /// How many steps a remediation takes at most, besides those of the judgement; entries beyond
    /// them are dropped and reported as losses.
    ///
    /// A step takes about one or two nanoseconds of one core.
    pub const MAX_STEPS: u64 = Self::MAX_PLAN_STEPS
        // The patterns that are removed may be judged alone.
        + (Self::MAX_REVIEWS + 1) * Judgement::MAX_STEPS
        + Judgement::MAX_EXPLAIN_STEPS;
    /// How many steps the replacement of entries may take.
    const MAX_PLAN_STEPS: u64 = 32_000_000;
    /// How often the result is judged: as planned, without replacements of entries, and without the
    /// statements that were changed.
    const MAX_REVIEWS: u64 = 3;

    /// The document as JSON without white space between tokens.
    #[must_use]
    pub fn document(&self) -> &str {
        &self.document
    }

    /// Returns true if anything except white space was changed.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.changed
    }

    /// The changes, in the order of the statements.
    ///
    /// There may be as many as the document has entries;
    /// [`Truncated::within`](crate::Truncated::within) truncates them.
    #[must_use]
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// The grants that were removed though they are not restricted.
    ///
    /// There may be as many as the document has entries;
    /// [`Truncated::within`](crate::Truncated::within) truncates them.
    #[must_use]
    pub fn losses(&self) -> &[Loss] {
        &self.losses
    }

    /// How many steps the remediation took, of at most [`Remediation::MAX_STEPS`].
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }
}

/// Removes exactly the restricted grants from a document.
///
/// Grants that meet only patterns with [`Response::Report`](crate::Response::Report) stay.
/// Otherwise, the result is clean for [`judge`]. It grants nothing that the original did not. Every
/// known action that was granted and is not restricted is still granted, except for the reported
/// losses. Remediating the result again changes nothing. It fits the quota if the original does;
/// otherwise, it is no longer than the original.
///
/// A text that cannot be read becomes [`GRANTS_NOTHING`].
///
/// ```
/// use iam_policy::{Quota, RestrictedActions, remediate};
///
/// let restricted: RestrictedActions = "s3:DeleteBucket".parse()?;
/// let text = r#"{"Statement": {"Effect": "Allow", "Action": ["s3:Get*", "s3:DeleteBucket*"], "Resource": "*"}}"#;
/// let remediation = remediate(text, &restricted, Quota::MANAGED);
/// assert_eq!(
///     remediation.document(),
///     r#"{"Statement":{"Effect":"Allow","Action":["s3:Get*","s3:DeleteBucket?*"],"Resource":"*"}}"#,
/// );
/// # Ok::<(), iam_policy::RestrictedActionsError>(())
/// ```
#[must_use]
pub fn remediate(text: &str, restricted: &RestrictedActions, quota: Quota) -> Remediation {
    judge(text, restricted).remediate(quota)
}

/// Removes everything from a document, for a reason that ends the sentence "the document was
/// replaced, because …".
///
/// This is the last resort if IAM refuses the result of [`remediate`]. The result is
/// [`GRANTS_NOTHING`], and its losses are the grants beyond the restricted actions.
///
/// ```
/// use iam_policy::{GRANTS_NOTHING, RestrictedActions, remove_everything};
///
/// let restricted: RestrictedActions = "sqs:DeleteQueue".parse()?;
/// let text = r#"{"Statement": {"Effect": "Allow", "Action": "sqs:DeleteQ*", "Resource": "*"}}"#;
/// let remediation = remove_everything(text, &restricted, "IAM refused every longer one");
/// assert_eq!(remediation.document(), GRANTS_NOTHING);
/// assert_eq!(
///     remediation.edits()[0].to_string(),
///     "the document was replaced by one that grants nothing, because IAM refused every longer one",
/// );
/// # Ok::<(), iam_policy::RestrictedActionsError>(())
/// ```
#[must_use]
pub fn remove_everything(text: &str, restricted: &RestrictedActions, why: &str) -> Remediation {
    let document = text.parse().ok();
    let restricted = restricted.removed().unwrap_or(restricted);
    replaced(why.to_owned(), document.as_ref(), restricted)
}

impl Judgement<'_> {
    /// Removes the restricted grants from the document, as [`remediate`] does.
    #[must_use]
    pub fn remediate(&self, quota: Quota) -> Remediation {
        let steps = Remediation::MAX_PLAN_STEPS;
        let (Ok(document), Some(removed)) = (self.document(), self.restricted().removed()) else {
            return self.remediate_within(quota, steps);
        };
        let judgement = Judgement::of(document.clone(), removed);
        let mut remediation = judgement.remediate_within(quota, steps);
        remediation.steps += judgement.steps();
        remediation
    }

    /// Remediates with at most this many steps for the replacement of entries.
    pub(crate) fn remediate_within(&self, quota: Quota, steps: u64) -> Remediation {
        match self.document() {
            Ok(document) if self.is_clean() => unchanged(document),
            Ok(document) => self.remediate_document(document, quota, steps),
            Err(error) => {
                let why = format!("it cannot be read: {error}");
                replaced(why, None, self.restricted())
            }
        }
    }

    fn remediate_document(
        &self,
        document: &PolicyDocument,
        quota: Quota,
        steps: u64,
    ) -> Remediation {
        let budget = Budget::new(steps);
        let violating = self.violations().iter().filter_map(|violation| {
            let statement = document.statements().get(violation.statement)?;
            violation.pattern(statement)
        });
        let names = Names::new(violating.filter(|entry| !entry.is_everything()), &budget);
        let plans = self
            .violations()
            .chunk_by(|one, next| one.statement == next.statement)
            .filter_map(|violations| {
                let index = violations.first()?.statement;
                let site = Site {
                    index,
                    statement: document.statements().get(index)?,
                    restricted: self.restricted(),
                };
                Some(Plan::new(site, violations, &names, &budget))
            })
            .collect();
        let mut work = Work::new(document, plans);
        work.fit(quota, &budget);
        // The judgement has a budget too, so a result can be clean and still take too many steps to
        // judge. Every result is therefore judged, and a smaller one is tried until the judgement
        // agrees.
        let mut steps = budget.used();
        let result = loop {
            let result = work.write();
            let review = judge(&result, self.restricted());
            steps += review.steps();
            if review.is_clean() {
                break result;
            }
            if !work.give_up() {
                return replaced(
                    "it takes too much work to find out what it grants".to_owned(),
                    Some(document),
                    self.restricted(),
                );
            }
        };
        let budget = Budget::new(Judgement::MAX_EXPLAIN_STEPS);
        let mut edits: Vec<Edit> = work.plans.iter().flat_map(Plan::edits).collect();
        if work.is_emptied() {
            edits.push(Edit::of_document(
                EditKind::DocumentEmptied,
                "IAM does not accept a document without a statement".to_owned(),
            ));
        }
        let known = Known::new(&budget);
        let losses = work.plans.iter().flat_map(|plan| plan.losses(&known));
        Remediation {
            document: result,
            changed: true,
            edits,
            losses: losses.collect(),
            steps: steps + budget.used(),
        }
    }
}

fn unchanged(document: &PolicyDocument) -> Remediation {
    Remediation {
        document: document.to_json(),
        changed: false,
        edits: Vec::new(),
        losses: Vec::new(),
        steps: 0,
    }
}

/// [`GRANTS_NOTHING`] in place of a document, which is `None` if it could not be read.
fn replaced(
    why: String,
    document: Option<&PolicyDocument>,
    restricted: &RestrictedActions,
) -> Remediation {
    let budget = Budget::new(Judgement::MAX_EXPLAIN_STEPS);
    let known = Known::new(&budget);
    let statements = document.map_or(&[][..], PolicyDocument::statements);
    let granting = statements.iter().enumerate().filter(|(_, s)| grants(s));
    let losses = granting.filter_map(|(index, statement)| {
        let site = Site {
            index,
            statement,
            restricted,
        };
        site.loss_of_all(None, LossCause::Replaced, &known)
    });
    Remediation {
        document: GRANTS_NOTHING.to_owned(),
        changed: true,
        losses: losses.collect(),
        edits: vec![Edit::of_document(EditKind::DocumentReplaced, why)],
        steps: budget.used(),
    }
}
