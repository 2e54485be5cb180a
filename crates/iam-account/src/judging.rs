//! Judges what each principal holds by all its policies.

use std::collections::{BTreeSet, HashMap};

use crate::arn;
use crate::builder::{Policies, Record};
use crate::document::{ActionSums, Summary};
use crate::gap::Gap;
use crate::held::{Boundary, Held, Limits};
use crate::principal::{Kind, Principal};
use crate::reach::Reach;
use crate::watched::{Actions, Watched};

/// The documents that deny something, and the boundary, of principals.
type LimitsKey = (Vec<usize>, Boundary<usize>);

#[derive(Debug)]
pub(crate) struct Judging<'a> {
    watched: &'a Watched,
    summaries: &'a [Summary],
    policies: &'a Policies,
    numbers: HashMap<LimitsKey, usize>,
    limits: Vec<Limits>,
    held: HashMap<(usize, usize), Held>,
}

impl<'a> Judging<'a> {
    pub(crate) fn new(
        watched: &'a Watched,
        summaries: &'a [Summary],
        policies: &'a Policies,
    ) -> Judging<'a> {
        Judging {
            watched,
            summaries,
            policies,
            numbers: HashMap::new(),
            limits: Vec::new(),
            held: HashMap::new(),
        }
    }

    pub(crate) fn into_held(self) -> HashMap<(usize, usize), Held> {
        self.held
    }

    /// The principals, sorted by their kinds and ARNs.
    pub(crate) fn principals(
        &mut self,
        mut records: Vec<Record>,
        gaps: &mut Vec<Gap>,
    ) -> Vec<Principal> {
        records.sort_by(|a, b| (a.kind, &a.arn).cmp(&(b.kind, &b.arn)));
        let mut groups: HashMap<(String, Box<str>), usize> = HashMap::new();
        for (number, record) in records.iter().enumerate() {
            if record.kind == Kind::Group {
                let account = arn::account(&record.arn).to_owned();
                groups.insert((account, record.name.clone()), number);
            }
        }
        let mut principals: Vec<Principal> = Vec::with_capacity(records.len());
        for (number, record) in records.into_iter().enumerate() {
            let account = arn::account(&record.arn).to_owned();
            let mut known = Vec::new();
            let mut unknown = Vec::new();
            for name in record.groups {
                match groups.get(&(account.clone(), name.clone())) {
                    Some(group) => known.push(*group),
                    None => {
                        gaps.push(Gap::Group {
                            group: name.to_string(),
                            user: record.arn.to_string(),
                        });
                        unknown.push(name);
                    }
                }
            }
            principals.push(Principal {
                number,
                kind: record.kind,
                name: record.name,
                arn: record.arn,
                inline: record.inline,
                attached: record.attached,
                groups: known,
                unknown_groups: unknown,
                boundary: record.boundary,
                trust: record.trust,
                limits: 0,
                held: Held::default(),
                any_actions: Actions::default(),
                sure_actions: Actions::default(),
                lacks_document: false,
                reach: Reach::default(),
            });
        }
        let judged: Vec<Judged> = principals
            .iter()
            .map(|it| self.judge(it, &principals))
            .collect();
        for (principal, judged) in principals.iter_mut().zip(judged) {
            principal.limits = judged.limits;
            principal.held = judged.held;
            principal.any_actions = judged.any_actions;
            principal.sure_actions = judged.sure_actions;
            principal.lacks_document = judged.lacks_document;
        }
        principals
    }

    fn judge(&mut self, principal: &Principal, principals: &[Principal]) -> Judged {
        let Sources {
            documents,
            lacks_document,
        } = sources(principal, principals, self.policies, self.summaries);
        let summaries = self.summaries;
        let of = |number: &usize| summaries.get(*number);
        let denying = documents
            .iter()
            .filter(|it| of(it).is_some_and(Summary::denies));
        let boundary = boundary(principal, self.policies, summaries);
        let limits = self.limits((denying.copied().collect(), boundary));
        let mut held = Held::default();
        let mut sums = ActionSums::default();
        let mut is_doubtful = false;
        for document in &documents {
            let Some(summary) = of(document) else {
                continue;
            };
            sums.add(&summary.actions);
            is_doubtful |= summary.doubt.is_some();
            if summary.met.is_empty() {
                continue;
            }
            let (known, watched) = (self.limits.get(limits), self.watched);
            let found = self.held.entry((*document, limits)).or_insert_with(|| {
                known.map_or_else(Held::default, |it| it.held(summary, watched))
            });
            held.add(found);
        }
        let within = match boundary {
            Boundary::None => (Actions::ALL, Actions::ALL),
            Boundary::Missing => (Actions::ALL, Actions::default()),
            Boundary::Known(number) => match summaries.get(number) {
                Some(it) => {
                    sums.denied = sums.denied.or(it.actions.denied);
                    sums.denied_widely = sums.denied_widely.or(it.actions.denied_widely);
                    let any = match it.doubt {
                        Some(_) => Actions::ALL,
                        None => it.actions.allowed,
                    };
                    (any, it.actions.allowed_widely)
                }
                None => (Actions::ALL, Actions::default()),
            },
        };
        let any_actions = match is_doubtful {
            true => Actions::ALL,
            false => sums.allowed.and(within.0).without(sums.denied_widely),
        };
        let sure_actions = sums.allowed_widely.and(within.1).without(sums.denied);
        Judged {
            limits,
            held,
            any_actions,
            sure_actions,
            lacks_document,
        }
    }

    fn limits(&mut self, key: LimitsKey) -> usize {
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let summaries = self.summaries;
        let denying: Vec<&Summary> = key.0.iter().filter_map(|it| summaries.get(*it)).collect();
        let boundary = match key.1 {
            Boundary::None => Boundary::None,
            Boundary::Missing => Boundary::Missing,
            Boundary::Known(it) => summaries.get(it).map_or(Boundary::Missing, Boundary::Known),
        };
        self.limits.push(Limits::new(&denying, boundary));
        let number = self.limits.len() - 1;
        self.numbers.insert(key, number);
        number
    }
}

struct Judged {
    limits: usize,
    held: Held,
    any_actions: Actions,
    sure_actions: Actions,
    lacks_document: bool,
}

fn can_be_read(summaries: &[Summary], document: usize) -> bool {
    let summary = summaries.get(document);
    summary.is_some_and(|it| it.unreadable.is_none())
}

/// The documents of a principal and of its groups.
pub(crate) struct Sources {
    /// Those that can be read, sorted, each once.
    pub(crate) documents: Vec<usize>,
    /// Whether a document is missing or cannot be read.
    pub(crate) lacks_document: bool,
}

pub(crate) fn sources(
    principal: &Principal,
    principals: &[Principal],
    policies: &Policies,
    summaries: &[Summary],
) -> Sources {
    let mut documents = BTreeSet::new();
    let mut lacks_document = false;
    let mut add = |document: Option<usize>| match document {
        Some(document) if can_be_read(summaries, document) => {
            documents.insert(document);
        }
        _ => lacks_document = true,
    };
    let groups = principal.groups.iter().filter_map(|it| principals.get(*it));
    for owner in [principal].into_iter().chain(groups) {
        owner.inline.iter().for_each(|(_, it)| add(Some(*it)));
        owner
            .attached
            .iter()
            .for_each(|it| add(policies.document(*it)));
    }
    Sources {
        documents: documents.into_iter().collect(),
        lacks_document,
    }
}

/// The permissions boundary of a principal, by the number of its document.
pub(crate) fn boundary(
    principal: &Principal,
    policies: &Policies,
    summaries: &[Summary],
) -> Boundary<usize> {
    let Some(policy) = principal.boundary else {
        return Boundary::None;
    };
    let document = policies.document(policy);
    document
        .filter(|it| can_be_read(summaries, *it))
        .map_or(Boundary::Missing, Boundary::Known)
}
