use iam_policy::{GRANTS_NOTHING, Quota, Remediation, RestrictedActions, quota_size, remediate};
use incident::KeptDocument;
use incident::message::{ContainRequest, Contained, ContainedVersions, Quarantine};
use lambda_kit::{FailureName, HandlerError};

/// The remediated document, and what takes its place if IAM refuses it, each smaller or plainer than the one before.
///
/// The quota of inline policies is shared by all of one owner, so a document no longer than the original is what certainly fits.
/// The last one grants nothing: where nothing else is accepted, doubt means quarantine.
#[derive(Clone, Debug)]
pub(super) struct Candidates {
    remediations: Vec<Remediation>,
    documents: Vec<String>,
    current: usize,
}

impl Candidates {
    pub(super) fn new(original: &str, restricted: &RestrictedActions, quota: Quota) -> Self {
        let best = remediate(original, restricted, quota);
        let size = quota_size(original).min(quota.limit());
        let no_longer = remediate(original, restricted, Quota::characters(size));
        let nothing = Remediation {
            document: GRANTS_NOTHING.to_owned(),
            ..no_longer.clone()
        };
        let mut remediations = vec![best];
        for further in [no_longer, nothing] {
            if remediations
                .iter()
                .all(|known| known.document != further.document)
            {
                remediations.push(further);
            }
        }
        let documents = remediations
            .iter()
            .map(|known| known.document.clone())
            .collect();
        Self {
            remediations,
            documents,
            current: 0,
        }
    }

    /// All documents, the best first.
    pub(super) fn documents(&self) -> &[String] {
        &self.documents
    }

    /// The document to try now.
    pub(super) fn document(&self) -> &str {
        self.documents
            .get(self.current)
            .map_or(GRANTS_NOTHING, String::as_str)
    }

    /// Goes on to the next document; `false` where IAM refused the last.
    pub(super) fn next(&mut self) -> bool {
        self.current += 1;
        self.current < self.documents.len()
    }

    /// The answer once one of the documents is in force: which it is tells what was edited and what was lost.
    pub(super) fn contained(
        &self,
        request: &ContainRequest,
        versions: Option<ContainedVersions>,
        in_force: KeptDocument,
        found_done: bool,
    ) -> Result<Quarantine, HandlerError> {
        let remediation = self
            .remediations
            .iter()
            .find(|remediation| in_force.same_meaning(&remediation.document))
            .ok_or_else(|| {
                HandlerError::new(
                    FailureName::PolicyUnsettled,
                    format!(
                        "{} does not read back as the remediated document; look at what is in force",
                        request.change.policy
                    ),
                )
            })?;
        Ok(Quarantine::InPlace(Contained {
            versions,
            document: in_force,
            edits: remediation.edits.clone(),
            losses: remediation.losses.clone(),
            evicted: request.evicted.clone(),
            found_done,
        }))
    }
}
