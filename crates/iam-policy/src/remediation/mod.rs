//! The remediation: a document less its restricted grants.

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

/// The document that grants nothing: it allows everything but everything.
///
/// No `Deny` is in it, because that would reach into what other policies grant.
pub const GRANTS_NOTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"*","Resource":"*"}]}"#;

/// A document less its restricted grants, and what was done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remediation {
    document: String,
    changed: bool,
    edits: Vec<Edit>,
    losses: Vec<Loss>,
    steps: u64,
}

impl Remediation {
    /// How many steps a remediation takes at most, besides those of the judgement; entries that it
    /// does not come to in these are dropped and reported as losses.
    ///
    /// A step is about a nanosecond or two of one core.
    pub const MAX_STEPS: u64 = Self::MAX_PLAN_STEPS
        + Self::MAX_REVIEWS * Judgement::MAX_STEPS
        + Judgement::MAX_EXPLAIN_STEPS;
    /// How many steps it may take to find out what entries become.
    const MAX_PLAN_STEPS: u64 = 32_000_000;
    /// How often the result is judged: as it was planned, without what entries became, and without
    /// what was changed.
    const MAX_REVIEWS: u64 = 3;

    /// The document as JSON without white space between tokens.
    #[must_use]
    pub fn document(&self) -> &str {
        &self.document
    }

    /// Whether anything but white space was changed.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.changed
    }

    /// What was changed, in the order of the statements.
    ///
    /// There may be as many as a document has entries;
    /// [`Truncated::within`](crate::Truncated::within) cuts them.
    #[must_use]
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// What was granted, is not restricted, and had to go.
    ///
    /// There may be as many as a document has entries;
    /// [`Truncated::within`](crate::Truncated::within) cuts them.
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

/// Takes the restricted grants out of a document, and nothing else.
///
/// The result is clean for [`judge`]; it grants nothing that the original did not; every known
/// action that was granted and is not restricted is still granted, but for the losses reported; and
/// remediating it again changes nothing. It fits the quota whenever the original does; if the
/// original does not, it is no longer than that.
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

/// Takes everything out of a document, for a reason that ends the sentence "the document was
/// replaced, because …".
///
/// This is the last resort where IAM refuses what [`remediate`] made. The result is
/// [`GRANTS_NOTHING`], and its losses say what the document granted beyond the restricted actions.
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
    replaced(why.to_owned(), document.as_ref(), restricted)
}

impl Judgement<'_> {
    /// Takes the restricted grants out of the document, as [`remediate`] does.
    #[must_use]
    pub fn remediate(&self, quota: Quota) -> Remediation {
        self.remediate_within(quota, Remediation::MAX_PLAN_STEPS)
    }

    /// Remediates with at most so many steps for what entries become.
    pub(crate) fn remediate_within(&self, quota: Quota, steps: u64) -> Remediation {
        match self.document() {
            Ok(document) if self.is_clean() => Remediation {
                document: document.to_json(),
                changed: false,
                edits: Vec::new(),
                losses: Vec::new(),
                steps: 0,
            },
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

/// [`GRANTS_NOTHING`] in place of a document, if that could be read.
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
