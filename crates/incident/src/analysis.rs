use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use iam_policy::{
    GRANTS_NOTHING, Judgement, Quota, Remediation, Response, RestrictedActions, judge, quota_size,
    remove_everything,
};

use crate::Snapshot;
use crate::message::{Removal, Restricted};
use crate::snapshot::is_equivalent;

/// What the policy engine says of documents under one restricted list and quota; each document is
/// judged once.
#[derive(Debug)]
pub struct Analysis<'a> {
    restricted: &'a RestrictedActions,
    quota: Quota,
    known: RefCell<HashMap<String, Rc<Analyzed>>>,
    compared: RefCell<HashMap<(String, String), bool>>,
}

#[derive(Debug)]
struct Analyzed {
    /// None of a document that meets no list.
    response: Option<Response>,
    restricted: Restricted,
    met: Vec<String>,
    candidates: OnceCell<Vec<Candidate>>,
}

/// A remediated document that can take an original's place.
#[derive(Debug)]
struct Candidate {
    document: String,
    /// What was done to the original; none of the document that grants nothing, where it takes long
    /// to say.
    removal: Option<Removal>,
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

    /// Whether a document grants something that the guard removes, at once or if the administrator
    /// says so. One that cannot be read counts as if it did.
    #[must_use]
    pub fn is_restricted(&self, document: &Snapshot) -> bool {
        let response = self.response(document);
        response.is_some_and(Response::removes)
    }

    /// The strictest response among the lists that a document meets; `None` if it meets none.
    #[must_use]
    pub fn response(&self, document: &Snapshot) -> Option<Response> {
        self.analyzed(document).response
    }

    /// What is restricted in a document.
    #[must_use]
    pub fn restricted(&self, document: &Snapshot) -> Restricted {
        self.analyzed(document).restricted.clone()
    }

    /// The restricted patterns that a document meets, each with its response, in an order of their
    /// own. Together they tell when another list would ask another question about it.
    #[must_use]
    pub fn met(&self, document: &Snapshot) -> Vec<String> {
        self.analyzed(document).met.clone()
    }

    /// The remediated document with this number that can take its place, the best first; none where
    /// nothing is restricted.
    ///
    /// IAM can refuse one: the quota of inline policies is shared by all of one owner, so a
    /// document no longer than the original is what certainly fits. The last one grants nothing.
    /// Where IAM accepts nothing else, doubt means quarantine.
    #[must_use]
    pub fn candidate(&self, original: &Snapshot, number: usize) -> Option<String> {
        let analyzed = self.analyzed(original);
        let candidate = self.candidates(original, &analyzed).get(number)?;
        Some(candidate.document.clone())
    }

    /// What was done to an original whose remediation is `document`; `None` where it is not one of
    /// them.
    #[must_use]
    pub fn removal(&self, original: &Snapshot, document: &Snapshot) -> Option<Removal> {
        let analyzed = self.analyzed(original);
        let candidates = self.candidates(original, &analyzed);
        let is_it = |candidate: &&Candidate| self.same(document.as_str(), &candidate.document);
        let candidate = candidates.iter().find(is_it)?;
        Some(candidate.removal.clone().unwrap_or_else(|| {
            Removal::from(&remove_everything(
                original.as_str(),
                self.restricted,
                "IAM did not accept a document that grants more",
            ))
        }))
    }

    /// Whether `document` means the same as one of the remediations of `original`.
    #[must_use]
    pub fn is_remediation(&self, document: &Snapshot, original: &Snapshot) -> bool {
        let analyzed = self.analyzed(original);
        self.candidates(original, &analyzed)
            .iter()
            .any(|candidate| self.same(document.as_str(), &candidate.document))
    }

    /// Whether two documents mean the same, however IAM restructured one of them.
    #[must_use]
    pub fn is_equivalent(&self, one: &Snapshot, other: &Snapshot) -> bool {
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
        let same = is_equivalent(one, other);
        self.compared.borrow_mut().insert(key, same);
        same
    }

    fn analyzed(&self, document: &Snapshot) -> Rc<Analyzed> {
        if let Some(analyzed) = self.known.borrow().get(document.as_str()) {
            return Rc::clone(analyzed);
        }
        let judgement = judge(document.as_str(), self.restricted);
        let analyzed = Rc::new(Analyzed {
            response: judgement.response(),
            restricted: Restricted::from(&judgement),
            met: met(&judgement),
            candidates: OnceCell::new(),
        });
        self.known
            .borrow_mut()
            .insert(document.as_str().to_owned(), Rc::clone(&analyzed));
        analyzed
    }

    fn candidates<'d>(&self, original: &Snapshot, analyzed: &'d Analyzed) -> &'d [Candidate] {
        analyzed.candidates.get_or_init(|| {
            if !analyzed.response.is_some_and(Response::removes) {
                return Vec::new();
            }
            let original = original.as_str();
            let judgement = judge(original, self.restricted);
            let mut candidates = vec![Candidate::from(judgement.remediate(self.quota))];
            let add = |candidates: &mut Vec<Candidate>, further: Candidate| {
                let is_new = |known: &Candidate| known.document != further.document;
                if candidates.iter().all(is_new) {
                    candidates.push(further);
                }
            };
            let size = quota_size(original).min(self.quota.limit());
            let is_longer = |best: &Candidate| quota_size(&best.document) > size;
            if candidates.iter().any(is_longer) {
                let no_longer = judgement.remediate(Quota::characters(size));
                add(&mut candidates, no_longer.into());
            }
            let nothing = Candidate {
                document: GRANTS_NOTHING.to_owned(),
                removal: None,
            };
            add(&mut candidates, nothing);
            candidates
        })
    }
}

fn met(judgement: &Judgement<'_>) -> Vec<String> {
    let met = judgement.met();
    let mut met: Vec<String> = met
        .map(|(pattern, response)| format!("{pattern} {response:?}"))
        .collect();
    met.sort_unstable();
    met
}

impl From<Remediation> for Candidate {
    fn from(remediation: Remediation) -> Self {
        Self {
            document: remediation.document().to_owned(),
            removal: Some(Removal::from(&remediation)),
        }
    }
}
