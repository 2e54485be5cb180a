//! E-mails about the guard's own proof of life.

use incident::message::Settled;

use super::*;
use crate::proof_of_life::{REQUEST, marked};

const PROBE: &str = "guard-ProbeRole-1A2B3C";

/// A request about the inline policy `name` of this owner.
fn about(kind: &str, owner: &str, name: &str) -> AskRequest {
    let mut request = inline(request());
    request["change"]["subject"] =
        json!({"type": "inline", "owner": {"kind": kind, "name": owner}, "name": name});
    read(request)
}

fn proof() -> AskRequest {
    about("role", PROBE, "proof-of-life")
}

/// The e-mail as `notify` sends it.
fn sent(request: &NotifyRequest) -> String {
    let links = links(LinkConfirmation::Required);
    let notice = marked(Notice::from(request), request, Some(PROBE));
    shown(&channels::shown_alike(&notice, Some(&links)))
}

fn ended_as(result: OutcomeResult, settled: bool) -> String {
    let request = proof();
    let mut contained = request.quarantine.contained().unwrap().clone();
    contained.settled = settled.then_some(Settled {
        result,
        before: None,
        notify: true,
        report: None,
    });
    let end = Outcome {
        result,
        in_force: None,
        attached_to: None,
        until: None,
    };
    let action = match result {
        OutcomeResult::Allowed => DecisionAction::Allow,
        OutcomeResult::Expired => DecisionAction::Expire,
        _ => DecisionAction::Deny,
    };
    let report = ended(
        &request,
        Quarantine::InPlace(contained),
        (!settled).then(|| decision(action)),
        Some(end),
    );
    sent(&NotifyRequest::ReportOutcome(report))
}

fn first_line(mail: &str) -> &str {
    mail.lines().nth(2).unwrap()
}

#[test]
fn the_request_says_first_that_it_is_the_proof_of_life() {
    let request = proof();
    let mail = sent(&NotifyRequest::Ask(request));
    expect_file!["../../testdata/mail/proof-of-life.txt"].assert_eq(&mail);
    assert_eq!(first_line(&mail), REQUEST);
    for link in ["/Prod/allow?token=", "/Prod/deny?token="] {
        assert!(mail.contains(link), "{mail}");
    }
}

#[test]
fn nothing_else_is_the_proof_of_life() {
    for other in [
        about("role", "app", "proof-of-life"),
        about("user", PROBE, "proof-of-life"),
        about("role", PROBE, "proof-of-life2"),
        read(request()),
    ] {
        let request = NotifyRequest::Ask(other);
        let notice = Notice::from(&request);
        assert_eq!(marked(notice.clone(), &request, Some(PROBE)), notice);
    }
    let request = NotifyRequest::Ask(proof());
    let notice = Notice::from(&request);
    assert_eq!(marked(notice.clone(), &request, None), notice);
}

#[test]
fn each_end_says_what_the_proof_shows() {
    for (result, settled, says) in [
        (
            OutcomeResult::DeniedBefore,
            true,
            "You do not need to do anything",
        ),
        (OutcomeResult::Denied, false, "From now on"),
        (OutcomeResult::TakenBack, false, "again the next day"),
        (OutcomeResult::Allowed, false, "forget this decision"),
        (OutcomeResult::Expired, false, "Deny the next request"),
        (OutcomeResult::Superseded, false, "This is about"),
    ] {
        let mail = ended_as(result, settled);
        let first = first_line(&mail);
        assert!(first.contains("the guard's own proof of life"), "{first}");
        assert!(first.contains(says), "{result:?}: {first}");
    }
    let before = ended_as(OutcomeResult::DeniedBefore, true);
    expect_file!["../../testdata/mail/proof-of-life-denied-before.txt"].assert_eq(&before);
}

#[test]
fn reports_and_failures_say_so_too() {
    let request = proof();
    for &result in VerdictResult::ALL {
        let report = ReportVerdict {
            execution: request.execution.clone(),
            verdict: Verdict {
                response: Response::Report,
                notify: true,
                result,
                change: request.change.clone(),
                in_force: None,
                named: None,
                restricted: Restricted::default(),
                exemption: None,
                report: None,
                memory: Memory::default(),
            },
            reported_at: None,
            failed_tries: 0,
        };
        let mail = sent(&NotifyRequest::ReportVerdict(report));
        assert!(
            first_line(&mail).contains("the guard's own proof of life"),
            "{mail}"
        );
    }
    let report = failed(&request, "no");
    let mail = sent(&NotifyRequest::ReportFailure(report));
    assert!(first_line(&mail).contains("find the cause"), "{mail}");
}

#[test]
fn a_proof_that_only_a_sweep_found_says_that_its_event_is_missing() {
    let mut request = proof();
    request.change.actor.kind = "Sweep".to_owned();
    let mail = sent(&NotifyRequest::Ask(request));
    assert!(first_line(&mail).starts_with(REQUEST));
    assert!(first_line(&mail).contains("did not arrive"), "{mail}");
}
