//! Whether a call that the guard does not undo is told of.

use std::str::FromStr as _;

use iam_policy::{ActionPattern, Effect, Excerpt, PolicyDocument, judge, judge_trust};

use super::{Mode, Rules, alert};
use crate::message::{Reason, Restricted, ToldOf, Verdict, VerdictResult};
use crate::target::{HeldPolicy, OwnerKind, Told, ToldLook};
use crate::{KeptDocument, PolicyArn, Record};

/// The bytes of JSON that the restricted patterns of all policies may take.
const PATTERN_BYTES: usize = 3 * 1024;

/// What a call brought or took: as IAM shows it now, or as the record says.
struct Side<'l> {
    policies: &'l [HeldPolicy],
    has_more: bool,
    boundary: Option<&'l PolicyArn>,
    trust: Option<&'l str>,
}

/// Why the guard tells of a call, and which restricted patterns it brings.
#[derive(Default)]
struct Found<'r> {
    reasons: Vec<Reason>,
    patterns: Vec<&'r ActionPattern>,
}

impl Found<'_> {
    fn of(reasons: Vec<Reason>) -> Self {
        Self {
            reasons,
            ..Self::default()
        }
    }
}

impl Rules {
    /// The verdict on a call that is not undone; `None` where IAM may not show it yet.
    ///
    /// What is in force is told of, whichever call put it there.
    /// What the call did is told of where it is over, too: whoever is quicker than the record would do it unseen.
    #[must_use]
    pub fn judge_told(
        &self,
        record: &Record,
        told: &Told,
        look: &ToldLook,
        waited: bool,
    ) -> Option<Verdict> {
        if brings_nothing(told) {
            return Some(self.clean(record));
        }
        let shown = Side {
            policies: &look.policies,
            has_more: look.has_more,
            boundary: look.boundary.as_ref(),
            trust: look.trust.as_deref(),
        };
        let is_so = look.is_so && is_written(record, look);
        // One of these is in force for everybody, whoever wrote it.
        let is_one = matches!(told, Told::Boundary { .. } | Told::Trust { .. });
        if is_so || is_one && look.absent.is_none() {
            let mut found = self.found(told, &shown);
            if !found.reasons.is_empty() {
                let other = (!is_so).then_some(Reason::OtherCall);
                found.reasons.extend(other);
                return Some(self.told(record, VerdictResult::Told, found));
            }
        }
        if is_so {
            return Some(self.clean(record));
        }
        if !waited {
            return None;
        }
        let named = match told {
            Told::Boundary { boundary, .. } => Side {
                policies: &look.passed,
                boundary: boundary.as_ref(),
                ..shown
            },
            Told::Trust { .. } => Side {
                trust: record.document.as_deref(),
                ..shown
            },
            _ => shown,
        };
        let mut found = self.found(told, &named);
        if found.reasons.is_empty() {
            return Some(self.clean(record));
        }
        let result = match &look.absent {
            // A role cannot be renamed, so it was deleted.
            Some(owner) if owner.kind != OwnerKind::Role => {
                let owner = owner.clone();
                found.reasons.insert(0, Reason::Absent { owner });
                VerdictResult::Gone
            }
            _ => VerdictResult::Withdrawn,
        };
        Some(self.told(record, result, found))
    }

    fn found(&self, told: &Told, side: &Side<'_>) -> Found<'_> {
        match told {
            Told::Detachment { .. } | Told::Departure { .. } => Found::of(denies(side)),
            Told::Trust { .. } => Found::of(self.outsiders(side.trust)),
            Told::Boundary { .. } if side.boundary.is_none() => Found::of(vec![Reason::NoBoundary]),
            Told::Boundary { .. }
            | Told::Attachment { .. }
            | Told::Membership { .. }
            | Told::Credentials { .. }
            | Told::Renaming { .. } => self.grants(side),
        }
    }

    fn clean(&self, record: &Record) -> Verdict {
        alert(
            VerdictResult::Clean,
            record,
            None,
            None,
            Restricted::default(),
        )
    }

    fn told(&self, record: &Record, result: VerdictResult, found: Found<'_>) -> Verdict {
        let Found { reasons, patterns } = found;
        let patterns = Excerpt::within(PATTERN_BYTES, patterns);
        let restricted = Restricted {
            more_patterns: patterns.more(),
            patterns: patterns.into_shown(),
            ..Restricted::default()
        };
        Verdict {
            told: Some(ToldOf::new(&reasons, self.mode == Mode::Monitor)),
            exemption: self.exempt.covering(&record.change.actor),
            ..alert(result, record, None, None, restricted)
        }
    }

    /// What the policies grant; the patterns are those of all of them, each once.
    fn grants(&self, side: &Side<'_>) -> Found<'_> {
        let mut found = Found::default();
        for held in side.policies {
            let judgement = judge(&held.document, &self.restricted);
            if judgement.is_clean() {
                continue;
            }
            let met = judgement.restricted_patterns();
            found.reasons.push(Reason::grants(&held.policy, &met));
            for pattern in met {
                if !found.patterns.contains(&pattern) {
                    found.patterns.push(pattern);
                }
            }
        }
        found
            .reasons
            .extend(side.has_more.then_some(Reason::Unread));
        found
    }

    /// Whom a trust policy lets in from outside.
    fn outsiders(&self, trust: Option<&str>) -> Vec<Reason> {
        let Some(document) = trust else {
            return Vec::new();
        };
        let outsiders = judge_trust(document, &self.account, &self.trusted);
        let mut reasons: Vec<Reason> = outsiders
            .shown()
            .iter()
            .cloned()
            .map(|outsider| Reason::Outsider { outsider })
            .collect();
        if let more @ 1.. = outsiders.more() {
            reasons.push(Reason::MoreOutsiders { more });
        }
        reasons
    }
}

/// Whether the trust policy that IAM shows is the one of the record; other calls write none.
fn is_written(record: &Record, look: &ToldLook) -> bool {
    match (&record.document, &look.trust) {
        (Some(written), Some(shown)) => {
            let kept = KeptDocument::new(written);
            crate::document::same_meaning(kept.as_str(), shown)
        }
        _ => true,
    }
}

/// Whether the call brings nothing by its own words, so that nobody has to look.
fn brings_nothing(told: &Told) -> bool {
    match told {
        // Everybody renews their own.
        Told::Credentials { is_own, .. } => *is_own,
        // Terraform names the name that is, where it changes the path. Another letter case is another name.
        Told::Renaming { owner, before } => owner.name == *before,
        _ => false,
    }
}

/// The policies that hold a `Deny`; one that cannot be read may.
fn denies(side: &Side<'_>) -> Vec<Reason> {
    let has_deny = |held: &&HeldPolicy| match PolicyDocument::from_str(&held.document) {
        Ok(document) => document
            .statements()
            .iter()
            .any(|statement| statement.effect() == Effect::Deny),
        Err(_) => true,
    };
    let mut reasons: Vec<Reason> = side
        .policies
        .iter()
        .filter(has_deny)
        .map(|held| Reason::Denied {
            policy: held.policy.clone(),
        })
        .collect();
    if side.has_more {
        reasons.push(Reason::Unread);
    }
    reasons
}
