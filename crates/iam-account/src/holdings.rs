//! What one principal holds, and by which policies.

use iam_policy::ActionPattern;

use crate::account::Account;
use crate::held::Held;
use crate::principal::{Kind, PolicyRef, Principal};

/// What a principal holds.
#[derive(Clone, Copy, Debug)]
pub struct Holdings<'a> {
    account: &'a Account,
    principal: &'a Principal,
}

/// A policy that gives something restricted to a principal.
#[derive(Clone, Copy, Debug)]
pub struct Through<'a> {
    account: &'a Account,
    /// The policy.
    pub policy: PolicyRef<'a>,
    /// The group that has the policy, if the principal has it as a member.
    pub group: Option<&'a Principal>,
    held: &'a Held,
    doubt: Option<&'a str>,
}

/// A role that a principal can become and that holds something restricted.
#[derive(Clone, Debug)]
pub struct Becoming<'a> {
    /// The roles on the way, in their order; the last one is the role itself.
    pub chain: Vec<&'a Principal>,
    /// How many roles before the last one are left out of a long chain.
    pub more: usize,
    /// Whether no condition decides it.
    pub is_sure: bool,
}

impl<'a> Holdings<'a> {
    pub(crate) fn new(account: &'a Account, principal: &'a Principal) -> Holdings<'a> {
        Holdings { account, principal }
    }

    /// The restricted patterns of which it holds an action without a condition, for all resources,
    /// and without a `Deny`, in the order of the list.
    #[must_use]
    pub fn sure(&self) -> Vec<&'a ActionPattern> {
        self.account.watched.patterns(&self.principal.held.sure)
    }

    /// The restricted patterns of which it may hold an action.
    #[must_use]
    pub fn maybe(&self) -> Vec<&'a ActionPattern> {
        maybe(self.account, &self.principal.held)
    }

    /// The policies that give it something restricted: its own first, then those of its groups.
    #[must_use]
    pub fn through(&self) -> Vec<Through<'a>> {
        let account = self.account;
        let mut through = Vec::new();
        for (owner, policy, document) in self.all() {
            let Some(document) = document else { continue };
            let held = account.held.get(&(document, self.principal.limits));
            let summary = account.documents.summaries.get(document);
            if let Some(held) = held.filter(|held| !held.any.is_empty()) {
                through.push(Through {
                    account,
                    policy,
                    group: (owner.number != self.principal.number).then_some(owner),
                    held,
                    doubt: summary.and_then(|it| it.doubt.as_deref()),
                });
            }
        }
        through
    }

    /// The policies that it has itself or as a member of a group, each with its owner and its
    /// document.
    fn all(&self) -> impl Iterator<Item = (&'a Principal, PolicyRef<'a>, Option<usize>)> + use<'a> {
        let account = self.account;
        let groups = self.principal.groups.iter();
        let groups = groups.filter_map(|it| account.principals.get(*it));
        let owners = [self.principal].into_iter().chain(groups);
        owners.flat_map(move |owner| {
            let inline = owner.inline.iter();
            let inline = inline.map(move |(name, document)| {
                (owner, PolicyRef::Inline { owner, name }, Some(*document))
            });
            let attached = owner.attached.iter().filter_map(move |number| {
                let arn = &account.policies.all.get(*number)?.arn;
                let document = account.policies.document(*number);
                Some((owner, PolicyRef::Managed { arn }, document))
            });
            inline.chain(attached)
        })
    }

    /// The policies that it has itself or as a member of a group, and whose documents cannot be
    /// read.
    #[must_use]
    pub fn unreadable(&self) -> Vec<PolicyRef<'a>> {
        let summaries = &self.account.documents.summaries;
        let unreadable = self.all().filter(|(_, _, document)| {
            let summary = document.and_then(|it| summaries.get(it));
            summary.is_some_and(|it| it.unreadable.is_some())
        });
        unreadable.map(|(_, policy, _)| policy).collect()
    }

    /// The known paths of privilege escalation that are open to it: the identifiers of those whose
    /// actions it holds, and of those whose actions it may hold.
    #[must_use]
    pub fn paths(&self) -> (Vec<&'a str>, Vec<&'a str>) {
        let watched = &self.account.watched;
        let sure: Vec<&str> = watched.paths(self.principal.sure_actions).collect();
        let any = watched.paths(self.principal.any_actions);
        let maybe = any.filter(|it| !sure.contains(it)).collect();
        (sure, maybe)
    }

    /// The ARNs of the policies that it has itself or as a member of a group, and whose documents
    /// the answer does not have.
    #[must_use]
    pub fn missing(&self) -> Vec<&'a str> {
        let missing = self.all().filter(|(_, _, document)| document.is_none());
        let arns = missing.filter_map(|(_, policy, _)| match policy {
            PolicyRef::Managed { arn } => Some(arn),
            PolicyRef::Inline { .. } => None,
        });
        let mut arns: Vec<&str> = arns.collect();
        arns.sort_unstable();
        arns.dedup();
        arns
    }

    /// The ARN of its permissions boundary, and whether the answer has the document, and it can be
    /// read.
    #[must_use]
    pub fn boundary(&self) -> Option<(&'a str, bool)> {
        let number = self.principal.boundary?;
        let policy = self.account.policies.all.get(number)?;
        let document = self.account.policies.document(number);
        let summary = document.and_then(|it| self.account.documents.summaries.get(it));
        let is_known = summary.is_some_and(|it| it.unreadable.is_none());
        Some((&policy.arn, is_known))
    }

    /// Some of the roles that it can become and that hold something restricted: the certain ones
    /// first, and of these, those that hold the most. [`Principal::roles_in_reach`] counts them
    /// all.
    #[must_use]
    pub fn becoming(&self) -> Vec<Becoming<'a>> {
        let roles = self
            .account
            .principals
            .partition_point(|it| it.kind < Kind::Role);
        let role = |number: &u32| {
            let number = usize::try_from(*number).ok()?;
            self.account.principals.get(roles + number)
        };
        let named = self.principal.reach.named.iter().map(|reached| Becoming {
            chain: reached.chain.iter().filter_map(role).collect(),
            more: reached.more,
            is_sure: reached.is_sure,
        });
        named.collect()
    }
}

impl<'a> Through<'a> {
    /// The restricted patterns of which it gives an action for certain.
    #[must_use]
    pub fn sure(&self) -> Vec<&'a ActionPattern> {
        self.account.watched.patterns(&self.held.sure)
    }

    /// The restricted patterns of which it may give an action.
    #[must_use]
    pub fn maybe(&self) -> Vec<&'a ActionPattern> {
        maybe(self.account, self.held)
    }

    /// Why the policy may grant anything: the end of a sentence about it.
    #[must_use]
    pub fn doubt(&self) -> Option<&'a str> {
        self.doubt
    }
}

fn maybe<'a>(account: &'a Account, held: &Held) -> Vec<&'a ActionPattern> {
    let maybe = held.any.without(&held.sure);
    account.watched.patterns(&maybe)
}
