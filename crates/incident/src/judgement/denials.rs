//! What policies deny, and what a managed policy does not deny any more.

use std::str::FromStr as _;

use iam_policy::{Effect, PolicyDocument, Statement, Truncated};

use crate::LostDenial;
use crate::message::Reason;
use crate::subject::{HeldPolicy, ObservedManaged, ReportedState};

/// The bytes of JSON that the entries of one version may take.
const ENTRY_BYTES: usize = 512;

/// The versions that deny something that the default version does not certainly deny.
///
/// IAM does not say which of them was the default before, and a caller who removes a denial can put
/// another version in between. So each version counts, for as long as IAM has it.
#[must_use]
pub fn lost_denials(policy: &ObservedManaged) -> Vec<LostDenial> {
    // Where it cannot be read, the finding says so, and no comparison helps.
    let Ok(now) = PolicyDocument::from_str(policy.default.document.as_str()) else {
        return Vec::new();
    };
    let lost = policy.others.iter().filter_map(|version| {
        let denied = match PolicyDocument::from_str(version.document.as_str()) {
            Ok(before) => entries(before.denials_beyond(&now).into_iter()),
            // It may have denied anything.
            Err(_) => vec!["what cannot be read".to_owned()],
        };
        let denied = Truncated::within(ENTRY_BYTES, &denied);
        (!denied.is_empty()).then(|| LostDenial {
            version: version.id.clone(),
            more: denied.more(),
            denied: denied.into_shown(),
        })
    });
    lost.collect()
}

/// Whether what a call added may deny something, so that taking it away could widen.
pub(crate) fn holds_denials(state: &ReportedState) -> bool {
    !denied_by(&state.policies, state.has_more).is_empty()
}

/// What a document allows, each entry once.
fn allowed(document: &PolicyDocument) -> Vec<String> {
    let statements = document.statements().iter();
    entries(statements.filter(|statement| statement.effect() != Effect::Deny))
}

/// The actions that the statements name, each entry once.
fn entries<'s>(statements: impl Iterator<Item = &'s Statement>) -> Vec<String> {
    const SPARED: usize = 8;
    let mut all = Vec::new();
    for statement in statements {
        let names = statement.patterns().iter().map(ToString::to_string);
        let entries = if statement.is_negated() {
            let more = statement.patterns().len().saturating_sub(SPARED);
            let more = (more > 0).then(|| format!("{more} more"));
            let names: Vec<String> = names.take(SPARED).chain(more).collect();
            vec![format!("everything but {}", names.join(", "))]
        } else {
            names.collect()
        };
        for entry in entries {
            if !all.contains(&entry) {
                all.push(entry);
            }
        }
    }
    all
}

/// The policies that contain a `Deny`. A policy that cannot be read may contain one.
pub(super) fn denied_by(policies: &[HeldPolicy], has_more: bool) -> Vec<Reason> {
    let denied = |held: &HeldPolicy| match PolicyDocument::from_str(&held.document) {
        Ok(document) => {
            let mut statements = document.statements().iter();
            let denies = statements.any(|statement| statement.effect() == Effect::Deny);
            denies.then(|| Reason::denied(&held.policy, &allowed(&document)))
        }
        Err(_) => Some(Reason::denied(&held.policy, &["*".to_owned()])),
    };
    let mut reasons: Vec<Reason> = policies.iter().filter_map(denied).collect();
    if has_more {
        reasons.push(Reason::Unread);
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::Version;
    use crate::{Snapshot, UniqueId};

    const ALLOWS: &str = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
    const DENIES: &str = r#"{"Effect":"Deny","Action":"s3:Delete*","Resource":"*"}"#;

    fn policy(default: &str, others: &[&str]) -> ObservedManaged {
        let version = |number: usize, statements: &&str| Version {
            id: format!("v{}", number + 1).parse_version(),
            created: "2026-11-01T10:00:00Z".parse().unwrap(),
            document: Snapshot::new(&format!(
                r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#
            )),
        };
        ObservedManaged {
            identity: UniqueId {
                id: "ANPAEXAMPLE".to_owned(),
                created: "2026-11-01T10:00:00Z".parse().unwrap(),
            },
            reserved: None,
            default: version(8, &default),
            others: others
                .iter()
                .enumerate()
                .map(|(number, text)| version(number, text))
                .collect(),
        }
    }

    trait ParseVersion {
        fn parse_version(&self) -> crate::VersionId;
    }

    impl ParseVersion for String {
        fn parse_version(&self) -> crate::VersionId {
            crate::VersionId::parse(self).unwrap()
        }
    }

    #[test]
    fn each_version_that_denied_more_is_named() {
        let both = format!("{ALLOWS},{DENIES}");
        let lost = lost_denials(&policy(ALLOWS, &[ALLOWS, &both, ALLOWS, "{"]));
        let named: Vec<String> = lost
            .iter()
            .map(|lost| format!("{} {}", lost.version, lost.denied.join(",")))
            .collect();
        assert_eq!(named, ["v2 s3:Delete*", "v4 what cannot be read"]);
        assert!(lost_denials(&policy(&both, &[ALLOWS, &both])).is_empty());
    }
}
