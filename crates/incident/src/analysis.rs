use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use iam_policy::{
    Edit, Finding, Loss, Quota, Remediation, RestrictedActions, quota_size, remediate,
    remove_everything,
};

use crate::KeptDocument;
use crate::document::same_meaning;

/// What the policy engine says of documents under one restricted list and quota; each document is judged once.
#[derive(Debug)]
pub struct Analysis<'a> {
    restricted: &'a RestrictedActions,
    quota: Quota,
    known: RefCell<HashMap<String, Rc<Analyzed>>>,
    compared: RefCell<HashMap<(String, String), bool>>,
}

#[derive(Debug)]
struct Analyzed {
    findings: Vec<Finding>,
    candidates: Vec<Candidate>,
}

/// A remediated document that can take an original's place.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    pub document: String,
    /// Each edit, in the order of the statements.
    pub edits: Vec<Edit>,
    /// Grants that go with the restricted ones, because the quota leaves no room.
    pub losses: Vec<Loss>,
}

impl<'a> Analysis<'a> {
    /// Judges by `restricted`; a remediation has at most the characters of `quota`.
    #[must_use]
    pub fn new(restricted: &'a RestrictedActions, quota: Quota) -> Self {
        Self {
            restricted,
            quota,
            known: RefCell::default(),
            compared: RefCell::default(),
        }
    }

    /// Whether a document grants something restricted. One that cannot be read counts as if it did.
    #[must_use]
    pub fn is_restricted(&self, document: &KeptDocument) -> bool {
        !self.analyzed(document).findings.is_empty()
    }

    /// What is restricted in a document.
    #[must_use]
    pub fn findings(&self, document: &KeptDocument) -> Vec<Finding> {
        self.analyzed(document).findings.clone()
    }

    /// The remediated documents that can take its place, the best first; none where nothing is restricted.
    ///
    /// IAM can refuse one: the quota of inline policies is shared by all of one owner, so a document no longer than the original is what certainly fits.
    /// The last one grants nothing. Where IAM accepts nothing else, doubt means quarantine.
    #[must_use]
    pub fn candidates(&self, original: &KeptDocument) -> Vec<Candidate> {
        self.analyzed(original).candidates.clone()
    }

    pub(crate) fn candidate(&self, original: &KeptDocument, number: usize) -> Option<String> {
        let analyzed = self.analyzed(original);
        Some(analyzed.candidates.get(number)?.document.clone())
    }

    /// Whether `document` means the same as one of the remediations of `original`.
    #[must_use]
    pub fn is_remediation(&self, document: &KeptDocument, original: &KeptDocument) -> bool {
        self.analyzed(original)
            .candidates
            .iter()
            .any(|candidate| self.same(document.as_str(), &candidate.document))
    }

    /// Whether two documents mean the same, however IAM restructured one of them.
    #[must_use]
    pub fn same_meaning(&self, one: &KeptDocument, other: &KeptDocument) -> bool {
        self.same(one.as_str(), other.as_str())
    }

    fn same(&self, one: &str, other: &str) -> bool {
        if one == other {
            return true;
        }
        let key = (one.to_owned(), other.to_owned());
        if let Some(same) = self.compared.borrow().get(&key) {
            return *same;
        }
        let same = same_meaning(one, other);
        self.compared.borrow_mut().insert(key, same);
        same
    }

    fn analyzed(&self, document: &KeptDocument) -> Rc<Analyzed> {
        if let Some(analyzed) = self.known.borrow().get(document.as_str()) {
            return Rc::clone(analyzed);
        }
        let findings = iam_policy::judge(document.as_str(), self.restricted);
        let candidates = if findings.is_empty() {
            Vec::new()
        } else {
            self.remediations(document.as_str())
        };
        let analyzed = Rc::new(Analyzed {
            findings,
            candidates,
        });
        self.known
            .borrow_mut()
            .insert(document.as_str().to_owned(), Rc::clone(&analyzed));
        analyzed
    }

    fn remediations(&self, original: &str) -> Vec<Candidate> {
        let best = Candidate::from(remediate(original, self.restricted, self.quota));
        let size = quota_size(original).min(self.quota.limit());
        let no_longer = Candidate::from(remediate(
            original,
            self.restricted,
            Quota::characters(size),
        ));
        let nothing = Candidate::from(remove_everything(
            original,
            self.restricted,
            "IAM did not accept a document that grants more",
        ));
        let mut candidates = vec![best];
        for further in [no_longer, nothing] {
            if candidates
                .iter()
                .all(|known| known.document != further.document)
            {
                candidates.push(further);
            }
        }
        candidates
    }
}

impl From<Remediation> for Candidate {
    fn from(remediation: Remediation) -> Self {
        Self {
            document: remediation.document().to_owned(),
            edits: remediation.edits().to_vec(),
            losses: remediation.losses().to_vec(),
        }
    }
}
