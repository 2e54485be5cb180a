//! Whether the guard reports a call that it does not revert.

use iam_policy::{
    ActionPattern, Truncated, TrustComparison, compare_trust, entrants, judge, judge_trust,
};

use super::denials::denied_by;
use super::{GuardConfig, Mode, verdict};
use crate::message::{Reason, Report, Response, Restricted, Verdict, VerdictResult};
use crate::subject::{
    Credentials, HeldPolicy, Named, Owner, OwnerKind, ReportedCall, ReportedState,
};
use crate::{PolicyArn, Record, Subject, Target};

/// The bytes of JSON that the restricted patterns of all policies may take.
const PATTERN_BYTES: usize = 3 * 1024;

/// What a call changed, either as IAM shows it now or as the record says.
struct Evidence<'l> {
    policies: &'l [HeldPolicy],
    has_more: bool,
    boundary: Option<&'l PolicyArn>,
    trust: Option<&'l str>,
    former_trust: Option<&'l str>,
    /// Whether the call wrote the trust policy.
    is_its_trust: bool,
    /// Whether it is over. Then those count whom the trust policy in force does not let in.
    is_over: bool,
}

/// Why the guard reports a call, and the restricted patterns that the call brings.
#[derive(Default)]
struct Grounds<'r> {
    reasons: Vec<Reason>,
    patterns: Vec<&'r ActionPattern>,
    /// The strictest response among the lists that are met.
    response: Option<iam_policy::Response>,
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
        if let Some(verdict) = self.judge_not_read(record, state, waited) {
            return verdict;
        }
        // A user with one key had none before, or has replaced it.
        let is_only_key = matches!(
            call,
            ReportedCall::Credentials {
                is_own: true,
                credentials: Credentials::AccessKey(_),
                ..
            }
        ) && !state.has_second_key;
        if is_only_key && state.is_in_effect {
            return Some(clean(record));
        }
        let trust = self.compare_recorded_trust(record, state);
        let shown = Evidence {
            policies: &state.policies,
            has_more: state.has_more,
            boundary: state.boundary.as_ref(),
            trust: match trust {
                // The same policy, by the names of the principals that were deleted since.
                TrustComparison::SameWithoutDeleted => record.document.as_deref(),
                _ => state.trust.as_deref(),
            },
            former_trust: state.former_trust.as_deref(),
            is_its_trust: trust.is_same() || trust == TrustComparison::Ambiguous,
            is_over: false,
        };
        let is_in_effect = state.is_in_effect && trust.is_same();
        // IAM may still show the earlier trust policy. If it goes on showing another one, someone
        // undid or replaced what the call wrote, and both are judged.
        let is_rewritten = matches!(call, ReportedCall::Trust { is_new: false, .. })
            && state.absent.is_none()
            && trust == TrustComparison::Different;
        if is_rewritten && !waited {
            return None;
        }
        // A role or user has one boundary and one trust policy. Whatever IAM shows there is in
        // force, so it is judged even if another call wrote it.
        let is_single = matches!(
            call,
            ReportedCall::Boundary { .. } | ReportedCall::Trust { .. }
        );
        if is_in_effect || is_single && state.absent.is_none() {
            let mut grounds = self.grounds(call, &shown);
            if !grounds.reasons.is_empty() {
                let is_other = !is_in_effect && trust != TrustComparison::Ambiguous;
                let other = is_other.then_some(Reason::OtherCall);
                grounds.reasons.extend(other);
                if is_rewritten {
                    grounds.reasons.extend(self.let_in_before(record, state));
                }
                let reserved = state.reserved.map(|by| Reason::Reserved { by });
                grounds.reasons.splice(0..0, reserved);
                let mut verdict = self.report(record, VerdictResult::Reported, grounds);
                self.ask_about_addition(&mut verdict, state);
                return Some(verdict);
            }
        }
        // The only record of such a role may come before IAM lists what the template gave it.
        let is_complete = waited || !matches!(call, ReportedCall::AcquiredRole { .. });
        if is_in_effect && is_complete && !is_stripped(call, state) {
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
                former_trust: state.trust.as_deref(),
                is_its_trust: true,
                is_over: true,
                ..shown
            },
            _ => shown,
        };
        let mut grounds = self.grounds(call, &recorded);
        // Somebody made them for a user who cannot be found, and who may hold anything. What a
        // template gave a role is not known either if the role is gone or has nothing left.
        let unknown = match call {
            ReportedCall::Credentials { .. } => state.absent.clone(),
            ReportedCall::AcquiredRole { role } => Some(Owner {
                kind: OwnerKind::Role,
                name: role.clone(),
            }),
            ReportedCall::Trust { is_new: false, .. } => {
                let trust = record.document.as_deref().unwrap_or_default();
                let is_closed = entrants(trust, None, &self.partition).principals.is_empty();
                state.absent.clone().filter(|_| !is_closed)
            }
            _ => None,
        };
        let named = unknown.map(Named::Owner);
        grounds
            .reasons
            .extend(named.map(|named| Reason::NotRead { named }));
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

    /// The restricted inline policies of a user or group that got a new name. A rename keeps them,
    /// and what contained them looks for the old name, so each gets an incident under the new one.
    #[must_use]
    pub fn renamed(
        &self,
        verdict: &Verdict,
        call: &ReportedCall,
        state: &ReportedState,
    ) -> Vec<Target> {
        let ReportedCall::Renaming { owner, .. } = call else {
            return Vec::new();
        };
        let can_be_contained = verdict.result == VerdictResult::Reported
            && verdict.exemption.is_none()
            && state.reserved.is_none();
        let removes = |held: &&HeldPolicy| {
            let response = judge(&held.document, &self.restricted).response();
            response.is_some_and(|response| self.mode.at_most(response).removes())
        };
        let policies = state.policies.iter();
        let restricted = policies.filter(|held| can_be_contained && removes(held));
        let inline = restricted.filter_map(|held| match &held.policy {
            Subject::Inline(policy) if policy.owner == *owner => Some(policy),
            _ => None,
        });
        inline
            .map(|policy| Target {
                policy_name: Some(policy.name.clone()),
                ..Target::default()
            })
            .collect()
    }

    /// The verdict on a call whose policy or group cannot be read any more, if the other side of
    /// the call holds something restricted; `Some(None)` if IAM may not show it yet.
    ///
    /// A policy that was detached may have denied that, and a group may grant it under another
    /// name. Where the other side holds nothing restricted, neither matters: pipelines detach and
    /// delete policies all day.
    fn judge_not_read(
        &self,
        record: &Record,
        state: &ReportedState,
        waited: bool,
    ) -> Option<Option<Verdict>> {
        let not_read = state.not_read.as_ref()?;
        let mut grounds = self.grants(&not_read.held, not_read.has_more);
        if grounds.reasons.is_empty() {
            return None;
        }
        let named = not_read.named.clone();
        grounds.reasons.insert(0, Reason::NotRead { named });
        let reserved = state.reserved.map(|by| Reason::Reserved { by });
        grounds.reasons.splice(0..0, reserved);
        Some(waited.then(|| self.report(record, VerdictResult::Reported, grounds)))
    }

    /// Whether IAM shows the trust policy of the record. Other calls write none.
    fn compare_recorded_trust(&self, record: &Record, state: &ReportedState) -> TrustComparison {
        match (&record.document, &state.trust) {
            (Some(recorded), Some(shown)) => compare_trust(recorded, shown, &self.partition),
            _ => TrustComparison::Same,
        }
    }

    fn grounds(&self, call: &ReportedCall, evidence: &Evidence<'_>) -> Grounds<'_> {
        match call {
            ReportedCall::Detachment { .. } | ReportedCall::RemovedFromGroup { .. } => {
                denied_by(evidence.policies, evidence.has_more).into()
            }
            ReportedCall::Trust { .. } => self.let_in(evidence),
            ReportedCall::AcquiredRole { .. } => {
                let mut grounds = self.grants(evidence.policies, evidence.has_more);
                let outsiders = self.external_principals(evidence.trust);
                grounds.reasons.extend(outsiders);
                grounds
            }
            ReportedCall::Rare { .. } => vec![Reason::Rare].into(),
            ReportedCall::Boundary { .. } if evidence.boundary.is_none() => {
                vec![Reason::NoBoundary].into()
            }
            ReportedCall::RootCredentials { .. } => vec![Reason::RootUser].into(),
            ReportedCall::Boundary { .. }
            | ReportedCall::Attachment { .. }
            | ReportedCall::AddedToGroup { .. }
            | ReportedCall::Credentials { .. }
            | ReportedCall::InstanceProfile { .. }
            | ReportedCall::Renaming { .. } => self.grants(evidence.policies, evidence.has_more),
        }
    }

    fn report(&self, record: &Record, result: VerdictResult, grounds: Grounds<'_>) -> Verdict {
        let Grounds {
            reasons,
            patterns,
            response,
        } = grounds;
        let patterns = Truncated::within(PATTERN_BYTES, patterns);
        let restricted = Restricted {
            response: response.unwrap_or_default(),
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
    fn grants(&self, policies: &[HeldPolicy], has_more: bool) -> Grounds<'_> {
        let mut grounds = Grounds::default();
        for held in policies {
            let judgement = judge(&held.document, &self.restricted);
            if judgement.is_clean() {
                continue;
            }
            let restricted = judgement.restricted_patterns();
            grounds.response = grounds.response.max(judgement.response());
            grounds
                .reasons
                .push(Reason::grants(&held.policy, &restricted));
            for pattern in restricted {
                if !grounds.patterns.contains(&pattern) {
                    grounds.patterns.push(pattern);
                }
            }
        }
        let unread = has_more.then_some(Reason::Unread);
        grounds.reasons.extend(unread);
        grounds
    }

    /// What a trust policy hands out: all that the role holds, to whom it names.
    fn let_in(&self, evidence: &Evidence<'_>) -> Grounds<'_> {
        let outsiders = self.external_principals(evidence.trust);
        let mut grounds = self.grants(evidence.policies, evidence.has_more);
        // Another call let in those whom another policy names, and has a record of its own.
        if grounds.reasons.is_empty() || !evidence.is_its_trust {
            return outsiders.into();
        }
        if let Some(trust) = evidence.trust {
            let entrants = entrants(trust, evidence.former_trust, &self.partition);
            // Nobody gets anything, or the record of the policy in force reports them.
            let is_known = evidence.is_over && evidence.former_trust.is_some() && !entrants.are_new;
            if entrants.principals.is_empty() || is_known {
                return outsiders.into();
            }
            grounds.reasons.push(Reason::entrants(&entrants));
        }
        grounds.reasons.extend(outsiders);
        grounds
    }

    /// Whom the trust policy of the record let in, and the one in force does not.
    fn let_in_before(&self, record: &Record, state: &ReportedState) -> Option<Reason> {
        let recorded = record.document.as_deref()?;
        let entrants = entrants(recorded, state.trust.as_deref(), &self.partition);
        entrants.are_new.then(|| Reason::let_in_before(&entrants))
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

/// Whether a role has nothing of what its template gave it.
fn is_stripped(call: &ReportedCall, state: &ReportedState) -> bool {
    matches!(call, ReportedCall::AcquiredRole { .. }) && state.policies.is_empty()
}

/// Whether the record alone shows that the call grants nothing new.
fn brings_nothing(call: &ReportedCall) -> bool {
    match call {
        // Users renew their own credentials.
        ReportedCall::Credentials { is_own, by_key, .. } => *is_own && !by_key,
        // Terraform repeats the current name when it changes the path. A name in another letter
        // case is a rename.
        ReportedCall::Renaming { owner, before } => owner.name == *before,
        _ => false,
    }
}
