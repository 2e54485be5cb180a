//! The versions of managed policies that earlier records wrote. Later records without a document
//! are judged by them.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use incident::{Timestamp, VersionId};

use super::change::Grants;
use super::holdings::Known;

/// The most policies that are remembered. Records about other policies count as unknown.
pub(super) const MAX_POLICIES: usize = 10_000;
/// The most versions of one policy that are remembered. The newest are kept.
const MAX_VERSIONS: usize = 10;
/// The most different grants that are remembered with their entries.
const MAX_KNOWN: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct History {
    /// By ARNs in small letters: IAM takes them in any letter case.
    policies: HashMap<Box<str>, Vec<Version>>,
    /// The grants of all versions. Equal grants share one allocation.
    known: HashSet<Rc<Grants>>,
}

#[derive(Debug)]
pub(super) struct Version {
    number: u64,
    written: Timestamp,
    pub(super) grants: Option<Rc<Grants>>,
    pub(super) known: Known,
}

impl History {
    /// Remembers the grants of a version.
    pub(super) fn remember(
        &mut self,
        arn: &str,
        version: &VersionId,
        written: Timestamp,
        grants: Option<Rc<Grants>>,
        known: Known,
    ) {
        let arn = arn.to_ascii_lowercase().into_boxed_str();
        let is_full = self.policies.len() >= MAX_POLICIES;
        if is_full && !self.policies.contains_key(&arn) {
            return;
        }
        let grants = grants.map(|grants| self.shared(grants));
        let versions = self.policies.entry(arn).or_default();
        if versions.len() >= MAX_VERSIONS {
            let oldest = versions.iter().enumerate().min_by_key(|(_, it)| it.written);
            if let Some((oldest, _)) = oldest {
                versions.remove(oldest);
            }
        }
        versions.push(Version {
            number: version.number(),
            written,
            grants,
            known,
        });
    }

    /// Equal grants that are known already, or these.
    fn shared(&mut self, grants: Rc<Grants>) -> Rc<Grants> {
        if let Some(known) = self.known.get(&grants) {
            return Rc::clone(known);
        }
        if self.known.len() < MAX_KNOWN {
            self.known.insert(Rc::clone(&grants));
            return grants;
        }
        // Without their entries, most grants are equal, so that the memory stays bounded.
        let grants = Rc::new(Grants {
            entries: Box::default(),
            ..Grants::clone(&grants)
        });
        match self.known.get(&grants) {
            Some(known) => Rc::clone(known),
            None if self.known.len() < 2 * MAX_KNOWN => {
                self.known.insert(Rc::clone(&grants));
                grants
            }
            None => grants,
        }
    }

    /// A version at a moment. Version numbers repeat after a policy is deleted and created again,
    /// so the latest version before the moment counts.
    pub(super) fn version(
        &self,
        arn: &str,
        version: &VersionId,
        at: Timestamp,
    ) -> Option<&Version> {
        let versions = self.policies.get(arn.to_ascii_lowercase().as_str())?.iter();
        let number = version.number();
        let earlier = versions.filter(|it| it.number == number && it.written <= at);
        earlier.max_by_key(|it| it.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn version(number: usize) -> VersionId {
        VersionId::parse(&format!("v{number}")).unwrap()
    }

    #[test]
    fn the_latest_version_before_the_moment_counts() {
        let mut history = History::default();
        let wide = Some(Rc::new(Grants::default()));
        history.remember("a", &version(1), moment(20), None, Known::NOT_KNOWN);
        history.remember("A", &version(1), moment(10), wide.clone(), Known::NOT_KNOWN);
        let found = |arn, number, second| {
            let found = history.version(arn, &version(number), moment(second));
            found.map(|version| version.grants.clone())
        };
        assert_eq!(found("a", 1, 15), Some(wide));
        assert_eq!(found("A", 1, 20), Some(None));
        assert_eq!(found("a", 1, 5), None);
        assert_eq!(found("a", 2, 30), None);
        assert_eq!(found("b", 1, 30), None);
    }

    #[test]
    fn the_history_is_bounded() {
        let mut history = History::default();
        for policy in 0..=MAX_POLICIES {
            history.remember(
                &policy.to_string(),
                &version(1),
                moment(1),
                None,
                Known::NOT_KNOWN,
            );
        }
        let last = MAX_POLICIES.to_string();
        let is_known = |history: &History, arn: &str, number, second| {
            let found = history.version(arn, &version(number), moment(second));
            found.is_some()
        };
        assert!(!is_known(&history, &last, 1, 1));
        assert!(is_known(&history, "0", 1, 1));
        for number in 2..40 {
            let written = moment(i64::try_from(number).unwrap());
            history.remember("0", &version(number), written, None, Known::NOT_KNOWN);
        }
        assert!(!is_known(&history, "0", 1, 50));
        assert!(is_known(&history, "0", 39, 50));
    }
}
