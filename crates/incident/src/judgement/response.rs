//! What the guard does about a verdict, and whether an e-mail reports it.

use super::GuardConfig;
use crate::Subject;
use crate::message::{Response, Restricted, Verdict, VerdictResult};

impl Response {
    /// The response to a result, where this is restricted in what the verdict is about.
    pub(super) fn to(result: VerdictResult, restricted: &Restricted) -> Self {
        match result {
            VerdictResult::Restricted => Self::Contain,
            VerdictResult::Gone if restricted.is_empty() => Self::None,
            VerdictResult::Clean | VerdictResult::NotInForce | VerdictResult::AlreadyContained => {
                Self::None
            }
            // A restricted grant is or was in force, or the guard may have lost a write.
            VerdictResult::Gone
            | VerdictResult::Withdrawn
            | VerdictResult::Overwritten
            | VerdictResult::Monitored
            | VerdictResult::Exempt
            | VerdictResult::Reported => Self::Report,
        }
    }
}

impl GuardConfig {
    /// Whether an e-mail reports this verdict.
    #[must_use]
    pub fn notifies(&self, verdict: &Verdict) -> bool {
        let is_mailed_on_request = verdict.result != VerdictResult::AlreadyContained
            && !matches!(verdict.change.subject, Subject::Reported(_));
        match verdict.response {
            Response::Contain | Response::Report => true,
            Response::None => self.notify_on_allowed && is_mailed_on_request,
        }
    }
}

#[cfg(test)]
mod tests {
    use iam_policy::{RestrictedActions, TrustedAccounts};
    use serde_json::{Value, json};

    use super::super::{ExemptPrincipals, Mode};
    use super::*;

    fn rules(notify_on_allowed: bool) -> GuardConfig {
        GuardConfig {
            restricted: "s3:DeleteBucket".parse::<RestrictedActions>().unwrap(),
            mode: Mode::Enforce,
            exempt: ExemptPrincipals::default(),
            account: "111122223333".to_owned(),
            trusted: TrustedAccounts::default(),
            notify_on_allowed,
        }
    }

    /// A verdict with this result on this subject, as an execution holds it.
    fn verdict(result: VerdictResult, subject: &Value, restricted: &Restricted) -> Verdict {
        let verdict = json!({
            "response": Response::to(result, restricted),
            "notify": true,
            "result": result,
            "change": {
                "eventId": "e", "eventName": "PutRolePolicy", "eventTime": "2026-03-02T09:15:27Z",
                "account": "111122223333", "subject": subject, "actor": {}, "region": "us-east-1",
                "inForce": true
            },
        });
        serde_json::from_value(verdict).unwrap()
    }

    #[test]
    fn restricted_grants_are_always_mailed_and_others_by_the_setting() {
        let policy = json!({
            "type": "inline", "owner": {"kind": "role", "name": "app"}, "name": "p"
        });
        let call = json!({"type": "reported", "what": "trust", "role": "app", "isNew": true});
        let nothing = Restricted::default();
        // A finding that is too long to be carried is one, too.
        let something = Restricted {
            more_findings: 1,
            ..Restricted::default()
        };
        for (result, subject, restricted, response, always, on_request) in [
            (
                VerdictResult::Clean,
                &policy,
                &nothing,
                Response::None,
                false,
                true,
            ),
            (
                VerdictResult::Clean,
                &call,
                &nothing,
                Response::None,
                false,
                false,
            ),
            (
                VerdictResult::NotInForce,
                &policy,
                &something,
                Response::None,
                false,
                true,
            ),
            (
                VerdictResult::Gone,
                &policy,
                &nothing,
                Response::None,
                false,
                true,
            ),
            (
                VerdictResult::Gone,
                &policy,
                &something,
                Response::Report,
                true,
                true,
            ),
            (
                VerdictResult::AlreadyContained,
                &policy,
                &something,
                Response::None,
                false,
                false,
            ),
            (
                VerdictResult::Withdrawn,
                &policy,
                &something,
                Response::Report,
                true,
                true,
            ),
            (
                VerdictResult::Overwritten,
                &policy,
                &nothing,
                Response::Report,
                true,
                true,
            ),
            (
                VerdictResult::Monitored,
                &policy,
                &something,
                Response::Report,
                true,
                true,
            ),
            (
                VerdictResult::Exempt,
                &policy,
                &something,
                Response::Report,
                true,
                true,
            ),
            (
                VerdictResult::Reported,
                &call,
                &nothing,
                Response::Report,
                true,
                true,
            ),
            (
                VerdictResult::Restricted,
                &policy,
                &something,
                Response::Contain,
                true,
                true,
            ),
        ] {
            let verdict = verdict(result, subject, restricted);
            let what = format!("{result:?} on {subject}");
            assert_eq!(verdict.response, response, "{what}");
            assert_eq!(rules(false).notifies(&verdict), always, "{what}");
            assert_eq!(rules(true).notifies(&verdict), on_request, "{what}");
        }
    }
}
