//! What the pages of an answer say about themselves, for each account.

use std::collections::BTreeMap;

use crate::entry::List;
use crate::gap::Gap;

/// The pages of one account or of several ones.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    /// By the account; by an empty text those that only have AWS managed policies, or nothing.
    by_account: BTreeMap<Box<str>, OfAccount>,
    all: OfAccount,
    /// Whether a page has several accounts. Then somebody put answers together, and the pages do
    /// not say which accounts follow.
    is_mixed: bool,
    /// The accounts of the page that is open.
    open: Vec<Box<str>>,
    /// The managed policies of the page that is open, each with the number of its attachments.
    open_counts: Vec<(usize, u64)>,
    /// The account, the number of a managed policy, and the number of its attachments.
    counts: Vec<(Box<str>, usize, u64)>,
}

#[derive(Debug, Default)]
struct OfAccount {
    lists: [bool; 4],
    /// How many pages say that they are the last one.
    last: usize,
    is_last_truncated: bool,
}

impl OfAccount {
    fn end(&mut self, lists: &[List], is_truncated: bool) {
        for (had, list) in self.lists.iter_mut().zip(List::ALL) {
            *had |= lists.contains(&list);
        }
        self.is_last_truncated = is_truncated;
        self.last += usize::from(!is_truncated);
    }

    /// Whether a page is missing at the end.
    ///
    /// The files with the pages may come in any order, but only one page is the last one. With
    /// several complete answers, the order is all that tells.
    fn is_cut(&self) -> bool {
        match self.last {
            0 => true,
            1 => false,
            _ => self.is_last_truncated,
        }
    }
}

impl Pages {
    /// Notes the account of an entry.
    pub(crate) fn add(&mut self, account: &str) {
        let is_own = account != "aws" && !account.is_empty();
        if is_own && self.open.last().map(Box::as_ref) != Some(account) {
            self.open.retain(|it| **it != *account);
            self.open.push(account.into());
        }
    }

    /// Notes to how many principals of its account a managed policy is attached.
    pub(crate) fn count(&mut self, policy: usize, attached: u64) {
        self.open_counts.push((policy, attached));
    }

    /// Ends a page.
    pub(crate) fn end(&mut self, lists: &[List], is_truncated: bool) {
        let mut accounts = std::mem::take(&mut self.open);
        // The policies of AWS are in the answers of all accounts, each time with other counts.
        let account = match accounts.as_slice() {
            [one] => one.clone(),
            _ => Box::default(),
        };
        let counts = std::mem::take(&mut self.open_counts).into_iter();
        self.counts
            .extend(counts.map(|(policy, count)| (account.clone(), policy, count)));
        self.is_mixed |= accounts.len() > 1;
        if accounts.is_empty() {
            accounts.push(Box::default());
        }
        for account in accounts {
            let pages = self.by_account.entry(account).or_default();
            pages.end(lists, is_truncated);
        }
        self.all.end(lists, is_truncated);
    }

    /// The counts of attachments: the account, if the page tells it, and the policy.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (Option<&str>, usize, u64)> {
        let counts = self.counts.iter();
        counts.map(|(account, policy, count)| {
            let account: &str = account;
            ((!account.is_empty()).then_some(account), *policy, *count)
        })
    }

    /// Finds which pages and lists are missing.
    pub(crate) fn find_gaps(&self, gaps: &mut Vec<Gap>) {
        if self.by_account.is_empty() {
            return gaps.push(Gap::Page);
        }
        let shared = self.by_account.get("");
        let named = self.by_account.iter().filter(|(it, _)| !it.is_empty());
        let mut named: Vec<(Option<&str>, &OfAccount)> = named
            .map(|(it, pages)| (Some(it.as_ref()), pages))
            .collect();
        if named.len() < 2 || self.is_mixed {
            named = vec![(None, &self.all)];
        }
        // The last page of an account may have nothing but policies of AWS.
        let mut spare = shared.map_or(0, |it| it.last);
        for (account, pages) in named {
            let account = || account.map(str::to_owned);
            let lists = pages.lists.iter().zip(List::ALL).enumerate();
            for (at, (had, list)) in lists {
                let is_shared = shared.is_some_and(|it| it.lists.get(at) == Some(&true));
                if !had && !is_shared {
                    gaps.push(Gap::List {
                        list,
                        account: account(),
                    });
                }
            }
            if pages.last == 0 && spare > 0 {
                spare -= 1;
            } else if pages.is_cut() {
                gaps.push(Gap::Truncated { account: account() });
            }
        }
    }
}
