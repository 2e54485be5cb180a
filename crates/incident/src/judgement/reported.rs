//! Whether the guard reports a call that it does not revert.

use std::str::FromStr as _;

use iam_policy::{ActionPattern, Effect, PolicyDocument, Truncated, judge, judge_trust};

use super::{GuardConfig, Mode, verdict};
use crate::message::{Reason, Report, Response, Restricted, Verdict, VerdictResult};
use crate::subject::{HeldPolicy, OwnerKind, ReportedCall, ReportedState};
use crate::{PolicyArn, Record, Snapshot};

/// The bytes of JSON that the restricted patterns of all policies may take.
const PATTERN_BYTES: usize = 3 * 1024;

/// What a call changed, either as IAM shows it now or as the record says.
struct Evidence<'l> {
    policies: &'l [HeldPolicy],
    has_more: bool,
    boundary: Option<&'l PolicyArn>,
    trust: Option<&'l str>,
}

/// Why the guard reports a call, and the restricted patterns that the call brings.
#[derive(Default)]
struct Grounds<'r> {
    reasons: Vec<Reason>,
    patterns: Vec<&'r ActionPattern>,
}

impl From<Vec<Reason>> for Grounds<'_> {
    fn from(reasons: Vec<Reason>) -> Self {
        Self {
            reasons,
            ..Self::default()
        }
    }
}

impl GuardConfig {
    /// The verdict on a call that the guard does not revert; `None` if IAM may not show it yet.
    ///
    /// The guard reports what is in force, whichever call put it there. It also reports a change
    /// that is over by now: otherwise a caller that undoes it before the record arrives would stay
    /// undetected.
    #[must_use]
    pub fn judge_reported(
        &self,
        record: &Record,
        call: &ReportedCall,
        state: &ReportedState,
        waited: bool,
    ) -> Option<Verdict> {
        if brings_nothing(call) {
            return Some(clean(record));
        }
        let shown = Evidence {
            policies: &state.policies,
            has_more: state.has_more,
            boundary: state.boundary.as_ref(),
            trust: state.trust.as_deref(),
        };
        let is_in_effect = state.is_in_effect && shows_recorded_trust(record, state);
        // A role or user has one boundary and one trust policy. Whatever IAM shows there is in
        // force, so it is judged even if another call wrote it.
        let is_single = matches!(
            call,
            ReportedCall::Boundary { .. } | ReportedCall::Trust { .. }
        );
        if is_in_effect || is_single && state.absent.is_none() {
            let mut grounds = self.grounds(call, &shown);
            if !grounds.reasons.is_empty() {
                let other = (!is_in_effect).then_some(Reason::OtherCall);
                grounds.reasons.extend(other);
                return Some(self.report(record, VerdictResult::Reported, grounds));
            }
        }
        if is_in_effect {
            return Some(clean(record));
        }
        if !waited {
            return None;
        }
        // The change is over. IAM still has the policies that were attached or detached. A former
        // boundary or trust policy is known from the record only.
        let recorded = match call {
            ReportedCall::Boundary { boundary, .. } => Evidence {
                policies: &state.recorded_boundary,
                boundary: boundary.as_ref(),
                ..shown
            },
            ReportedCall::Trust { .. } => Evidence {
                trust: record.document.as_deref(),
                ..shown
            },
            _ => shown,
        };
        let mut grounds = self.grounds(call, &recorded);
        if grounds.reasons.is_empty() {
            return Some(clean(record));
        }
        let result = match &state.absent {
            // IAM can rename users and groups, which keep their policies. It cannot rename a role,
            // so a role that is absent was deleted.
            Some(owner) if owner.kind != OwnerKind::Role => {
                let owner = owner.clone();
                grounds.reasons.insert(0, Reason::Absent { owner });
                VerdictResult::Gone
            }
            _ => VerdictResult::Withdrawn,
        };
        Some(self.report(record, result, grounds))
    }

    fn grounds(&self, call: &ReportedCall, evidence: &Evidence<'_>) -> Grounds<'_> {
        match call {
            ReportedCall::Detachment { .. } | ReportedCall::RemovedFromGroup { .. } => {
                denies(evidence).into()
            }
            ReportedCall::Trust { .. } => self.external_principals(evidence.trust).into(),
            ReportedCall::Boundary { .. } if evidence.boundary.is_none() => {
                vec![Reason::NoBoundary].into()
            }
            ReportedCall::Boundary { .. }
            | ReportedCall::Attachment { .. }
            | ReportedCall::AddedToGroup { .. }
            | ReportedCall::Credentials { .. }
            | ReportedCall::Renaming { .. } => self.grants(evidence),
        }
    }

    fn report(&self, record: &Record, result: VerdictResult, grounds: Grounds<'_>) -> Verdict {
        let Grounds { reasons, patterns } = grounds;
        let patterns = Truncated::within(PATTERN_BYTES, patterns);
        let restricted = Restricted {
            more_patterns: patterns.more(),
            patterns: patterns.into_shown(),
            ..Restricted::default()
        };
        Verdict {
            response: Response::Report,
            report: Some(Report::new(&reasons, self.mode == Mode::Monitor)),
            exemption: self.exempt.covering(&record.change.actor),
            ..verdict(result, record, restricted)
        }
    }

    /// What the policies grant: one reason for each policy, and each pattern once.
    fn grants(&self, evidence: &Evidence<'_>) -> Grounds<'_> {
        let mut grounds = Grounds::default();
        for held in evidence.policies {
            let judgement = judge(&held.document, &self.restricted);
            if judgement.is_clean() {
                continue;
            }
            let restricted = judgement.restricted_patterns();
            grounds
                .reasons
                .push(Reason::grants(&held.policy, &restricted));
            for pattern in restricted {
                if !grounds.patterns.contains(&pattern) {
                    grounds.patterns.push(pattern);
                }
            }
        }
        let unread = evidence.has_more.then_some(Reason::Unread);
        grounds.reasons.extend(unread);
        grounds
    }

    /// The external principals that a trust policy lets assume the role.
    fn external_principals(&self, trust: Option<&str>) -> Vec<Reason> {
        let Some(document) = trust else {
            return Vec::new();
        };
        let principals = judge_trust(document, &self.account, &self.trusted);
        let mut reasons: Vec<Reason> = principals
            .shown()
            .iter()
            .cloned()
            .map(|principal| Reason::ExternalPrincipal { principal })
            .collect();
        if let more @ 1.. = principals.more() {
            reasons.push(Reason::MoreExternalPrincipals { more });
        }
        reasons
    }
}

fn clean(record: &Record) -> Verdict {
    let restricted = Restricted::default();
    verdict(VerdictResult::Clean, record, restricted)
}

/// Whether IAM shows the trust policy of the record. True for calls that write no trust policy.
fn shows_recorded_trust(record: &Record, state: &ReportedState) -> bool {
    match (&record.document, &state.trust) {
        (Some(recorded), Some(shown)) => {
            let recorded = Snapshot::new(recorded);
            crate::snapshot::is_equivalent(recorded.as_str(), shown)
        }
        _ => true,
    }
}

/// Whether the record alone shows that the call grants nothing new.
fn brings_nothing(call: &ReportedCall) -> bool {
    match call {
        // Users renew their own credentials.
        ReportedCall::Credentials { is_own, .. } => *is_own,
        // Terraform repeats the current name when it changes the path. A name in another letter
        // case is a rename.
        ReportedCall::Renaming { owner, before } => owner.name == *before,
        _ => false,
    }
}

/// The policies that contain a `Deny`. A policy that cannot be read may contain one.
fn denies(evidence: &Evidence<'_>) -> Vec<Reason> {
    let has_deny = |held: &&HeldPolicy| match PolicyDocument::from_str(&held.document) {
        Ok(document) => document
            .statements()
            .iter()
            .any(|statement| statement.effect() == Effect::Deny),
        Err(_) => true,
    };
    let denied = evidence.policies.iter().filter(has_deny);
    let mut reasons: Vec<Reason> = denied
        .map(|held| Reason::Denied {
            policy: held.policy.clone(),
        })
        .collect();
    if evidence.has_more {
        reasons.push(Reason::Unread);
    }
    reasons
}
