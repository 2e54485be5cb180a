use super::{Document, Next, RestorationEnd};
use crate::Analysis;
use crate::message::Proposal;

/// How a document stays in force that the administrator was asked about.
///
/// What someone changed in the meantime is another document, which has an event of its own.
/// `has_waited` says that IAM had its time to become consistent.
#[must_use]
pub fn keep<S: Document>(
    analysis: &Analysis<'_>,
    proposal: &Proposal,
    observed: Option<&S::Observed>,
    has_waited: bool,
) -> Next<S::Action, RestorationEnd> {
    let asked = &proposal.contained;
    let end = match observed.and_then(S::in_force) {
        Some(now)
            if now.identity == asked.identity
                && analysis.is_equivalent(&now.document, &asked.original) =>
        {
            return Next::End(RestorationEnd::Decided);
        }
        Some(_) => RestorationEnd::Superseded,
        None => RestorationEnd::Gone,
    };
    Next::end_if(has_waited, end)
}
