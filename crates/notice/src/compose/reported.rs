//! The notice about a call that the guard does not revert.

use incident::message::{Reason, Report, ReportVerdict, VerdictResult};
use incident::subject::{ReportedCall, Reserved};
use incident::{PolicyChange, Timestamp};

use super::draft::Draft;
use super::memory;
use crate::text::{capitalised, plain};
use crate::{Kind, Notice, found, subject, words};

/// The longest list of patterns of one policy, in characters.
const MAX_PATTERNS: usize = 500;

pub(super) fn reported(request: &ReportVerdict, call: &ReportedCall, report: &Report) -> Notice {
    let verdict = &request.verdict;
    let change = &verdict.change;
    let is_in_force = verdict.result == VerdictResult::Reported;
    let who = capitalised(&plain(&change.actor.to_string(), 200));
    let mut draft = Draft::new(&format!(
        "{who} {}. {}",
        plain(&subject::reported::predicate(call), 700),
        subject::reported::consequence(call, report, verdict.result)
    ));
    draft.restricted(&verdict.restricted, "the execution");
    draft.paragraph(&since(
        change,
        call,
        report,
        request.reported_at.filter(|_| is_in_force),
    ));
    draft.reasons(
        "WHY THE GUARD REPORTS IT",
        &reasons(report, is_in_force),
        report.more_reasons,
    );
    if is_in_force {
        if let Some(why) = subject::undo::no_command(call, report) {
            draft.advise(&format!("The guard does not undo this call. {why}"));
        } else if let Some(command) = subject::undo::undo_command(call) {
            draft.paragraph("The guard does not undo this call. To take it back, run:");
            draft.commands(&format!("  {command}"));
            if let Some(caution) = subject::undo::undo_caution(call) {
                draft.advise(caution);
            }
        }
    }
    if let Some(entry) = &verdict.exemption {
        draft.paragraph(&format!(
            "The entry {} of the parameter ExemptPrincipals covers the caller.",
            plain(entry, 300)
        ));
    }
    if report.monitored {
        draft.paragraph("The parameter Mode is Monitor, so the guard only reports.");
    }
    draft.change(change, verdict.response);
    draft.consoles(&change.subject, &request.execution);
    if verdict.memory.report.is_some() {
        draft.paragraph(memory::ONCE_A_WEEK);
    }
    let state = match verdict.result {
        VerdictResult::Reported => "In force",
        VerdictResult::Gone => "Renamed or deleted",
        _ => "Withdrawn",
    };
    let title = format!("{state}: {}", subject::name(&change.subject));
    draft.finish(Kind::Report, title, &request.execution)
}

/// Since when the change has been in force at the time `now`, if that is known.
pub(super) fn since(
    change: &PolicyChange,
    call: &ReportedCall,
    report: &Report,
    now: Option<Timestamp>,
) -> String {
    if let Some(found) = found::since(change) {
        return found;
    }
    let start = change.event_time;
    let when = words::time(start);
    let is_since = !report.reasons.contains(&Reason::OtherCall);
    // These calls also succeed, and leave a record, if nothing changes.
    let earlier = match call {
        ReportedCall::Attachment { .. } | ReportedCall::AddedToGroup { .. } => ", or earlier",
        _ => "",
    };
    match now.filter(|_| is_since) {
        Some(now) => format!(
            "In force since {when} ({} ago){earlier}.",
            duration(start, now)
        ),
        None => format!("The call was made at {when}."),
    }
}

fn duration(start: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(start.as_second()).max(0);
    let (number, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7200 => (seconds / 60, "minute"),
        7200..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

/// Why the guard reports a call or asks about it, one sentence each.
#[must_use]
pub fn reasons(report: &Report, is_in_force: bool) -> Vec<String> {
    let reasons = report.reasons.iter();
    reasons.map(|it| reason(it, is_in_force)).collect()
}

fn reason(reason: &Reason, is_in_force: bool) -> String {
    match reason {
        Reason::HoldsDenial => {
            "it also contains a Deny, or may contain one that the guard cannot read, so without it more may be allowed; the guard asks no one to take it back with a button".to_owned()
        }
        Reason::OnlyReported => "only the parameter reportActions names what it grants".to_owned(),
        Reason::Grants {
            policy, restricted, ..
        } if restricted.is_empty() => {
            format!("the {policy} cannot be read for certain, so it may grant anything")
        }
        Reason::Grants {
            policy,
            restricted,
            more_restricted,
        } => {
            let patterns: Vec<String> = restricted.iter().map(ToString::to_string).collect();
            let more = match more_restricted {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!(
                "the {} grants {}{more}",
                policy,
                plain(&patterns.join(", "), MAX_PATTERNS)
            )
        }
        Reason::Absent { owner } => {
            format!("IAM no longer has the {owner}")
        }
        Reason::OtherCall => "another call, and not this one, wrote what is in force".to_owned(),
        Reason::Denied { policy, .. } => {
            format!("the {} contains a Deny", policy)
        }
        Reason::ExternalPrincipal { principal } => principal.to_string(),
        Reason::Entrants {
            principals,
            more,
            are_new,
        } => {
            let who = plain(&principals.join(", "), MAX_PATTERNS);
            let more = match more {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            match (is_in_force, are_new) {
                (true, true) => {
                    format!(
                        "the trust policy now lets in {who}{more}, who could not come in before"
                    )
                }
                (true, false) => format!("the trust policy lets in {who}{more}"),
                (false, _) => format!("for a while, the trust policy let in {who}{more}"),
            }
        }
        Reason::LetInBefore { principals, more } => {
            let who = plain(&principals.join(", "), MAX_PATTERNS);
            let more = match more {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("until then, the trust policy of this call also let in {who}{more}")
        }
        Reason::MoreExternalPrincipals { more } => format!("{more} more can assume the role"),
        Reason::NoBoundary => "there is no permissions boundary".to_owned(),
        Reason::NotRead { named } => {
            format!(
                "the {named} of the call could not be read, so what it held or denied is unknown"
            )
        }
        Reason::Rare => "the guard reports every such call".to_owned(),
        Reason::RootUser => "the root user can do everything in the account".to_owned(),
        Reason::Reserved {
            by: Reserved::IdentityCenter,
        } => "the role belongs to IAM Identity Center, by its path".to_owned(),
        Reason::Reserved {
            by: Reserved::Service,
        } => "the role belongs to an AWS service, by its path".to_owned(),
        Reason::Unread => {
            "there are more policies than the guard reads, so look at the rest by hand".to_owned()
        }
    }
}
