//! E-mails about what a sweep found: no one knows who did it, and when.

use incident::message::{Reason, Report};

use super::*;

/// The same change, as a sweep finds it.
fn found(mut request: Value) -> Value {
    let change = &mut request["change"];
    if change["eventName"] == "CreatePolicy" {
        change["eventName"] = json!("SetDefaultPolicyVersion");
    }
    change["eventId"] = json!("sweep-q3FzAAAAAAAAAAAA-0123456789abcdef");
    change["actor"] = json!({
        "kind": "Sweep",
        "name": "9f2e",
        "arn": "arn:aws:states:us-east-1:111122223333:execution:guard-sweep:9f2e"
    });
    change["sourceIpAddress"] = Value::Null;
    change["userAgent"] = Value::Null;
    request
}

#[track_caller]
fn says_what_is_known(mail: &Mail) {
    let text = mail.message();
    for part in [
        "found by the sweep",
        "Found:    2026-03-02 09:15:27 UTC",
        "CloudTrail event history of the Region us-east-1",
        "execution:guard-sweep:9f2e",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    for part in [
        "wrote the policy at",
        "When:     2026-03-02 09:15:27",
        "an unknown address",
        "Call: ",
    ] {
        assert!(!text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_request_says_that_a_sweep_found_it() {
    let links = links(LinkConfirmation::Required);
    let mail = decision_request(&read(found(request())), &links);
    says_what_is_known(&mail);
    expect_file!["../../testdata/mail/found-request.txt"].assert_eq(&shown(&mail));
    let mail = decision_request(&read(found(inline(request()))), &links);
    says_what_is_known(&mail);
    assert!(
        mail.message().contains("for PutRolePolicy."),
        "{}",
        mail.message()
    );
    let mail = decision_request(&read(found(addition::added())), &links);
    says_what_is_known(&mail);
    expect_file!["../../testdata/mail/found-addition.txt"].assert_eq(&shown(&mail));
}

#[test]
fn reports_and_ends_say_so_too() {
    let request = read(found(request()));
    for &result in VerdictResult::ALL {
        says_what_is_known(&verdict_of(&request, result, true));
    }
    says_what_is_known(&failure(&failed(&request, "no")));
    for result in [
        OutcomeResult::Allowed,
        OutcomeResult::Denied,
        OutcomeResult::Expired,
    ] {
        let quarantine = Quarantine::InPlace(request.quarantine.contained().unwrap().clone());
        let end = Outcome {
            result,
            in_force: None,
            attached_to: None,
            until: None,
        };
        let decision = decision(DecisionAction::Deny);
        says_what_is_known(&outcome(&ended(
            &request,
            quarantine,
            Some(decision),
            Some(end),
        )));
    }
    let mail = verdict_with(&request, VerdictResult::Reported, true, |verdict| {
        verdict.change = read(found(addition::added())).change;
        verdict.report = Some(Report::new(&[Reason::OnlyReported], false));
        verdict.exemption = None;
    });
    says_what_is_known(&mail);
    expect_file!["../../testdata/mail/found-reported.txt"].assert_eq(&shown(&mail));
}

/// The last sweep knew the document, so nothing is done on the word of an event alone.
#[test]
fn an_event_that_nothing_confirms_changes_nothing() {
    let mail = verdict_of(&read(request()), VerdictResult::Unconfirmed, true);
    expect_file!["../../testdata/mail/unconfirmed.txt"].assert_eq(&shown(&mail));
    let first = mail.message().lines().next().unwrap();
    assert!(first.contains("ARE IN FORCE"), "{first}");
}
