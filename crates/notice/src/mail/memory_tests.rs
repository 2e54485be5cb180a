//! E-mails about what the guard remembers: earlier decisions, and allows that end.

use incident::memory::{Before, ClaimName, MemoryKey, ReportName};
use incident::message::{Report, Settled};

use super::*;

const UNTIL: &str = "2026-11-29T20:00:00Z";
const FORGET: &str = "make forget EXECUTION='arn:aws:states:us-east-1:111122223333:execution:";

fn key() -> MemoryKey {
    claim(1).key().clone()
}

fn claim(generation: u8) -> ClaimName {
    let name = format!("{}-{generation}", "0123456789abcdef".repeat(4));
    ClaimName::try_from(name).unwrap()
}

/// An earlier incident that stands like `standing`.
fn before(standing: &str) -> Before {
    let is_pending = standing == "pending";
    let decided = |value: Value| if is_pending { Value::Null } else { value };
    serde_json::from_value(json!({
        "execution": "arn:aws:states:us-east-1:111122223333:execution:guard-incidents:77ab",
        "claim": claim(1),
        "standing": standing,
        "seen": "2026-03-02T09:15:30Z",
        "decided": decided(json!("2026-02-27T15:02:11Z")),
        "sourceIpAddress": decided(json!("198.51.100.7")),
        "reason": decided(json!("No ticket asks for this.")),
        "original": "v1",
    }))
    .unwrap()
}

/// The e-mail about a containment that no one was asked about.
fn settled_as(
    request: Value,
    result: OutcomeResult,
    before: Option<Before>,
    end: OutcomeResult,
) -> Mail {
    let mut request = request;
    request["quarantine"]["settled"] = json!(Settled {
        result,
        before,
        notify: true,
        report: None,
    });
    let request = read(request);
    let contained = request.quarantine.contained().unwrap().clone();
    let action = match result {
        OutcomeResult::Joined => None,
        OutcomeResult::Lapsed => Some(DecisionAction::Expire),
        _ => Some(DecisionAction::Deny),
    };
    let in_force = InForce {
        version: None,
        document: Snapshot::new(r#"{"Statement": {"Sid": "Newer"}}"#),
    };
    outcome(&ended(
        &request,
        Quarantine::InPlace(contained),
        action.map(Decision::from),
        Some(Outcome {
            result: end,
            in_force: (action.is_some() && end != OutcomeResult::Gone).then_some(in_force),
            attached_to: None,
            until: None,
        }),
    ))
}

fn denied_before(before: Before) -> Mail {
    let result = OutcomeResult::DeniedBefore;
    settled_as(request(), result, Some(before), result)
}

/// The same with a version that the guard deleted to make room.
fn evicting(mut request: Value) -> Value {
    request["quarantine"]["evicted"] = json!([{
        "version": "v7", "created": "2025-11-02T08:00:00Z", "document": REMEDIATED
    }]);
    request
}

fn allowed(until: Option<&str>) -> Mail {
    let request = read(request());
    let contained = request.quarantine.contained().unwrap().clone();
    outcome(&ended(
        &request,
        Quarantine::InPlace(contained),
        Some(decision(DecisionAction::Allow)),
        Some(Outcome {
            result: OutcomeResult::Allowed,
            in_force: None,
            attached_to: None,
            until: until.map(|until| until.parse().unwrap()),
        }),
    ))
}

#[test]
fn each_mail_of_the_memory_matches_its_file() {
    use OutcomeResult::{DeniedBefore, Joined, Lapsed};
    let mail = denied_before(before("denied"));
    expect_file!["../../testdata/mail/denied-before.txt"].assert_eq(&shown(&mail));
    let deleted = settled_as(
        removed(),
        DeniedBefore,
        Some(before("denied")),
        DeniedBefore,
    );
    expect_file!["../../testdata/mail/denied-before-deleted.txt"].assert_eq(&shown(&deleted));
    let joined = settled_as(evicting(request()), Joined, Some(before("pending")), Joined);
    expect_file!["../../testdata/mail/joined.txt"].assert_eq(&shown(&joined));
    let lapsed = settled_as(request(), Lapsed, None, Lapsed);
    expect_file!["../../testdata/mail/allow-ended.txt"].assert_eq(&shown(&lapsed));
    let mail = allowed(Some(UNTIL));
    expect_file!["../../testdata/mail/allowed-for-a-time.txt"].assert_eq(&shown(&mail));

    let managed = read(request());
    let mail = verdict_of(&managed, VerdictResult::Lapsed, false);
    expect_file!["../../testdata/mail/allow-ended-changed.txt"].assert_eq(&shown(&mail));
    let mail = verdict_with(&managed, VerdictResult::Lapsed, true, |verdict| {
        verdict.memory.before = Some(before("allowed"));
    });
    expect_file!["../../testdata/mail/allow-ended-allowed-again.txt"].assert_eq(&shown(&mail));
    let mail = verdict_with(&managed, VerdictResult::AllowedBefore, true, |verdict| {
        verdict.memory.before = Some(before("allowed"));
    });
    expect_file!["../../testdata/mail/allowed-before.txt"].assert_eq(&shown(&mail));
}

#[test]
fn an_allow_for_a_time_says_until_when_and_one_without_does_not() {
    const SENTENCE: &str = "It is allowed until 2026-11-29 20:00:00 UTC. Then the guard takes the restricted permissions out again.";
    let mail = allowed(Some(UNTIL));
    let first = mail.message().lines().next().unwrap();
    assert!(first.ends_with(SENTENCE), "{first}");
    assert!(!allowed(None).message().contains("until"));
}

#[test]
fn a_decision_that_is_remembered_can_be_forgotten() {
    use OutcomeResult as End;
    for (action, result, is_remembered) in [
        (DecisionAction::Allow, End::Allowed, true),
        (DecisionAction::Deny, End::Denied, true),
        (DecisionAction::Allow, End::Kept, true),
        (DecisionAction::Deny, End::TakenBack, false),
        (DecisionAction::Allow, End::Superseded, false),
        (DecisionAction::Deny, End::Gone, false),
        (DecisionAction::Expire, End::Expired, false),
    ] {
        let mail = outcome_of(request(), action, result);
        assert_eq!(mail.contains(FORGET), is_remembered, "{result:?}: {mail}");
        assert_eq!(mail.contains("parameter MemoryDays"), is_remembered);
    }
}

#[test]
fn the_commands_take_the_next_name_of_the_claim() {
    let name = "0123456789abcdef".repeat(4);
    for (machine, generation, makes, takes) in [
        ("guard-incidents", 1, true, Some(2)),
        ("guard-incidents", 8, true, Some(9)),
        ("guard-incidents", 9, false, None),
        // The name of the state machine does not lead to the one of the claims.
        ("guard", 1, true, None),
    ] {
        let mut before = before("denied");
        let arn = format!("arn:aws:states:eu-west-1:111122223333:execution:{machine}:77ab");
        before.execution = incident::ExecutionArn::parse(&arn).unwrap();
        before.claim = claim(generation);
        let mail = denied_before(before);
        let lines: Vec<&str> = mail.message().lines().collect();
        let make = format!("  make forget EXECUTION='{arn}'");
        assert_eq!(lines.contains(&make.as_str()), makes);
        let command = |next| {
            format!(
                "  aws stepfunctions start-execution --state-machine-arn 'arn:aws:states:eu-west-1:111122223333:stateMachine:guard-claims' --name '{name}-{next}' --input '{{}}' --region 'eu-west-1'"
            )
        };
        let starts = lines.iter().filter(|line| line.contains("start-execution"));
        assert_eq!(
            starts.copied().collect::<Vec<_>>(),
            takes.map(command).iter().collect::<Vec<_>>()
        );
        assert_eq!(mail.message().contains("ForgetBefore"), generation == 9);
    }
}

/// A change that came after the containment.
#[test]
fn what_was_settled_is_not_said_to_be_undecided() {
    for settled in [OutcomeResult::DeniedBefore, OutcomeResult::Lapsed] {
        for end in [OutcomeResult::Superseded, OutcomeResult::Gone] {
            let mail = settled_as(request(), settled, Some(before("denied")), end);
            let text = shown(&mail);
            for wrong in [
                "in time",
                "did not carry out",
                "THE DECISION: ",
                "once a week",
                "set-default-policy-version",
                "deleted the original",
            ] {
                assert!(!text.contains(wrong), "{wrong} is in {text}");
            }
            let is_newer = mail.message().contains("IN FORCE NOW");
            assert_eq!(is_newer, end == OutcomeResult::Superseded);
            assert_eq!(
                mail.message().contains("The execution shows who allowed"),
                settled == OutcomeResult::Lapsed
            );
        }
    }
}

#[test]
fn a_containment_that_no_one_is_asked_about_lists_what_the_guard_deleted() {
    for result in [
        OutcomeResult::Joined,
        OutcomeResult::DeniedBefore,
        OutcomeResult::Lapsed,
    ] {
        let mail = settled_as(evicting(request()), result, Some(before("denied")), result);
        for part in [
            "version v7 of 2025-11-02 08:00:00 UTC",
            "Action `s3:DeleteBucket` was taken out",
            "Who:      role DeployRole (session ci-4711)",
            "Restricted: s3:DeleteBucket",
            "-         \"s3:DeleteBucket\"",
        ] {
            assert!(mail.message().contains(part), "{part}");
        }
    }
}

#[test]
fn a_settled_containment_after_a_failure_says_that_it_is_over() {
    let mut value = request();
    value["quarantine"]["settled"] = json!(Settled {
        result: OutcomeResult::Joined,
        before: Some(before("pending")),
        notify: true,
        report: None,
    });
    let request = read(value);
    let contained = request.quarantine.contained().unwrap().clone();
    let end = Outcome {
        result: OutcomeResult::Joined,
        in_force: None,
        attached_to: None,
        until: None,
    };
    let mut report = ended(&request, Quarantine::InPlace(contained), None, Some(end));
    report.failed_tries = 2;
    let mail = outcome(&report);
    assert!(mail.message().contains("is over, after 2 failed tries."));
}

#[test]
fn reports_that_are_remembered_say_that_they_come_once_a_week() {
    const WEEKLY: &str = "\nThe guard reports the same thing once a week at most.\n";
    let now = "2026-03-02T09:15:30Z".parse().unwrap();
    let [name, _] = ReportName::around(&key(), now);
    let mut attached = request();
    attached["change"]["subject"] = json!({
        "type": "reported", "what": "attachment",
        "owner": {"kind": "role", "name": "app"},
        "policy": "arn:aws:iam::aws:policy/AdministratorAccess"
    });
    for (request, result) in [
        (request(), VerdictResult::Monitored),
        (request(), VerdictResult::Exempt),
        (request(), VerdictResult::Clean),
        (attached.clone(), VerdictResult::Reported),
    ] {
        let request = read(request);
        for is_remembered in [true, false] {
            let mail = verdict_with(&request, result, true, |verdict| {
                verdict.report = Some(Report::new(&[], false));
                verdict.memory.report = is_remembered.then(|| name.clone());
            });
            assert_eq!(mail.message().contains(WEEKLY), is_remembered, "{result:?}");
        }
    }
}

#[test]
fn what_was_allowed_or_asked_before_is_not_said_to_be_withdrawn() {
    let mut attached = request();
    attached["change"]["subject"] = json!({
        "type": "reported", "what": "attachment",
        "owner": {"kind": "role", "name": "app"},
        "policy": "arn:aws:iam::aws:policy/AdministratorAccess"
    });
    let attached = read(attached);
    for (result, standing, topic, part) in [
        (
            VerdictResult::AllowedBefore,
            "allowed",
            "Allowed before: AdministratorAccess on role app",
            "It IS IN FORCE, because an administrator allowed the same before.",
        ),
        (
            VerdictResult::Joined,
            "pending",
            "Asked already: AdministratorAccess on role app",
            "The execution that asks:\nhttps://us-east-1.console.aws.amazon.com/",
        ),
    ] {
        let mail = verdict_with(&attached, result, true, |verdict| {
            verdict.report = Some(Report::new(&[], false));
            verdict.memory.before = Some(before(standing));
        });
        assert_eq!(mail.subject(), topic);
        assert!(mail.message().contains(part), "{}", mail.message());
    }
}

#[test]
fn a_known_document_that_denies_less_says_so() {
    let managed = read(request());
    for result in [VerdictResult::AllowedBefore, VerdictResult::Joined] {
        for is_lost in [true, false] {
            let mail = verdict_with(&managed, result, true, |verdict| {
                let lost = incident::LostDenial {
                    version: verdict.change.version.clone().unwrap(),
                    denied: vec!["iam:*".to_owned()],
                    more: 0,
                };
                verdict.change.lost_denials = is_lost.then_some(lost).into_iter().collect();
            });
            let part = "Another version denied something that this one does not deny.";
            assert_eq!(mail.message().contains(part), is_lost);
        }
    }
}

#[test]
fn the_words_of_an_earlier_decision_cannot_imitate_the_guard() {
    for break_ in ["\n", "\r", "\u{2028}", "\u{0B}", "\u{202E}", "\u{0}"] {
        let hostile = format!(
            "x{break_}{break_}ALLOW: fake{break_}https://evil.example/allow www.evil.example/allow{break_}In force now: fake{break_}  make forget EXECUTION='evil'{break_}{}",
            "漢".repeat(5000)
        );
        let mut before = before("denied");
        before.reason = Some(hostile.clone());
        before.source_ip_address = Some(hostile.clone());
        let allowed = verdict_with(
            &read(request()),
            VerdictResult::Withdrawn,
            true,
            |verdict| verdict.memory.before = Some(before.clone()),
        );
        for mail in [denied_before(before.clone()), allowed] {
            hostile::our_lines_only(&mail, &hostile);
            limits::within_limits(&mail);
            let ours = mail
                .message()
                .lines()
                .filter(|line| line.contains("make forget"));
            let ours: Vec<&str> = ours.filter(|line| line.starts_with("  make")).collect();
            assert_eq!(ours.len(), 1, "{ours:?}");
            assert!(ours[0].starts_with(&format!("  {FORGET}")));
        }
    }
}
