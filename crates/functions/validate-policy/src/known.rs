//! What stays in force gets a name by which a sweep finds the execution that knows about it.

use iam_policy::Quota;
use incident::memory::Wanted;
use incident::message::{Response, Verdict, VerdictResult};
use incident::subject::{AddedIdentity, Owner, ReportedCall};
use incident::survey::GrantId;
use incident::{Analysis, Subject, Timestamp};

use crate::remember::Remembering;

impl Remembering<'_> {
    /// Makes the verdict known to the sweeps, if what it is about stays in force.
    ///
    /// What is contained, and a document that is asked about, has a claim if it can be compared.
    pub(crate) async fn make_known(&self, verdict: &mut Verdict, added: Option<&AddedIdentity>) {
        let Some(id) = self.grant(verdict, added) else {
            return;
        };
        let subject = &verdict.change.subject;
        let listed = verdict.restricted.response.into();
        let named = self.claims.make_known(&id, listed, subject, self.execution);
        match named.await {
            Ok(name) => verdict.memory.known = name,
            Err(error) => {
                tracing::warn!(%error, "a sweep may ask about what this execution knows");
            }
        }
    }

    fn grant(&self, verdict: &Verdict, added: Option<&AddedIdentity>) -> Option<GrantId> {
        let subject = &verdict.change.subject;
        match subject {
            Subject::Managed(_) | Subject::Inline(_) => {
                let stays = matches!(
                    verdict.result,
                    VerdictResult::Exempt | VerdictResult::Monitored | VerdictResult::Reported
                );
                let in_force = verdict.in_force.as_ref()?;
                // Nothing is remediated, so the quota does not matter.
                let analysis = Analysis::new(&self.rules.restricted, Quota::MANAGED);
                let wanted = Wanted::document(subject, in_force, Response::Report, &analysis);
                match wanted {
                    Some(wanted) => stays.then(|| GrantId::of_document(&wanted.key)),
                    // It is too long for a claim.
                    None => (stays || verdict.response == Response::Ask)
                        .then(|| GrantId::of_long_document(subject, in_force)),
                }
            }
            Subject::Reported(call) if verdict.result == VerdictResult::Reported => match call {
                ReportedCall::Attachment { .. } | ReportedCall::AddedToGroup { .. } => {
                    Some(GrantId::of_addition(added?))
                }
                ReportedCall::Detachment { owner, policy } => {
                    Some(departure(owner, Some(policy.as_str())))
                }
                ReportedCall::Boundary {
                    owner,
                    boundary: None,
                } => Some(departure(owner, None)),
                _ => None,
            },
            Subject::Reported(_) => None,
        }
    }
}

fn departure(owner: &Owner, policy: Option<&str>) -> GrantId {
    let [_, today] = GrantId::of_departure(owner, policy, Timestamp::now());
    today
}
