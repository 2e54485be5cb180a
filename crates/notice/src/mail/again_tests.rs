//! E-mails about a repeated request and a repeated try.

use incident::message::{Asked, RepeatReason};

use super::*;

#[test]
fn a_repeated_request_gives_the_reason() {
    let mut request = read(request());
    request.asked = Asked {
        times: 2,
        because: Some(RepeatReason::WithoutKey),
    };
    let mail = decision_request(&request, &links(LinkConfirmation::Required));
    expect_file!["../../testdata/mail/decision-request-again.txt"].assert_eq(&shown(&mail));

    request.asked.because = Some(RepeatReason::NewHolders);
    let mail = decision_request(&request, &links(LinkConfirmation::Required));
    assert!(mail.message().contains("attached to someone else since"));

    request.asked = Asked {
        times: Asked::MOST,
        because: Some(RepeatReason::OtherIncident),
    };
    let mail = decision_request(&request, &links(LinkConfirmation::Required));
    assert!(
        mail.message()
            .contains("page of another incident, so it did not count. Only the links in this e-mail work now. This is request 3 of 3. It is the last one")
    );
}

#[test]
fn an_expiry_after_answers_that_do_not_count_says_so() {
    let request = read(request());
    let mut none = decision(DecisionAction::Expire);
    none.unproven = true;
    let mail = outcome(&ended(
        &request,
        Quarantine::InPlace(request.quarantine.contained().unwrap().clone()),
        Some(none),
        Some(Outcome {
            result: OutcomeResult::Expired,
            in_force: None,
            attached_to: None,
            until: None,
        }),
    ));
    expect_file!["../../testdata/mail/expired-unproven.txt"].assert_eq(&shown(&mail));
}

#[test]
fn a_failed_containment_says_what_comes_next() {
    let request = read(request());
    let mut failed = failed(&request, "Rate exceeded");
    failed.failure.error = "TransientAwsError".to_owned();
    failed.failure.tries = 1;
    failed.failure.again = true;
    expect_file!["../../testdata/mail/failure-tried-again.txt"]
        .assert_eq(&shown(&failure(&failed)));

    failed.failure.tries = 100;
    failed.failure.again = false;
    expect_file!["../../testdata/mail/failure-given-up.txt"].assert_eq(&shown(&failure(&failed)));

    failed.failure.error = "UnmodifiableEntity".to_owned();
    failed.failure.tries = 1;
    expect_file!["../../testdata/mail/failure-unmodifiable.txt"]
        .assert_eq(&shown(&failure(&failed)));
}

#[test]
fn each_mail_after_a_failure_says_that_it_is_over() {
    const OVER: &str =
        "The failure that the guard reported in an earlier e-mail is over, after 3 failed tries.";
    let mut request = read(request());
    request.failed_tries = 3;
    let mut gone = ended(&request, Quarantine::Gone, None, None);
    gone.failed_tries = 3;
    for mail in [
        decision_request(&request, &links(LinkConfirmation::Required)),
        verdict_of(&request, VerdictResult::Clean, false),
        verdict_of(&request, VerdictResult::AlreadyContained, true),
        outcome(&gone),
    ] {
        assert!(mail.message().contains(OVER), "{}", mail.message());
    }
}
