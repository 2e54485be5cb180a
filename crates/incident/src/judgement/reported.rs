//! Whether a call that the guard does not undo is told of.

use std::str::FromStr as _;

use iam_policy::{ActionPattern, Effect, PolicyDocument, Truncated, judge, judge_trust};

use super::{GuardConfig, Mode, alert};
use crate::message::{Reason, Report, Restricted, Verdict, VerdictResult};
use crate::subject::{HeldPolicy, OwnerKind, ReportedCall, ReportedState};
use crate::{PolicyArn, Record, Snapshot};

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

impl GuardConfig {
    /// The verdict on a call that is not undone; `None` where IAM may not show it yet.
    ///
    /// What is in force is told of, whichever call put it there.
    /// What the call did is told of where it is over, too: whoever is quicker than the record would do it unseen.
    #[must_use]
    pub fn judge_reported(
        &self,
        record: &Record,
        told: &ReportedCall,
        look: &ReportedState,
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
        let is_one = matches!(
            told,
            ReportedCall::Boundary { .. } | ReportedCall::Trust { .. }
        );
        if is_so || is_one && look.absent.is_none() {
            let mut found = self.found(told, &shown);
            if !found.reasons.is_empty() {
                let other = (!is_so).then_some(Reason::OtherCall);
                found.reasons.extend(other);
                return Some(self.told(record, VerdictResult::Reported, found));
            }
        }
        if is_so {
            return Some(self.clean(record));
        }
        if !waited {
            return None;
        }
        let named = match told {
            ReportedCall::Boundary { boundary, .. } => Side {
                policies: &look.passed,
                boundary: boundary.as_ref(),
                ..shown
            },
            ReportedCall::Trust { .. } => Side {
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

    fn found(&self, told: &ReportedCall, side: &Side<'_>) -> Found<'_> {
        match told {
            ReportedCall::Detachment { .. } | ReportedCall::Departure { .. } => {
                Found::of(denies(side))
            }
            ReportedCall::Trust { .. } => Found::of(self.external_principals(side.trust)),
            ReportedCall::Boundary { .. } if side.boundary.is_none() => {
                Found::of(vec![Reason::NoBoundary])
            }
            ReportedCall::Boundary { .. }
            | ReportedCall::Attachment { .. }
            | ReportedCall::Membership { .. }
            | ReportedCall::Credentials { .. }
            | ReportedCall::Renaming { .. } => self.grants(side),
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
        let patterns = Truncated::within(PATTERN_BYTES, patterns);
        let restricted = Restricted {
            more_patterns: patterns.more(),
            patterns: patterns.into_shown(),
            ..Restricted::default()
        };
        Verdict {
            report: Some(Report::new(&reasons, self.mode == Mode::Monitor)),
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
    fn external_principals(&self, trust: Option<&str>) -> Vec<Reason> {
        let Some(document) = trust else {
            return Vec::new();
        };
        let external_principals = judge_trust(document, &self.account, &self.trusted);
        let mut reasons: Vec<Reason> = external_principals
            .shown()
            .iter()
            .cloned()
            .map(|outsider| Reason::ExternalPrincipal { outsider })
            .collect();
        if let more @ 1.. = external_principals.more() {
            reasons.push(Reason::MoreExternalPrincipals { more });
        }
        reasons
    }
}

/// Whether the trust policy that IAM shows is the one of the record; other calls write none.
fn is_written(record: &Record, look: &ReportedState) -> bool {
    match (&record.document, &look.trust) {
        (Some(written), Some(shown)) => {
            let kept = Snapshot::new(written);
            crate::snapshot::is_equivalent(kept.as_str(), shown)
        }
        _ => true,
    }
}

/// Whether the call brings nothing by its own words, so that nobody has to look.
fn brings_nothing(told: &ReportedCall) -> bool {
    match told {
        // Everybody renews their own.
        ReportedCall::Credentials { is_own, .. } => *is_own,
        // Terraform names the name that is, where it changes the path. Another letter case is another name.
        ReportedCall::Renaming { owner, before } => owner.name == *before,
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
