//! What an e-mail of the sweep says.

use std::cmp::Reverse;

use iam_account::{Account, Kind, PolicyRef, Principal};
use incident::judgement::GuardConfig;
use incident::message::{
    GoneDenial, ListedGrant, PatternCount, SurveyRequest, SweepReason, SweepReport,
};
use incident::subject::{OwnerKind, ReportedCall};
use incident::survey::{Baseline, Grant, Resolved, hint};
use incident::{Subject, Timestamp};
use lambda_kit::Claims;

use super::SweepConfig;

/// The worst grants of a report, and the most that are listed where each has its command.
const WORST: usize = 20;
const LISTED: usize = 60;
/// The patterns that a report counts, and those of one grant.
const PATTERNS: usize = 20;
const PATTERNS_OF_ONE: usize = 6;
/// The denials that a report lists.
const GONE: usize = 50;
/// The gaps of the answer that a report lists.
const GAPS: usize = 20;

pub(super) struct Facts<'a> {
    pub(super) rules: &'a GuardConfig,
    pub(super) claims: &'a Claims,
    pub(super) config: &'a SweepConfig,
    pub(super) request: &'a SurveyRequest,
    /// When the account was read.
    pub(super) read_at: Timestamp,
    pub(super) account: &'a Account,
    pub(super) is_first: bool,
    pub(super) is_baseline: bool,
    pub(super) known: &'a [Grant],
    pub(super) resolved: &'a Resolved,
    pub(super) gone: Vec<GoneDenial>,
}

impl Facts<'_> {
    /// The report of this sweep, if there is something to report.
    pub(super) fn report(self) -> Option<SweepReport> {
        let reason = self.reason()?;
        let all = self.known.iter().chain(&self.resolved.started);
        let all = all.chain(&self.resolved.left);
        // What is attached or joined is counted with the policy that it is about.
        let mut grants: Vec<&Grant> = match reason {
            SweepReason::OverMost => self.resolved.left.iter().collect(),
            SweepReason::Gone => Vec::new(),
            _ => all.filter(|grant| is_listed(grant)).collect(),
        };
        let patterns = self.counted(&grants);
        let mut listed: Vec<(usize, ListedGrant)> = Vec::new();
        grants.sort_by_key(|grant| (Reverse(grant.patterns.len()), grant.id.clone()));
        let most = match reason {
            SweepReason::OverMost => LISTED,
            _ => WORST,
        };
        // Who holds it takes time to count, so it decides among the first only.
        for grant in grants.iter().take(most * 4) {
            listed.push(self.listed(grant));
        }
        listed.sort_by_key(|(holders, grant)| {
            let met = grant.patterns.len() + grant.more_patterns;
            (Reverse(met), Reverse(*holders))
        });
        listed.truncate(most);
        let gaps = self.account.gaps();
        let (patterns, more_patterns) = patterns;
        let more_gone = self.gone.len().saturating_sub(GONE);
        Some(SweepReport {
            reason,
            started_at: self.request.started_at,
            account: self.rules.account.clone(),
            state_machine: self.claims.executions().state_machine_arn().to_owned(),
            counts: self.resolved.output.counts,
            most: self.config.most,
            patterns,
            more_patterns,
            more_grants: grants.len() - listed.len(),
            grants: listed.into_iter().map(|(_, grant)| grant).collect(),
            gone: self.gone.into_iter().take(GONE).collect(),
            more_gone,
            gaps: gaps.iter().take(GAPS).map(ToString::to_string).collect(),
        })
    }

    fn reason(&self) -> Option<SweepReason> {
        let reports_over = self.resolved.reports_over;
        let reason = if self.resolved.output.too_wide {
            reports_over.then_some(SweepReason::TooWide)
        } else if self.is_first {
            Some(SweepReason::First)
        } else if self.is_baseline {
            Some(SweepReason::OtherRules)
        } else if reports_over {
            Some(SweepReason::OverMost)
        } else {
            self.request.report.then_some(SweepReason::Asked)
        };
        let went = !self.gone.is_empty();
        reason.or(went.then_some(SweepReason::Gone))
    }

    /// The patterns that most of these grants meet, and how many more there are.
    fn counted(&self, grants: &[&Grant]) -> (Vec<PatternCount>, usize) {
        let patterns = self.rules.restricted.patterns();
        let mut counts = vec![0_usize; patterns.len()];
        for number in grants.iter().flat_map(|grant| grant.patterns.iter()) {
            if let Some(count) = counts.get_mut(usize::from(*number)) {
                *count += 1;
            }
        }
        let met = patterns
            .iter()
            .zip(counts)
            .filter(|(_, grants)| *grants > 0);
        let mut met: Vec<PatternCount> = met
            .map(|(pattern, grants)| PatternCount {
                pattern: pattern.to_string(),
                grants,
            })
            .collect();
        met.sort_by_key(|it| Reverse(it.grants));
        let more = met.len().saturating_sub(PATTERNS);
        met.truncate(PATTERNS);
        (met, more)
    }

    /// A grant with how many hold it.
    fn listed(&self, grant: &Grant) -> (usize, ListedGrant) {
        let patterns = self.rules.restricted.patterns();
        let names = grant.patterns.iter();
        let names = names.filter_map(|number| patterns.get(usize::from(*number)));
        let held = self
            .policy(&grant.subject)
            .map(|it| self.account.held_by(it));
        let is_reserved = grant.baseline == Some(Baseline::Reserved);
        let sweep = &self.request.execution;
        let (account, region) = (&self.rules.account, &self.config.region);
        let hint = hint(grant, account, region, sweep, self.read_at);
        let listed = ListedGrant {
            subject: grant.subject.clone(),
            response: grant.response,
            patterns: names
                .take(PATTERNS_OF_ONE)
                .map(ToString::to_string)
                .collect(),
            more_patterns: grant.patterns.len().saturating_sub(PATTERNS_OF_ONE),
            held_by: held.map(|held| held.to_string()),
            hint: hint.filter(|_| !is_reserved),
        };
        (held.map_or(0, |it| it.roles + it.all_users()), listed)
    }

    fn policy<'p>(&'p self, subject: &'p Subject) -> Option<PolicyRef<'p>> {
        match subject {
            Subject::Managed(policy) => Some(PolicyRef::Managed {
                arn: policy.arn.as_str(),
            }),
            Subject::Inline(policy) => {
                let kind = match policy.owner.kind {
                    OwnerKind::Role => Kind::Role,
                    OwnerKind::User => Kind::User,
                    OwnerKind::Group => Kind::Group,
                };
                let mut principals = self.account.principals().iter();
                let is_it = |it: &&Principal| it.kind() == kind && it.name() == policy.owner.name;
                let owner = principals.find(is_it)?;
                let name = &policy.name;
                Some(PolicyRef::Inline { owner, name })
            }
            Subject::Reported(_) => None,
        }
    }
}

/// Whether a report lists the grant: a document, or an attachment of a policy of AWS's own.
fn is_listed(grant: &Grant) -> bool {
    match &grant.subject {
        Subject::Managed(_) | Subject::Inline(_) => true,
        Subject::Reported(ReportedCall::Attachment { policy, .. }) => policy.is_aws_managed(),
        Subject::Reported(_) => false,
    }
}
