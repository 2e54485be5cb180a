//! Collects the entries of an answer, page by page.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use iam_policy::RestrictedActions;

use crate::account::Account;
use crate::arn;
use crate::document::Summary;
use crate::entry::{
    Attachment, Boundary, DocumentText, Entry, InlinePolicy, List, PolicyEntry, Text,
};
use crate::gap::Gap;
use crate::pages::Pages;
use crate::principal::Kind;
use crate::trust::Trust;
use crate::watched::Watched;

/// Collects the entries of the answer of `GetAccountAuthorizationDetails`.
///
/// Of each document, only what can matter for the restricted list is kept, and documents with the
/// same text are read once. So the memory does not grow with the answer, but with the number of its
/// entries and of what is restricted in them.
#[derive(Debug)]
pub struct AccountBuilder {
    pub(crate) watched: Watched,
    pub(crate) documents: Documents,
    pub(crate) records: Vec<Record>,
    pub(crate) policies: Policies,
    pub(crate) trusts: Trusts,
    pub(crate) gaps: Vec<Gap>,
    /// Where the record of each ARN is.
    by_arn: HashMap<Box<str>, usize>,
    pub(crate) pages: Pages,
    pub(crate) finds_reach: bool,
}

/// An entry of a user, group or role.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) kind: Kind,
    pub(crate) name: Box<str>,
    pub(crate) arn: Box<str>,
    /// The name and the document of each inline policy.
    pub(crate) inline: Vec<(Box<str>, usize)>,
    /// The managed policies.
    pub(crate) attached: Vec<usize>,
    pub(crate) groups: Vec<Box<str>>,
    pub(crate) boundary: Option<usize>,
    pub(crate) trust: Option<usize>,
}

impl AccountBuilder {
    /// Collects by this restricted list.
    #[must_use]
    pub fn new(restricted: RestrictedActions) -> AccountBuilder {
        AccountBuilder {
            watched: Watched::new(restricted),
            documents: Documents::default(),
            records: Vec::new(),
            policies: Policies::default(),
            trusts: Trusts::default(),
            gaps: Vec::new(),
            by_arn: HashMap::new(),
            pages: Pages::default(),
            finds_reach: true,
        }
    }

    /// Does not search for who can become whom, which takes the longest.
    #[must_use]
    pub fn without_reach(self) -> AccountBuilder {
        AccountBuilder {
            finds_reach: false,
            ..self
        }
    }

    /// Adds an entry.
    ///
    /// An entry that was added before is skipped. If another one with the same ARN was added, it is
    /// a gap, because one of them is out of date.
    pub fn add(&mut self, entry: Entry<'_>) {
        self.pages.add(arn::account(entry.arn()));
        match entry {
            Entry::User(user) => {
                let groups = user.group_list.iter().map(own).collect();
                let mut record = self.record(
                    (Kind::User, &user.user_name, &user.arn),
                    &user.user_policy_list,
                    &user.attached_managed_policies,
                    user.permissions_boundary.as_ref(),
                );
                record.groups = groups;
                self.push(record);
            }
            Entry::Group(group) => {
                let record = self.record(
                    (Kind::Group, &group.group_name, &group.arn),
                    &group.group_policy_list,
                    &group.attached_managed_policies,
                    None,
                );
                self.push(record);
            }
            Entry::Role(role) => {
                let mut record = self.record(
                    (Kind::Role, &role.role_name, &role.arn),
                    &role.role_policy_list,
                    &role.attached_managed_policies,
                    role.permissions_boundary.as_ref(),
                );
                let trust = role.assume_role_policy_document.as_ref();
                record.trust = trust.map(|text| self.trusts.add(text));
                self.push(record);
            }
            Entry::Policy(policy) => self.policy(&policy),
        }
    }

    /// Ends a page that had these lists, and says whether more pages follow it.
    pub fn end_page(&mut self, lists: &[List], is_truncated: bool) {
        self.pages.end(lists, is_truncated);
    }

    /// Judges who holds what.
    ///
    /// `managed` returns the documents of AWS managed policies that the answer does not have, by
    /// their ARNs.
    #[must_use]
    pub fn build<'m>(mut self, managed: impl Fn(&str) -> Option<&'m str>) -> Account {
        self.pages.find_gaps(&mut self.gaps);
        self.policies.complete(|arn| {
            let document = DocumentText(managed(arn)?.into());
            Some(self.documents.add(&document, &self.watched))
        });
        Account::new(self)
    }

    fn record(
        &mut self,
        (kind, name, arn): (Kind, &Text<'_>, &Text<'_>),
        inline: &[InlinePolicy<'_>],
        attached: &[Attachment<'_>],
        boundary: Option<&Boundary<'_>>,
    ) -> Record {
        let mut own_inline = Vec::with_capacity(inline.len());
        for policy in inline {
            let document = self.documents.add(&policy.policy_document, &self.watched);
            own_inline.push((own(&policy.policy_name), document));
        }
        let attached = attached
            .iter()
            .map(|it| self.policies.number(&it.policy_arn.0));
        let attached = attached.collect();
        let boundary = boundary.map(|it| self.policies.number(&it.permissions_boundary_arn.0));
        Record {
            kind,
            name: own(name),
            arn: own(arn),
            inline: own_inline,
            attached,
            groups: Vec::new(),
            boundary,
            trust: None,
        }
    }

    fn push(&mut self, record: Record) {
        let known = self.by_arn.get(&record.arn).copied();
        match known.and_then(|at| self.records.get(at)) {
            Some(known) if *known == record => {}
            Some(_) => self.gaps.push(Gap::Twice {
                arn: record.arn.into(),
            }),
            None => {
                self.by_arn.insert(record.arn.clone(), self.records.len());
                self.records.push(record);
            }
        }
    }

    fn policy(&mut self, entry: &PolicyEntry<'_>) {
        let document = default_document(entry).map(|it| self.documents.add(it, &self.watched));
        let number = self.policies.number(&entry.arn.0);
        if let Some(attached) = entry.attachment_count {
            self.pages.count(number, attached);
        }
        let Some(policy) = self.policies.all.get_mut(number) else {
            return;
        };
        match &policy.found {
            Some(known) if known.document == document => {}
            Some(_) => {
                // One of them is out of date.
                policy.found = Some(Found { document: None });
                let arn = entry.arn.0.clone().into_owned();
                self.gaps.push(Gap::Twice { arn });
            }
            None => policy.found = Some(Found { document }),
        }
    }
}

/// The document of the version that is in force, if the entry tells which one is.
fn default_document<'p>(entry: &'p PolicyEntry<'_>) -> Option<&'p DocumentText<'p>> {
    let versions = &entry.policy_version_list;
    let named = entry.default_version_id.as_ref();
    let is_named = |id: Option<&Text<'_>>| named.is_none() || id == named;
    let mut marked = versions
        .iter()
        .filter(|it| it.is_default_version == Some(true));
    let version = match (marked.next(), marked.next()) {
        (Some(_), Some(_)) => None,
        (Some(marked), None) => {
            let is_agreed = marked.version_id.is_none() || is_named(marked.version_id.as_ref());
            is_agreed.then_some(marked)
        }
        (None, _) => {
            let mut same = versions.iter().filter(|it| {
                named.is_some()
                    && is_named(it.version_id.as_ref())
                    && it.is_default_version.is_none()
            });
            same.next().filter(|_| same.next().is_none())
        }
    };
    version?.document.as_ref()
}

fn own(text: &Text<'_>) -> Box<str> {
    text.0.as_ref().into()
}

/// Numbers texts, each text once.
#[derive(Debug, Default)]
struct Numbers {
    /// By two hashes of 64 bits with random keys, so that two texts have the same ones by chance
    /// only, and never by intention.
    numbers: HashMap<(u64, u64), usize>,
    hashes: [RandomState; 2],
}

impl Numbers {
    /// The number of a text, which is `next` if the text is new.
    fn number(&mut self, text: &str, next: usize) -> usize {
        let [one, other] = &self.hashes;
        let key = (one.hash_one(text), other.hash_one(text));
        *self.numbers.entry(key).or_insert(next)
    }
}

/// The documents, each text once.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    numbers: Numbers,
    pub(crate) summaries: Vec<Summary>,
}

impl Documents {
    fn add(&mut self, text: &DocumentText<'_>, watched: &Watched) -> usize {
        let next = self.summaries.len();
        let number = self.numbers.number(&text.0, next);
        if number == next {
            self.summaries.push(Summary::new(&text.json(), watched));
        }
        number
    }
}

/// The trust policies, each text once.
#[derive(Debug, Default)]
pub(crate) struct Trusts {
    numbers: Numbers,
    pub(crate) all: Vec<Trust>,
}

impl Trusts {
    fn add(&mut self, text: &DocumentText<'_>) -> usize {
        let next = self.all.len();
        let number = self.numbers.number(&text.0, next);
        if number == next {
            self.all.push(Trust::new(&text.json()));
        }
        number
    }
}

/// The managed policies: those that pages have, and those that are attached.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    numbers: HashMap<Box<str>, usize>,
    pub(crate) all: Vec<ManagedPolicy>,
}

#[derive(Debug)]
pub(crate) struct ManagedPolicy {
    pub(crate) arn: Box<str>,
    pub(crate) found: Option<Found>,
    /// Whether the document is not from the answer.
    pub(crate) is_built_in: bool,
}

/// The entry of a managed policy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The document of the default version.
    pub(crate) document: Option<usize>,
}

impl Policies {
    pub(crate) fn numbered(&self, arn: &str) -> Option<usize> {
        self.numbers.get(arn).copied()
    }

    fn number(&mut self, arn: &str) -> usize {
        if let Some(number) = self.numbers.get(arn) {
            return *number;
        }
        self.numbers.insert(arn.into(), self.all.len());
        self.all.push(ManagedPolicy {
            arn: arn.into(),
            found: None,
            is_built_in: false,
        });
        self.all.len() - 1
    }

    /// Looks for the documents of AWS managed policies that no page has.
    fn complete(&mut self, mut document: impl FnMut(&str) -> Option<usize>) {
        for policy in &mut self.all {
            if policy.found.is_none() && arn::account(&policy.arn) == "aws" {
                policy.found = document(&policy.arn).map(|document| Found {
                    document: Some(document),
                });
                policy.is_built_in = policy.found.is_some();
            }
        }
    }

    /// The document of a policy.
    pub(crate) fn document(&self, number: usize) -> Option<usize> {
        self.all.get(number)?.found.as_ref()?.document
    }
}
