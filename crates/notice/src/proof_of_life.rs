//! What every channel says first about the guard's own proof of life.
//!
//! Nobody can use what it grants, and the guard makes no exception for it. So only the words are
//! others, and they go by what the incident is about, and by no record.

use incident::message::{
    Assessment, NotifyRequest, OutcomeResult, Quarantine, ReportFailure, ReportOutcome,
    ReportVerdict, VerdictResult,
};
use incident::{PolicyChange, Subject};

use crate::Notice;
use crate::notice::Block;

/// What a request for a decision says, and its page.
pub const REQUEST: &str = "This is the guard's own proof of life: a grant that nobody can use, written once a day to test that events arrive, that the guard contains, and that this e-mail reaches you. Deny it.";

/// Its event did not arrive.
const FOUND: &str =
    " Its event did not arrive this time: a sweep found it. Look at the alarms of the guard.";

/// The same notice, which says first that it is about the proof of life; unchanged if it is not.
/// `probe` is the name of the role that the proof is written to.
#[must_use]
pub fn marked(notice: Notice, request: &NotifyRequest, probe: Option<&str>) -> Notice {
    let is_proof = |subject: &Subject| probe.is_some_and(|probe| subject.is_proof_of_life(probe));
    let Some(change) = change(request).filter(|change| is_proof(&change.subject)) else {
        return notice;
    };
    let found = if change.actor.is_sweep() { FOUND } else { "" };
    let first = format!("{}{found}", sentence(request));
    // A channel that shows no text shows the advice.
    let mut advice = vec![notice.headline.clone()];
    advice.extend(notice.advice);
    let mut text = vec![Block::Paragraph(notice.headline)];
    text.extend(notice.text);
    Notice {
        headline: first,
        text,
        advice,
        ..notice
    }
}

/// The change that the notice is about.
fn change(request: &NotifyRequest) -> Option<&PolicyChange> {
    match request {
        NotifyRequest::ReportFailure(ReportFailure { assessment, .. }) => assessment
            .as_ref()
            .and_then(|it: &Assessment| it.change.as_ref()),
        request => request.change(),
    }
}

fn sentence(request: &NotifyRequest) -> &'static str {
    match request {
        NotifyRequest::Ask(_) => REQUEST,
        NotifyRequest::ReportVerdict(report) => verdict(report),
        NotifyRequest::ReportDecision(_) => {
            "This is the answer about the guard's own proof of life: a grant that nobody can use, written once a day."
        }
        NotifyRequest::ReportOutcome(report) => outcome(report),
        NotifyRequest::ReportFailure(_) => {
            "This is about the guard's own proof of life: a grant that nobody can use, written once a day. If the guard fails at it, it may fail at a real one, so find the cause."
        }
    }
}

fn verdict(report: &ReportVerdict) -> &'static str {
    match report.verdict.result {
        VerdictResult::Monitored | VerdictResult::Reported | VerdictResult::Exempt => {
            "This is the guard's own proof of life: a grant that nobody can use, written once a day to test that events arrive and that this e-mail reaches you. You do not need to do anything."
        }
        VerdictResult::AllowedBefore => {
            "This is the guard's own proof of life, which was allowed before. As long as it is allowed, it does not prove that the guard contains: make the guard forget that decision, and deny the next request."
        }
        _ => {
            "This is about the guard's own proof of life: a grant that nobody can use, written once a day to test that events arrive."
        }
    }
}

fn outcome(report: &ReportOutcome) -> &'static str {
    let settled = match &report.quarantine {
        Quarantine::InPlace(contained) => contained.settled.as_ref(),
        _ => None,
    };
    let result = report.outcome.as_ref().map(|outcome| outcome.result);
    match settled.map(|settled| settled.result).or(result) {
        Some(OutcomeResult::DeniedBefore) if report.change.actor.is_sweep() => {
            "This is the guard's own proof of life, which was denied before: the guard contains, and this e-mail reaches you."
        }
        Some(OutcomeResult::DeniedBefore) => {
            "This is the guard's own proof of life, which was denied before: events arrive, the guard contains, and this e-mail reaches you. You do not need to do anything."
        }
        Some(OutcomeResult::Denied) => {
            "You denied the guard's own proof of life. From now on, the guard deals with it once a day without a question, for as long as it remembers your answer, and reports it once a week."
        }
        // What is asked about first and denied is asked about each time.
        Some(OutcomeResult::TakenBack) => {
            "You denied the guard's own proof of life. The guard asks about it again the next day, because it asks first about such changes now."
        }
        Some(OutcomeResult::Allowed | OutcomeResult::Kept) => {
            "You allowed the guard's own proof of life. Nobody can use what it grants, but it does not prove any more that the guard contains. Make the guard forget this decision, and deny the next request."
        }
        Some(OutcomeResult::Expired) => {
            "No one decided about the guard's own proof of life: a grant that nobody can use, written once a day. Deny the next request."
        }
        _ => {
            "This is about the guard's own proof of life: a grant that nobody can use, written once a day to test that events arrive."
        }
    }
}
