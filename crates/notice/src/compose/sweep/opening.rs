//! How the notice of a sweep begins: what is the case, and what its reader does.

use incident::message::{SweepReason, SweepReport};
use incident::survey::SweepOutput;

use super::counted;
use super::grant::is_taken_away;
use crate::text::plain;

/// What the notices about different reasons do not have in common.
pub(super) struct Opening {
    pub(super) title: String,
    /// The first sentence, which fits on the lock screen of a phone.
    pub(super) sentence: String,
    /// Further paragraphs.
    pub(super) more: Vec<String>,
    pub(super) to_do: Vec<String>,
    pub(super) from_now_on: &'static [&'static str],
}

/// Nothing becomes of what is known, and how its reader has the guard ask about it.
const STAYS: &str = "The guard leaves what is already in force as it is. It acts on one of these only if someone writes, attaches or adds it again.";
const ASK_ABOUT_ONE: &str = "If you want to decide about a policy, run its command, which is at the end of the e-mail. The guard then sends you a request, and changes nothing before you answer it.";
const TAKE_AWAY: &str = "If a policy of AWS should not be attached where it is, run the command there: it detaches the policy at once, without a question.";

const FROM_NOW_ON: &[&str] = &[
    "Within seconds after someone gives a restricted permission, the guard takes it out and asks you, asks you first, or only reports it: restrictedActions, askActions and reportActions say which.",
    "In each sweep (the parameter SweepSchedule, once an hour by default), the guard reads the whole account again. If someone gave a restricted permission and no event reported it, the guard does the same then.",
    "Once a day, the guard tests itself: it writes permissions that no one can use to a role of its own, as the policy proof-of-life. If an e-mail asks you about that policy, deny it. If the guard took the permissions out before it asked, it does not ask again for as long as it remembers your answer. If it asked first, it asks once a day.",
];

impl Opening {
    pub(super) fn of(report: &SweepReport) -> Self {
        let account = plain(&report.account, 20);
        let opening = match report.reason {
            SweepReason::First => first(report, &account),
            SweepReason::OtherRules => other_rules(&account),
            SweepReason::Asked => asked(&account),
            SweepReason::OverMost => over_most(report, &account),
            SweepReason::TooWide => too_wide(&account),
            SweepReason::Gone => gone(report, &account),
        };
        // Nothing is listed that these could be about.
        let is_empty = report.grants.is_empty() && report.more_grants == 0;
        let has_additions = report.grants.iter().any(is_taken_away);
        let says = |text: &String| match text.as_str() {
            ASK_ABOUT_ONE | STAYS => !is_empty,
            TAKE_AWAY => has_additions,
            _ => true,
        };
        Self {
            more: opening.more.into_iter().filter(says).collect(),
            to_do: opening.to_do.into_iter().filter(says).collect(),
            ..opening
        }
    }
}

fn first(report: &SweepReport, account: &str) -> Opening {
    let (found, more) = match report.counts.restricted.total() {
        0 => (
            "found no restricted permission",
            "You do not need to do anything.",
        ),
        _ => (
            "changed nothing",
            "You do not need to do anything now. This report says which restricted permissions were there before the guard, so that you can decide in your own time which of them should stay.",
        ),
    };
    Opening {
        title: format!("First report: what the account {account} grants"),
        sentence: format!(
            "The IAM policy guard is at work in the account {account}. It read what is in force, and {found}."
        ),
        more: vec![more.to_owned(), STAYS.to_owned()],
        to_do: vec![ASK_ABOUT_ONE.to_owned(), TAKE_AWAY.to_owned()],
        from_now_on: FROM_NOW_ON,
    }
}

fn other_rules(account: &str) -> Opening {
    Opening {
        title: format!("New lists: what the account {account} grants"),
        sentence: format!(
            "The guard judges the account {account} by other parameters or lists than before. It read what is in force, and changed nothing."
        ),
        more: vec![
            "Someone deployed the guard with another list, Mode or SweepBaseline, or a new version brought other ready-made lists. So the sweep took everything that is in force now as known, and started no incident.".to_owned(),
            STAYS.to_owned(),
        ],
        to_do: vec![
            "If no one meant to change the guard, find out who deployed its stack: look at the events of the stack in the console of CloudFormation.".to_owned(),
            ASK_ABOUT_ONE.to_owned(),
            TAKE_AWAY.to_owned(),
        ],
        from_now_on: &[],
    }
}

fn asked(account: &str) -> Opening {
    Opening {
        title: format!("Report: what the account {account} grants"),
        sentence: format!(
            "Someone asked the IAM policy guard for a report. This is in force in the account {account}."
        ),
        more: vec![
            "What is not new was there before the guard, or an administrator allowed it, or the guard only reports it. The guard leaves it as it is, and acts on one of these only if someone writes, attaches or adds it again.".to_owned(),
        ],
        to_do: vec![ASK_ABOUT_ONE.to_owned(), TAKE_AWAY.to_owned()],
        from_now_on: &[],
    }
}

fn over_most(report: &SweepReport, account: &str) -> Opening {
    let left = report.grants.len() + report.more_grants;
    let most = report.most;
    let permissions = counted(
        left,
        "new restricted permission",
        "new restricted permissions",
    );
    Opening {
        title: format!("Too many at once: {permissions} in the account {account}"),
        sentence: format!(
            "A sweep of the guard found {permissions} in the account {account}, which ARE IN FORCE. The guard changed nothing about them."
        ),
        more: vec![
            format!(
                "As far as the guard looked, no incident accounts for them: their events were lost, or the guard did not run. A sweep starts incidents for {most} at most (the parameter SweepMost), so it started none for these."
            ),
            "The guard sends this e-mail once a day, for as long as there are too many.".to_owned(),
        ],
        to_do: vec![
            "Find out why there are so many: look at the alarms of the guard, in CloudTrail for a large deployment or a restored backup, and at whether someone stopped the trail or the guard.".to_owned(),
            "For each one that should not stay, run its command, which is at the end of the e-mail.".to_owned(),
            with_more(left),
            "If all of them should stay, deploy the guard with another SweepBaseline. The next sweep then takes everything that is in force as known.".to_owned(),
        ],
        from_now_on: &[],
    }
}

/// The largest `SweepMost` that the template takes.
const MAX_MOST: usize = 100;

/// How the next sweep starts an incident for each.
fn with_more(left: usize) -> String {
    if left <= MAX_MOST {
        return format!(
            "If the guard should deal with all of them, deploy it with a SweepMost of {left} or more. The next sweep then starts an incident for each."
        );
    }
    format!(
        "If the guard should deal with all of them, take the ones away by hand that no one needs, until {MAX_MOST} are left. Then deploy the guard with a SweepMost of {MAX_MOST}, which is the most that it takes. The next sweep then starts an incident for each."
    )
}

fn too_wide(account: &str) -> Opening {
    Opening {
        title: format!("Lists too wide: no sweep can watch the account {account}"),
        sentence: format!(
            "In the account {account}, more restricted permissions are in force than a sweep of the guard can remember. So it starts no incident."
        ),
        more: vec![
            format!(
                "A sweep remembers {}. Events work as before: if someone gives a restricted permission and the event arrives, the guard judges it within seconds. But if an event is lost, no sweep finds what it was about.",
                SweepOutput::MAX_GRANTS
            ),
            "The guard sends this e-mail once a day, for as long as there are too many.".to_owned(),
        ],
        to_do: vec![
            "Narrow the lists. Look at the patterns that most policies meet, and replace them in restrictedActions, askActions and reportActions by the actions that you mean. A pattern such as `s3:*` meets nearly every policy.".to_owned(),
            "If you cannot narrow them, take the restricted permissions away where no one needs them.".to_owned(),
        ],
        from_now_on: &[],
    }
}

fn gone(report: &SweepReport, account: &str) -> Opening {
    let count = report.gone.len() + report.more_gone;
    let things = counted(
        count,
        "thing that denied something is",
        "things that denied something are",
    );
    Opening {
        title: format!(
            "Gone: {} in the account {account}",
            counted(
                count,
                "thing that denied something",
                "things that denied something"
            )
        ),
        sentence: format!(
            "In the account {account}, {things} gone since the last sweep of the guard. What {} denied may be allowed now.",
            if count == 1 { "it" } else { "they" }
        ),
        more: vec![
            "No earlier e-mail of the guard reported this. The guard changed nothing.".to_owned(),
        ],
        to_do: Vec::new(),
        from_now_on: &[],
    }
}
