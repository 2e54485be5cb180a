//! The remediation: a document less its restricted grants.

mod expand;
mod plan;
mod report;

use serde::{Deserialize, Serialize};

use crate::document::write_object;
use crate::judgement::{Judgement, grants};
use crate::{PolicyDocument, Quota, RestrictedActions};
use plan::{Plan, Site, Step};
pub use report::{Edit, EditKind, Loss, LossCause};

/// The document that grants nothing: it allows everything but everything.
///
/// No `Deny` is in it, because that would reach into what other policies grant.
pub const GRANTS_NOTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"*","Resource":"*"}]}"#;

/// A document less its restricted grants, and what was done to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Remediation {
    document: String,
    changed: bool,
    edits: Vec<Edit>,
    losses: Vec<Loss>,
}

impl Remediation {
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
    #[must_use]
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// What was granted, is not restricted, and had to go.
    #[must_use]
    pub fn losses(&self) -> &[Loss] {
        &self.losses
    }
}

/// Takes the restricted grants out of a document, and nothing else.
///
/// The result is clean for [`judge`](crate::judge); it grants nothing that the original did not; every known action that
/// was granted and is not restricted is still granted, but for the losses reported; and remediating it again changes
/// nothing.
/// It fits the quota whenever the original does; if the original does not, it is no longer than that.
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
    match text.parse() {
        Ok(document) => remediate_document(&document, restricted, quota),
        Err(error) => replaced(format!("it cannot be read: {error}"), Vec::new()),
    }
}

/// Takes everything out of a document, for a reason that ends the sentence "the document was replaced, because …".
///
/// This is the last resort where IAM refuses what [`remediate`] made.
/// The result is [`GRANTS_NOTHING`], and its losses say what the document granted beyond the restricted actions.
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
    let losses = text.parse().map_or_else(
        |_| Vec::new(),
        |document: PolicyDocument| {
            let statements = document.statements().iter().enumerate();
            statements
                .filter(|(_, statement)| grants(statement))
                .filter_map(|(index, statement)| {
                    Site {
                        index,
                        statement,
                        restricted,
                    }
                    .loss_of_all(LossCause::Replaced)
                })
                .collect()
        },
    );
    replaced(why.to_owned(), losses)
}

fn replaced(why: String, losses: Vec<Loss>) -> Remediation {
    Remediation {
        document: GRANTS_NOTHING.to_owned(),
        changed: true,
        edits: vec![Edit::of_document(EditKind::DocumentReplaced, why)],
        losses,
    }
}

/// [`remediate`] for a document that is read already.
#[must_use]
pub fn remediate_document(
    document: &PolicyDocument,
    restricted: &RestrictedActions,
    quota: Quota,
) -> Remediation {
    let judgement = Judgement::new(document, restricted);
    let plans: Vec<Plan<'_>> = document
        .statements()
        .iter()
        .enumerate()
        .filter(|(_, statement)| grants(statement))
        .filter_map(|(index, statement)| {
            Plan::new(
                &Site {
                    index,
                    statement,
                    restricted,
                },
                &judgement,
            )
        })
        .collect();
    if plans.is_empty() {
        return Remediation {
            document: document.to_json(),
            changed: false,
            edits: Vec::new(),
            losses: Vec::new(),
        };
    }
    let mut work = Work { document, plans };
    work.fit(quota);
    let document = work.write();
    let mut edits: Vec<Edit> = work.plans.iter().flat_map(Plan::edits).collect();
    if work.is_emptied() {
        edits.push(Edit::of_document(
            EditKind::DocumentEmptied,
            "IAM does not accept a document without a statement".to_owned(),
        ));
    }
    let losses = work.plans.iter().flat_map(Plan::losses).collect();
    Remediation {
        document,
        changed: true,
        edits,
        losses,
    }
}

/// A document with a plan for each statement that changes.
struct Work<'a> {
    document: &'a PolicyDocument,
    plans: Vec<Plan<'a>>,
}

impl Work<'_> {
    /// Makes the result fit, at the least cost that suffices.
    ///
    /// First, a `NotAction` leaves out whole services, where that is shorter.
    /// Then the entries that were replaced are dropped, the widest first; and last, whole statements with `NotAction`.
    fn fit(&mut self, quota: Quota) {
        let original = self.document.size();
        // IAM took the original, so what is no longer than that it takes as well, whatever the quota is said to be.
        let limit = quota.limit().max(original);
        for step in Step::ALL {
            while crate::quota_size(&self.write()) > limit {
                let weighed = self
                    .plans
                    .iter_mut()
                    .filter_map(|plan| Some((plan.weight(step)?, plan)));
                match weighed.max_by_key(|(weight, _)| *weight) {
                    Some((_, plan)) => plan.apply(step),
                    None => break,
                }
            }
        }
    }

    /// Whether no statement is left.
    fn is_emptied(&self) -> bool {
        self.plans.len() == self.document.statements().len()
            && self.plans.iter().all(|plan| plan.write().is_none())
    }

    /// The document as it is planned now.
    fn write(&self) -> String {
        self.document.write(|index, statement| {
            match self.plans.iter().find(|plan| plan.index() == index) {
                Some(plan) => plan.write(),
                None => Some(write_object(statement.members())),
            }
        })
    }
}
