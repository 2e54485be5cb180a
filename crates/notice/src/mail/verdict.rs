use incident::ExecutionArn;
use incident::message::{Verdict, VerdictResult};

use super::Mail;
use super::writer::Writer;
use crate::target;
use crate::text::plain;

/// Tells of a change that needs no decision.
#[must_use]
pub fn verdict(verdict: &Verdict, execution: &ExecutionArn) -> Mail {
    let change = &verdict.change;
    let policy = target::name(&change.target);
    let told = Told::of(verdict, &policy);
    let mut mail = Writer::new(&told.sentence);
    for more in told.more {
        mail.paragraph(&more);
    }
    mail.change(change);
    mail.findings(&verdict.findings);
    mail.consoles(&change.target, execution);
    if let Some(named) = verdict.named.as_ref().filter(|_| told.shows_named) {
        mail.document("THE DOCUMENT OF THE RECORD", named);
    }
    Mail::new(&format!("{}: {policy}", told.subject), &mail.finish())
}

struct Told {
    subject: &'static str,
    sentence: String,
    more: Vec<String>,
    shows_named: bool,
}

impl Told {
    fn of(verdict: &Verdict, policy: &str) -> Self {
        let told = |subject, sentence: String| Self {
            subject,
            sentence,
            more: Vec::new(),
            shows_named: false,
        };
        match verdict.result {
            VerdictResult::Clean | VerdictResult::AlreadyContained => told(
                "Policy changed",
                format!(
                    "The policy {policy} was written; it grants nothing restricted and stays as it is. You need not do anything."
                ),
            ),
            VerdictResult::NotInForce if verdict.findings.is_empty() => told(
                "Policy changed",
                format!(
                    "The policy {policy} has a new version, which is not in force and grants nothing restricted. You need not do anything."
                ),
            ),
            VerdictResult::NotInForce => Self {
                more: vec![
                    "If somebody makes that version the default, the restricted permissions are taken out and you are asked.".to_owned(),
                ],
                ..told(
                    "Policy changed",
                    format!(
                        "The policy {policy} has a new version with restricted permissions, which is NOT in force. You need not do anything."
                    ),
                )
            },
            VerdictResult::Gone => gone(verdict, policy),
            VerdictResult::Withdrawn => Self {
                more: vec![
                    "Somebody changed the policy again before the guard could act. Look at what was done with the permissions in the meantime.".to_owned(),
                ],
                shows_named: true,
                ..told(
                    "Withdrawn",
                    format!(
                        "The policy {policy} granted restricted permissions for a while. They are not in force any more."
                    ),
                )
            },
            VerdictResult::Overwritten => Self {
                more: vec![
                    "IAM has no conditional writes for inline policies, so two writes at the same moment can overwrite each other. If the document below should be in force, write it again.".to_owned(),
                ],
                shows_named: true,
                ..told(
                    "Overwritten",
                    format!(
                        "The inline policy {policy} was written with a document that is not in force: another write came after it. Nothing restricted is in force."
                    ),
                )
            },
            VerdictResult::Exempt => still_in_force(
                policy,
                "an exemption applied",
                format!(
                    "The guard changed nothing: whoever wrote the policy is exempt by the entry {} of its parameter ExemptPrincipals.",
                    plain(verdict.exemption.as_deref().unwrap_or_default(), 300)
                ),
            ),
            VerdictResult::Monitored | VerdictResult::Restricted => still_in_force(
                policy,
                "the guard only monitors",
                "The guard changed nothing: its parameter Mode is Monitor. With Enforce it would have taken the restricted permissions out and asked you.".to_owned(),
            ),
        }
    }
}

fn gone(verdict: &Verdict, policy: &str) -> Told {
    let mut more = Vec::new();
    let next = if verdict.findings.is_empty() {
        "You need not do anything."
    } else {
        more.push(
            "As the record shows it, the policy granted restricted permissions for a while. Look at what was done with them in the meantime.".to_owned(),
        );
        "Its restricted permissions are not in force any more."
    };
    more.extend(target::gone(&verdict.change.target).map(str::to_owned));
    Told {
        subject: "Policy gone",
        sentence: format!(
            "The policy {policy} does not exist any more, so nothing was changed. {next}"
        ),
        more,
        shows_named: !verdict.findings.is_empty(),
    }
}

fn still_in_force(policy: &str, because: &str, why: String) -> Told {
    Told {
        subject: "In force: restricted permissions in",
        sentence: format!(
            "The policy {policy} was written with restricted permissions, which ARE IN FORCE, because {because}."
        ),
        more: vec![format!(
            "{why}\nIf the permissions should not stay, take them out by hand."
        )],
        shows_named: false,
    }
}
