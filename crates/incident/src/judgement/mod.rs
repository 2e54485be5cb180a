//! The verdict on a change, from what is in force, what the event names, who wrote it, and the
//! parameters of the guard.

mod addition;
mod denials;
mod exempt;
mod memory;
mod mode;
mod proposal;
mod reported;
mod response;

use iam_policy::{RestrictedActions, TrustedAccounts};

use crate::memory::Memory;
use crate::message::{
    ObservedPolicy, Reason, Report, Response, Restricted, Verdict, VerdictResult,
};
use crate::subject::Reserved;
use crate::{Analysis, Observed, Record, Snapshot, WatchedCall};

pub(crate) use denials::holds_denials;
pub use denials::lost_denials;
pub use exempt::{ExemptPrincipals, ExemptPrincipalsError};
pub use mode::Mode;

/// The parameters that the guard judges changes by.
#[derive(Clone, Debug)]
pub struct GuardConfig {
    pub restricted: RestrictedActions,
    pub mode: Mode,
    /// The principals whose writes the guard reports and never reverts.
    pub exempt: ExemptPrincipals,
    /// The account of the guard itself, never the one that a record names.
    pub account: String,
    /// The partition of that account, such as `aws` or `aws-cn`.
    pub partition: String,
    /// The accounts that trust policies may let in without a report.
    pub trusted: TrustedAccounts,
    /// Whether e-mails report changes that grant nothing restricted.
    pub notify_on_allowed: bool,
}

impl GuardConfig {
    /// The verdict on what IAM shows; `None` if IAM may not show the change yet.
    ///
    /// The guard contains a restricted grant in force at once, whichever write put it there. It
    /// waits only if what IAM shows is clean or absent and the event names something else, because
    /// IAM is eventually consistent and may show the state before the change.
    #[must_use]
    pub fn judge(
        &self,
        analysis: &Analysis<'_>,
        record: &Record,
        observed: Option<&Observed>,
        waited: bool,
    ) -> Option<Verdict> {
        self.judge_as(analysis, record, observed, waited, false)
    }

    /// The same where an administrator has allowed the document that IAM shows in force: it stays
    /// like a harmless one.
    #[must_use]
    pub fn judge_allowed(
        &self,
        analysis: &Analysis<'_>,
        record: &Record,
        observed: Option<&Observed>,
        waited: bool,
    ) -> Option<Verdict> {
        self.judge_as(analysis, record, observed, waited, true)
    }

    /// The verdict on a record that put nothing in force, whatever is in force.
    #[must_use]
    pub fn judge_prepared(&self, analysis: &Analysis<'_>, record: &Record) -> Verdict {
        let named = record.document.as_deref().map(Snapshot::new);
        about_named(analysis, VerdictResult::NotInForce, record, named)
    }

    fn judge_as(
        &self,
        analysis: &Analysis<'_>,
        record: &Record,
        observed: Option<&Observed>,
        waited: bool,
        is_allowed: bool,
    ) -> Option<Verdict> {
        let shown = observed.and_then(|observed| Some((observed, observed.in_force()?)));
        let named = || record.document.as_deref().map(Snapshot::new);
        let Some((observed, in_force)) = shown else {
            if !record.change.in_force {
                return Some(self.judge_prepared(analysis, record));
            }
            let named = named();
            return waited.then(|| about_named(analysis, VerdictResult::Gone, record, named));
        };
        let restricted = analysis.restricted(&in_force.document);
        if analysis.is_restricted(&in_force.document) && !is_allowed {
            if !waited && self.may_miss_question(analysis, record, observed, &in_force) {
                return None;
            }
            let reserved = observed.reserved();
            return Some(self.judge_restricted(record, in_force, reserved, restricted));
        }
        if !record.change.in_force {
            return Some(self.judge_prepared(analysis, record));
        }
        let is_named = is_named_in_force(analysis, record, &in_force);
        if !is_named && !waited && !is_newer_in_force(record, observed) {
            return None;
        }
        if !is_named && let Some(verdict) = judge_named(analysis, record, observed, &in_force) {
            return Some(verdict);
        }
        if is_allowed {
            // IAM may show another policy that had this name before, which was allowed.
            return waited.then(|| Verdict {
                in_force: Some(in_force),
                ..verdict(VerdictResult::AllowedBefore, record, restricted)
            });
        }
        Some(self.judge_harmless(record, in_force, restricted))
    }

    /// Whether IAM may still show the state before the write, where the guard asks before it acts.
    ///
    /// Otherwise, the guard would contain or ask about a document that is no longer in force, and
    /// would ask no one about the one that is.
    fn may_miss_question(
        &self,
        analysis: &Analysis<'_>,
        record: &Record,
        observed: &Observed,
        in_force: &ObservedPolicy,
    ) -> bool {
        let is_asked = |document: &Snapshot| {
            let response = analysis.response(document);
            response.is_some_and(|it| self.mode.at_most(it) == iam_policy::Response::Ask)
        };
        let mut lists = self.restricted.with_responses();
        let asks = lists.any(|(_, of)| self.mode.at_most(of) == iam_policy::Response::Ask);
        // IAM does not show the version that the event names. What a record without a version left
        // out was found by what IAM shows.
        let is_unknown = || record.change.version.is_some();
        let is_question = is_asked(&in_force.document)
            || named_document(record, observed).map_or_else(is_unknown, |it| is_asked(&it));
        asks && is_question
            && record.change.in_force
            && !is_named_in_force(analysis, record, in_force)
            && !is_newer_in_force(record, observed)
    }

    /// The verdict on a document in force that stays as it is.
    fn judge_harmless(
        &self,
        record: &Record,
        in_force: ObservedPolicy,
        restricted: Restricted,
    ) -> Verdict {
        let in_force = Some(in_force);
        if restricted.is_empty() {
            return Verdict {
                in_force,
                ..verdict(VerdictResult::Clean, record, restricted)
            };
        }
        Verdict {
            in_force,
            exemption: self.exempt.covering(&record.change.actor),
            report: Some(Report::new(
                &[Reason::OnlyReported],
                self.mode == Mode::Monitor,
            )),
            ..verdict(VerdictResult::Reported, record, restricted)
        }
    }

    fn judge_restricted(
        &self,
        record: &Record,
        in_force: ObservedPolicy,
        reserved: Option<Reserved>,
        restricted: Restricted,
    ) -> Verdict {
        // IAM would refuse every call, so there is nothing to try.
        if let Some(by) = reserved {
            let reasons = [Reason::Reserved { by }];
            return Verdict {
                in_force: Some(in_force),
                exemption: self.exempt.covering(&record.change.actor),
                report: Some(Report::new(&reasons, self.mode == Mode::Monitor)),
                ..verdict(VerdictResult::Reported, record, restricted)
            };
        }
        let (result, exemption) = match self.exempt.covering(&record.change.actor) {
            Some(pattern) => (VerdictResult::Exempt, Some(pattern)),
            None if self.mode == Mode::Monitor => (VerdictResult::Monitored, None),
            None => (VerdictResult::Restricted, None),
        };
        let mut verdict = verdict(result, record, restricted);
        if result == VerdictResult::Restricted
            && self.mode.at_most(verdict.restricted.response) == iam_policy::Response::Ask
        {
            verdict.response = Response::Ask;
        }
        Verdict {
            in_force: Some(in_force),
            exemption,
            ..verdict
        }
    }
}

/// Whether the document in force is the one that the event names.
///
/// The version number alone does not prove it: a policy that was deleted and created again starts
/// with `v1` again, and IAM may still show the deleted one.
fn is_named_in_force(analysis: &Analysis<'_>, record: &Record, in_force: &ObservedPolicy) -> bool {
    let is_named = record.change.version == in_force.version;
    is_named
        && match &record.document {
            Some(text) => analysis.is_equivalent(&Snapshot::new(text), &in_force.document),
            // The call has no document, or CloudTrail left it out of the record.
            None => matches!(
                record.change.event_name,
                WatchedCall::SetDefaultPolicyVersion
                    // A rename writes no document: the policy is what it was.
                    | WatchedCall::UpdateUser
                    | WatchedCall::UpdateGroup
            ),
        }
}

/// Whether a newer version than the named one is in force. A stale answer of IAM cannot show one.
fn is_newer_in_force(record: &Record, observed: &Observed) -> bool {
    match (observed, &record.change.version) {
        (Observed::Managed(policy), Some(named)) => {
            policy.default.is_newer(named, record.change.event_time)
        }
        _ => false,
    }
}

/// The document that the event names: the version that IAM holds, or else the text in the record.
fn named_document(record: &Record, observed: &Observed) -> Option<Snapshot> {
    // IAM never changes a version, and the record can lack the document.
    let held = match (observed, &record.change.version) {
        (Observed::Managed(policy), Some(named)) => policy.version(named),
        _ => None,
    };
    held.map(|version| version.document.clone())
        .or_else(|| record.document.as_deref().map(Snapshot::new))
}

/// The verdict if what is in force stays, and is not what the event names; `None` if it is about
/// what is in force.
fn judge_named(
    analysis: &Analysis<'_>,
    record: &Record,
    observed: &Observed,
    in_force: &ObservedPolicy,
) -> Option<Verdict> {
    let named = named_document(record, observed)?;
    let restricted = analysis.restricted(&named);
    let result = if restricted.is_empty() {
        match observed {
            Observed::Managed(_) => return None,
            // An inline policy has no versions: the document that the event names is lost.
            Observed::Inline(_) => VerdictResult::Overwritten,
        }
    } else if analysis.is_remediation(&in_force.document, &named) {
        VerdictResult::AlreadyContained
    } else {
        VerdictResult::Withdrawn
    };
    Some(Verdict {
        in_force: Some(in_force.clone()),
        named: Some(named),
        ..verdict(result, record, restricted)
    })
}

/// The verdict on a document that only the record has.
fn about_named(
    analysis: &Analysis<'_>,
    result: VerdictResult,
    record: &Record,
    named: Option<Snapshot>,
) -> Verdict {
    let restricted = restricted_in(analysis, named.as_ref());
    Verdict {
        named,
        ..verdict(result, record, restricted)
    }
}

fn restricted_in(analysis: &Analysis<'_>, document: Option<&Snapshot>) -> Restricted {
    document.map_or_else(Restricted::default, |document| {
        analysis.restricted(document)
    })
}

fn verdict(result: VerdictResult, record: &Record, restricted: Restricted) -> Verdict {
    Verdict {
        response: Response::to(result, &restricted),
        notify: true,
        result,
        change: record.change.clone(),
        in_force: None,
        named: None,
        restricted,
        exemption: None,
        report: None,
        memory: Memory::default(),
    }
}
