use std::collections::{BTreeMap, BTreeSet};

use iam_policy::PolicyDocument;

use crate::{IamError, Owner, OwnerKind, Policy};

/// An account of IAM at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Account {
    /// Its number, for ARNs.
    id: &'static str,
    /// The clock: seconds since 1970. IAM's dates have whole seconds.
    now: i64,
    /// How many unique identifiers were given out.
    serial: u32,
    /// Whether documents are checked. IAM's own check accepts some that the guard cannot read.
    checks: bool,
    pub(crate) policies: BTreeMap<String, Policy>,
    pub(crate) owners: BTreeMap<(OwnerKind, String), Owner>,
    /// The roles, users and groups that hold each managed policy.
    pub(crate) holders: BTreeMap<String, BTreeSet<(OwnerKind, String)>>,
    /// The users in each group.
    pub(crate) members: BTreeMap<String, BTreeSet<String>>,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            id: "111122223333",
            now: 1_772_442_000,
            serial: 0,
            checks: true,
            policies: BTreeMap::new(),
            owners: BTreeMap::new(),
            holders: BTreeMap::new(),
            members: BTreeMap::new(),
        }
    }
}

impl Account {
    /// An account that accepts every text as a document.
    #[must_use]
    pub fn unchecked() -> Self {
        Self {
            checks: false,
            ..Self::default()
        }
    }

    /// The time of the clock.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.now
    }

    /// Lets time pass.
    pub fn pass(&mut self, seconds: i64) {
        self.now += seconds;
    }

    pub(crate) fn id(&self) -> &'static str {
        self.id
    }

    /// A new unique id.
    pub(crate) fn unique_id(&mut self, prefix: &str) -> String {
        self.serial += 1;
        format!("{prefix}{:016}", self.serial)
    }

    /// IAM's check of a document before a write.
    pub(crate) fn check(&self, document: &str) -> Result<(), IamError> {
        if self.checks && document.parse::<PolicyDocument>().is_err() {
            return Err(IamError::malformed());
        }
        Ok(())
    }
}
