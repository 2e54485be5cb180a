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
            VerdictResult::Clean
            | VerdictResult::NotInForce
            | VerdictResult::AlreadyContained
            | VerdictResult::AllowedBefore
            | VerdictResult::Joined => Self::None,
            // A restricted grant is or was in force, or the guard may have lost a write.
            VerdictResult::Gone
            | VerdictResult::Withdrawn
            | VerdictResult::Overwritten
            | VerdictResult::Monitored
            | VerdictResult::Exempt
            | VerdictResult::Reported
            | VerdictResult::Lapsed
            | VerdictResult::Unconfirmed => Self::Report,
        }
    }
}

impl GuardConfig {
    /// What the guard does about a document that meets a list with this response.
    #[must_use]
    pub fn responds(&self, listed: iam_policy::Response) -> Response {
        self.mode.at_most(listed).into()
    }

    /// Whether an e-mail reports this verdict.
    #[must_use]
    pub fn notifies(&self, verdict: &Verdict) -> bool {
        // If what a sweep found is gone by now, there is no change to report.
        let is_silent = matches!(
            verdict.result,
            VerdictResult::AlreadyContained | VerdictResult::AllowedBefore | VerdictResult::Joined
        ) || verdict.change.actor.is_sweep();
        let is_mailed_on_request =
            !is_silent && !matches!(verdict.change.subject, Subject::Reported(_));
        let denied_more = !verdict.change.lost_denials.is_empty();
        match verdict.response {
            Response::Contain | Response::Ask | Response::Report => true,
            Response::None if denied_more => true,
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
            partition: "aws".to_owned(),
            trusted: TrustedAccounts::default(),
            notify_on_allowed,
        }
    }

    /// Whether an e-mail reports the verdict, with `NotifyOnAllowed` off and on.
    const ALWAYS: [bool; 2] = [true, true];
    const ON_REQUEST: [bool; 2] = [false, true];
    const NEVER: [bool; 2] = [false, false];

    #[track_caller]
    fn check(
        result: &str,
        subject: &Value,
        restricted: &Restricted,
        response: &str,
        mailed: [bool; 2],
    ) {
        let to = Response::to(serde_json::from_value(json!(result)).unwrap(), restricted);
        assert_eq!(json!(to), response);
        let verdict = json!({
            "response": to,
            "notify": true,
            "result": result,
            "change": {
                "eventId": "e", "eventName": "PutRolePolicy", "eventTime": "2026-03-02T09:15:27Z",
                "account": "111122223333", "subject": subject, "actor": {}, "region": "us-east-1",
                "inForce": true
            },
        });
        let verdict: Verdict = serde_json::from_value(verdict).unwrap();
        assert_eq!([false, true].map(|on| rules(on).notifies(&verdict)), mailed);
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
        check("clean", &policy, &nothing, "none", ON_REQUEST);
        check("clean", &call, &nothing, "none", NEVER);
        check("notInForce", &policy, &something, "none", ON_REQUEST);
        check("gone", &policy, &nothing, "none", ON_REQUEST);
        check("gone", &policy, &something, "report", ALWAYS);
        check("alreadyContained", &policy, &something, "none", NEVER);
        check("withdrawn", &policy, &something, "report", ALWAYS);
        check("overwritten", &policy, &nothing, "report", ALWAYS);
        check("monitored", &policy, &something, "report", ALWAYS);
        check("exempt", &policy, &something, "report", ALWAYS);
        check("reported", &call, &nothing, "report", ALWAYS);
        check("restricted", &policy, &something, "contain", ALWAYS);
    }
}
