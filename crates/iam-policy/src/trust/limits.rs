//! The external principals that conditions admit.

use std::collections::BTreeSet;

use super::account::AccountId;

/// The principals that the values of a condition name.
pub(super) enum Named {
    Unknown,
    Accounts(BTreeSet<AccountId>),
    Arns(BTreeSet<(AccountId, String)>),
    Organizations(BTreeSet<Organization>),
}

/// An organization of accounts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Organization {
    /// The organization of the role's account.
    Own,
    Id(String),
}

/// The external principals that are admitted: those in every set that is present.
#[derive(Clone, Debug, Default)]
pub(super) struct Limits {
    pub(super) accounts: Option<BTreeSet<AccountId>>,
    /// The ARNs of principals, with wildcards, that report the accounts.
    pub(super) arns: Option<BTreeSet<(AccountId, String)>>,
    pub(super) organizations: Option<BTreeSet<Organization>>,
}

impl Limits {
    pub(super) const NONE: Limits = Limits {
        accounts: None,
        arns: None,
        organizations: None,
    };

    pub(super) fn nothing() -> Limits {
        Limits {
            accounts: Some(BTreeSet::new()),
            ..Limits::NONE
        }
    }

    /// Returns true if principals of the account are admitted.
    pub(super) fn admit(&self, account: AccountId) -> bool {
        let accounts = self.accounts.as_ref();
        !self.is_empty() && accounts.is_none_or(|accounts| accounts.contains(&account))
    }

    /// Returns true if they name accounts.
    pub(super) fn name_accounts(&self) -> bool {
        self.accounts.is_some()
    }

    /// Returns true if no external principal is admitted.
    pub(super) fn is_empty(&self) -> bool {
        self.accounts.as_ref().is_some_and(BTreeSet::is_empty)
            || self.organizations.as_ref().is_some_and(BTreeSet::is_empty)
    }

    /// Admits only the principals that are named.
    pub(super) fn add(&mut self, named: Named) {
        match named {
            Named::Unknown => {}
            Named::Accounts(accounts) => self.leave_accounts(&accounts),
            Named::Arns(arns) => {
                self.leave_accounts(&arns.iter().map(|(account, _)| *account).collect());
                // Only one of two lists of ARNs is kept for the report. It may name too many
                // principals; the accounts exclude those.
                self.arns.get_or_insert(arns);
            }
            Named::Organizations(organizations) => self.leave_organizations(&organizations),
        }
    }

    /// The principals that both admit.
    pub(super) fn and(mut self, other: &Limits) -> Limits {
        if let Some(accounts) = &other.accounts {
            self.leave_accounts(accounts);
        }
        if let Some(organizations) = &other.organizations {
            self.leave_organizations(organizations);
        }
        if self.arns.is_none() {
            self.arns.clone_from(&other.arns);
        }
        self
    }

    /// The organizations that both admit, if a condition names organizations.
    pub(super) fn organizations_of(both: [&Limits; 2]) -> Option<BTreeSet<Organization>> {
        let mut limits = Limits::NONE;
        for organizations in both.into_iter().filter_map(|it| it.organizations.as_ref()) {
            limits.leave_organizations(organizations);
        }
        limits.organizations
    }

    /// A superset of the principals that either admits: a kind of limit that only one of the two
    /// has is dropped.
    pub(super) fn or(self, other: &Limits) -> Limits {
        if self.is_empty() {
            return other.clone();
        }
        if other.is_empty() {
            return self;
        }
        Limits {
            accounts: union(self.accounts, other.accounts.as_ref()),
            arns: union(self.arns, other.arns.as_ref()),
            organizations: union(self.organizations, other.organizations.as_ref()),
        }
    }

    fn leave_accounts(&mut self, accounts: &BTreeSet<AccountId>) {
        match &mut self.accounts {
            Some(before) => before.retain(|account| accounts.contains(account)),
            None => self.accounts = Some(accounts.clone()),
        }
    }

    fn leave_organizations(&mut self, organizations: &BTreeSet<Organization>) {
        let own = &Organization::Own;
        match &mut self.organizations {
            // The id of the role's own organization is unknown, so it may be one of the others.
            Some(before) if before.contains(own) || organizations.contains(own) => {}
            Some(before) => before.retain(|organization| organizations.contains(organization)),
            None => self.organizations = Some(organizations.clone()),
        }
    }
}

fn union<T: Ord + Clone>(a: Option<BTreeSet<T>>, b: Option<&BTreeSet<T>>) -> Option<BTreeSet<T>> {
    let (mut a, b) = (a?, b?);
    a.extend(b.iter().cloned());
    Some(a)
}
