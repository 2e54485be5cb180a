//! What a change comes to: what its document grants, whether it is in force, who wrote it, and what the guard is there to do.

mod exempt;
mod mode;

use iam_policy::{Finding, RestrictedActions};

use crate::message::{Verdict, VerdictAction, VerdictResult};
use crate::{ExecutionArn, PolicyChange, mail};

pub use exempt::{ExemptPrincipals, ExemptPrincipalsError};
pub use mode::{Mode, ModeError};

/// What changes are judged by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The restricted list.
    pub restricted: RestrictedActions,
    /// What is done about restricted permissions.
    pub mode: Mode,
    /// Whose writes are told and never undone.
    pub exempt: ExemptPrincipals,
}

impl Rules {
    /// Judges a change by the document that it wrote or made the default.
    #[must_use]
    pub fn judge(&self, execution: &ExecutionArn, change: PolicyChange, document: &str) -> Verdict {
        let findings = iam_policy::judge(document, &self.restricted);
        if findings.is_empty() || !change.in_force {
            let mail = mail::clean_change(&change, &findings, execution);
            let result = if change.in_force {
                VerdictResult::Clean
            } else {
                VerdictResult::NotInForce
            };
            return alert(result, mail, change, findings);
        }
        if let Some(pattern) = self.exempt.covering(&change.actor) {
            let mail = mail::exempt(&change, &findings, &pattern, execution);
            return alert(VerdictResult::Exempt, mail, change, findings);
        }
        if self.mode == Mode::Monitor {
            let mail = mail::monitored(&change, &findings, execution);
            return alert(VerdictResult::Monitored, mail, change, findings);
        }
        Verdict {
            action: VerdictAction::Remedy,
            result: VerdictResult::Restricted,
            change,
            findings,
            document: None,
            mail: None,
        }
    }
}

/// The verdict on a change whose policy is gone for good.
#[must_use]
pub fn gone(execution: &ExecutionArn, change: PolicyChange) -> Verdict {
    let mail = mail::gone(&change, execution);
    alert(VerdictResult::Gone, mail, change, Vec::new())
}

fn alert(
    result: VerdictResult,
    mail: mail::Mail,
    change: PolicyChange,
    findings: Vec<Finding>,
) -> Verdict {
    Verdict {
        action: VerdictAction::Alert,
        result,
        change,
        findings,
        document: None,
        mail: Some(mail),
    }
}
