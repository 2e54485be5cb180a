//! What the guard tells of and does not undo.

use incident::Timestamp;
use incident::message::{Reason, Report, ReportVerdict, VerdictResult};
use incident::subject::ReportedCall;

use super::Mail;
use super::writer::Writer;
use crate::text::{capitalised, plain};
use crate::{subject, words};

/// The patterns of one policy, in characters.
const MAX_PATTERNS: usize = 500;

pub(super) fn told(request: &ReportVerdict, told: &ReportedCall, of: &Report) -> Mail {
    let verdict = &request.verdict;
    let change = &verdict.change;
    let is_so = verdict.result == VerdictResult::Reported;
    let who = capitalised(&plain(&change.actor.to_string(), 200));
    let mut mail = Writer::new(&format!(
        "{who} {}. {}",
        plain(&subject::reported::done(told), 700),
        subject::reported::meaning(told, of, verdict.result)
    ));
    mail.restricted(&verdict.restricted, "the execution");
    mail.paragraph(&since(request, told, of));
    mail.list("WHY THE GUARD REPORTS IT", &reasons(of), of.more_reasons);
    if is_so {
        match subject::reported::unmodifiable(told) {
            Some(why) => mail.paragraph(&format!("The guard does not undo this call. {why}")),
            None => {
                mail.paragraph("The guard does not undo this call. To take it back, run:");
                mail.commands(&format!("  {}", subject::reported::take_back(told)));
                mail.paragraphs(subject::reported::before_taking_back(told).map(str::to_owned));
            }
        }
    }
    if let Some(entry) = &verdict.exemption {
        mail.paragraph(&format!(
            "The entry {} of the parameter ExemptPrincipals covers the caller.",
            plain(entry, 300)
        ));
    }
    if of.monitored {
        mail.paragraph(
            "The parameter Mode is Monitor. With Enforce, the guard would also only report this call.",
        );
    }
    mail.change(change);
    mail.consoles(&change.subject, &request.execution);
    let state = match verdict.result {
        VerdictResult::Reported => "In force",
        VerdictResult::Gone => "Renamed or deleted",
        _ => "Withdrawn",
    };
    Mail::new(
        &format!("{state}: {}", subject::name(&change.subject)),
        &mail.finish(),
    )
}

/// How long it has been so, as far as is known.
fn since(request: &ReportVerdict, told: &ReportedCall, of: &Report) -> String {
    let start = request.verdict.change.event_time;
    let when = words::time(start);
    let is_since = request.verdict.result == VerdictResult::Reported
        && !of.reasons.contains(&Reason::OtherCall);
    // These calls succeed, and leave a record, where it was so already.
    let earlier = match told {
        ReportedCall::Attachment { .. } | ReportedCall::Membership { .. } => ", or earlier",
        _ => "",
    };
    match request.reported_at.filter(|_| is_since) {
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

fn reasons(of: &Report) -> Vec<String> {
    of.reasons.iter().map(reason).collect()
}

fn reason(reason: &Reason) -> String {
    match reason {
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
        Reason::Denied { policy } => {
            format!("the {} contains a Deny", policy)
        }
        Reason::ExternalPrincipal { outsider } => outsider.to_string(),
        Reason::MoreExternalPrincipals { more } => format!("{more} more can assume the role"),
        Reason::NoBoundary => "there is no permissions boundary".to_owned(),
        Reason::Unread => {
            "there are more policies than the guard reads, so look at the rest by hand".to_owned()
        }
    }
}
