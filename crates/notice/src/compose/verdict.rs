//! The notice about a change that needs no decision.

use incident::Subject;
use incident::message::{Reason, ReportVerdict, Verdict, VerdictResult};
use incident::subject::Reserved;

use super::draft::Draft;
use super::{memory, reported, unconfirmed};
use crate::text::plain;
use crate::words::failure_is_over;
use crate::{Kind, Notice, subject};

/// Reports a change that needs no decision.
pub(super) fn verdict(request: &ReportVerdict) -> Notice {
    let ReportVerdict {
        execution, verdict, ..
    } = request;
    let is_remembered = matches!(
        verdict.result,
        VerdictResult::AllowedBefore | VerdictResult::Joined
    );
    if let (Subject::Reported(call), Some(report)) = (&verdict.change.subject, &verdict.report)
        && !is_remembered
    {
        return reported::reported(request, call, report);
    }
    let change = &verdict.change;
    let policy = subject::name(&change.subject);
    let parts = Parts::of(verdict, &policy);
    let mut draft = Draft::new(&parts.sentence);
    draft.paragraphs(failure_is_over(request.failed_tries));
    for more in parts.more {
        draft.advise(&more);
    }
    draft.restricted(&verdict.restricted, "the execution");
    if let Some(before) = &verdict.memory.before {
        memory::earlier(&mut draft, before);
    }
    draft.change(change, verdict.response);
    draft.findings(&verdict.restricted);
    draft.consoles(&change.subject, execution);
    if verdict.memory.report.is_some() {
        draft.paragraph(memory::ONCE_A_WEEK);
    }
    if let Some(named) = verdict.named.as_ref().filter(|_| parts.shows_named) {
        draft.document("THE DOCUMENT THAT WAS WRITTEN", named);
    }
    let title = format!("{} {policy}", parts.title);
    draft.finish(Kind::Report, title, execution)
}

/// What the notices about different verdicts do not have in common.
struct Parts {
    /// The title, without the name of the policy.
    title: &'static str,
    sentence: String,
    /// Further paragraphs.
    more: Vec<String>,
    /// Whether the text ends with the document that the event names.
    shows_named: bool,
}

impl Parts {
    fn of(verdict: &Verdict, policy: &str) -> Self {
        let parts = |title, sentence: String| Self {
            title,
            sentence,
            more: Vec::new(),
            shows_named: false,
        };
        match verdict.result {
            VerdictResult::Clean if !verdict.change.lost_denials.is_empty() => Self {
                more: vec![
                    "The guard changed nothing. If the policy should deny it again, add the statement to it again.".to_owned(),
                ],
                ..parts(
                    "In force: a Deny is gone from",
                    format!(
                        "Someone wrote the policy {policy}. It grants nothing restricted, but another version denied something that this one does not deny. Other policies may allow it now. This IS IN FORCE."
                    ),
                )
            },
            VerdictResult::Clean | VerdictResult::AlreadyContained => parts(
                "Policy changed:",
                format!(
                    "Someone wrote the policy {policy}. It grants nothing restricted, so the guard changed nothing. You do not need to do anything."
                ),
            ),
            VerdictResult::AllowedBefore => Self {
                more: lost_denial(verdict),
                ..parts(
                    "Allowed before:",
                    format!(
                        "{} It IS IN FORCE, because an administrator allowed the same before. The guard changed nothing.",
                        again(verdict, policy)
                    ),
                )
            },
            VerdictResult::Joined => Self {
                more: lost_denial(verdict),
                ..parts(
                    "Asked already:",
                    format!(
                        "{} The guard already asks about the same, and changed nothing. Answer the earlier request.",
                        again(verdict, policy)
                    ),
                )
            },
            VerdictResult::Lapsed => lapsed(verdict, policy),
            VerdictResult::Unconfirmed => {
                let (sentence, more) = unconfirmed::text(policy);
                Self {
                    more,
                    ..parts("Not confirmed:", sentence)
                }
            }
            VerdictResult::NotInForce if verdict.restricted.is_empty() => parts(
                "Policy changed:",
                format!(
                    "The policy {policy} has a new version, which is not in force and grants nothing restricted. You do not need to do anything."
                ),
            ),
            VerdictResult::NotInForce => Self {
                more: vec![
                    "If someone makes that version the default, the guard judges it then.".to_owned(),
                ],
                ..parts(
                    "Policy changed:",
                    format!(
                        "The policy {policy} has a new version with restricted permissions, which is NOT in force. You do not need to do anything."
                    ),
                )
            },
            VerdictResult::Gone => gone(verdict, policy),
            VerdictResult::Withdrawn => Self {
                more: vec![
                    "Someone changed the policy again before the guard could act. Look in CloudTrail for what was done with the permissions in the meantime.".to_owned(),
                ],
                shows_named: true,
                ..parts(
                    "Withdrawn:",
                    format!(
                        "The policy {policy} granted restricted permissions for a while. They are no longer in force."
                    ),
                )
            },
            VerdictResult::Overwritten => Self {
                more: vec![
                    "IAM has no conditional writes for inline policies, so two writes at the same moment can overwrite each other. If the document of this event should be in force, write it again.".to_owned(),
                ],
                shows_named: true,
                ..parts(
                    "Overwritten:",
                    format!(
                        "Someone wrote the inline policy {policy}, but another write replaced the document. Nothing restricted is in force."
                    ),
                )
            },
            VerdictResult::Exempt => still_in_force(
                policy,
                "an exemption applied",
                format!(
                    "The guard changed nothing, because the entry {} of its parameter ExemptPrincipals covers the role or user that wrote the policy.",
                    plain(verdict.exemption.as_deref().unwrap_or_default(), 300)
                ),
            ),
            VerdictResult::Reported if is_only_reported(verdict) => Self {
                more: vec![
                    "The guard changed nothing, because only its parameter reportActions names the permissions. If they should not stay, remove them by hand.".to_owned(),
                ],
                ..parts(
                    "In force: reported permissions in",
                    format!(
                        "The policy {policy} grants permissions that the guard only reports. They ARE IN FORCE."
                    ),
                )
            },
            VerdictResult::Reported => Self {
                more: vec![format!("The guard changed nothing. {}", change_instead(verdict))],
                ..still_in_force(
                    policy,
                    "IAM lets no one change this policy",
                    String::new(),
                )
            },
            VerdictResult::Monitored | VerdictResult::Restricted => still_in_force(
                policy,
                "the guard only monitors",
                format!(
                    "The guard changed nothing, because its parameter Mode is Monitor. With Enforce, it would have {}.",
                    if verdict.restricted.response == iam_policy::Response::Ask {
                        "asked you whether the restricted permissions stay"
                    } else {
                        "removed the restricted permissions and asked you"
                    }
                ),
            ),
        }
    }
}

/// The time of an allow is over, and nothing was left to take out.
fn lapsed(verdict: &Verdict, policy: &str) -> Parts {
    let over = format!("The time for which the policy {policy} was allowed is over.");
    let (sentence, more) = if verdict.memory.before.is_some() {
        (
            "What is in force now was allowed by another decision, so it IS STILL IN FORCE. The guard changed nothing.",
            Vec::new(),
        )
    } else {
        (
            "What was allowed is not in force any more, so the guard changed nothing.",
            vec![
                "Someone changed or deleted the policy in the meantime. The guard judged the newer change on its own.".to_owned(),
            ],
        )
    };
    Parts {
        title: "Allow ended:",
        sentence: format!("{over} {sentence}"),
        more,
        shows_named: false,
    }
}

/// That someone did the same again.
fn again(verdict: &Verdict, name: &str) -> String {
    match verdict.change.subject {
        Subject::Managed(_) | Subject::Inline(_) => {
            format!("Someone wrote the policy {name} again, with restricted permissions.")
        }
        Subject::Reported(_) => format!("Someone made the call about {name} again."),
    }
}

/// That the document in force denies less than another version.
fn lost_denial(verdict: &Verdict) -> Vec<String> {
    let sentence = "Another version denied something that this one does not deny. Other policies may allow it now.";
    let is_lost = !verdict.change.lost_denials.is_empty();
    is_lost.then(|| sentence.to_owned()).into_iter().collect()
}

/// Whether only the list of what the guard reports names what the policy grants.
fn is_only_reported(verdict: &Verdict) -> bool {
    let mut reasons = verdict.report.iter().flat_map(|report| &report.reasons);
    reasons.any(|reason| *reason == Reason::OnlyReported)
}

/// Where to change a policy that IAM protects.
fn change_instead(verdict: &Verdict) -> &'static str {
    let reasons = verdict.report.iter().flat_map(|report| &report.reasons);
    let mut by = reasons.filter_map(|reason| match reason {
        Reason::Reserved { by } => Some(*by),
        _ => None,
    });
    subject::undo::change_instead(by.next().unwrap_or(Reserved::IdentityCenter))
}

fn gone(verdict: &Verdict, policy: &str) -> Parts {
    let mut more = Vec::new();
    let next = if verdict.restricted.is_empty() {
        "You do not need to do anything."
    } else {
        more.push(
            "According to the record, the policy granted restricted permissions for a while. Look in CloudTrail for what was done with them in the meantime.".to_owned(),
        );
        "Its restricted permissions are no longer in force."
    };
    more.extend(subject::gone(&verdict.change.subject));
    Parts {
        title: "Policy gone:",
        sentence: format!(
            "The policy {policy} no longer exists, so the guard changed nothing. {next}"
        ),
        more,
        shows_named: !verdict.restricted.is_empty(),
    }
}

fn still_in_force(policy: &str, because: &str, why: String) -> Parts {
    Parts {
        title: "In force: restricted permissions in",
        sentence: format!(
            "The policy {policy} grants restricted permissions, which ARE IN FORCE, because {because}."
        ),
        more: vec![format!(
            "{why}\nIf the permissions should not stay, remove them by hand."
        )],
        shows_named: false,
    }
}
