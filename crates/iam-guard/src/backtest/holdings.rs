//! What users, roles and groups hold, as far as records show it.

use std::cell::RefCell;
use std::collections::HashMap;

use incident::subject::Owner;
use incident::{OwnerKind, Timestamp, VersionId};
use serde::{Deserialize, Serialize};

use super::Backtest;
use super::change::{denies, grants};
use super::history::{History, MAX_POLICIES};
use super::step::{Thing, What};

/// The most users, roles and groups that are remembered. What others hold is not known.
const MAX_HOLDERS: usize = 10_000;
/// The most that one of them is remembered to hold.
const MAX_HELD: usize = 20;

/// What is known about one or more policies.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Known {
    pub(super) restricted: bool,
    /// Whether there is a `Deny`.
    pub(super) denies: bool,
    /// Whether there is certainly no more.
    pub(super) is_all: bool,
}

impl Known {
    pub(super) const NO_POLICY: Self = Self {
        restricted: false,
        denies: false,
        is_all: true,
    };

    pub(super) const NOT_KNOWN: Self = Self {
        is_all: false,
        ..Self::NO_POLICY
    };

    fn and(self, other: Self) -> Self {
        Self {
            restricted: self.restricted || other.restricted,
            denies: self.denies || other.denies,
            is_all: self.is_all && other.is_all,
        }
    }
}

#[derive(Debug)]
struct Holder {
    /// All, if the records show how the holder was made.
    rest: Known,
    /// What is known of the inline policies. The others change without the holder.
    things: HashMap<Thing, Known>,
}

impl Holder {
    fn new(rest: Known) -> Self {
        let things = HashMap::new();
        Self { rest, things }
    }
}

/// What the records until one moment show.
#[derive(Debug)]
pub(super) struct Holdings<'h> {
    history: &'h History,
    task: &'h Backtest<'h>,
    /// What is known of AWS managed policies, each judged once.
    of_aws: RefCell<HashMap<String, Known>>,
    /// The default versions of managed policies.
    defaults: HashMap<String, VersionId>,
    holders: HashMap<String, Holder>,
}

impl<'h> Holdings<'h> {
    pub(super) fn new(history: &'h History, task: &'h Backtest<'h>) -> Self {
        Self {
            history,
            task,
            of_aws: RefCell::default(),
            defaults: HashMap::new(),
            holders: HashMap::new(),
        }
    }

    pub(super) fn policy(&self, arn: &str, at: Timestamp) -> Known {
        if let Some(document) = self.task.managed.document(arn) {
            let mut of_aws = self.of_aws.borrow_mut();
            let known = of_aws.entry(arn.to_owned()).or_insert_with(|| Known {
                restricted: grants(document, self.task.restricted).is_some(),
                denies: denies(document),
                is_all: true,
            });
            return *known;
        }
        let default = self.defaults.get(&arn.to_ascii_lowercase());
        let version = default.and_then(|default| self.history.version(arn, default, at));
        version.map_or(Known::NOT_KNOWN, |version| version.known)
    }

    /// What an owner holds, for a user also through its groups.
    pub(super) fn held(&self, account: &str, owner: &Owner, at: Timestamp) -> Known {
        let Some(holder) = self.holders.get(&key(account, owner)) else {
            return Known::NOT_KNOWN;
        };
        let things = holder.things.iter().map(|(thing, known)| match thing {
            Thing::Inline(_) => *known,
            Thing::Attached(arn) => self.policy(arn, at),
            Thing::Group(group) => {
                let (kind, name) = (OwnerKind::Group, group.clone());
                self.held(account, &Owner { kind, name }, at)
            }
        });
        things.fold(holder.rest, Known::and)
    }

    pub(super) fn apply(&mut self, account: &str, what: &What) {
        match what {
            What::Version(arn, version) => {
                let arn = arn.as_str().to_ascii_lowercase();
                if self.defaults.len() < MAX_POLICIES || self.defaults.contains_key(&arn) {
                    self.defaults.insert(arn, version.clone());
                }
            }
            What::Made(owner) => self.insert(key(account, owner), Holder::new(Known::NO_POLICY)),
            What::Gone(owner) => {
                self.holders.remove(&key(account, owner));
            }
            What::Given(owner, thing, known) => {
                let key = key(account, owner);
                if !self.holders.contains_key(&key) {
                    self.insert(key.clone(), Holder::new(Known::NOT_KNOWN));
                }
                let Some(holder) = self.holders.get_mut(&key) else {
                    return;
                };
                if holder.things.len() < MAX_HELD || holder.things.contains_key(thing) {
                    holder.things.insert(thing.clone(), *known);
                } else {
                    holder.rest = Known::NOT_KNOWN;
                }
            }
            What::Taken(owner, thing) => {
                if let Some(holder) = self.holders.get_mut(&key(account, owner)) {
                    holder.things.remove(thing);
                }
            }
            What::Call(..) => {
                if let Some(effect) = what.effect() {
                    self.apply(account, &effect);
                }
            }
        }
    }

    fn insert(&mut self, key: String, holder: Holder) {
        if self.holders.len() < MAX_HOLDERS || self.holders.contains_key(&key) {
            self.holders.insert(key, holder);
        }
    }
}

/// A trail can have the records of many accounts.
fn key(account: &str, owner: &Owner) -> String {
    let name = owner.name.to_ascii_lowercase();
    format!("{account} {} {name}", owner.kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backtest::{Format, step::owner};
    use crate::managed::ManagedPolicies;

    const ACCOUNT: &str = "111122223333";

    #[test]
    fn the_holdings_are_bounded() {
        let history = History::default();
        let task = Backtest {
            paths: &[],
            restricted: &"s3:*".parse().unwrap(),
            exempt: &"".parse().unwrap(),
            managed: &ManagedPolicies::default(),
            format: Format::Text,
            html: None,
        };
        let mut holdings = Holdings::new(&history, &task);
        let user = |number: usize| owner(OwnerKind::User, &number.to_string());
        for number in 0..=MAX_HOLDERS {
            holdings.apply(ACCOUNT, &What::Made(user(number)));
        }
        let is_all = |holdings: &Holdings<'_>, number| {
            let known = holdings.held(ACCOUNT, &user(number), Timestamp::UNIX_EPOCH);
            known.is_all
        };
        assert!(is_all(&holdings, 0) && !is_all(&holdings, MAX_HOLDERS));
        for number in 0..=MAX_HELD {
            assert!(is_all(&holdings, 0), "{number}");
            let thing = Thing::Inline(number.to_string());
            holdings.apply(ACCOUNT, &What::Given(user(0), thing, Known::NO_POLICY));
        }
        assert!(!is_all(&holdings, 0));
    }
}
