//! The sweep on IAM in memory: what it starts, and what accounts for the rest.

use iam_model::{Account, Execution, OwnerKind};
use incident::judgement::Mode;
use incident::message::{Response, SweepReason, VerdictResult};
use incident::survey::GrantId;
use incident::{ExecutionArn, Record, Subject, Timestamp};
use serde_json::json;

use crate::support::*;
use crate::world::{World, old_account};
use fixtures::{block_on, claims};

#[test]
fn a_baseline_then_a_lost_write_then_a_hint() {
    let mut world = World::new(old_account());
    let first = world.sweep();
    let report = first.report.unwrap();
    assert_eq!(report.reason, SweepReason::First);
    assert_eq!(
        (report.counts.restricted.total(), first.hints.len()),
        (3, 0)
    );
    assert!(first.writes_probe);
    for _ in 0..3 {
        let quiet = world.sweep();
        assert_eq!((quiet.hints.len(), quiet.report), (0, None));
    }
    world.iam.change(|account| {
        account
            .put_inline(OwnerKind::Role, "app", "lost", RESTRICTED)
            .unwrap();
        account.join("staff", "ann");
    });
    let mut subjects = world.hints();
    subjects.sort();
    assert_eq!(subjects.len(), 2, "{subjects:?}");
    assert!(subjects[0].contains("inline policy `lost` of role `app`"));
    assert!(subjects[1].contains("ann"), "{subjects:?}");
    // Nothing came of it, so it is new again.
    assert_eq!(world.hints().len(), 2);
    // The sweep reads, and writes nothing.
    assert_eq!(world.iam.writes(), [""; 0]);
}

/// The hint of a document leads to an incident that contains it.
#[test]
fn a_hint_is_judged_like_any_event() {
    let mut world = World::new(old_account());
    world.sweep();
    world.iam.change(|account| {
        let app = (OwnerKind::Role, "app");
        account
            .put_inline(app.0, app.1, "lost", RESTRICTED)
            .unwrap();
    });
    // The sweep began an hour ago, and reads the account now.
    let before = Timestamp::now().as_second();
    let [hint] = &*world.sweep().hints else {
        panic!("no hint");
    };
    let verdict = world.judge(&hint.name, &hint.input).verdict();
    assert_eq!(verdict.result, VerdictResult::Restricted);
    assert!(verdict.change.event_time.as_second() >= before);
    assert!(verdict.change.actor.is_sweep());
    assert!(verdict.memory.claim.unwrap().is_first());
}

#[test]
fn what_is_allowed_for_good_is_known() {
    let mut world = World::new(old_account());
    world.sweep();
    let event = put(&world.iam, RESTRICTED);
    let data = world.judge("one", &event).contained();
    world.end("one", &data, "allow", &json!({"result": "allowed"}));
    let swept = world.sweep();
    assert_eq!((swept.hints.len(), swept.sweep.counts.accounted), (0, 1));
    // From now on it is known without a question to Step Functions.
    let swept = world.sweep();
    assert_eq!(swept.sweep.counts.new, 0);
}

/// No claim finds its incident, so it has the name of what stays in force.
#[test]
fn a_document_that_is_too_long_to_be_compared_is_asked_about_once() {
    let wide = format!(r#"["*","arn:aws:s3:::{}"]"#, " ".repeat(50_000));
    let long = RESTRICTED.replace(r#""*""#, &wide);
    assert!(long.len() > 50_000, "{long}");
    let found = |mode: Mode| {
        let mut world = World::new(old_account());
        world.rules.mode = mode;
        world.sweep();
        world.iam.change(|account| {
            account
                .put_inline_of_any_size(OwnerKind::Role, "app", "long", &*long)
                .unwrap();
        });
        let [hint] = <[_; 1]>::try_from(world.sweep().hints).unwrap();
        (world, hint)
    };
    let (mut world, hint) = found(Mode::Ask);
    let verdict = world.judge(&hint.name, &hint.input).believed();
    assert_eq!(verdict.response, Response::Ask);
    assert_eq!(verdict.memory.claim, None);
    let data = json!({"verdict": verdict});
    let asks = Execution::running(&hint.name).then("AskUser", data.clone());
    world.step_functions.put(asks);
    let swept = world.sweep();
    assert_eq!((swept.hints.len(), swept.sweep.counts.pending), (0, 1));
    world.end(&hint.name, &data, "allow", &json!({"result": "kept"}));
    let swept = world.sweep();
    assert_eq!((swept.hints.len(), swept.sweep.counts.accounted), (0, 1));
    // A monitored one is reported once.
    let (mut world, hint) = found(Mode::Monitor);
    let verdict = world.judge(&hint.name, &hint.input).end();
    assert_eq!(verdict.result, VerdictResult::Monitored);
    let swept = world.sweep();
    assert_eq!((swept.hints.len(), swept.sweep.counts.accounted), (0, 1));
}

#[test]
fn an_exempt_write_that_was_seen_is_accounted_for_and_a_lost_one_is_not() {
    let mut world = World::new(old_account());
    world.sweep();
    let event = put(&world.iam, RESTRICTED);
    let caller = event["detail"]["userIdentity"]["arn"].as_str().unwrap();
    world.rules.exempt = caller.parse().unwrap();
    assert_eq!(world.hints().len(), 1, "its event was lost");
    let verdict = world.judge("one", &event).end();
    assert_eq!(verdict.result, VerdictResult::Exempt);
    let swept = world.sweep();
    assert_eq!((swept.hints.len(), swept.sweep.counts.accounted), (0, 1));
    // It is rewritten by someone else, whose event is lost.
    world.iam.change(|account| {
        let document = fixtures::documents::other_restricted();
        let app = (OwnerKind::Role, "app");
        account
            .put_inline(app.0, app.1, "inline", document)
            .unwrap();
    });
    assert_eq!(world.hints().len(), 1);
}

/// More new grants than a sweep looks up, all of an exempt principal: none is contained.
#[test]
fn a_great_rollout_of_an_exempt_principal_starts_nothing() {
    let mut world = World::new(old_account());
    world.sweep();
    for number in 0..205 {
        let name = format!("role{number}");
        let created = world
            .iam
            .change(|account| account.create_owner(OwnerKind::Role, &name));
        created.unwrap();
        let event = call(
            &world.iam,
            "PutRolePolicy",
            &[
                ("RoleName", &name),
                ("PolicyName", "inline"),
                ("PolicyDocument", RESTRICTED),
            ],
        );
        let caller = event["detail"]["userIdentity"]["arn"].as_str().unwrap();
        world.rules.exempt = caller.parse().unwrap();
        world.judge(&name, &event).end();
    }
    let swept = world.sweep();
    assert_eq!((swept.hints.len(), swept.sweep.counts.accounted), (0, 200));
    assert_eq!(swept.report.unwrap().reason, SweepReason::OverMost);
    let swept = world.sweep();
    assert_eq!((swept.hints.len(), swept.sweep.counts.accounted), (0, 5));
    assert_eq!(world.sweep().sweep.counts.new, 0);
}

#[test]
fn a_policy_of_aws_that_nobody_held_before_is_asked_about() {
    let mut account = old_account();
    let arn = account.publish_policy("Admin", RESTRICTED).unwrap();
    let mut world = World::new(account);
    world.sweep();
    world
        .iam
        .change(|account| account.attach(&arn, OwnerKind::Role, "app"));
    let [hint] = &*world.sweep().hints else {
        panic!("no hint");
    };
    let change = Record::parse(&hint.input).unwrap().change;
    assert_eq!(change.event_name.as_str(), "AttachRolePolicy");
    // An execution asks about it: the history that a sweep reads is that of `reported.rs`.
    let Subject::Reported(_) = &change.subject else {
        panic!("{}", change.subject);
    };
    let [again] = &*world.sweep().hints else {
        panic!("no hint");
    };
    // Nobody can take the name of the next one before.
    assert_ne!(again.name, hint.name);
}

#[test]
fn an_attachment_that_is_asked_about_starts_nothing() {
    let mut account = old_account();
    let arn = account.publish_policy("Admin", RESTRICTED).unwrap();
    let mut world = World::new(account);
    world.sweep();
    world
        .iam
        .change(|account| account.attach(&arn, OwnerKind::Role, "app"));
    let swept = world.sweep();
    let name = swept.hints[0].name.trim_start_matches("sweep-");
    let id = GrantId::try_from(name.chars().take(16).collect::<String>()).unwrap();
    let change = Record::parse(&swept.hints[0].input).unwrap().change;
    let me = ExecutionArn::parse(&Execution::running("asks").arn).unwrap();
    let made = claims(&world.step_functions);
    let name = block_on(made.make_known(&id, Response::Report, &change.subject, &me)).unwrap();
    let data = json!({"verdict": {
        "response": "ask", "notify": true, "result": "reported", "change": change,
        "findings": [], "memory": {"known": name},
    }});
    world
        .step_functions
        .put(Execution::running("asks").then("AskUser", data.clone()));
    let swept = world.sweep();
    assert_eq!((swept.hints.len(), swept.sweep.counts.pending), (0, 1));
    assert!(!swept.sweep.knows(&id));
    world.end("asks", &data, "allow", &json!({"result": "kept"}));
    let swept = world.sweep();
    assert_eq!(swept.hints.len(), 0);
    assert!(swept.sweep.knows(&id));
}

#[test]
fn what_denied_and_went_is_reported_unless_its_event_was() {
    let mut account = old_account();
    let denies = RESTRICTED.replace("Allow", "Deny");
    let arn = account.create_policy("/", "denies", denies).unwrap();
    account.attach(&arn, OwnerKind::Role, "app");
    account
        .set_boundary(OwnerKind::User, "ann", Some(ARN))
        .unwrap();
    let mut world = World::new(account);
    world.sweep();
    world.iam.change(|account| {
        account.detach(&arn, OwnerKind::Role, "app");
        account.set_boundary(OwnerKind::User, "ann", None).unwrap();
    });
    let report = world.sweep().report.unwrap();
    assert_eq!((report.reason, report.gone.len()), (SweepReason::Gone, 2));
    assert_eq!(world.sweep().report, None);
    // The same, where the event of one of them arrived.
    world.iam.change(|account| {
        account.attach(&arn, OwnerKind::Role, "app");
        account
            .set_boundary(OwnerKind::User, "ann", Some(ARN))
            .unwrap();
    });
    world.sweep();
    world.iam.change(|account| {
        account.detach(&arn, OwnerKind::Role, "app");
        account.set_boundary(OwnerKind::User, "ann", None).unwrap();
    });
    world.report_departure(OwnerKind::Role, "app", &arn);
    let gone = world.sweep().report.unwrap().gone;
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0].owner.name, "ann");
}

/// The event of the first time says nothing about the second.
#[test]
fn what_denied_and_went_a_second_time_is_reported() {
    let mut account = old_account();
    let denies = RESTRICTED.replace("Allow", "Deny");
    let arn = account.create_policy("/", "denies", denies).unwrap();
    let mut world = World::new(account);
    world.report_departure(OwnerKind::Role, "app", &arn);
    // An hour later, as the clock of Step Functions has it.
    world.now += 7200;
    let attach = |world: &World| {
        let attach = |account: &mut Account| account.attach(&arn, OwnerKind::Role, "app");
        world.iam.change(attach);
    };
    attach(&world);
    world.sweep();
    world
        .iam
        .change(|account| account.detach(&arn, OwnerKind::Role, "app"));
    assert_eq!(world.sweep().report.unwrap().gone.len(), 1);
}
