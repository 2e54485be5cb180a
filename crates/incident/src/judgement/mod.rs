//! What a look at IAM comes to: what is in force, what the event names, who wrote it, and what the guard is there to do.

mod exempt;
mod mode;
mod reported;

use iam_policy::{Quota, RestrictedActions, TrustedAccounts};

use crate::message::{ObservedPolicy, Restricted, Verdict, VerdictAction, VerdictResult};
use crate::{Analysis, Observed, Record, Snapshot, WatchedCall};

pub use exempt::{ExemptPrincipals, ExemptPrincipalsError};
pub use mode::Mode;

/// What changes are judged by.
#[derive(Clone, Debug)]
pub struct GuardConfig {
    pub restricted: RestrictedActions,
    pub mode: Mode,
    /// Whose writes are told and never undone.
    pub exempt: ExemptPrincipals,
    /// The account that the guard is in, whatever a record says.
    pub account: String,
    /// The accounts that trust policies may let in without a word.
    pub trusted: TrustedAccounts,
}

impl GuardConfig {
    /// The verdict on a record that says of itself that it put nothing in force; it is not a hint to look at IAM.
    #[must_use]
    pub fn judge_not_in_force(&self, record: &Record) -> Option<Verdict> {
        if record.change.in_force {
            return None;
        }
        let named = record.document.as_deref().map(Snapshot::new);
        // Only a version of a managed policy can be written without being put in force.
        let analysis = Analysis::new(&self.restricted, Quota::MANAGED);
        let restricted = named
            .as_ref()
            .map_or_else(Restricted::default, |named| analysis.restricted(named));
        Some(alert(
            VerdictResult::NotInForce,
            record,
            None,
            named,
            restricted,
        ))
    }

    /// The verdict on what IAM shows; `None` where IAM may not show the change yet.
    ///
    /// A restricted grant in force is contained at once, whichever write put it there.
    /// Only what looks clean or absent is waited for, when the event names something newer.
    #[must_use]
    pub fn judge(
        &self,
        analysis: &Analysis<'_>,
        record: &Record,
        look: Option<&Observed>,
        waited: bool,
    ) -> Option<Verdict> {
        let shown = look.and_then(|look| Some((look, look.in_force()?)));
        let Some((look, seen)) = shown else {
            return waited.then(|| gone(analysis, record));
        };
        let restricted = analysis.restricted(&seen.document);
        if !restricted.is_empty() {
            return Some(self.judge_restricted(record, seen, restricted));
        }
        if is_in_force(analysis, record, &seen) {
            return Some(alert(
                VerdictResult::Clean,
                record,
                Some(seen),
                None,
                restricted,
            ));
        }
        (waited || is_proven_newer(record, look)).then(|| judge_named(analysis, record, look, seen))
    }

    fn judge_restricted(
        &self,
        record: &Record,
        seen: ObservedPolicy,
        restricted: Restricted,
    ) -> Verdict {
        if let Some(pattern) = self.exempt.covering(&record.change.actor) {
            return Verdict {
                exemption: Some(pattern),
                ..alert(VerdictResult::Exempt, record, Some(seen), None, restricted)
            };
        }
        if self.mode == Mode::Monitor {
            return alert(
                VerdictResult::Monitored,
                record,
                Some(seen),
                None,
                restricted,
            );
        }
        Verdict {
            action: VerdictAction::Remedy,
            ..alert(
                VerdictResult::Restricted,
                record,
                Some(seen),
                None,
                restricted,
            )
        }
    }
}

/// Whether what is in force is what the event names.
///
/// A version's number alone does not tell: a policy that is made again begins with `v1` anew, and IAM may still show the one before.
fn is_in_force(analysis: &Analysis<'_>, record: &Record, seen: &ObservedPolicy) -> bool {
    let is_named = record.change.version == seen.version;
    is_named
        && match &record.document {
            Some(text) => analysis.is_equivalent(&Snapshot::new(text), &seen.document),
            // The call has no document, or the record leaves it out.
            None => record.change.event_name == WatchedCall::SetDefaultPolicyVersion,
        }
}

/// Whether a newer version than the named one is in force, which a stale answer of IAM cannot show.
fn is_proven_newer(record: &Record, look: &Observed) -> bool {
    match (look, &record.change.version) {
        (Observed::Managed(look), Some(named)) => {
            look.default.is_newer(named, record.change.event_time)
        }
        _ => false,
    }
}

/// The document that the event names: the version as IAM holds it, or else the text of the record.
fn named_document(record: &Record, look: &Observed) -> Option<Snapshot> {
    let held = match (look, &record.change.version) {
        (Observed::Managed(look), Some(named)) => look.version(named),
        _ => None,
    };
    held.map(|version| version.document.clone())
        .or_else(|| record.document.as_deref().map(Snapshot::new))
}

/// Nothing restricted is in force, and something else than what the event names.
fn judge_named(
    analysis: &Analysis<'_>,
    record: &Record,
    look: &Observed,
    seen: ObservedPolicy,
) -> Verdict {
    let Some(named) = named_document(record, look) else {
        return alert(
            VerdictResult::Clean,
            record,
            Some(seen),
            None,
            Restricted::default(),
        );
    };
    let restricted = analysis.restricted(&named);
    if restricted.is_empty() {
        return match look {
            Observed::Managed(_) => {
                alert(VerdictResult::Clean, record, Some(seen), None, restricted)
            }
            Observed::Inline(_) => alert(
                VerdictResult::Overwritten,
                record,
                Some(seen),
                Some(named),
                restricted,
            ),
        };
    }
    let result = if analysis.is_remediation(&seen.document, &named) {
        VerdictResult::AlreadyContained
    } else {
        VerdictResult::Withdrawn
    };
    alert(result, record, Some(seen), Some(named), restricted)
}

/// The policy is gone; what the record says that it granted is told.
fn gone(analysis: &Analysis<'_>, record: &Record) -> Verdict {
    let named = record.document.as_deref().map(Snapshot::new);
    let restricted = named
        .as_ref()
        .map_or_else(Restricted::default, |named| analysis.restricted(named));
    alert(VerdictResult::Gone, record, None, named, restricted)
}

fn alert(
    result: VerdictResult,
    record: &Record,
    in_force: Option<ObservedPolicy>,
    named: Option<Snapshot>,
    restricted: Restricted,
) -> Verdict {
    Verdict {
        action: VerdictAction::Alert,
        result,
        change: record.change.clone(),
        in_force,
        named,
        restricted,
        exemption: None,
        report: None,
    }
}
