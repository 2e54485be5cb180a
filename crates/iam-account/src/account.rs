//! An account: its principals, and what they hold.

use std::collections::{BTreeSet, HashMap};

use iam_policy::{ActionPattern, ReadyMadeList, RestrictedActions};

use crate::arn;
use crate::builder::{AccountBuilder, Documents, Policies};
use crate::gap::Gap;
use crate::held::Held;
use crate::held_by::HeldBy;
use crate::holdings::Holdings;
use crate::judging::Judging;
use crate::principal::{Kind, PolicyRef, Principal, Verdict};
use crate::reaching;
use crate::trust::Trust;
use crate::watched::Watched;

/// An account, or several ones, as the answer of `GetAccountAuthorizationDetails` shows them.
#[derive(Debug)]
pub struct Account {
    pub(crate) watched: Watched,
    pub(crate) documents: Documents,
    pub(crate) policies: Policies,
    pub(crate) trusts: Vec<Trust>,
    pub(crate) principals: Vec<Principal>,
    /// What each document gives among the limits of a principal.
    pub(crate) held: HashMap<(usize, usize), Held>,
    /// The principals that have each managed policy.
    pub(crate) holders: Vec<Vec<usize>>,
    /// The members of each group, by its number.
    members: HashMap<usize, Vec<usize>>,
    pub(crate) gaps: Vec<Gap>,
}

impl Account {
    pub(crate) fn new(builder: AccountBuilder) -> Account {
        let AccountBuilder {
            watched,
            documents,
            records,
            policies,
            trusts,
            mut gaps,
            pages,
            finds_reach,
            ..
        } = builder;
        let mut judging = Judging::new(&watched, &documents.summaries, &policies);
        let principals = judging.principals(records, &mut gaps);
        let held = judging.into_held();
        let mut account = Account {
            holders: vec![Vec::new(); policies.all.len()],
            members: HashMap::new(),
            trusts: trusts.all,
            watched,
            documents,
            policies,
            principals,
            held,
            gaps,
        };
        account.relate();
        account.find_gaps(&pages);
        if !finds_reach {
            return account;
        }
        let reaches = reaching::reaches(
            &account.principals,
            &account.documents.summaries,
            &account.policies,
            &account.trusts,
        );
        for (principal, reach) in account.principals.iter_mut().zip(reaches) {
            principal.reach = reach;
        }
        account
    }

    /// Notes who has which policy, and who is in which group.
    fn relate(&mut self) {
        for principal in &self.principals {
            let attached: BTreeSet<usize> = principal.attached.iter().copied().collect();
            for policy in attached {
                if let Some(holders) = self.holders.get_mut(policy) {
                    holders.push(principal.number);
                }
            }
            for group in &principal.groups {
                self.members
                    .entry(*group)
                    .or_default()
                    .push(principal.number);
            }
        }
    }

    /// The restricted list.
    #[must_use]
    pub fn restricted(&self) -> &RestrictedActions {
        self.watched.restricted()
    }

    /// The users, groups and roles, sorted by their kinds and ARNs.
    #[must_use]
    pub fn principals(&self) -> &[Principal] {
        &self.principals
    }

    /// The accounts of the principals, sorted.
    #[must_use]
    pub fn accounts(&self) -> Vec<&str> {
        let accounts: BTreeSet<&str> = self.principals.iter().map(Principal::account).collect();
        accounts.into_iter().collect()
    }

    /// How many principals of a kind there are with a verdict.
    #[must_use]
    pub fn count(&self, kind: Kind, verdict: Verdict) -> usize {
        let same = |it: &&Principal| it.kind == kind && it.verdict() == verdict;
        self.principals.iter().filter(same).count()
    }

    /// How many managed policies there are.
    #[must_use]
    pub fn policies(&self) -> usize {
        self.policies
            .all
            .iter()
            .filter(|it| it.found.is_some())
            .count()
    }

    /// The AWS managed policies whose documents are not from the answer, by their ARNs.
    pub fn built_in(&self) -> impl Iterator<Item = &str> {
        let all = self.policies.all.iter();
        all.filter(|it| it.is_built_in).map(|it| it.arn.as_ref())
    }

    /// What the answer lacks, sorted. With a gap, `No` and `Unknown` are no proof that nothing
    /// restricted is held.
    #[must_use]
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// What a principal holds.
    #[must_use]
    pub fn holdings<'a>(&'a self, principal: &'a Principal) -> Holdings<'a> {
        Holdings::new(self, principal)
    }

    /// For each restricted pattern, how many principals hold it for certain, and how many under
    /// conditions.
    #[must_use]
    pub fn by_pattern(&self) -> Vec<(&ActionPattern, usize, usize)> {
        let mut counts = vec![(0, 0); self.restricted().patterns().len()];
        for principal in &self.principals {
            for number in principal.held.any.iter() {
                if let Some((sure, maybe)) = counts.get_mut(number) {
                    match principal.held.sure.contains(number) {
                        true => *sure += 1,
                        false => *maybe += 1,
                    }
                }
            }
        }
        let patterns = self.restricted().patterns().iter().zip(counts);
        patterns
            .map(|(it, (sure, maybe))| (it, sure, maybe))
            .collect()
    }

    /// For each ready-made list that is restricted as a whole, how many principals hold a
    /// restricted pattern that names an action of it, for certain and under conditions only.
    #[must_use]
    pub fn by_list(&self) -> Vec<(ReadyMadeList, usize, usize)> {
        let holds = |held: fn(&Held) -> &crate::bits::Bits, of: &crate::bits::Bits| {
            let all = self.principals.iter();
            all.filter(|it| !held(&it.held).and(of).is_empty()).count()
        };
        let lists = self.watched.lists().into_iter().map(|(list, patterns)| {
            let sure = holds(|it| &it.sure, &patterns);
            let any = holds(|it| &it.any, &patterns);
            (list, sure, any.saturating_sub(sure))
        });
        lists.collect()
    }

    /// The principals that have a policy themselves.
    pub fn holders_of<'a>(
        &'a self,
        policy: PolicyRef<'a>,
    ) -> impl Iterator<Item = &'a Principal> + use<'a> {
        let (managed, owner) = match policy {
            PolicyRef::Managed { arn } => (self.policies.numbered(arn), None),
            PolicyRef::Inline { owner, .. } => (None, Some(owner.number)),
        };
        let holders = managed
            .and_then(|it| self.holders.get(it))
            .into_iter()
            .flatten();
        let numbers = holders.copied().chain(owner);
        numbers.filter_map(|it| self.principals.get(it))
    }

    /// How many hold a policy, themselves or as members of a group.
    #[must_use]
    pub fn held_by(&self, policy: PolicyRef<'_>) -> HeldBy {
        let mut held = HeldBy::default();
        let (mut users, mut members) = (BTreeSet::new(), BTreeSet::new());
        for principal in self.holders_of(policy) {
            match principal.kind {
                Kind::Role => held.roles += 1,
                Kind::User => {
                    users.insert(principal.number);
                }
                Kind::Group => {
                    held.groups += 1;
                    members.extend(self.members.get(&principal.number).into_iter().flatten());
                }
            }
        }
        held.users = users.len();
        held.members = members.difference(&users).count();
        held
    }

    /// Who may enter a role from outside of the answer: other accounts, identity providers,
    /// services and everybody, as its trust policy names them, also those that a `Deny` stops.
    #[must_use]
    pub fn entrants(&self, role: &Principal) -> Vec<String> {
        let Some(trust) = role.trust.and_then(|it| self.trusts.get(it)) else {
            return match role.kind {
                Kind::Role => vec!["everybody, because the answer has no trust policy".to_owned()],
                Kind::User | Kind::Group => Vec::new(),
            };
        };
        let partition = arn::partition(&role.arn);
        let own = format!("`arn:{partition}:iam::{}:", role.account());
        // A provider of the account lets in identities that the answer does not have.
        let is_own = |name: &str| match name.strip_prefix(&own) {
            Some(rest) => {
                !rest.starts_with("saml-provider/") && !rest.starts_with("oidc-provider/")
            }
            None => false,
        };
        let names = trust.entrants(partition).iter();
        names.filter(|name| !is_own(name)).cloned().collect()
    }
}
