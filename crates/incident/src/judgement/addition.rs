//! Whether the guard asks about what a call added, instead of only reporting it.

use super::{GuardConfig, holds_denials};
use crate::message::{Reason, Response, Verdict, VerdictResult};
use crate::subject::{Addable, Addition, ReportedState};

impl GuardConfig {
    /// Makes the verdict on a reported call ask, if one call takes back what it added.
    pub(super) fn ask_about_addition(&self, verdict: &mut Verdict, state: &ReportedState) {
        let Some(subject) = Addable::of(&verdict.change) else {
            return;
        };
        let hides_denials = subject.hides_denials();
        let is_asked = self.mode.at_most(verdict.restricted.response).removes()
            && !verdict.restricted.patterns.is_empty();
        let is_in_effect = verdict.result == VerdictResult::Reported
            && state.added.as_ref().is_some_and(|added| added.is_present);
        let is_of_this_call = verdict.report.as_ref().is_some_and(|report| {
            let other = |reason: &Reason| {
                matches!(
                    reason,
                    Reason::OtherCall | Reason::Reserved { .. } | Reason::NotRead { .. }
                )
            };
            !report.reasons.iter().any(other)
        });
        if !is_asked || !is_in_effect || !is_of_this_call || verdict.exemption.is_some() {
            return;
        }
        if hides_denials && holds_denials(state) {
            // Without it, more may be allowed.
            if let Some(report) = &mut verdict.report {
                report.reasons.push(Reason::HoldsDenial);
            }
        } else {
            verdict.response = Response::Ask;
        }
    }
}

impl Addition {
    /// What the administrator decides about; `None` for a verdict that asks nothing.
    #[must_use]
    pub fn of(verdict: &Verdict, state: &ReportedState) -> Option<Self> {
        let added = state.added.as_ref();
        Some(Self {
            identity: added
                .filter(|_| verdict.response == Response::Ask)?
                .identity
                .clone(),
            report: verdict.report.clone()?,
            restricted: verdict.restricted.clone(),
            held_by: None,
        })
    }
}
