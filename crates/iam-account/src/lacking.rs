//! Finds what the answer lacks, once all pages are read.

use std::collections::HashMap;

use crate::account::Account;
use crate::gap::Gap;
use crate::pages::Pages;
use crate::principal::{Kind, PolicyRef, Principal, Verdict};

impl Account {
    pub(crate) fn find_gaps(&mut self, pages: &Pages) {
        let mut gaps = std::mem::take(&mut self.gaps);
        if self.principals.is_empty() && !gaps.contains(&Gap::Page) {
            gaps.push(Gap::Principals);
        }
        self.find_missing_documents(&mut gaps);
        self.find_unreadable_policies(&mut gaps);
        self.find_missing_attachments(pages, &mut gaps);
        self.find_missing_trust(&mut gaps);
        gaps.sort();
        gaps.dedup();
        self.gaps = gaps;
    }

    /// The principals that have each managed policy, as an attachment or as a boundary.
    fn having(&self) -> Vec<Vec<usize>> {
        let mut having = self.holders.clone();
        for principal in &self.principals {
            if let Some(having) = principal.boundary.and_then(|it| having.get_mut(it)) {
                having.push(principal.number);
            }
        }
        having
    }

    fn find_missing_documents(&self, gaps: &mut Vec<Gap>) {
        for (policy, having) in self.policies.all.iter().zip(self.having()) {
            let Some(first) = having.first().and_then(|it| self.principals.get(*it)) else {
                continue;
            };
            let arn = policy.arn.to_string();
            let document = policy.found.as_ref().map(|found| found.document);
            match document {
                None => gaps.push(Gap::Document {
                    arn,
                    principal: first.arn.to_string(),
                    more: having.len() - 1,
                }),
                Some(None) => gaps.push(Gap::DefaultVersion { arn }),
                Some(Some(document)) => {
                    let policy = PolicyRef::Managed { arn: &arn };
                    gaps.extend(self.unreadable(policy, document, first, having.len() - 1));
                }
            }
        }
    }

    fn find_unreadable_policies(&self, gaps: &mut Vec<Gap>) {
        for owner in &self.principals {
            for (name, document) in &owner.inline {
                let policy = PolicyRef::Inline { owner, name };
                gaps.extend(self.unreadable(policy, *document, owner, 0));
            }
        }
    }

    fn unreadable(
        &self,
        policy: PolicyRef<'_>,
        document: usize,
        first: &Principal,
        more: usize,
    ) -> Option<Gap> {
        let summary = self.documents.summaries.get(document)?;
        Some(Gap::Unreadable {
            policy: policy.to_string(),
            principal: first.arn.to_string(),
            more,
            reason: summary.unreadable.clone()?,
        })
    }

    /// Compares the attachments that the policies count with those that are there.
    fn find_missing_attachments(&self, pages: &Pages, gaps: &mut Vec<Gap>) {
        let mut shown: HashMap<(usize, &str), u64> = HashMap::new();
        for (policy, holders) in self.holders.iter().enumerate() {
            for holder in holders.iter().filter_map(|it| self.principals.get(*it)) {
                *shown.entry((policy, holder.account())).or_default() += 1;
            }
        }
        for (account, number, counted) in pages.counts() {
            let Some(policy) = self.policies.all.get(number) else {
                continue;
            };
            let shown = match account {
                Some(account) => shown.get(&(number, account)).copied().unwrap_or_default(),
                // The page does not tell the account, so the policy may be attached in any of them.
                None => self.holders.get(number).map_or(0, |it| u64_of(it.len())),
            };
            if counted > shown {
                gaps.push(Gap::Attachments {
                    arn: policy.arn.to_string(),
                    counted,
                    shown,
                });
            }
        }
    }

    /// Who may become a role matters only if somebody may hold something.
    fn find_missing_trust(&self, gaps: &mut Vec<Gap>) {
        let matters = self.principals.iter().any(|it| it.verdict() != Verdict::No);
        for role in self.principals.iter().filter(|it| it.kind == Kind::Role) {
            let trust = role.trust.and_then(|it| self.trusts.get(it));
            let reason = trust.map(|it| it.problem().map(str::to_owned));
            let gap = |reason| Gap::Trust {
                role: role.arn.to_string(),
                reason,
            };
            match reason {
                None if matters => gaps.push(gap(None)),
                Some(Some(reason)) => gaps.push(gap(Some(reason))),
                None | Some(None) => {}
            }
        }
    }
}

fn u64_of(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
